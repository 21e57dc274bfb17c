//! Every YAML file of the suites: read as a whole, and what is promised of trees holds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use common::checks::{check_document, paths};
use meshscope_yaml::parse;

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

#[test]
fn every_file_of_the_suites() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("MESHSCOPE_SHARED").unwrap_or(here.into());
    let mut files = Vec::new();
    yaml_files(&Path::new(&shared).join("suites"), &mut files);
    if files.is_empty() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no YAML files in {shared}/suites"
        );
        println!("SKIPPED: no YAML files in {shared}/suites; set MESHSCOPE_SHARED");
        return;
    }
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
