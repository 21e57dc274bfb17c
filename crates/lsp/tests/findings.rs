//! What is shown is what `meshscope check` reports, place for place and word for word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
#[path = "client/server.rs"]
mod server;

use meshscope::finding::{Certainty, Finding, Position, Severity};
use meshscope::{OsFileSystem, Workspace};
use serde_json::{Value, json};
use server::{Folder, start};
use std::collections::BTreeMap;
use std::path::Path;

/// What an editor must show of a finding, made from the finding alone.
fn expected(finding: &Finding, several_meshes: bool) -> Value {
    let at = finding.location.as_ref().unwrap();
    let severity = match finding.severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Info => 3,
        Severity::Hint => 4,
    };
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message += &format!("\nhelp: {help}");
    }
    match finding.certainty {
        Certainty::Certain => {}
        Certainty::Ambiguous => message += "\nistiod decides this by age or order",
        Certainty::Assumed => message += "\nassumed: rests on what is not in the files",
    }
    if several_meshes && !finding.mesh.is_empty() {
        let names = [&finding.mesh].into_iter().chain(&finding.meshes);
        let names: Vec<&str> = names.map(String::as_str).collect();
        let noun = if names.len() == 1 { "mesh" } else { "meshes" };
        message += &format!("\nin {noun} {}", names.join(", "));
    }
    // The texts here have no characters outside of the basic plane: columns are the same.
    let place = |at: &Position| json!({"line": at.line - 1, "character": at.column - 1});
    json!({
        "code": finding.rule,
        "severity": severity,
        "message": message,
        "range": {"start": place(&at.range.start), "end": place(&at.range.end)},
        "data": finding,
    })
}

fn by_file(items: impl Iterator<Item = (String, Value)>) -> BTreeMap<String, Vec<Value>> {
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (file, item) in items {
        files.entry(file).or_default().push(item);
    }
    for items in files.values_mut() {
        items.sort_by_key(Value::to_string);
    }
    files
}

/// Compares what a folder shows at rest with what `check` says.
fn compare(root: &Path) -> usize {
    let path = camino::Utf8Path::from_path(root).unwrap();
    let workspace = Workspace::open(path, &OsFileSystem).unwrap();
    let several = workspace.meshes().count() > 1;
    let findings = workspace.report(None).findings;
    let placed = findings.iter().filter(|f| f.location.is_some());
    let expected = by_file(placed.map(|finding| {
        let uri = client::uri(&root.join(&finding.location.as_ref().unwrap().file));
        (uri, expected(finding, several))
    }));
    let (mut client, _) = start(root);
    client.initialize();
    let count: usize = expected.values().map(Vec::len).sum();
    let shown = |client: &client::Client| {
        client
            .shown
            .values()
            .map(|s| s.diagnostics.len())
            .sum::<usize>()
    };
    client.until("as many findings", |client| shown(client) >= count);
    let keys = ["code", "severity", "message", "range", "data"];
    let only =
        |d: &Value| Value::Object(keys.iter().map(|&k| (k.to_owned(), d[k].clone())).collect());
    let items = client.shown.iter();
    let items = items.flat_map(|(uri, s)| s.diagnostics.iter().map(|d| (uri.clone(), only(d))));
    assert_eq!(by_file(items), expected, "{}", root.display());
    client.shut_down();
    count
}

#[test]
fn of_the_bundled_meshes() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let folders = std::fs::read_dir(corpus.canonicalize().unwrap()).unwrap();
    let folders = folders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let count: usize = folders.map(|folder| compare(&folder)).sum();
    assert!(count > 10, "{count}");
}

#[test]
fn of_faults_of_every_kind() {
    let folder = Folder::with(&[
        (
            "meshscope.yaml",
            "ruls: {}\nmeshes: [{name: east}, {name: west, include: [a]}]\nsuppress: [{rule: subset-unknown, reason: none}]\n",
        ),
        (
            "a/broken.yaml",
            "a: [1\n---\na: b\na: c\n---\nkind: Service\n",
        ),
        (
            "a/route.yaml",
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: w, namespace: shop}\nspec:\n  hosts: [web]\n  htp: []\n  http:\n  - route: [{destination: {host: web, subset: v1}, weight: many}]\n  - route: [{destination: {host: nowhere}}]\n",
        ),
        (
            "b/route.yaml",
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: w2, namespace: shop}\nspec:\n  hosts: [web] # meshscope: ignore subset-unknown\n  http:\n  - route: [{destination: {host: web}}]\n",
        ),
        (
            "a/service.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{name: http, port: 80}]}\n",
        ),
    ]);
    let count = compare(&folder.0);
    assert!(count > 5, "{count}");
}
