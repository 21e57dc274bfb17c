//! All visible sets of 10,000 workloads in 100 namespaces over 10,000 services, after indexing: time,
//! and memory by scopes. `cargo bench -p meshscope-tests --bench visibility`
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{AllocProfiler, Bencher};
use meshscope_mesh::db::{Mesh, MeshSettings, SourceFile, Unit, name};
use meshscope_mesh::index::{file_summary, namespaces};
use meshscope_mesh::registry::public_services;
use meshscope_mesh::visibility::{services_of, virtual_services_for};
use meshscope_mesh::workloads::classes_in;
use rayon::prelude::*;
use salsa::Durability;
use std::fmt::Write;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

#[salsa::db]
#[derive(Clone, Default)]
struct Db {
    storage: salsa::Storage<Self>,
}

#[salsa::db]
impl salsa::Database for Db {}

const NAMESPACES: usize = 100;
const SERVICES: usize = 10_000;

fn main() {
    divan::main();
}

/// Ten classes of pods in every namespace: what differs between workloads of a class is a label
/// nobody selects by. Every second namespace has a Sidecar for its own services and two others'.
fn texts(workloads: usize) -> Vec<String> {
    let per_namespace = |n: usize| n / NAMESPACES;
    (0..NAMESPACES)
        .map(|n| {
            let mut text = format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: ns-{n}, labels: {{istio-injection: enabled}}}}\n"
            );
            for s in 0..per_namespace(SERVICES) {
                let _ = write!(
                    text,
                    "---\napiVersion: v1\nkind: Service\nmetadata: {{name: svc-{s}, namespace: ns-{n}}}\nspec:\n  selector: {{class: c{}}}\n  ports: [{{name: http, port: 80}}, {{name: grpc, port: 9000}}]\n",
                    s % 10
                );
                if s % 10 == 0 {
                    let _ = write!(
                        text,
                        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: svc-{s}, namespace: ns-{n}}}\nspec:\n  hosts: [svc-{s}]\n  http:\n  - route:\n    - destination: {{host: svc-{s}}}\n"
                    );
                }
            }
            for w in 0..per_namespace(workloads) {
                let _ = write!(
                    text,
                    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w-{w}, namespace: ns-{n}}}\nspec:\n  template:\n    metadata: {{labels: {{class: c{}, app: w-{w}}}}}\n    spec: {{containers: [{{name: app, image: app}}]}}\n",
                    w % 10
                );
            }
            if n % 2 == 0 {
                let (a, b) = ((n + 1) % NAMESPACES, (n + 50) % NAMESPACES);
                let _ = write!(
                    text,
                    "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: ns-{n}}}\nspec:\n  egress:\n  - hosts: [./*, ns-{a}/*, ns-{b}/*]\n"
                );
            }
            text
        })
        .collect()
}

/// A mesh with everything below the scopes computed.
fn indexed(texts: &[String]) -> (Db, Mesh) {
    let db = Db::default();
    let file = |(i, text): (usize, &String)| {
        SourceFile::builder(format!("{i}.yaml").into(), Arc::from(text.as_str()), None)
            .durability(Durability::HIGH)
            .new(&db)
    };
    let files: Vec<SourceFile> = texts.iter().enumerate().map(file).collect();
    let units: Vec<Unit> = files.iter().map(|file| Unit::file(*file, None)).collect();
    let mesh = Mesh::builder("m".into(), units.into(), Arc::new(MeshSettings::default()))
        .durability(Durability::HIGH)
        .new(&db);
    files.par_iter().for_each_with(db.clone(), |db, file| {
        file_summary(&*db, *file);
    });
    public_services(&db, mesh);
    for ns in namespaces(&db, mesh).iter() {
        classes_in(&db, mesh, name(&db, ns));
    }
    virtual_services_for(&db, mesh, name(&db, "ns-0"), name(&db, "mesh"));
    (db, mesh)
}

/// The visible set of every workload, by class. "max alloc" is what stays live: the same for ten times
/// the workloads.
#[divan::bench(args = [1_000, 10_000], sample_count = 5, sample_size = 1)]
fn all_visible_sets(bencher: Bencher, workloads: usize) {
    let texts = texts(workloads);
    bencher
        .with_inputs(|| indexed(&texts))
        .bench_local_values(|(db, mesh)| {
            let mut seen = 0;
            for ns in namespaces(&db, mesh).iter() {
                for class in classes_in(&db, mesh, name(&db, ns)).iter() {
                    let set = services_of(&db, mesh, &class.proxy);
                    seen += usize::from(!set.is_empty()) * class.workloads.len();
                }
            }
            assert_eq!(seen, workloads);
            (db, mesh)
        });
}
