//! A small client for protocol tests: it answers what a client must answer, keeps the diagnostics it is
//! shown, and gives up after a long time instead of hanging.

#![allow(dead_code, reason = "each test file uses its part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Safety only: nothing is measured with it.
const LONG: Duration = Duration::from_secs(60);

/// What the client holds of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The diagnostics as they came.
    pub diagnostics: Vec<Value>,
    /// The version they were said to be of.
    pub version: Option<i64>,
    /// When they came.
    pub at: Option<Instant>,
}

/// A client.
pub struct Client {
    output: Box<dyn Write + Send>,
    input: Receiver<Value>,
    next: i64,
    answers: BTreeMap<i64, Result<Value, Value>>,
    versions: BTreeMap<String, i32>,
    /// What it is shown, by URI.
    pub shown: BTreeMap<String, Shown>,
    /// Notifications of the server that are no diagnostics, in order.
    pub told: Vec<Value>,
    /// Requests of the server, in order.
    pub asked: Vec<Value>,
    /// What it says when it is asked for settings.
    pub settings: Value,
    /// The root.
    pub root: PathBuf,
}

/// The message with its header.
pub fn framed(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

impl Client {
    /// A client of a server on the other end of two streams.
    pub fn new(
        output: impl Write + Send + 'static,
        input: impl Read + Send + 'static,
        root: &Path,
    ) -> Client {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut input = BufReader::new(input);
            while let Some(message) = read(&mut input) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Client {
            output: Box::new(output),
            input: receiver,
            next: 0,
            answers: BTreeMap::new(),
            versions: BTreeMap::new(),
            shown: BTreeMap::new(),
            told: Vec::new(),
            asked: Vec::new(),
            settings: Value::Null,
            root: root.to_owned(),
        }
    }

    /// Introduces itself with everything that the server can make use of.
    pub fn initialize(&mut self) -> Value {
        let root = uri(&self.root);
        let folders = json!([{"uri": root, "name": "root"}]);
        self.initialize_with(&json!({"workspaceFolders": folders, "capabilities": capabilities()}))
    }

    /// Introduces itself as it is told to.
    pub fn initialize_with(&mut self, params: &Value) -> Value {
        let answer = self.request("initialize", params.clone()).unwrap();
        self.notify("initialized", json!({}));
        answer
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        // A server that is gone says so by the end of its output.
        let _ = self
            .output
            .write_all(bytes)
            .and_then(|()| self.output.flush());
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.raw(&framed(
            &json!({"jsonrpc": "2.0", "method": method, "params": params}),
        ));
    }

    /// Sends a request; its id.
    pub fn send(&mut self, method: &str, params: Value) -> i64 {
        self.next += 1;
        let mut message = json!({"jsonrpc": "2.0", "id": self.next, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.raw(&framed(&message));
        self.next
    }

    /// Sends a request and waits for its answer.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        self.until(&format!("an answer to request {id}"), |c| {
            c.answers.contains_key(&id)
        });
        self.answers.remove(&id).unwrap()
    }

    /// Whether an answer has come.
    pub fn is_answered(&self, id: i64) -> bool {
        self.answers.contains_key(&id)
    }

    /// Waits until something holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Client) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < LONG, "waited too long for {what}");
            assert!(self.step(LONG), "the server is gone; waited for {what}");
        }
    }

    /// Does something again and again until something holds.
    pub fn until_after(&mut self, work: impl Fn(), holds: impl Fn(&Client) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < LONG, "waited too long for what was done");
            work();
            self.listen(Duration::from_millis(500));
        }
    }

    /// Takes everything that comes within some time.
    pub fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if !self.step(left) {
                return;
            }
        }
    }

    /// Takes one message if one comes within some time.
    pub fn take_one(&mut self, time: Duration) {
        self.step(time);
    }

    /// Waits until the server closes its output.
    pub fn until_gone(&mut self) {
        let start = Instant::now();
        while start.elapsed() < LONG {
            match self.input.recv_timeout(LONG) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        panic!("the server does not end");
    }

    /// Closes the way to the server.
    pub fn hang_up(&mut self) {
        self.output = Box::new(std::io::sink());
    }

    /// Takes one message, or none in time; whether the server is there.
    fn step(&mut self, time: Duration) -> bool {
        match self.input.recv_timeout(time) {
            Ok(message) => self.take(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    fn take(&mut self, message: Value) {
        let method = message
            .get("method")
            .and_then(Value::as_str)
            .map(str::to_owned);
        match (method.as_deref(), message.get("id")) {
            (None, Some(id)) => {
                let answer = match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
                // Id null: the answer to something that could not be read.
                self.answers.insert(id.as_i64().unwrap_or(-1), answer);
            }
            (Some("textDocument/publishDiagnostics"), None) => {
                let params = &message["params"];
                let shown = Shown {
                    diagnostics: params["diagnostics"].as_array().unwrap().clone(),
                    version: params.get("version").and_then(Value::as_i64),
                    at: Some(Instant::now()),
                };
                self.shown
                    .insert(params["uri"].as_str().unwrap().to_owned(), shown);
            }
            (Some(method), Some(id)) => {
                let result = match method {
                    "workspace/configuration" => json!([self.settings]),
                    _ => Value::Null,
                };
                let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
                self.raw(&framed(&answer));
                self.asked.push(message);
            }
            (Some(_), None) => self.told.push(message),
            (None, None) => panic!("neither request nor answer: {message}"),
        }
    }

    /// The URI of a file below the root.
    pub fn uri(&self, path: &str) -> String {
        uri(&self.root.join(path))
    }

    /// Opens a file with a text.
    pub fn open(&mut self, path: &str, text: &str) {
        let uri = self.uri(path);
        self.versions.insert(path.to_owned(), 1);
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// Opens a file as it is on the disk.
    pub fn open_from_disk(&mut self, path: &str) {
        let text = std::fs::read_to_string(self.root.join(path)).unwrap();
        self.open(path, &text);
    }

    /// Changes a file; the version it has then.
    pub fn change(&mut self, path: &str, changes: Value) -> i32 {
        let uri = self.uri(path);
        let version = self.versions.get_mut(path).unwrap();
        *version += 1;
        let version = *version;
        let document = json!({"uri": uri, "version": version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.notify("textDocument/didChange", params);
        version
    }

    /// Gives a file a whole new text.
    pub fn replace(&mut self, path: &str, text: &str) -> i32 {
        self.change(path, json!([{"text": text}]))
    }

    /// Saves a file, without telling of the disk.
    pub fn save(&mut self, path: &str) {
        let document = json!({"uri": self.uri(path)});
        self.notify("textDocument/didSave", json!({"textDocument": document}));
    }

    /// Closes a file.
    pub fn close(&mut self, path: &str) {
        let document = json!({"uri": self.uri(path)});
        self.notify("textDocument/didClose", json!({"textDocument": document}));
    }

    /// Tells that files changed on the disk.
    pub fn tell_of_disk(&mut self, paths: &[&str]) {
        let changes: Vec<Value> = paths
            .iter()
            .map(|path| json!({"uri": self.uri(path), "type": 2}))
            .collect();
        self.notify(
            "workspace/didChangeWatchedFiles",
            json!({"changes": changes}),
        );
    }

    /// A request about a position.
    pub fn at(
        &mut self,
        method: &str,
        path: &str,
        line: u32,
        character: u32,
    ) -> Result<Value, Value> {
        let document = json!({"uri": self.uri(path)});
        let position = json!({"line": line, "character": character});
        self.request(
            method,
            json!({"textDocument": document, "position": position}),
        )
    }

    /// The rules of what is shown in a file.
    pub fn rules(&self, path: &str) -> Vec<String> {
        let shown = self.shown.get(&self.uri(path));
        let diagnostics = shown.map_or(&[][..], |shown| &shown.diagnostics);
        diagnostics
            .iter()
            .map(|d| d["code"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until a file shows exactly these rules.
    pub fn until_rules(&mut self, path: &str, rules: &[&str]) {
        self.until(&format!("{rules:?} in {path}"), |client| {
            client.rules(path) == rules
        });
    }

    /// Says goodbye.
    pub fn shut_down(&mut self) {
        assert_eq!(self.request("shutdown", Value::Null), Ok(Value::Null));
        self.notify("exit", Value::Null);
        self.until_gone();
    }
}

fn read(input: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            header => {
                if let Some(value) = header.strip_prefix("Content-Length: ") {
                    length = value.parse().unwrap();
                }
            }
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// The URI of a file.
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.to_str().unwrap())
}

/// What a client can do that can do everything the server makes use of.
pub fn capabilities() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-8", "utf-16"]},
        "window": {"workDoneProgress": true},
        "textDocument": {
            "publishDiagnostics": {
                "relatedInformation": true,
                "tagSupport": {"valueSet": [1, 2]},
                "codeDescriptionSupport": true,
                "dataSupport": true,
                "versionSupport": true,
            },
            "hover": {"contentFormat": ["markdown", "plaintext"]},
            "definition": {"linkSupport": true},
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
            "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
            "diagnostic": {},
        },
        "workspace": {
            "configuration": true,
            "workspaceFolders": true,
            "didChangeConfiguration": {"dynamicRegistration": true},
            "didChangeWatchedFiles": {"dynamicRegistration": true},
            "workspaceEdit": {"documentChanges": true},
            "codeLens": {"refreshSupport": true},
            "inlayHint": {"refreshSupport": true},
            "diagnostics": {"refreshSupport": true},
        },
    })
}
