//! Beginning, end, and what is not as it should be: the server answers by the protocol or ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
#[path = "client/server.rs"]
mod server;

use meshscope_lsp::Ended;
use serde_json::{Value, json};
use server::{Folder, start, started};

const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;
const PARSE_ERROR: i64 = -32700;

fn code(answer: &Result<Value, Value>) -> i64 {
    answer.as_ref().unwrap_err()["code"].as_i64().unwrap()
}

/// A folder that takes a moment to read.
fn large() -> Folder {
    let folder = Folder::with(&[]);
    for number in 0..400 {
        let object = |part: usize| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: s{number}-{part}, namespace: n{part}}}\nspec: {{ports: [{{name: http, port: 80}}]}}\n---\n"
            )
        };
        folder.write(
            &format!("{number}.yaml"),
            &(0..10).map(object).collect::<String>(),
        );
    }
    folder
}

#[test]
fn the_client_says_goodbye() {
    let folder = Folder::with(&[]);
    let (mut client, server) = start(&folder.0);
    client.initialize();
    client.shut_down();
    assert_eq!(server.join().unwrap(), Ended::Shutdown);
}

#[test]
fn the_client_leaves_without_a_word() {
    let folder = large();
    let (mut client, server) = start(&folder.0);
    client.initialize();
    client.send("workspace/symbol", json!({"query": "s1"}));
    client.send("workspace/diagnostic", json!({"previousResultIds": []}));
    drop(client);
    assert_eq!(server.join().unwrap(), Ended::Abandoned);
}

#[test]
fn exit_without_shutdown_ends_at_once() {
    let folder = Folder::with(&[]);
    let (mut client, server) = start(&folder.0);
    client.initialize();
    client.send("workspace/diagnostic", json!({"previousResultIds": []}));
    client.notify("exit", Value::Null);
    client.until_gone();
    assert_eq!(server.join().unwrap(), Ended::Abandoned);
}

#[test]
fn shutdown_while_the_folder_is_read() {
    let folder = large();
    let (mut client, server) = start(&folder.0);
    client.initialize();
    client.open_from_disk("0.yaml");
    let hover = json!({"textDocument": {"uri": client.uri("0.yaml")}, "position": {"line": 2, "character": 20}});
    let hover = client.send("textDocument/hover", hover);
    client.shut_down();
    assert!(client.is_answered(hover));
    assert_eq!(server.join().unwrap(), Ended::Shutdown);
}

#[test]
fn requests_at_the_wrong_time_are_refused() {
    let folder = Folder::with(&[]);
    let (mut client, _) = start(&folder.0);
    let early = client.request("workspace/symbol", json!({"query": ""}));
    assert_eq!(code(&early), NOT_INITIALIZED);
    client.initialize();
    let twice = client.request("initialize", json!({"capabilities": {}}));
    assert_eq!(code(&twice), INVALID_REQUEST);
    assert_eq!(client.request("shutdown", Value::Null), Ok(Value::Null));
    let late = client.request("workspace/symbol", json!({"query": ""}));
    assert_eq!(code(&late), INVALID_REQUEST);
    client.open("a.yaml", "a: b");
    client.notify("exit", Value::Null);
    client.until_gone();
}

#[test]
fn what_nobody_knows_is_refused() {
    let folder = Folder::with(&[]);
    let mut client = started(&folder);
    let unknown = client.request("textDocument/nothing", json!({}));
    assert_eq!(code(&unknown), METHOD_NOT_FOUND);
    let wrong = client.request("textDocument/hover", json!({"textDocument": 7}));
    assert_eq!(code(&wrong), INVALID_PARAMS);
    client.notify("textDocument/didOpen", json!({"nothing": true}));
    client.notify("$/nothing", json!({}));
    let command = json!({"command": "meshscope.nothing", "arguments": []});
    assert_eq!(
        code(&client.request("workspace/executeCommand", command)),
        INVALID_PARAMS
    );
    client.shut_down();
}

#[test]
fn documents_that_are_not_open_are_no_fault() {
    let folder = Folder::with(&[("a.yaml", "a: b\n")]);
    let mut client = started(&folder);
    let gone = json!({"uri": client.uri("gone.yaml"), "version": 3});
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": gone, "contentChanges": [{"text": "x"}]}),
    );
    client.notify("textDocument/didClose", json!({"textDocument": gone}));
    client.notify("textDocument/didSave", json!({"textDocument": gone}));
    for path in ["gone.yaml", "../outside.yaml", "a.yaml"] {
        assert_eq!(
            client.at("textDocument/hover", path, 900, 900),
            Ok(Value::Null)
        );
    }
    client.shut_down();
}

#[test]
fn garbage_is_a_parse_error_or_the_end() {
    for garbage in [
        "Content-Length: 5\r\n\r\n{\"a\":",
        "Content-Length: nothing\r\n\r\n{}",
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let folder = Folder::with(&[]);
        let (mut client, server) = start(&folder.0);
        client.initialize();
        client.raw(garbage.as_bytes());
        client.until_gone();
        // The answer to what cannot be read has no id.
        assert!(client.is_answered(-1), "{garbage:?}");
        assert_eq!(code(&client.answer(-1)), PARSE_ERROR);
        assert_eq!(server.join().unwrap(), Ended::Abandoned);
    }
}

#[test]
fn a_cancelled_request_is_answered_once() {
    let folder = large();
    let mut client = started(&folder);
    let ids: Vec<i64> = (0..20)
        .map(|_| client.send("workspace/symbol", json!({"query": "s1"})))
        .collect();
    for id in &ids {
        client.notify("$/cancelRequest", json!({"id": id}));
    }
    for id in ids {
        let answer = client.answer(id);
        assert!(answer.is_ok() || code(&answer) == -32800, "{answer:?}");
    }
    client.shut_down();
}

#[test]
fn reading_a_folder_is_shown_as_progress() {
    let folder = large();
    let (mut client, _) = start(&folder.0);
    client.initialize();
    // Whether it is shown depends on how long it takes; when it is, it begins and ends.
    client.open_from_disk("0.yaml");
    let _ = client.at("textDocument/hover", "0.yaml", 2, 20);
    client.until("everything to be read", |client| {
        let kind = |message: &Value| message["params"]["value"]["kind"].clone();
        let progress = client.told.iter().filter(|m| m["method"] == "$/progress");
        let kinds: Vec<Value> = progress.map(kind).collect();
        kinds
            .first()
            .is_none_or(|first| first == "begin" && kinds.last().unwrap() == "end")
    });
    client.shut_down();
}
