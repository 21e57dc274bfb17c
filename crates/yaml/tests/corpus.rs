//! Every YAML file of the suites: read as a whole, and what is promised of trees holds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod common;

use std::path::{Path, PathBuf};

use common::checks::{check_document, paths};
use meshscope_yaml::{Options, parse, parse_with};

fn yaml_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            yaml_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
}

/// The files of the suites; none, with a loud word, where there are no suites.
fn suites() -> Vec<PathBuf> {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("MESHSCOPE_SHARED").unwrap_or(here.into());
    let mut files = Vec::new();
    yaml_files(&Path::new(&shared).join("suites"), &mut files);
    files.sort();
    if files.is_empty() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no YAML files in {shared}/suites"
        );
        println!("SKIPPED: no YAML files in {shared}/suites; set MESHSCOPE_SHARED");
    }
    files
}

#[test]
fn every_file_of_the_suites() {
    let files = suites();
    let (mut documents, mut broken) = (0, Vec::new());
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        for document in &parse(&text).documents {
            documents += 1;
            check_document(&text, document);
            if let Some(error) = document.errors().iter().find(|e| e.kind.is_fatal()) {
                broken.push(format!("{}: {error}", file.display()));
            }
            let Some(root) = document.root() else {
                continue;
            };
            let mut found = Vec::new();
            paths(root, &mut meshscope_yaml::Path::root(), &mut found);
            for (path, span) in found.into_iter().step_by(7) {
                let location = document.locate(&path).map(|l| l.value);
                assert_eq!(location, Some(span), "{path} of {}", file.display());
            }
        }
    }
    println!(
        "{documents} documents of {} files, {} broken",
        files.len(),
        broken.len()
    );
    assert!(broken.len() * 100 < documents, "{broken:#?}");
}

/// Types real documents: each line of some of them is cut off where its author might be. What
/// does not read then must be mended.
#[test]
fn nearly_every_state_of_typing_has_a_tree() {
    let (mut broken, mut mended) = (0, 0);
    for file in suites().iter().step_by(40) {
        let text = std::fs::read_to_string(file).unwrap();
        let whole = parse(&text);
        let Some(document) = whole.documents.iter().find(|d| d.text().len() < 3000) else {
            continue;
        };
        let text = document.text();
        let mut start = 0;
        for (i, line) in text.split_inclusive('\n').enumerate() {
            let body = line.trim_end();
            for cut in (1..body.len()).filter(|c| body.is_char_boundary(*c)) {
                let typed = format!("{}{}", &text[..start + cut], &text[start + body.len()..]);
                if parse(&typed)
                    .documents
                    .iter()
                    .all(|d| d.errors().is_empty())
                {
                    continue;
                }
                let edited_line = Some(i as u32 + 1);
                let options = Options {
                    edited_line,
                    recover: true,
                    ..Options::default()
                };
                broken += 1;
                let documents = parse_with(&typed, &options).documents;
                mended += usize::from(documents.iter().all(|d| d.root().is_some()));
            }
            start += line.len();
        }
    }
    println!("{mended} of {broken} broken states were mended");
    assert!(mended * 1000 >= broken * 995, "{mended} of {broken}");
}
