#![allow(clippy::all, missing_docs)]
use meshscope_mesh::db::*;
use meshscope_mesh::index::*;
use meshscope_mesh::visibility::*;
use meshscope_mesh::workloads::*;
use rayon::prelude::*;
use salsa::{Durability, Setter};
use std::sync::Arc;
use std::time::Instant;
#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;
#[salsa::db]
#[derive(Clone, Default)]
struct TestDb {
    storage: salsa::Storage<Self>,
}
#[salsa::db]
impl salsa::Database for TestDb {}
fn rss() -> String {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines()
        .filter(|l| l.starts_with("VmRSS") || l.starts_with("VmHWM"))
        .collect::<Vec<_>>()
        .join(" ")
}
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let files = meshscope_tests::generate::mesh(n);
    let bytes: usize = files.iter().map(|f| f.1.len()).sum();
    println!("{} files {} bytes {}", files.len(), bytes, rss());
    let t = Instant::now();
    let mut docs = 0;
    for (_, text) in &files {
        let mut p = saphyr_parser::Parser::new_from_str(text);
        while let Some(Ok(_)) = p.next_event() {
            docs += 1;
        }
    }
    println!("bare saphyr {:?} events {docs}", t.elapsed());
    let t = Instant::now();
    let mut db = TestDb::default();
    let units: Vec<Unit> = files
        .iter()
        .map(|(p, t)| Unit {
            file: SourceFile::builder(p.as_str().into(), Arc::from(t.as_str()), None)
                .durability(Durability::HIGH)
                .new(&db),
            namespace: None,
        })
        .collect();
    let mesh = Mesh::builder(
        "m".into(),
        units.clone().into(),
        Arc::new(MeshSettings::default()),
    )
    .durability(Durability::HIGH)
    .new(&db);
    println!("inputs {:?} {}", t.elapsed(), rss());
    let t = Instant::now();
    units
        .par_iter()
        .map_with(db.clone(), |db, u| {
            file_summary(db, u.file);
        })
        .count();
    println!("summaries {:?} {}", t.elapsed(), rss());
    let all = |db: &TestDb| {
        let mut count = 0;
        let mut scopes = std::collections::HashSet::new();
        for ns in namespaces(db, mesh).iter() {
            for c in classes_in(db, mesh, name(db, ns)).iter() {
                let s = services_of(db, mesh, &c.proxy);
                count += 1;
                scopes.insert(format!("{:?}", ns));
                let _ = s;
            }
        }
        (count, scopes.len())
    };
    let t = Instant::now();
    let nss = namespaces(&db, mesh).len();
    println!("index {nss} ns {:?} {}", t.elapsed(), rss());
    let t = Instant::now();
    println!("all {:?} scopes {:?} {}", all(&db), t.elapsed(), rss());
    let t = Instant::now();
    let mut c = 0;
    for ns in namespaces(&db, mesh).iter().take(10) {
        for k in classes_in(&db, mesh, name(&db, ns)).iter().take(1) {
            c += clusters(&db, mesh, &k.proxy).len();
        }
    }
    println!("10 classes' clusters {c} {:?} {}", t.elapsed(), rss());
    for i in 0..4 {
        let (path, text) = &files[namespaces(&db, mesh).len() + 5];
        let f = units
            .iter()
            .find(|u| u.file.path(&db) == path)
            .unwrap()
            .file;
        let new = text.replace("/v2", &format!("/v{}", i + 3));
        let t = Instant::now();
        f.set_text(&mut db)
            .with_durability(Durability::LOW)
            .to(Arc::from(new));
        let a = t.elapsed();
        let t = Instant::now();
        let _ = all(&db);
        println!("edit set {:?} all {:?}", a, t.elapsed());
    }
}
