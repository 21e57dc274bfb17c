//! The executable pages of `corpus/`: every claim holds.
#![allow(clippy::unwrap_used)]

use camino::Utf8Path;
use meshscope_testing::{Status, find_cases, run};

#[test]
fn every_page_holds() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let cases = find_cases(&root).unwrap();
    assert!(cases.len() > 20, "pages are missing: {cases:?}");
    let report = run(&cases);
    let mut failures = Vec::new();
    for case in &report.cases {
        failures.extend(case.message.iter().map(|m| format!("{}: {m}", case.case)));
        let failed = case.checks.iter().filter(|c| c.status == Status::Failed);
        failures.extend(failed.map(|c| format!("{} {}: {}", case.case, c.name, c.message)));
        assert!(!case.checks.is_empty(), "{} claims nothing", case.case);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_says_what_it_teaches_and_is_listed() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let index = std::fs::read_to_string(root.join("README.md")).unwrap();
    for file in find_cases(&root).unwrap() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("title: ") && text.contains("\nnotes: >\n"),
            "{file}"
        );
        let folder = file.parent().and_then(Utf8Path::file_name).unwrap();
        assert!(
            index.contains(&format!("({folder}/case.yaml)")),
            "{folder} is not in README.md"
        );
    }
}
