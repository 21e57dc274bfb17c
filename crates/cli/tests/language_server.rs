//! `meshscope lsp` as a process: what happens to it when the other side misbehaves, and what thousands
//! of edits in a large mesh do to it.
//!
//! Sizes come from the environment: `MESHSCOPE_LSP_RESOURCES` and `MESHSCOPE_LSP_EDITS`. The full size:
//! `cargo test --release -p meshscope-cli --test language_server -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../../lsp/tests/client/mod.rs"]
mod client;

use client::Client;
use meshscope_tests::generate;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("meshscope-process-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(folder: &Folder) -> (Client, Child) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_meshscope"))
        .arg("lsp")
        .current_dir(&folder.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    (Client::new(input, output, &folder.0), child)
}

fn exit_code(mut child: Child) -> Option<i32> {
    child.wait().unwrap().code()
}

#[test]
fn the_exit_code_says_whether_the_client_said_goodbye() {
    let folder = Folder::new();
    let (mut client, child) = start(&folder);
    client.initialize();
    client.shut_down();
    assert_eq!(exit_code(child), Some(0));

    let (mut client, child) = start(&folder);
    client.initialize();
    client.notify("exit", Value::Null);
    client.until_gone();
    assert_eq!(exit_code(child), Some(1));
}

#[test]
fn a_server_whose_client_is_gone_ends() {
    let folder = Folder::new();
    for (path, text) in generate::mesh(300) {
        folder.write(&path, &text);
    }
    // At once, while the folder is read, and while a request waits.
    for step in 0..3 {
        let (mut client, child) = start(&folder);
        if step > 0 {
            client.initialize();
        }
        if step > 1 {
            client.send("workspace/diagnostic", json!({"previousResultIds": []}));
            client.listen(Duration::from_millis(50));
        }
        client.hang_up();
        client.until_gone();
        assert_eq!(exit_code(child), Some(1), "step {step}");
    }
}

#[test]
fn garbage_on_stdin_ends_it_and_says_nothing_on_stdout_but_protocol() {
    let folder = Folder::new();
    let (mut client, child) = start(&folder);
    client.raw(b"this is no protocol\r\n\r\n");
    client.until_gone();
    assert_eq!(exit_code(child), Some(1));
}

/// Megabytes of a large document: an unoptimised build takes a minute for 50.
const LARGE: usize = if cfg!(debug_assertions) { 4 } else { 50 };

#[test]
fn a_large_document_is_answered() {
    let folder = Folder::new();
    folder.write(
        "small.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {prts: []}\n",
    );
    let (mut client, child) = start(&folder);
    client.initialize();
    let comment = "# 0123456789012345678901234567890123456789012345678901234567\n";
    let mut text = String::from("# 漢\n");
    for number in 0..size("MESHSCOPE_LSP_MEGABYTES", LARGE) {
        text.push_str(&comment.repeat(1024 * 1024 / comment.len()));
        text.push_str(&format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s{number}}}\nspec: {{ports: [{{name: http, port: 80}}]}}\n---\n"));
    }
    text.push_str("apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: large, namespace: a}\nspec: {host: s1, unknown: true}\n");
    client.open("large.yaml", &text);
    let is_found = |client: &Client| {
        client
            .rules("large.yaml")
            .contains(&"unknown-field".to_owned())
    };
    client.until("the finding at its end", is_found);
    let last = text.lines().count() - 1;
    let unknown = text.lines().last().unwrap().find(", unknown").unwrap();
    let at = |character: usize| json!({"line": last, "character": character});
    let range = json!({"start": at(unknown), "end": at(unknown + ", unknown: true".len())});
    client.change("large.yaml", json!([{"range": range, "text": ""}]));
    assert!(client.at("textDocument/hover", "small.yaml", 3, 8).is_ok());
    client.until("the finding to go", |client| !is_found(client));
    client.shut_down();
    assert_eq!(exit_code(child), Some(0));
}

