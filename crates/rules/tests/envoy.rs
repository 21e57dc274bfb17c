//! What rules say Envoy refuses is what a real Envoy refused: every mesh of `tests/envoy/cases`
//! against the answer kept beside it. How the answers came about is told in `tests/envoy/README.md`.

#![allow(clippy::unwrap_used)] // a test may fail

use meshscope_rules::testing::check;
use std::path::PathBuf;

/// Refused, and no rule says so: what a regular expression needs inside RE2 is not computed.
const UNCLAIMED: [&str; 1] = ["regex-that-is-very-large"];

/// The rules whose findings say "Envoy refuses".
const RULES: [&str; 4] = [
    "ambiguous-sni",
    "exported-service-entry-risks-nack",
    "gateway-listener-rejected",
    "route-config-rejected",
];

#[test]
fn envoy_refused_what_rules_say_it_refuses() {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/envoy/cases");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(
        folders.len() > 30,
        "cases are missing in {}",
        cases.display()
    );
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let answer = std::fs::read_to_string(folder.join("answer.txt")).unwrap();
        let findings = check(&std::fs::read_to_string(folder.join("mesh.yaml")).unwrap());
        let claims: Vec<&str> = findings
            .iter()
            .filter(|f| RULES.contains(&f.rule) && f.message.contains("Envoy refuses"))
            .map(|f| f.rule)
            .collect();
        let refused = answer.starts_with("refused") && !UNCLAIMED.contains(&name);
        if refused == claims.is_empty() {
            wrong.push(format!("{name}: {claims:?}, Envoy: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
