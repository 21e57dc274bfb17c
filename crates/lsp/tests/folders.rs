//! Files on the disk, settings, several folders and several meshes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
#[path = "client/server.rs"]
mod server;

use serde_json::{Value, json};
use server::{Folder, start, started};
use std::time::Duration;

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

const UNKNOWN_FIELD: &str = "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: shop}
spec:
  selectr: {istio: ingress}
  selector: {istio: ingress}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
";

/// A route whose host is nowhere.
fn broken() -> Folder {
    Folder::with(&[("route.yaml", ROUTE)])
}

fn has(client: &client::Client, path: &str, rule: &str) -> bool {
    client.rules(path).contains(&rule.to_owned())
}

fn request_folders(client: &client::Client, folders: &[&Folder]) -> Value {
    let _ = client;
    let folders = folders
        .iter()
        .map(|f| json!({"uri": client::uri(&f.0), "name": "folder"}));
    json!({"workspaceFolders": folders.collect::<Vec<_>>(), "capabilities": client::capabilities()})
}

#[test]
fn files_that_come_and_go_on_the_disk_are_seen_as_one_change() {
    let folder = broken();
    let mut client = started(&folder);
    client.until("a finding", |client| !client.rules("route.yaml").is_empty());
    folder.write("a/service.yaml", SERVICE);
    folder.write("ignored/service.txt", SERVICE);
    client.tell_of_disk(&["a/service.yaml", "ignored/service.txt"]);
    client.until_rules("route.yaml", &[]);
    folder.remove("a/service.yaml");
    client.tell_of_disk(&["a/service.yaml"]);
    client.until("the finding again", |client| {
        !client.rules("route.yaml").is_empty()
    });
    folder.remove("route.yaml");
    client.tell_of_disk(&["route.yaml"]);
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn a_folder_that_goes_takes_its_files_with_it() {
    let folder = Folder::with(&[
        ("route.yaml", ROUTE),
        ("a/service.yaml", SERVICE),
        ("b.yaml", SERVICE),
    ]);
    folder.remove("b.yaml");
    let mut client = started(&folder);
    client.open_from_disk("route.yaml");
    client.until_rules("route.yaml", &[]);
    std::fs::remove_dir_all(folder.0.join("a")).unwrap();
    let gone = json!({"files": [{"uri": client.uri("a")}]});
    client.notify("workspace/didDeleteFiles", gone);
    client.until("a finding", |client| !client.rules("route.yaml").is_empty());
    folder.write("b/service.yaml", SERVICE);
    let made = json!({"files": [{"oldUri": client.uri("a"), "newUri": client.uri("b")}]});
    client.notify("workspace/didRenameFiles", made);
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn what_git_ignores_is_no_manifest_even_when_it_is_open() {
    let folder = broken();
    folder.write(".gitignore", "out\n");
    folder.write("out/service.yaml", SERVICE);
    let mut client = started(&folder);
    client.open_from_disk("out/service.yaml");
    client.open_from_disk("route.yaml");
    client.until("a finding", |client| {
        has(client, "route.yaml", "virtual-service-host-unknown")
    });
    folder.write(".gitignore", "");
    client.tell_of_disk(&[".gitignore"]);
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn the_settings_of_the_repository_are_read_again() {
    let folder = broken();
    let mut client = started(&folder);
    client.until("a finding", |client| {
        has(client, "route.yaml", "virtual-service-host-unknown")
    });
    folder.write(
        "meshscope.yaml",
        "rules: {virtual-service-host-unknown: off}\n",
    );
    client.tell_of_disk(&["meshscope.yaml"]);
    client.until_rules("route.yaml", &[]);
    client.open("meshscope.yaml", "ruls: {}\n");
    client.until_rules("meshscope.yaml", &["settings"]);
    client.replace("meshscope.yaml", "rules: [\n");
    client.until("what is no YAML", |client| {
        let shown = client.shown.get(&client.uri("meshscope.yaml"));
        shown.is_some_and(|shown| {
            shown.diagnostics.iter().any(|d| {
                d["message"]
                    .as_str()
                    .unwrap()
                    .contains("before this edit hold")
            })
        })
    });
    client.close("meshscope.yaml");
    client.until_rules("meshscope.yaml", &[]);
    client.shut_down();
}

#[test]
fn settings_that_are_no_yaml_do_not_keep_the_folder_from_being_read() {
    let folder = broken();
    folder.write("meshscope.yaml", "rules: [\n");
    let mut client = started(&folder);
    client.until("the finding of the route", |client| {
        has(client, "route.yaml", "virtual-service-host-unknown")
    });
    assert_eq!(client.rules("meshscope.yaml"), ["settings"]);
    client.shut_down();
}

#[test]
fn folders_are_worlds_of_their_own_and_come_and_go() {
    let (one, two) = (broken(), Folder::with(&[("service.yaml", SERVICE)]));
    let (mut client, _) = start(&one.0);
    let params = request_folders(&client, &[&one, &two]);
    client.initialize_with(&params);
    client.until("a finding in the first", |client| {
        !client.rules("route.yaml").is_empty()
    });
    let symbols = client
        .request("workspace/symbol", json!({"query": "web"}))
        .unwrap();
    let uris: Vec<&str> = symbols
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["location"]["uri"].as_str().unwrap())
        .collect();
    for folder in [&one, &two] {
        let uri = client::uri(&folder.0);
        assert!(
            uris.iter().any(|u| u.starts_with(&uri)),
            "{uri} is in {uris:?}"
        );
    }
    let event = json!({"added": [], "removed": [{"uri": client::uri(&one.0), "name": "one"}]});
    client.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": event}),
    );
    client.until_rules("route.yaml", &[]);
    let event = json!({"added": [{"uri": client::uri(&one.0), "name": "one"}], "removed": []});
    client.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": event}),
    );
    client.until("the finding again", |client| {
        !client.rules("route.yaml").is_empty()
    });
    client.shut_down();
}

