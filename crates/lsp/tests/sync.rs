//! Opening, editing, saving and closing documents, and what is shown meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
#[path = "client/server.rs"]
mod server;

use serde_json::json;
use server::{Folder, start, started};

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
";

const ROUTE: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - route:
    - destination: {host: web}
";

fn shop() -> Folder {
    Folder::with(&[("service.yaml", SERVICE), ("route.yaml", ROUTE)])
}

/// An edit of one line.
fn edit(line: u32, from: u32, to: u32, text: &str) -> serde_json::Value {
    let at = |character| json!({"line": line, "character": character});
    json!([{"range": {"start": at(from), "end": at(to)}, "text": text}])
}

#[test]
fn findings_come_and_go_with_edits() {
    let folder = shop();
    let mut client = started(&folder);
    client.open_from_disk("route.yaml");
    client.change("route.yaml", edit(7, 26, 29, "nowhere"));
    client.until_rules("route.yaml", &["destination-host-unknown"]);
    let shown = &client.shown[&client.uri("route.yaml")].diagnostics[0];
    let range = json!({"start": {"line": 7, "character": 26}, "end": {"line": 7, "character": 33}});
    assert_eq!(shown["range"], range);
    assert_eq!(shown["source"], "meshscope");
    let page = shown["codeDescription"]["href"].as_str().unwrap();
    assert!(page.ends_with("crates/rules/pages/destination-host-unknown.md"));
    client.change("route.yaml", edit(7, 26, 33, "web"));
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn a_line_that_is_half_typed_hides_nothing_of_the_rest() {
    let folder = shop();
    let mut client = started(&folder);
    client.open_from_disk("route.yaml");
    client.change(
        "route.yaml",
        edit(7, 26, 30, "nowhere}\n    match: [{uri: "),
    );
    client.until("the finding above the half-typed line", |client| {
        let rules = client.rules("route.yaml");
        rules.iter().any(|rule| rule == "destination-host-unknown")
    });
    client.shut_down();
}

#[test]
fn an_edit_of_one_file_changes_what_is_shown_of_another() {
    let folder = shop();
    let mut client = started(&folder);
    client.open_from_disk("service.yaml");
    client.change("service.yaml", edit(2, 17, 20, "api"));
    client.until("a finding in the other file", |client| {
        !client.rules("route.yaml").is_empty()
    });
    client.close("service.yaml");
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn the_encoding_is_utf16_and_positions_count_it() {
    let route = ROUTE.replace("name: web", "name: web, annotations: {note: \"😀 漢\"}");
    let folder = Folder::with(&[
        ("service.yaml", SERVICE),
        ("route.yaml", &route.replace('\n', "\r\n")),
    ]);
    let (mut client, _) = start(&folder.0);
    let answer = client.initialize();
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
    client.open_from_disk("route.yaml");
    let line = route.lines().nth(2).unwrap();
    let before = &line[..line.find("shop").unwrap()];
    let column = u32::try_from(before.encode_utf16().count()).unwrap();
    client.change("route.yaml", edit(2, column, column + 4, "bank"));
    client.until("a finding", |client| !client.rules("route.yaml").is_empty());
    client.change("route.yaml", edit(2, column, column + 4, "shop"));
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn a_client_that_counts_bytes_is_understood() {
    let route = ROUTE
        .replace("  hosts: [web]", "  hosts: [web] # 😀")
        .replace("{host: web}", "{host: nowhere, port: {number: 80}}");
    let folder = Folder::with(&[
        ("service.yaml", SERVICE),
        (
            "route.yaml",
            &route.replace("    - dest", "    - {} # é\n    - dest"),
        ),
    ]);
    let (mut client, _) = start(&folder.0);
    let mut capabilities = client::capabilities();
    capabilities["general"]["positionEncodings"] = json!(["utf-8"]);
    let folders = json!([{"uri": client::uri(&folder.0), "name": "root"}]);
    let params = json!({"workspaceFolders": folders, "capabilities": capabilities});
    let answer = client.initialize_with(&params);
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-8");
    client.until("a finding", |client| {
        client
            .rules("route.yaml")
            .contains(&"destination-host-unknown".to_owned())
    });
    client.shut_down();
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    let text = format!("\u{feff}{ROUTE}").replace("host: web", "host: nowhere");
    let folder = Folder::with(&[("service.yaml", SERVICE), ("route.yaml", &text)]);
    let mut client = started(&folder);
    client.until_rules("route.yaml", &["destination-host-unknown"]);
    let on_disk = client.shown[&client.uri("route.yaml")].diagnostics[0]["range"].clone();
    // Editors take the mark off.
    client.open("route.yaml", text.trim_start_matches('\u{feff}'));
    client.change("route.yaml", edit(0, 0, 0, "# a\n"));
    client.until("the finding one line below", |client| {
        let shown = &client.shown[&client.uri("route.yaml")].diagnostics;
        shown.len() == 1 && shown[0]["range"]["start"]["line"] == 8
    });
    assert_eq!(on_disk["start"]["line"], 7);
    client.shut_down();
}

#[test]
fn open_text_counts_over_disk_text() {
    let folder = shop();
    let mut client = started(&folder);
    client.open("service.yaml", &SERVICE.replace("web", "api"));
    client.until("a finding", |client| !client.rules("route.yaml").is_empty());
    folder.write("service.yaml", &SERVICE.replace("web", "other"));
    client.tell_of_disk(&["service.yaml"]);
    client.replace("service.yaml", SERVICE);
    client.until_rules("route.yaml", &[]);
    client.close("service.yaml");
    client.until("the disk to count", |client| {
        !client.rules("route.yaml").is_empty()
    });
    client.shut_down();
}

#[test]
fn a_document_without_a_folder_is_looked_at_by_itself() {
    let folder = Folder::with(&[]);
    let (mut client, _) = start(&folder.0);
    client.initialize_with(&json!({"capabilities": client::capabilities()}));
    let text = ROUTE.replace("hosts:", "hostss:");
    let document =
        json!({"uri": "untitled:Untitled-1", "languageId": "yaml", "version": 1, "text": text});
    client.notify("textDocument/didOpen", json!({"textDocument": document}));
    client.until("a finding", |client| {
        let shown = client.shown.get("untitled:Untitled-1");
        shown.is_some_and(|shown| {
            shown
                .diagnostics
                .iter()
                .any(|d| d["code"] == "unknown-field")
        })
    });
    let shown = &client.shown["untitled:Untitled-1"].diagnostics;
    assert!(
        shown
            .iter()
            .all(|d| d["code"] != "destination-host-unknown"),
        "no mesh is known"
    );
    let document = json!({"uri": "untitled:Untitled-1"});
    client.notify("textDocument/didClose", json!({"textDocument": document}));
    client.until("nothing", |client| {
        client.shown["untitled:Untitled-1"].diagnostics.is_empty()
    });
    client.shut_down();
}
