//! The pages of all rules: what rules of reading and decoding say of their examples, and what safe repairs
//! make of every example.
//!
//! A fence `yaml,bad` gives a finding of the page's rule, `yaml,good` gives none; `file=NAME` names the
//! file that the example is.

#![allow(clippy::unwrap_used)] // a test that cannot go on may panic

use camino::Utf8Path;
use meshscope::identity::{Identity, pair};
use meshscope::rules::{Check, Rule, registry};
use meshscope::{Finding, MemoryFileSystem, Workspace};

struct Example {
    rule: &'static Rule,
    bad: bool,
    file: &'static str,
    text: String,
}

impl Example {
    fn open(&self) -> Workspace {
        let fs = MemoryFileSystem::new().with(self.file, self.text.clone());
        Workspace::open(Utf8Path::new(""), &fs).unwrap()
    }
}

fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for rule in registry::every() {
        let mut open: Option<Example> = None;
        for line in rule.page.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) => {
                    let mut words = info.split(',');
                    let kind = (words.next(), words.next());
                    let file = words.find_map(|word| word.strip_prefix("file="));
                    open = Some(Example {
                        rule,
                        bad: kind == (Some("yaml"), Some("bad")),
                        file: match kind {
                            (Some("yaml"), Some("bad" | "good")) => file.unwrap_or("page.yaml"),
                            _ => "",
                        },
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (Some(example), None) => example.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
    }
    found.retain(|example| !example.file.is_empty());
    found
}

fn findings(workspace: &Workspace) -> Vec<Finding> {
    workspace.report(None).findings
}

#[test]
fn examples_of_decoding_do_what_they_say() {
    let mut wrong = Vec::new();
    let decoding = |e: &Example| matches!(e.rule.check, Check::Decoding);
    for example in examples().into_iter().filter(decoding) {
        let found = findings(&example.open());
        let said = found
            .iter()
            .any(|finding| finding.rule == example.rule.name);
        if said != example.bad {
            let rules: Vec<&str> = found.iter().map(|f| f.rule.as_str()).collect();
            wrong.push(format!(
                "{}: bad is {}, found {rules:?}",
                example.rule.name, example.bad
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_decoding_but_that_of_files_has_an_example() {
    let examples = examples();
    let lacks = |rule: &&Rule| !examples.iter().any(|e| e.bad && e.rule.name == rule.name);
    let lacking: Vec<&str> = registry::every()
        .filter(lacks)
        .map(|rule| rule.name)
        .collect();
    // No text in a page is a file that cannot be read.
    assert_eq!(lacking, ["unreadable-file"]);
}

/// A safe repair takes its finding away and brings no other.
#[test]
fn safe_repairs_of_examples_repair() {
    let mut repaired = Vec::new();
    for example in examples() {
        let mut workspace = example.open();
        let before = findings(&workspace);
        let repairs = workspace.repair(&findings);
        let after = findings(&workspace);
        let name = example.rule.name;
        let safe = |f: &&Finding| f.fix.as_ref().is_some_and(|fix| fix.safe);
        let left: Vec<&Finding> = after.iter().filter(safe).collect();
        assert!(left.is_empty(), "{name}: {left:#?}");
        let identities = |list: &[Finding]| list.iter().map(Identity::from).collect::<Vec<_>>();
        let pairs = pair(&identities(&before), &identities(&after));
        let fresh: Vec<&Finding> = after
            .iter()
            .zip(&pairs)
            .filter(|(_, twin)| twin.is_none())
            .map(|(f, _)| f)
            .collect();
        assert!(fresh.is_empty(), "{name}: {fresh:#?}\n{:?}", repairs.files);
        if !repairs.done.is_empty() {
            assert!(after.len() < before.len(), "{name}");
            repaired.push(format!("{name}: {}", repairs.done[0].1));
        }
    }
    println!("{}", repaired.join("\n"));
    assert!(!repaired.is_empty());
}