#[test]
fn a_folder_below_another_belongs_to_it() {
    let folder = Folder::with(&[("service.yaml", SERVICE), ("apps/route.yaml", ROUTE)]);
    let (mut client, _) = start(&folder.0);
    let folders = json!([
        {"uri": client::uri(&folder.0.join("apps")), "name": "apps"},
        {"uri": client::uri(&folder.0), "name": "all"},
    ]);
    let params = json!({"workspaceFolders": folders, "capabilities": client::capabilities()});
    client.initialize_with(&params);
    client.open_from_disk("service.yaml");
    client.replace("service.yaml", "");
    client.until("the finding of the one mesh", |client| {
        !client.rules("apps/route.yaml").is_empty()
    });
    client.replace("service.yaml", SERVICE);
    client.until_rules("apps/route.yaml", &[]);
    client.shut_down();
}

#[test]
fn meshes_are_named_when_there_is_more_than_one() {
    let folder = broken();
    let mut client = started(&folder);
    client.open_from_disk("route.yaml");
    client.until("a finding", |client| !client.rules("route.yaml").is_empty());
    let message = |client: &client::Client| {
        let shown = &client.shown[&client.uri("route.yaml")].diagnostics;
        let finding = shown
            .iter()
            .find(|d| d["code"] == "virtual-service-host-unknown");
        finding
            .map(|d| d["message"].as_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    assert!(!message(&client).contains("mesh"), "{}", message(&client));
    client.open("meshscope.yaml", "meshes: [{name: east}, {name: west}]\n");
    client.until("both meshes to be named", |client| {
        message(client).ends_with("\nin meshes east, west")
    });
    client.shut_down();
}

#[test]
fn a_client_chooses_what_it_sees() {
    let folder = broken();
    folder.write("gateway.yaml", UNKNOWN_FIELD);
    let (mut client, _) = start(&folder.0);
    client.settings = json!({"diagnostics": {"scope": "openFiles"}, "otherYamlServer": true});
    client.initialize();
    client.open_from_disk("gateway.yaml");
    client.until("the server to ask", |client| {
        client
            .asked
            .iter()
            .any(|m| m["method"] == "workspace/configuration")
    });
    client.open_from_disk("route.yaml");
    client.until("a finding in an open file", |client| {
        !client.rules("route.yaml").is_empty()
    });
    client.until("no schema findings", |client| {
        !has(client, "gateway.yaml", "unknown-field")
    });
    client.close("route.yaml");
    client.until_rules("route.yaml", &[]);
    client.settings = json!({"diagnostics": {"schemaFindings": "on"}, "otherYamlServer": true});
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    client.until("all findings", |client| {
        has(client, "gateway.yaml", "unknown-field") && !client.rules("route.yaml").is_empty()
    });
    client.settings = json!({"diagnostics": {"enable": false}});
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    client.until("silence", |client| {
        client
            .shown
            .values()
            .all(|shown| shown.diagnostics.is_empty())
    });
    client.settings = json!({"diagnostics": {"scope": 7}});
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": null}),
    );
    client.until("a complaint", |client| {
        client.told.iter().any(|m| {
            m["params"]["message"]
                .as_str()
                .is_some_and(|t| t.contains("not used"))
        })
    });
    client.shut_down();
}

#[test]
fn a_client_that_asks_for_findings_is_not_told() {
    let folder = broken();
    let (mut client, _) = start(&folder.0);
    client.settings = json!({"diagnostics": {"delivery": "pull"}});
    let folders = json!([{"uri": client::uri(&folder.0), "name": "root"}]);
    let answer = client.initialize_with(&json!({
        "workspaceFolders": folders,
        "capabilities": client::capabilities(),
        "initializationOptions": client.settings,
    }));
    let offer = &answer["capabilities"]["diagnosticProvider"];
    assert_eq!(offer["interFileDependencies"], true);
    let all = client
        .request("workspace/diagnostic", json!({"previousResultIds": []}))
        .unwrap();
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    let route = client.uri("route.yaml");
    assert_eq!(items[0]["uri"], route.as_str());

    let document =
        json!({"textDocument": {"uri": route}, "previousResultId": items[0]["resultId"]});
    let same = client.request("textDocument/diagnostic", document).unwrap();
    assert_eq!(same["kind"], "unchanged");

    // Nothing new: the answer waits until there is.
    let known = json!([{"uri": route, "value": items[0]["resultId"]}]);
    let waiting = client.send("workspace/diagnostic", json!({"previousResultIds": known}));
    client.listen(Duration::from_millis(300));
    assert!(!client.is_answered(waiting));
    client.open("service.yaml", SERVICE);
    let news = client.answer(waiting).unwrap();
    assert_eq!(news["items"][0]["items"], json!([]));
    client.until("to be told to ask again", |client| {
        client
            .asked
            .iter()
            .any(|m| m["method"] == "workspace/diagnostic/refresh")
    });
    assert!(client.shown.is_empty());
    client.shut_down();
}

#[test]
fn files_are_watched_when_the_client_can() {
    let folder = broken();
    let mut client = started(&folder);
    client.until("to be asked", |client| {
        client
            .asked
            .iter()
            .any(|m| m["method"] == "client/registerCapability")
    });
    let asked = client
        .asked
        .iter()
        .find(|m| m["method"] == "client/registerCapability")
        .unwrap();
    let methods: Vec<&Value> = asked["params"]["registrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["method"])
        .collect();
    assert_eq!(
        methods,
        [
            "workspace/didChangeWatchedFiles",
            "workspace/didChangeConfiguration"
        ]
    );
    client.shut_down();
}

#[test]
fn a_file_that_is_reached_by_a_link_is_one_file() {
    let folder = Folder::with(&[("real/service.yaml", SERVICE), ("route.yaml", ROUTE)]);
    std::os::unix::fs::symlink(folder.0.join("real"), folder.0.join("link")).unwrap();
    let mut client = started(&folder);
    client.open_from_disk("link/service.yaml");
    client.open_from_disk("route.yaml");
    client.replace("link/service.yaml", &SERVICE.replace("web", "api"));
    client.until("a finding", |client| {
        has(client, "route.yaml", "virtual-service-host-unknown")
    });
    client.replace("link/service.yaml", SERVICE);
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

#[test]
fn files_are_watched_for_clients_that_cannot() {
    let folder = broken();
    let (mut client, _) = start(&folder.0);
    let mut capabilities = client::capabilities();
    capabilities["workspace"]["didChangeWatchedFiles"] = json!({});
    let folders = json!([{"uri": client::uri(&folder.0), "name": "root"}]);
    client.initialize_with(&json!({"workspaceFolders": folders, "capabilities": capabilities}));
    client.until("a finding", |client| {
        has(client, "route.yaml", "virtual-service-host-unknown")
    });
    // The watch may begin after the first finding: written until it is seen.
    client.until_after(
        || folder.write("new/service.yaml", SERVICE),
        |client| client.rules("route.yaml").is_empty(),
    );
    client.until_after(
        || {
            let _ = std::fs::remove_dir_all(folder.0.join("new"));
            folder.write("new/other.yaml", "a: b\n");
        },
        |client| !client.rules("route.yaml").is_empty(),
    );
    client.shut_down();
}