fn size(name: &str, default: usize) -> usize {
    let said = std::env::var(name).ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(default)
}

#[test]
fn typing_into_a_mesh_loses_nothing() {
    let (resources, edits) = (
        size("MESHSCOPE_LSP_RESOURCES", 500),
        size("MESHSCOPE_LSP_EDITS", 200),
    );
    Typist::new(resources).work(edits);
}

#[test]
#[ignore = "the full size, for a release build"]
fn typing_into_a_large_mesh_loses_nothing() {
    let (resources, edits) = (
        size("MESHSCOPE_LSP_RESOURCES", 10_000),
        size("MESHSCOPE_LSP_EDITS", 2_000),
    );
    Typist::new(resources).work(edits);
}

/// A field that no DestinationRule has but for its last characters, which are typed.
const FIELD: &str = "maxConnections";

/// How long a key takes.
const KEY: Duration = Duration::from_millis(5);

/// Somebody who types in one file of a generated mesh.
struct Typist {
    folder: Folder,
    client: Client,
    child: Child,
    path: String,
    text: String,
    /// The line of the field, and the column behind it.
    at: (usize, usize),
    /// What is typed behind the field.
    tail: String,
    /// When each version was sent.
    sent: Vec<(i64, Instant)>,
    /// When the first findings of a version or a later one came.
    waits: Vec<Duration>,
}

impl Typist {
    fn new(resources: usize) -> Typist {
        let folder = Folder::new();
        for (path, text) in generate::mesh(resources) {
            folder.write(&path, &text);
        }
        let (mut client, child) = start(&folder);
        client.initialize();
        let (path, _) = generate::application_at(4, resources);
        let text = std::fs::read_to_string(folder.0.join(&path)).unwrap();
        let line = text.lines().position(|line| line.contains(FIELD)).unwrap();
        let column = text.lines().nth(line).unwrap().find(FIELD).unwrap() + FIELD.len();
        client.open(&path, &text);
        // Everything is read once an answer about the whole comes.
        client
            .request("workspace/symbol", json!({"query": "app-4"}))
            .unwrap();
        Typist {
            folder,
            client,
            child,
            path,
            text,
            at: (line, column),
            tail: String::new(),
            sent: Vec::new(),
            waits: Vec::new(),
        }
    }

    /// Types one character behind the field; every tenth time takes all of them away.
    fn key(&mut self, number: usize) {
        let (line, column) = self.at;
        let new = match number % 10 {
            0 => String::new(),
            digit => format!("{}{digit}", self.tail),
        };
        let (from, typed) = match new.strip_prefix(&self.tail) {
            Some(typed) if !typed.is_empty() => (column + self.tail.len(), typed.to_owned()),
            _ => (column, new.clone()),
        };
        let position = |character: usize| json!({"line": line, "character": character});
        let end = column + self.tail.len();
        let range = json!({"start": position(from), "end": position(end)});
        let version = self
            .client
            .change(&self.path, json!([{"range": range, "text": typed}]));
        self.sent.push((i64::from(version), Instant::now()));
        self.tail = new;
    }

