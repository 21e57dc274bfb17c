//! Where the time and the memory of a check go, phase by phase, and what an edit runs again.
//!
//! `MESHSCOPE_BENCH_SIZE=10000 cargo bench -p meshscope-tests --bench phases`. Memory is what stays
//! after the phase. Counting queries makes edits slower: their times are for comparing phases.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)]

use meshscope::{MemoryFileSystem, Mesh, Settings, Workspace};
use meshscope_mesh::db::name;
use meshscope_mesh::index::namespaces;
use meshscope_mesh::registry::{public_services, services_in};
use meshscope_mesh::visibility::{clients, virtual_services_in};
use meshscope_rules::evaluate;
use meshscope_testing::QueryLog;
use meshscope_tests::generate;
use std::collections::BTreeMap;
use std::time::Instant;

fn main() {
    let size = std::env::var("MESHSCOPE_BENCH_SIZE").ok();
    let size = size.and_then(|s| s.parse().ok()).unwrap_or(10_000);
    let files = generate::mesh(size);
    let mut fs = MemoryFileSystem::new();
    for (path, text) in &files {
        fs = fs.with(path.as_str(), text.as_str());
    }
    let (log, db) = QueryLog::new();
    println!("{size} resources");
    let mut phases = Phases::new();
    let mut workspace =
        Workspace::open_with("".into(), &fs, Settings::default(), db).expect("the generated mesh");
    phases.done("open");
    workspace.prime(&|| {});
    phases.done("read");
    ask(workspace.meshes().next().expect("a mesh"), &mut phases);

    let (path, _) = generate::application_at(4, size);
    let (_, text) = files.iter().find(|(p, _)| *p == path).expect("a file");
    for edit in ["opened", "edited"] {
        println!("{edit}");
        let edited = text.replace("prefix: /v2", &format!("prefix: /{edit}"));
        log.take(workspace.db());
        let mut phases = Phases::new();
        workspace.set_text(&path, &edited);
        phases.done("set");
        ask(workspace.meshes().next().expect("a mesh"), &mut phases);
        let mut ran: Vec<(String, usize)> = log.take(workspace.db()).into_iter().collect();
        ran.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (query, count) in ran.iter().filter(|(_, count)| *count > 1) {
            println!("  {count:>7} {query}");
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
