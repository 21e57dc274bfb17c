//! Every question an editor asks, on the bundled bookshop, by what a person would see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
#[path = "client/server.rs"]
mod server;

use client::Client;
use serde_json::{Value, json};
use server::{Folder, started};
use std::path::Path;

const EXPERIMENTS: &str = "storefront/experiments.yaml";

/// A copy of the bookshop in which a subset is misspelt.
fn bookshop() -> (Folder, Client) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/bookshop");
    let folder = Folder::with(&[]);
    copy(&corpus, &folder.0);
    let text = std::fs::read_to_string(folder.0.join(EXPERIMENTS)).unwrap();
    folder.write(EXPERIMENTS, &text.replace("subset: v2", "subset: v22"));
    let mut client = started(&folder);
    client.open_from_disk(EXPERIMENTS);
    (folder, client)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The place of the first `needle` in a file, a little inside.
fn find(folder: &Folder, path: &str, needle: &str) -> (u32, u32) {
    let text = std::fs::read_to_string(folder.0.join(path)).unwrap();
    let at = text.find(needle).unwrap() + 1;
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    (
        u32::try_from(line).unwrap(),
        u32::try_from(at - start).unwrap(),
    )
}

fn ask(folder: &Folder, client: &mut Client, method: &str, needle: &str) -> Value {
    let (line, character) = find(folder, EXPERIMENTS, needle);
    client.at(method, EXPERIMENTS, line, character).unwrap()
}

fn texts(items: &Value, key: &str) -> Vec<String> {
    let items = items.as_array().unwrap();
    items
        .iter()
        .map(|item| item[key].as_str().unwrap_or_default().to_owned())
        .collect()
}

const HOST: &str = "search.catalog.svc.cluster.local";

#[test]
fn hover_says_what_a_host_is() {
    let (folder, mut client) = bookshop();
    let hover = ask(&folder, &mut client, "textDocument/hover", HOST);
    assert_eq!(hover["contents"]["kind"], "markdown");
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("Service catalog/search"), "{text}");
    // A plain field has the help of its schema when no other YAML server runs.
    let field = ask(&folder, &mut client, "textDocument/hover", "hosts:");
    assert!(field.is_object(), "{field}");
    client.settings = json!({"otherYamlServer": true});
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    client.until("the settings to be asked for", |client| {
        client
            .asked
            .iter()
            .filter(|m| m["method"] == "workspace/configuration")
            .count()
            > 1
    });
    let field = ask(&folder, &mut client, "textDocument/hover", "hosts:");
    assert_eq!(field, Value::Null);
    client.shut_down();
}

#[test]
fn definition_and_references_lead_across_files() {
    let (folder, mut client) = bookshop();
    let links = ask(&folder, &mut client, "textDocument/definition", HOST);
    let search = client.uri("catalog/search.yaml");
    assert!(texts(&links, "targetUri").contains(&search), "{links}");
    assert_eq!(
        links[0]["originSelectionRange"]["start"]["line"],
        find(&folder, EXPERIMENTS, HOST).0
    );
    let (line, character) = find(&folder, EXPERIMENTS, HOST);
    let params = json!({
        "textDocument": {"uri": client.uri(EXPERIMENTS)},
        "position": {"line": line, "character": character},
        "context": {"includeDeclaration": true},
    });
    let references = client.request("textDocument/references", params).unwrap();
    let files = texts(&references, "uri");
    assert!(
        files.contains(&search) && files.contains(&client.uri(EXPERIMENTS)),
        "{files:?}"
    );
    let highlights = ask(&folder, &mut client, "textDocument/documentHighlight", HOST);
    assert!(!highlights.as_array().unwrap().is_empty());
    client.shut_down();
}

#[test]
fn symbols_are_found_by_file_and_by_name() {
    let (_folder, mut client) = bookshop();
    let document = json!({"textDocument": {"uri": client.uri(EXPERIMENTS)}});
    let outline = client
        .request("textDocument/documentSymbol", document)
        .unwrap();
    assert!(
        texts(&outline, "name")
            .iter()
            .any(|name| name.contains("search-experiment")),
        "{outline}"
    );
    let found = client
        .request("workspace/symbol", json!({"query": "search"}))
        .unwrap();
    let uris: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["location"]["uri"].as_str().unwrap())
        .collect();
    assert!(
        uris.contains(&client.uri("catalog/search.yaml").as_str()),
        "{uris:?}"
    );
    client.shut_down();
}