    /// Takes what comes within some time, and notes which edits it answers.
    fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let uri = self.client.uri(&self.path);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.client.take_one(left);
            let Some(shown) = self.client.shown.get(&uri) else {
                continue;
            };
            let (Some(version), Some(at)) = (shown.version, shown.at) else {
                continue;
            };
            self.sent.retain(|(sent, when)| {
                let is_answered = *sent <= version;
                if is_answered {
                    self.waits.push(at.saturating_duration_since(*when));
                }
                !is_answered
            });
        }
    }

    fn work(mut self, edits: usize) {
        let mut memory = Vec::new();
        for half in 0..2 {
            for number in 1..=edits / 2 {
                self.key(half * edits / 2 + number);
                self.watch(KEY);
            }
            self.rest();
            memory.push(resident(&self.child));
        }
        let (first, second) = (memory[0], memory[1]);
        assert!(
            second < first + first / 10 + 8192,
            "{first} kB, then {second} kB"
        );
        self.compare();
        let of_mesh = self.other_files(5);
        self.waits.sort();
        println!(
            "{edits} edits, {} waits: median {:?}, 99th percentile {:?}; in other files: median {of_mesh:?}; \
             {first} kB, then {second} kB",
            self.waits.len(),
            self.waits[self.waits.len() / 2],
            self.waits[self.waits.len() * 99 / 100],
        );
        self.client.shut_down();
        assert_eq!(exit_code(self.child), Some(0));
    }

    /// Waits until the last edit is answered: the finding names the field as it is typed now.
    fn rest(&mut self) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self.is_shown() {
            assert!(
                Instant::now() < end,
                "a stale finding at rest: {:?}",
                self.tail
            );
            self.watch(Duration::from_millis(20));
        }
        self.watch(Duration::from_millis(600));
        assert!(
            self.is_shown(),
            "what is shown at rest changes: {:?}",
            self.tail
        );
    }

    fn is_shown(&self) -> bool {
        let shown = self.client.shown.get(&self.client.uri(&self.path));
        let mut shown = shown.into_iter().flat_map(|shown| &shown.diagnostics);
        let found = shown.find(|d| d["code"] == "unknown-field");
        match (found, self.tail.as_str()) {
            (None, tail) => tail.is_empty(),
            (Some(found), tail) => {
                let named = format!("{FIELD}{tail}");
                let data = found["data"]["path"].as_str().unwrap_or_default();
                !tail.is_empty() && data.ends_with(&named)
            }
        }
    }

    /// What is shown is what `check` says of the same texts on the disk.
    fn compare(&mut self) {
        let line = self.text.lines().nth(self.at.0).unwrap();
        let typed = line.replace(FIELD, &format!("{FIELD}{}", self.tail));
        let text = self.text.replacen(line, &typed, 1);
        self.folder.write(&self.path, &text);
        let path = self.path.clone();
        self.client.save(&path);
        self.watch(Duration::from_millis(1500));
        let checked = Command::new(env!("CARGO_BIN_EXE_meshscope"))
            .args(["check", "--format", "json", "--root"])
            .arg(&self.folder.0)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let mut expected: Vec<String> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        let shown = self
            .client
            .shown
            .values()
            .flat_map(|shown| &shown.diagnostics);
        let mut shown: Vec<String> = shown.map(|d| d["data"].to_string()).collect();
        expected.sort();
        shown.sort();
        assert!(!expected.is_empty());
        assert_eq!(shown, expected);
    }

    /// How long an edit takes to show in other files: the median of some.
    fn other_files(&mut self, times: usize) -> Duration {
        let uri = self.client.uri(&self.path);
        let mut waits = Vec::new();
        let text = std::fs::read_to_string(self.folder.0.join(&self.path)).unwrap();
        let before = others(&self.client, &uri);
        for _ in 0..times {
            let start = Instant::now();
            // Another Service by then, and whoever means it misses it.
            self.client.replace(
                &self.path,
                &text.replace("kind: Service\n", "kind: Servise\n"),
            );
            self.client.until("findings in other files", |client| {
                others(client, &uri) != before
            });
            waits.push(start.elapsed());
            self.client.replace(&self.path, &text);
            self.client.until("the findings of before", |client| {
                others(client, &uri) == before
            });
        }
        waits.sort();
        waits[waits.len() / 2]
    }
}

/// What is shown in other files.
fn others(client: &Client, uri: &str) -> Vec<Value> {
    let others = client.shown.iter().filter(|(other, _)| *other != uri);
    others
        .flat_map(|(_, shown)| shown.diagnostics.clone())
        .collect()
}

/// The memory of a process, in kB.
fn resident(child: &Child) -> usize {
    let status = Path::new("/proc")
        .join(child.id().to_string())
        .join("status");
    let status = std::fs::read_to_string(status).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
