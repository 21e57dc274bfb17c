//! Cold check, one-line edit and peak memory on generated meshes of 1k, 10k and 50k resources.
//!
//! Quote ratios of one run, never times: the machine is noisy. Each size runs in a process of its own,
//! so that the peak memory is that of the size. `MESHSCOPE_BENCH_EDITS` is for profilers: many edits, or
//! with 0 none.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)]

use meshscope::{MemoryFileSystem, Workspace};
use meshscope_tests::generate;
use std::process::Command;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
const EDITS: usize = 21;

fn main() {
    if let Some(size) = setting("MESHSCOPE_BENCH_SIZE") {
        return one(size);
    }
    println!(
        "resources | bytes | bare saphyr | cold check | ratio | edit (median) | edit/cold | peak"
    );
    let me = std::env::current_exe().expect("the path of this bench");
    for size in SIZES {
        let status = Command::new(&me)
            .env("MESHSCOPE_BENCH_SIZE", size.to_string())
            .status();
        assert!(
            status.is_ok_and(|s| s.success()),
            "the bench of {size} resources failed"
        );
    }
}

fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

fn one(size: usize) {
    let files = generate::mesh(size);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let before = cpu();
    let bare = timed(|| {
        for (_, text) in &files {
            let mut parser = saphyr_parser::Parser::new_from_str(text);
            while let Some(Ok(_)) = parser.next_event() {}
        }
    });
    let bare_cpu = cpu() - before;
    let mut fs = MemoryFileSystem::new();
    for (path, text) in &files {
        fs = fs.with(path.as_str(), text.as_str());
    }
    let (path, _) = generate::application_at(4, size);
    let text = files
        .iter()
        .find(|(p, _)| *p == path)
        .map(|(_, t)| t.clone());
    let text = text.expect("a file");
    // The peak is to be that of the check.
    drop(files);
    let mut findings = 0;
    let (start, before) = (Instant::now(), cpu());
    let mut workspace = Workspace::open("".into(), &fs).expect("the generated mesh");
    for mesh in workspace.meshes() {
        findings += mesh.findings().len();
    }
    let cold = start.elapsed();
    let cold_cpu = cpu() - before;
    let count = setting("MESHSCOPE_BENCH_EDITS").unwrap_or(EDITS);
    if count == 0 {
        println!("{size} | {cold:.1?} cold, no edit");
        return;
    }
    let mut edits: Vec<Duration> = (0..count)
        .map(|i| {
            let edited = text.replace("prefix: /v2", &format!("prefix: /v{}", i + 3));
            timed(|| {
                workspace.set_text(&path, &edited);
                for mesh in workspace.meshes() {
                    std::hint::black_box(mesh.findings().len());
                }
            })
        })
        .collect();
    // The first edit opens the file, which lowers its durability once.
    let opened = edits.remove(0);
    edits.sort();
    let edit = edits[edits.len() / 2];
    println!(
        "{size} | {:.1} MB | {bare:.0?} | {cold:.0?} | {:.2} (of CPU time {:.2}) | {edit:.2?} (first {opened:.1?}) | 1/{:.0} | {} ({findings} findings)",
        bytes as f64 / 1e6,
        cold.as_secs_f64() / bare.as_secs_f64(),
        cold_cpu as f64 / bare_cpu.max(1) as f64,
        cold.as_secs_f64() / edit.as_secs_f64(),
        peak(),
    );
}

fn timed(f: impl FnOnce()) -> Duration {
    let start = Instant::now();
    f();
    start.elapsed()
}

/// The CPU time this process has taken on all cores, in ticks of the clock: where others use the
/// machine, too, wall clocks say little.
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields = after_name.split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |l| l.trim().to_owned())
}