#[test]
fn completion_offers_what_can_be_written() {
    let (folder, mut client) = bookshop();
    let list = ask(&folder, &mut client, "textDocument/completion", "v22");
    let labels = texts(&list["items"], "label");
    assert!(
        labels.contains(&"v1".to_owned()) && labels.contains(&"v2".to_owned()),
        "{labels:?}"
    );
    let item = &list["items"][0];
    let (line, character) = find(&folder, EXPERIMENTS, "v22");
    assert_eq!(
        item["textEdit"]["range"]["start"],
        json!({"line": line, "character": character - 1})
    );
    client.shut_down();
}

#[test]
fn a_code_action_repairs_what_is_shown() {
    let (folder, mut client) = bookshop();
    client.until("the finding", |client| {
        client
            .rules(EXPERIMENTS)
            .contains(&"subset-unknown".to_owned())
    });
    let shown = client.shown[&client.uri(EXPERIMENTS)].diagnostics.clone();
    let finding = shown
        .into_iter()
        .find(|d| d["code"] == "subset-unknown")
        .unwrap();
    let params = json!({
        "textDocument": {"uri": client.uri(EXPERIMENTS)},
        "range": finding["range"],
        "context": {"diagnostics": [finding]},
    });
    let actions = client.request("textDocument/codeAction", params).unwrap();
    let titles = texts(&actions, "title");
    let at = titles
        .iter()
        .position(|title| title.contains("use subset v2"))
        .unwrap_or_else(|| panic!("{titles:?}"));
    let action = &actions[at];
    assert_eq!(action["diagnostics"], json!([finding]));
    let edit = &action["edit"]["documentChanges"][0];
    assert_eq!(edit["textDocument"]["version"], 1);
    let changes: Vec<Value> = edit["edits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| json!({"range": e["range"], "text": e["newText"]}))
        .collect();
    client.change(EXPERIMENTS, Value::Array(changes));
    client.until("it to be repaired", |client| {
        !client
            .rules(EXPERIMENTS)
            .contains(&"subset-unknown".to_owned())
    });
    drop(folder);
    client.shut_down();
}

#[test]
fn renaming_a_subset_edits_every_file_that_means_it() {
    let (folder, mut client) = bookshop();
    let search = "catalog/search.yaml";
    let (line, character) = find(&folder, search, "name: v1");
    let at = json!({
        "textDocument": {"uri": client.uri(search)},
        "position": {"line": line, "character": character + 6},
    });
    let target = client
        .request("textDocument/prepareRename", at.clone())
        .unwrap();
    assert_eq!(target["placeholder"], "v1");
    let mut params = at.clone();
    params["newName"] = json!("stable");
    let edit = client
        .request("textDocument/rename", params.clone())
        .unwrap();
    assert!(
        !edit["documentChanges"].as_array().unwrap().is_empty(),
        "{edit}"
    );
    params["newName"] = json!("No Name");
    let refused = client.request("textDocument/rename", params).unwrap_err();
    assert_eq!(refused["code"], -32803);
    // Elsewhere another server may be asked.
    let nothing = client
        .at("textDocument/prepareRename", search, 0, 2)
        .unwrap();
    assert_eq!(nothing, Value::Null);
    client.shut_down();
}

#[test]
fn lenses_have_texts_and_commands_when_they_are_shown() {
    let (_folder, mut client) = bookshop();
    let document = json!({"textDocument": {"uri": client.uri(EXPERIMENTS)}});
    let lenses = client
        .request("textDocument/codeLens", document.clone())
        .unwrap();
    let lens = &lenses.as_array().unwrap()[0];
    assert!(lens.get("command").is_none());
    let shown = client.request("codeLens/resolve", lens.clone()).unwrap();
    let command = &shown["command"];
    assert!(
        command["title"].as_str().unwrap().contains("sidecar"),
        "{command}"
    );
    let asked = json!({"command": command["command"], "arguments": command["arguments"]});
    let impact = client.request("workspace/executeCommand", asked).unwrap();
    assert_eq!(
        impact["resource"],
        "VirtualService storefront/search-experiment"
    );
    client.settings = json!({"codeLens": {"enable": false}, "inlayHints": {"enable": false}});
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    client.until("to be asked again", |client| {
        client
            .asked
            .iter()
            .any(|m| m["method"] == "workspace/codeLens/refresh")
    });
    client.until("the settings to be asked for", |client| {
        client
            .asked
            .iter()
            .filter(|m| m["method"] == "workspace/configuration")
            .count()
            > 1
    });
    assert_eq!(
        client.request("textDocument/codeLens", document),
        Ok(Value::Null)
    );
    client.shut_down();
}

#[test]
fn short_hosts_have_hints() {
    let (_folder, mut client) = bookshop();
    client.open_from_disk("catalog/search.yaml");
    let params = json!({
        "textDocument": {"uri": client.uri("catalog/search.yaml")},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}},
    });
    let hints = client.request("textDocument/inlayHint", params).unwrap();
    let labels = texts(&hints, "label");
    assert!(
        labels.contains(&".catalog.svc.cluster.local".to_owned()),
        "{labels:?}"
    );
    client.shut_down();
}

