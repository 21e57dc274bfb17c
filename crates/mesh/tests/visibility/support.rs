//! A mesh from YAML texts, with a log of executed queries.

use meshscope_manifest::{Kind, ResourceKey};
use meshscope_mesh::db::{Mesh, MeshSettings, SourceFile, Unit};
use meshscope_mesh::workloads::{Proxy, class_proxy, find_workload};
use salsa::{Database, EventKind, Setter};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[salsa::db]
#[derive(Clone)]
pub struct TestDb {
    log: Arc<Mutex<Vec<salsa::DatabaseKeyIndex>>>,
    storage: salsa::Storage<Self>,
}

#[salsa::db]
impl salsa::Database for TestDb {}

/// A mesh of files.
pub struct Fixture {
    pub db: TestDb,
    pub mesh: Mesh,
    files: BTreeMap<String, SourceFile>,
}

impl Fixture {
    /// Files as (path, text), in load order.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> Fixture {
        Fixture::with(files, MeshSettings::default())
    }

    pub fn with<'a>(
        files: impl IntoIterator<Item = (&'a str, String)>,
        settings: MeshSettings,
    ) -> Fixture {
        let log: Arc<Mutex<Vec<salsa::DatabaseKeyIndex>>> = Arc::default();
        let events = log.clone();
        let db = TestDb {
            log,
            storage: salsa::Storage::new(Some(Box::new(move |event| {
                if let EventKind::WillExecute { database_key } = event.kind {
                    events.lock().unwrap().push(database_key);
                }
            }))),
        };
        let mut by_path = BTreeMap::new();
        let mut units = Vec::new();
        for (path, text) in files {
            let file = SourceFile::new(&db, path.into(), Arc::from(text), None);
            by_path.insert(path.to_owned(), file);
            units.push(Unit {
                file,
                namespace: Some("default".into()),
            });
        }
        let mesh = Mesh::new(&db, "test".into(), units.into(), Arc::new(settings));
        Fixture {
            db,
            mesh,
            files: by_path,
        }
    }

    pub fn set(&mut self, path: &str, text: &str) {
        self.files[path].set_text(&mut self.db).to(Arc::from(text));
    }

    pub fn text(&self, path: &str) -> String {
        self.files[path].text(&self.db).to_string()
    }

    /// The proxy class of a workload.
    pub fn proxy(&self, namespace: &str, name: &str) -> Proxy {
        let workload = find_workload(&self.db, self.mesh, namespace, name).expect(name);
        class_proxy(&self.db, self.mesh, &workload).expect("a proxy")
    }

    /// How often each query runs while `f` does.
    pub fn executed(&self, f: impl FnOnce(&Fixture)) -> BTreeMap<String, usize> {
        self.db.log.lock().unwrap().clear();
        f(self);
        let mut counts = BTreeMap::new();
        for key in std::mem::take(&mut *self.db.log.lock().unwrap()) {
            let name = self.db.ingredient_debug_name(key.ingredient_index());
            *counts.entry(name.into_owned()).or_insert(0) += 1;
        }
        counts
    }
}

pub fn key(kind: Kind, label: &str) -> ResourceKey {
    let (namespace, name) = label.split_once('/').unwrap();
    ResourceKey::new(kind, namespace, name)
}

pub fn namespace(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    istio-injection: enabled\n---\n"
    )
}

pub fn deployment(ns: &str, name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {ns}}}\nspec:\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: app, image: app}}]}}\n---\n"
    )
}

pub fn service(ns: &str, name: &str, port: u32, export_to: &str) -> String {
    let annotations = match export_to {
        "" => String::new(),
        set => format!(", annotations: {{networking.istio.io/exportTo: \"{set}\"}}"),
    };
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {ns}{annotations}}}\nspec:\n  selector: {{app: {name}}}\n  ports: [{{name: http, port: {port}}}]\n---\n"
    )
}

/// An Istio object of networking.istio.io with its spec in flow style.
pub fn istio(kind: &str, ns: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {ns}}}\nspec: {spec}\n---\n"
    )
}

pub fn route(ns: &str, name: &str, host: &str, destination: &str, more: &str) -> String {
    let spec = format!(
        "{{hosts: [\"{host}\"], http: [{{route: [{{destination: {{host: {destination}}}}}]}}]{more}}}"
    );
    istio("VirtualService", ns, name, &spec)
}

pub fn entry(ns: &str, name: &str, host: &str, more: &str) -> String {
    let spec = format!(
        "{{hosts: [\"{host}\"], ports: [{{number: 443, name: tls, protocol: TLS}}], resolution: DNS{more}}}"
    );
    istio("ServiceEntry", ns, name, &spec)
}

pub fn sidecar(ns: &str, hosts: &str) -> String {
    istio(
        "Sidecar",
        ns,
        "default",
        &format!("{{egress: [{{hosts: [{hosts}]}}]}}"),
    )
}
