//! Every rule is one short file with tests, is registered, and agrees with the catalogue: rules.json of the shared folder, found through
//! `MESHSCOPE_SHARED` or beside the repository. Absent: skipped loudly, an error where `CI` is set.

#![allow(clippy::expect_used, clippy::print_stderr)] // a test may fail and may say what it skipped

use meshscope_rules::registry::{ALL, every};
use meshscope_rules::{Rule, Severity, Tier};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn catalogue() -> Option<Value> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("MESHSCOPE_SHARED").map_or(beside, PathBuf::from);
    let file = folder.join("rules/rules.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no catalogue at {}: set MESHSCOPE_SHARED",
            file.display()
        );
        eprintln!("SKIPPED: no catalogue at {}", file.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("the catalogue is JSON"))
}

fn differences(rule: &Rule, entry: &Value) -> Vec<String> {
    let tier = match rule.tier {
        Tier::Core => "core",
        Tier::Second => "second",
        Tier::Third => "third",
    };
    let severity = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
        Severity::Hint => "hint",
    };
    let mut wrong = Vec::new();
    for (field, ours) in [
        ("group", rule.group.name()),
        ("tier", tier),
        ("severity", severity),
    ] {
        if entry[field] != ours {
            wrong.push(format!("{}: {field} {ours} is {}", rule.name, entry[field]));
        }
    }
    // A rule may claim more codes of other tools than the catalogue lists, never fewer.
    for code in entry["equivalents"].as_array().into_iter().flatten() {
        if !rule.equivalents.iter().any(|e| code == e) {
            wrong.push(format!("{}: {code} is missing", rule.name));
        }
    }
    wrong
}

/// What is said of files and settings themselves, which the catalogue of meshes does not have.
const OF_FILES: [&str; 3] = ["kustomize", "settings", "unreadable-file"];

#[test]
fn the_registry_is_the_catalogue() {
    let Some(catalogue) = catalogue() else { return };
    let entries = catalogue["rules"].as_array().expect("a list of rules");
    let mut wrong = Vec::new();
    for rule in every().filter(|r| !OF_FILES.contains(&r.name)) {
        match entries.iter().find(|e| e["name"] == rule.name) {
            Some(entry) => wrong.extend(differences(rule, entry)),
            None => wrong.push(format!("{} is not in the catalogue", rule.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_unique_and_every_rule_is_described() {
    for (i, rule) in ALL.iter().enumerate() {
        assert!(!rule.summary.is_empty(), "{}", rule.name);
        assert!(
            !ALL[..i].iter().any(|r| r.name == rule.name),
            "{} twice",
            rule.name
        );
    }
}

/// The files under `folder` that define a rule, each with its text.
fn rule_files(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the crate");
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rule_files(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && text.contains("\npub static RULE: Rule = Rule {")
        {
            found.push((path, text));
        }
    }
}

/// A rule file is at most about 200 lines: what is more is another question, and another file.
const MOST_LINES: usize = 215;

#[test]
fn every_rule_is_one_short_file_with_tests() {
    let mut files = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    rule_files(&source, &mut files);
    let mut wrong = Vec::new();
    for rule in ALL {
        let name = format!("{}.rs", rule.name.replace('-', "_"));
        let of_rule = |path: &PathBuf| path.file_name().is_some_and(|n| *n == *name);
        match files.iter().position(|(path, _)| of_rule(path)) {
            None => wrong.push(format!("{}: no file {name}", rule.name)),
            Some(at) => {
                let (_, text) = files.swap_remove(at);
                if !text.contains("#[test]") {
                    wrong.push(format!("{}: no tests in {name}", rule.name));
                }
                if text.lines().count() > MOST_LINES {
                    wrong.push(format!("{}: {name} is too long", rule.name));
                }
            }
        }
    }
    for (path, _) in files {
        wrong.push(format!("{}: not in registry.rs", path.display()));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
