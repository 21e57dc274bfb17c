//! Measures reading: `speed FOLDER…` reads every YAML file below a few times and prints the
//! best rate of this crate and of bare saphyr events over the same documents.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use meshscope_yaml::{parse, split};
use saphyr_parser::{Event, Parser};

fn main() -> std::io::Result<()> {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        find(Path::new(&folder), &mut files);
    }
    let texts: Vec<_> = files
        .iter()
        .filter_map(|f| std::fs::read_to_string(f).ok())
        .collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} files, {:.1} MB", texts.len(), bytes as f64 / 1e6)?;
    report(&mut out, "split", bytes, || {
        texts.iter().map(|t| split(t).len()).sum()
    })?;
    report(&mut out, "parse", bytes, || {
        texts.iter().map(|t| parse(t).documents.len()).sum()
    })?;
    report(&mut out, "saphyr", bytes, || {
        texts.iter().map(|t| events(t)).sum()
    })
}

fn report(
    out: &mut impl Write,
    name: &str,
    bytes: usize,
    mut work: impl FnMut() -> usize,
) -> std::io::Result<()> {
    let mut best = Duration::MAX;
    let mut count = 0;
    for _ in 0..7 {
        let start = Instant::now();
        count = work();
        best = best.min(start.elapsed());
    }
    let rate = bytes as f64 / 1e6 / best.as_secs_f64();
    writeln!(out, "{name:8} {rate:7.0} MB/s ({count})")
}

fn events(text: &str) -> usize {
    let mut count = 0;
    for span in split(text) {
        let mut parser = Parser::new_from_str(span.slice(text));
        while let Some(Ok((event, _))) = parser.next_event() {
            count += usize::from(!matches!(event, Event::Nothing));
        }
    }
    count
}

fn find(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            find(&entry.path(), files);
        }
    } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
        files.push(path.to_owned());
    }
}
