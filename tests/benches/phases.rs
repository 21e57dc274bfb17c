//! Where the time and the memory of a check go, phase by phase, what an edit runs again, and what it
//! looks through.
//!
//! `MESHSCOPE_BENCH_SIZE=10000 cargo bench -p meshscope-tests --bench phases`. Memory is what stays
//! after the phase. Counting queries makes edits slower: their times are for comparing phases.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)]

use meshscope::{Database, MemoryFileSystem, Mesh, Settings, Workspace};
use meshscope_mesh::db::name;
use meshscope_mesh::index::namespaces;
use meshscope_mesh::registry::{public_services, services_in};
use meshscope_mesh::visibility::{clients, virtual_services_in};
use meshscope_rules::evaluate;
use meshscope_tests::generate;
use salsa::{Database as _, DatabaseKeyIndex, EventKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

fn main() {
    let size = std::env::var("MESHSCOPE_BENCH_SIZE").ok();
    let size = size.and_then(|s| s.parse().ok()).unwrap_or(10_000);
    let files = generate::mesh(size);
    let mut fs = MemoryFileSystem::new();
    for (path, text) in &files {
        fs = fs.with(path.as_str(), text.as_str());
    }
    let events = Events::default();
    let db = events.database();
    println!("{size} resources");
    let mut phases = Phases::new();
    let mut workspace =
        Workspace::open_with("".into(), &fs, Settings::default(), db).expect("the generated mesh");
    phases.done("open");
    ask(workspace.meshes().next().expect("a mesh"), &mut phases);

    let (path, _) = generate::application_at(4, size);
    let (_, text) = files.iter().find(|(p, _)| *p == path).expect("a file");
    for edit in ["opened", "edited"] {
        println!("{edit}");
        let edited = text.replace("prefix: /v2", &format!("prefix: /{edit}"));
        events.take(workspace.db());
        let mut phases = Phases::new();
        workspace.set_text(&path, &edited);
        phases.done("set");
        ask(workspace.meshes().next().expect("a mesh"), &mut phases);
        let mut seen: Vec<(String, [usize; 2])> = events.take(workspace.db()).into_iter().collect();
        seen.sort_by_key(|(_, [ran, looked])| std::cmp::Reverse((*ran, *looked)));
        println!("  {:>7} {:>7}", "ran", "looked through");
        for (query, [ran, looked]) in seen.iter().filter(|(_, [ran, n])| *ran > 0 || *n > 20) {
            println!("  {ran:>7} {looked:>7} {query}");
        }
    }
}

fn ask(mesh: Mesh<'_>, phases: &mut Phases) {
    let (db, input) = (mesh.db(), mesh.input());
    let all = namespaces(db, input);
    phases.done("namespaces");
    for ns in all.iter() {
        services_in(db, input, name(db, ns));
    }
    public_services(db, input);
    phases.done("registry");
    for ns in all.iter() {
        virtual_services_in(db, input, name(db, ns));
    }
    phases.done("virtual services");
    for client in clients(db, input).iter() {
        client.scope(db, input);
    }
    phases.done("scopes");
    evaluate::findings(db, input);
    phases.done("rules");
    let findings = mesh.findings();
    phases.done("placing");
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &findings {
        *rules.entry(&finding.rule).or_default() += 1;
    }
    println!("  {} findings {rules:?}", findings.len());
}

/// The queries that ran, and those whose value was found to hold by looking through what it rests on.
#[derive(Clone, Default)]
struct Events {
    keys: Arc<Mutex<Vec<(DatabaseKeyIndex, usize)>>>,
}

impl Events {
    fn database(&self) -> Database {
        let keys = self.keys.clone();
        Database::with_events(move |event| {
            let seen = match event.kind {
                EventKind::WillExecute { database_key } => (database_key, 0),
                EventKind::DidValidateMemoizedValue { database_key } => (database_key, 1),
                _ => return,
            };
            keys.lock().expect("the log").push(seen);
        })
    }

    /// How often each ran and was looked through, since the last call.
    fn take(&self, db: &Database) -> BTreeMap<String, [usize; 2]> {
        let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for (key, what) in self.keys.lock().expect("the log").drain(..) {
            let name = db.ingredient_debug_name(key.ingredient_index());
            counts.entry(name.into_owned()).or_default()[what] += 1;
        }
        counts
    }
}

/// Prints time and memory since the phase before.
struct Phases {
    since: Instant,
    memory: i64,
}

impl Phases {
    fn new() -> Phases {
        Phases {
            since: Instant::now(),
            memory: resident(),
        }
    }

    fn done(&mut self, phase: &str) {
        let took = self.since.elapsed();
        let memory = resident();
        let more = (memory - self.memory) / 1024;
        println!("  {phase:<18} {took:>10.2?} {more:>+6} MB");
        self.memory = memory;
        self.since = Instant::now();
    }
}

/// Resident memory in kB.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let number = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse().ok());
    number.unwrap_or(0)
}
