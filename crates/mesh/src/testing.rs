//! For tests: a mesh from YAML text, and which queries ran.

use crate::db::{Mesh, MeshSettings, SourceFile, Unit};
use crate::workloads::{Proxy, find_workload, proxy_of};
use meshscope_manifest::Str;
use salsa::Setter;
use std::sync::{Arc, Mutex};

/// A database that remembers which tracked functions ran.
#[salsa::db]
#[derive(Clone)]
pub(crate) struct TestDb {
    log: Arc<Mutex<Vec<String>>>,
    storage: salsa::Storage<TestDb>,
}

#[salsa::db]
impl salsa::Database for TestDb {}

impl Default for TestDb {
    fn default() -> Self {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = log.clone();
        let callback = move |event: salsa::Event| {
            if let salsa::EventKind::WillExecute { database_key } = event.kind {
                sink.lock().unwrap().push(format!("{database_key:?}"));
            }
        };
        TestDb {
            log,
            storage: salsa::Storage::new(Some(Box::new(callback))),
        }
    }
}

impl TestDb {
    /// The queries that ran since the last call, without their arguments, sorted, each once.
    pub(crate) fn ran(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .log
            .lock()
            .unwrap()
            .drain(..)
            .map(|key| key.split('(').next().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// How often a query ran since the last call of [`TestDb::ran`].
    pub(crate) fn count(&self, query: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.iter()
            .filter(|key| key.split('(').next() == Some(query))
            .count()
    }

    /// Replaces a part of a file's text.
    pub(crate) fn edit(&mut self, file: SourceFile, from: &str, to: &str) {
        let text = file.text(self).replace(from, to);
        assert_ne!(&**file.text(self), text, "{from:?} is not in the file");
        file.set_text(self).to(text.into());
    }
}

/// A mesh of one file, default namespace `default`.
pub(crate) fn mesh_of(yaml: &str) -> (TestDb, Mesh) {
    let (db, mesh, _) = mesh_of_files(&[yaml], MeshSettings::default());
    (db, mesh)
}

/// A mesh of several files.
pub(crate) fn mesh_of_files(
    texts: &[&str],
    settings: MeshSettings,
) -> (TestDb, Mesh, Vec<SourceFile>) {
    let db = TestDb::default();
    let files: Vec<SourceFile> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| SourceFile::new(&db, format!("{i}.yaml").into(), (*text).into(), None))
        .collect();
    let unit = |file: &SourceFile| Unit::file(*file, Some(Str::new("default")));
    let units: Vec<Unit> = files.iter().map(unit).collect();
    let mesh = Mesh::new(&db, "test".into(), units.into(), Arc::new(settings));
    (db, mesh, files)
}

/// The proxy of a workload, `namespace/name`.
pub(crate) fn proxy(db: &TestDb, mesh: Mesh, label: &str) -> Proxy {
    let (namespace, name) = label.split_once('/').unwrap();
    proxy_of(&find_workload(db, mesh, namespace, name).unwrap()).unwrap()
}

/// One object per line: `Kind namespace/name [@age] rest of spec in flow style`.
pub(crate) fn objects(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let mut words = line.splitn(3, ' ');
        let (kind, label) = (words.next().unwrap(), words.next().unwrap());
        let mut spec = words.next().unwrap_or("{}");
        let mut created = String::new();
        if let Some(rest) = spec.strip_prefix('@') {
            let (age, rest) = rest.split_once(' ').unwrap();
            created = format!(", creationTimestamp: \"2026-01-{age}T00:00:00Z\"");
            spec = rest;
        }
        let (namespace, name) = label.split_once('/').unwrap();
        let (api, kind) = match kind {
            "Service" => ("v1", kind),
            "ProxyConfig" => ("networking.istio.io/v1beta1", kind),
            "K8sGateway" => ("gateway.networking.k8s.io/v1", "Gateway"),
            "ListenerSet" | "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute"
            | "ReferenceGrant" => ("gateway.networking.k8s.io/v1", kind),
            _ => ("networking.istio.io/v1", kind),
        };
        text.push_str(&format!(
            "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}{created}}}\nspec: {spec}\n"
        ));
    }
    text
}
