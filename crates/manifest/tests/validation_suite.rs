//! Verdicts of istiod 1.30.3 on the resources of its own validation tests: what the API server and
//! the webhook said about each, in `suites/istio-validation`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)] // tests

mod shared;

use meshscope_manifest::validate::{Context, Severity};
use meshscope_manifest::{Value, decode_document, read};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What we say about one resource.
struct Verdict {
    rejected: Vec<String>,
    warnings: Vec<String>,
}

#[test]
fn agrees_with_istiod_on_every_resource_of_its_validation_tests() {
    let Some(root) = shared::folder("suites/istio-validation") else {
        return;
    };
    let (mut cases, mut checked, mut wrong) = (0, 0, String::new());
    for case in shared::subfolders(&root) {
        let text = std::fs::read_to_string(case.join("case.yaml")).unwrap();
        let expected = read::document(&meshscope_yaml::parse(&text).documents[0]).unwrap();
        let verdicts = verdicts(&case);
        cases += 1;
        for entry in expected.list("validity") {
            checked += 1;
            let resource = entry.str_or_empty("resource");
            let Some(verdict) = verdicts.get(resource.as_str()) else {
                writeln!(wrong, "{}: {resource} is not in the input", case.display()).unwrap();
                continue;
            };
            compare(entry, verdict, &mut wrong);
        }
    }
    println!(
        "{cases} cases, {checked} resources, {} wrong",
        wrong.lines().count()
    );
    assert!(cases > 0, "no cases in {}", root.display());
    assert!(wrong.is_empty(), "{wrong}");
}

fn compare(entry: &Value, verdict: &Verdict, wrong: &mut String) {
    let resource = entry.str_or_empty("resource");
    let gist = entry.str_or_empty("gist");
    let valid = entry.bool("valid") == Some(true);
    let warned = entry.str_or_empty("severity") == "warning";
    if valid != verdict.rejected.is_empty() {
        let ours = verdict.rejected.join("; ");
        writeln!(wrong, "{resource}: valid {valid} ({gist}), we say: {ours}").unwrap();
    } else if valid && warned == verdict.warnings.is_empty() {
        let ours = verdict.warnings.join("; ");
        writeln!(
            wrong,
            "{resource}: warning {warned} ({gist}), we say: {ours}"
        )
        .unwrap();
    }
}

fn verdicts(case: &std::path::Path) -> BTreeMap<String, Verdict> {
    let context = Context {
        default_namespace: "default".into(),
        webhook_warnings: true,
        ..Context::default()
    };
    let mut verdicts = BTreeMap::new();
    for file in shared::files(&case.join("input")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for document in &meshscope_yaml::parse(&text).documents {
            for decoded in decode_document(document, &context) {
                let resource = decoded.resource.unwrap().with_default_namespace("default");
                let of = |wanted: fn(&meshscope_manifest::validate::Problem) -> bool| {
                    let found = decoded.problems.iter().filter(|p| wanted(p));
                    found
                        .map(|p| format!("[{} {} {}] {}", p.rule, p.reason, p.path, p.message))
                        .collect()
                };
                let verdict = Verdict {
                    rejected: of(|p| p.rejected),
                    warnings: of(|p| p.severity == Severity::Warning),
                };
                verdicts.insert(resource.key.to_string(), verdict);
            }
        }
    }
    verdicts
}
