//! What an edit makes run again: names and counts of queries.

#![allow(clippy::unwrap_used)] // a test

mod state;

use meshscope::{MemoryFileSystem, Settings, Workspace};
use meshscope_testing::QueryLog;
use state::state;
use std::collections::BTreeMap;

const NAMESPACES: [&str; 4] = ["blue", "green", "red", "white"];

/// The objects of one namespace.
fn namespace(ns: &str) -> String {
    format!(
        "\
apiVersion: v1
kind: Namespace
metadata:
  name: {ns}
  labels:
    istio-injection: enabled
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: {ns}
spec:
  selector:
    app: web
  ports:
  - name: http
    port: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: {ns}
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
        version: v1
    spec:
      containers:
      - name: web
"
    )
}

/// The routing of one namespace.
fn routing(ns: &str) -> String {
    format!(
        "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: web
  namespace: {ns}
spec:
  hosts:
  - web
  exportTo:
  - .
  http:
  - timeout: 5s
    route:
    - destination:
        host: web
        subset: v1
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: web
  namespace: {ns}
spec:
  host: web
  subsets:
  - name: v1
    labels:
      version: v1
"
    )
}

struct Fixture {
    workspace: Workspace,
    log: QueryLog,
}

impl Fixture {
    /// A workspace with a file opened for editing, that was asked everything.
    fn new(open: &str) -> Fixture {
        let (log, db) = QueryLog::new();
        let mut fs = MemoryFileSystem::new();
        for ns in NAMESPACES {
            fs = fs
                .with(format!("{ns}/objects.yaml"), namespace(ns))
                .with(format!("{ns}/routing.yaml"), routing(ns));
        }
        let mut workspace = Workspace::open_with("".into(), &fs, Settings::default(), db).unwrap();
        workspace.start_editing(open);
        let fixture = Fixture { workspace, log };
        fixture.ask();
        fixture
    }

    /// What runs when everything is asked.
    fn ask(&self) -> BTreeMap<String, usize> {
        state(&self.workspace);
        self.log.take(self.workspace.db())
    }

    /// What runs when everything is asked after an edit of a file.
    fn edit(&mut self, path: &str, edit: impl Fn(&str) -> String) -> BTreeMap<String, usize> {
        let file = self.workspace.file(path).unwrap();
        let before = file.text(self.workspace.db()).to_string();
        let after = edit(&before);
        assert_ne!(before, after);
        self.workspace.set_text(path, &after);
        self.ask()
    }
}

/// What reads positions or comments runs for the edited file alone; everything else must be its
/// summary.
fn assert_only_the_file(ran: &BTreeMap<String, usize>) {
    for (name, &count) in ran {
        let most = match name.as_str() {
            "file_summary" | "suppressions" => 1,
            // What the file says about deployments, as it was and as it is.
            "file_facts" => 2,
            // One per document of the file that a finding points into.
            "document" => 3,
            // Findings of the file are placed anew.
            "line_index" => 1,
            "range_at" => 8,
            _ => 0,
        };
        assert!(count <= most, "{name} ran {count} times: {ran:?}");
    }
    assert_eq!(ran.get("file_summary"), Some(&1), "{ran:?}");
}

#[test]
fn asking_twice_runs_nothing() {
    assert_eq!(Fixture::new("red/routing.yaml").ask(), BTreeMap::new());
}

#[test]
fn a_comment_anywhere_runs_nothing_but_the_summary_of_its_file() {
    for path in ["blue/objects.yaml", "blue/routing.yaml"] {
        let mut fixture = Fixture::new(path);
        let file = fixture.workspace.file(path).unwrap();
        let lines = file.text(fixture.workspace.db()).lines().count();
        for line in 0..=lines {
            // Each round adds a comment between two other lines.
            let ran = fixture.edit(path, |text| {
                let mut lines: Vec<&str> = text.lines().collect();
                lines.insert(line * 2, "# a comment");
                lines.join("\n") + "\n"
            });
            assert_only_the_file(&ran);
        }
    }
}

#[test]
fn other_indentation_runs_nothing_but_the_summary_of_its_file() {
    for path in ["green/objects.yaml", "green/routing.yaml"] {
        let mut fixture = Fixture::new(path);
        // Every document as a whole, then the items of its lists.
        let ran = fixture.edit(path, |text| {
            let lines = text.lines().map(|line| match line {
                "---" => "---\n".to_owned(),
                line => format!("  {line}\n"),
            });
            lines.collect()
        });
        assert_only_the_file(&ran);
        let ran = fixture.edit(path, |text| {
            text.replace("- name: http\n      port:", "  - name: http\n        port:")
                .replace("    - web\n", "          - web\n")
        });
        assert_only_the_file(&ran);
    }
}

#[test]
fn a_route_of_one_virtual_service_leaves_every_other_namespace_alone() {
    let mut fixture = Fixture::new("red/routing.yaml");
    let ran = fixture.edit("red/routing.yaml", |text| text.replace("5s", "7s"));
    // The index: who feeds which namespace is as before, and of the namespaces one is gathered again.
    for untouched in [
        "membership",
        "namespaces",
        "namespace_units",
        "facts",
        "installed",
    ] {
        assert_eq!(ran.get(untouched), None, "{ran:?}");
    }
    for once in ["file_summary", "unit_namespaces", "namespace_definitions"] {
        assert_eq!(ran.get(once), Some(&1), "{once}: {ran:?}");
    }
    // What is prepared per namespace is prepared for one.
    for at_most_once in ["virtual_services_in", "workloads_in", "sidecars_in"] {
        assert!(ran.get(at_most_once).is_none_or(|&n| n <= 1), "{ran:?}");
    }
}