#[test]
fn the_call_hierarchy_is_the_route_graph() {
    let (folder, mut client) = bookshop();
    let items = ask(
        &folder,
        &mut client,
        "textDocument/prepareCallHierarchy",
        "search-experiment",
    );
    let item = items[0].clone();
    assert!(
        item["name"].as_str().unwrap().contains("search-experiment"),
        "{item}"
    );
    let out = client
        .request("callHierarchy/outgoingCalls", json!({"item": item}))
        .unwrap();
    let out = out.as_array().unwrap();
    assert!(!out.is_empty());
    let back = client
        .request("callHierarchy/incomingCalls", json!({"item": out[0]["to"]}))
        .unwrap();
    let names: Vec<String> = back
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["from"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.iter().any(|name| name.contains("search-experiment")),
        "{names:?}"
    );
    client.shut_down();
}

fn command(client: &mut Client, name: &str, argument: Value) -> Result<Value, Value> {
    let params = json!({"command": name, "arguments": [argument]});
    client.request("workspace/executeCommand", params)
}

#[test]
fn commands_answer_with_values_and_places() {
    let (folder, mut client) = bookshop();
    let call = json!({"from": "workload:payments/checkout", "url": "https://api.cards.example/"});
    let trace = command(&mut client, "meshscope.trace", call).unwrap();
    assert_eq!(trace["verdict"], "routed");
    let place = &trace["steps"][0]["because"][0]["location"];
    assert!(
        place["uri"]
            .as_str()
            .unwrap()
            .starts_with(&client::uri(&folder.0)),
        "{trace}"
    );

    let (line, character) = find(&folder, EXPERIMENTS, HOST);
    let at =
        json!({"uri": client.uri(EXPERIMENTS), "position": {"line": line, "character": character}});
    let meshes = command(&mut client, "meshscope.meshes", at.clone()).unwrap();
    assert_eq!(meshes[0]["name"], "default");
    assert_eq!(meshes[0]["here"], true);
    let callers = command(&mut client, "meshscope.callers", at.clone()).unwrap();
    assert!(!callers.as_array().unwrap().is_empty());
    let impacts = command(&mut client, "meshscope.blastRadius", at.clone()).unwrap();
    assert_eq!(impacts[0]["resource"], "Service catalog/search");
    let references = command(&mut client, "meshscope.references", at).unwrap();
    assert!(!references.as_array().unwrap().is_empty());

    let mut graph = |format: &str| {
        command(
            &mut client,
            "meshscope.routeGraph",
            json!({"format": format}),
        )
        .unwrap()
    };
    assert!(graph("json")["nodes"].is_array());
    assert!(graph("dot").as_str().unwrap().starts_with("digraph"));
    assert!(graph("mermaid").as_str().unwrap().starts_with("flowchart"));
    assert!(graph("html").as_str().unwrap().contains("<svg"));

    let rule = command(
        &mut client,
        "meshscope.explain",
        json!({"rule": "subset-unknown"}),
    )
    .unwrap();
    assert!(
        rule["page"]
            .as_str()
            .unwrap()
            .starts_with("# subset-unknown"),
        "{rule}"
    );
    let unknown = command(&mut client, "meshscope.explain", json!({"rule": "none"})).unwrap_err();
    assert_eq!(unknown["message"], "there is no rule none");
    let lost = command(
        &mut client,
        "meshscope.trace",
        json!({"from": "nobody/home", "url": "http://a"}),
    );
    assert_eq!(lost.unwrap_err()["code"], -32803);
    let incomplete = command(&mut client, "meshscope.blastRadius", json!({}));
    assert_eq!(incomplete.unwrap_err()["code"], -32602);
    client.shut_down();
}
