//! Typing at speed: nothing is lost, nothing stale is shown at rest, questions are answered on the text
//! they were asked on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
#[path = "client/server.rs"]
mod server;

use serde_json::{Value, json};
use server::{Folder, started};

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
";

/// One route; its host is typed in line 4 from column 11 on.
const ROUTE: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - route: [{destination: {host: web}}]
";

/// Inserts or deletes one character.
fn key(column: usize, typed: Option<char>) -> Value {
    let end = if typed.is_some() { column } else { column + 1 };
    let at = |character: usize| json!({"line": 4, "character": character});
    let text = typed.map_or(String::new(), String::from);
    json!([{"range": {"start": at(column), "end": at(end)}, "text": text}])
}

/// Types and deletes a word again and again, asking in between; the text is the first one in the end.
fn type_words(client: &mut client::Client, words: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    for _ in 0..words {
        for (at, letter) in "xyz".chars().enumerate() {
            client.change("route.yaml", key(14 + at, Some(letter)));
        }
        let position = json!({"line": 4, "character": 12});
        let document = json!({"uri": client.uri("route.yaml")});
        let hover = json!({"textDocument": document, "position": position});
        ids.push(client.send("textDocument/hover", hover));
        let symbols = json!({"textDocument": {"uri": client.uri("route.yaml")}});
        ids.push(client.send("textDocument/codeLens", symbols));
        for _ in 0..3 {
            client.change("route.yaml", key(14, None));
        }
    }
    ids
}

#[test]
fn no_key_is_lost_and_every_question_is_answered_once() {
    let folder = Folder::with(&[("service.yaml", SERVICE), ("route.yaml", ROUTE)]);
    let mut client = started(&folder);
    client.open_from_disk("route.yaml");
    let ids = type_words(&mut client, 100);
    let mut answered = 0;
    for id in ids {
        match client.answer(id) {
            Ok(_) => answered += 1,
            // The text was another by then: what editors expect and ignore.
            Err(error) => assert_eq!(error["code"], -32801, "{error}"),
        }
    }
    assert!(
        answered >= 100,
        "questions about the document itself are answered: {answered}"
    );
    client.until_rules("route.yaml", &[]);
    client.change("route.yaml", key(14, Some('x')));
    client.until("a finding", |client| !client.rules("route.yaml").is_empty());
    client.change("route.yaml", key(14, None));
    client.until_rules("route.yaml", &[]);
    client.shut_down();
}

/// A hover answered for version N must not speak of the text of another version.
#[test]
fn an_answer_is_of_the_text_it_was_asked_on() {
    let folder = Folder::with(&[("service.yaml", SERVICE), ("route.yaml", ROUTE)]);
    let mut client = started(&folder);
    client.open_from_disk("route.yaml");
    let mut asked = Vec::new();
    for number in 0..200 {
        let column = 11;
        let grow = number % 2 == 0;
        let change = if grow {
            key(column, Some('a'))
        } else {
            key(column, None)
        };
        client.change("route.yaml", change);
        let width = if grow { 4 } else { 3 };
        let params = json!({
            "textDocument": {"uri": client.uri("route.yaml")},
            "position": {"line": 4, "character": 12},
        });
        asked.push((client.send("textDocument/hover", params), width));
    }
    let mut answered = 0;
    for (id, width) in asked {
        if let Ok(hover) = client.answer(id)
            && hover.is_object()
        {
            let range = &hover["range"];
            let end = range["end"]["character"].as_i64().unwrap();
            assert_eq!(end - range["start"]["character"].as_i64().unwrap(), width);
            answered += 1;
        }
    }
    assert!(answered > 0);
    client.shut_down();
}

/// While somebody types, findings that rest on other files stay where their text is.
#[test]
fn findings_move_with_the_text_until_they_are_looked_for_again() {
    let text = ROUTE.replace("host: web", "host: nowhere");
    let folder = Folder::with(&[("service.yaml", SERVICE), ("route.yaml", &text)]);
    let (mut client, _) = server::start(&folder.0);
    // So long that only the first look at the whole mesh counts.
    client.settings = json!({"diagnostics": {"delay": 10_000}});
    let folders = json!([{"uri": client::uri(&folder.0), "name": "root"}]);
    client.initialize_with(&json!({
        "workspaceFolders": folders,
        "capabilities": client::capabilities(),
        "initializationOptions": client.settings,
    }));
    client.until_rules("route.yaml", &["destination-host-unknown"]);
    client.open_from_disk("route.yaml");
    let at = |line: u32| json!({"line": line, "character": 0});
    client.change(
        "route.yaml",
        json!([{"range": {"start": at(0), "end": at(0)}, "text": "# é\n# b\n"}]),
    );
    client.until("the finding two lines below", |client| {
        let shown = &client.shown[&client.uri("route.yaml")].diagnostics;
        shown.len() == 1 && shown[0]["range"]["start"]["line"] == 8
    });
    client.change(
        "route.yaml",
        json!([{"range": {"start": at(8), "end": at(9)}, "text": ""}]),
    );
    client.until("the finding to go with its text", |client| {
        !client
            .rules("route.yaml")
            .contains(&"destination-host-unknown".to_owned())
    });
    client.shut_down();
}
