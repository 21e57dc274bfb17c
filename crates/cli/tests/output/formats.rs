//! `check` for CI servers: GitHub, GitLab, JUnit.

use crate::repository::{ROUTES, Repository};
use serde_json::Value;

#[test]
fn github_gets_a_command_per_finding_and_the_summary() {
    let repo = Repository::shop();
    let text = repo.says(1, &["check", "--format", "github"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("::error title=destination-host-unknown,file=routes.yaml,line=11,endLine=11,col=27,endColumn=31::"),
        "{text}"
    );
    assert!(lines.last().unwrap().starts_with("1 error"), "{text}");
}

#[test]
fn a_name_cannot_end_a_command_of_github() {
    let repo = Repository::shop();
    repo.write("a,b:c%.yaml", ROUTES.replace("crat", "\"x\\n::error::y\""));
    let text = repo.says(1, &["check", "--format", "github"]);
    assert!(text.contains("file=a%2Cb%3Ac%25.yaml,"), "{text}");
    assert!(
        !text.lines().any(|line| line.starts_with("::error::")),
        "{text}"
    );
}

#[test]
fn gitlab_gets_fingerprints_that_survive_moved_lines() {
    let repo = Repository::shop();
    repo.write("again.yaml", ROUTES.replace("name: cart", "name: again"));
    let issues = |repo: &Repository| -> Vec<Value> {
        serde_json::from_str(&repo.says(1, &["check", "--format", "gitlab"])).unwrap()
    };
    let before = issues(&repo);
    let first = &before[0];
    for key in ["description", "check_name", "fingerprint"] {
        assert!(
            first[key].as_str().is_some_and(|text| !text.is_empty()),
            "{first}"
        );
    }
    let severities = ["info", "minor", "major", "critical", "blocker"];
    assert!(
        before
            .iter()
            .all(|i| severities.contains(&i["severity"].as_str().unwrap()))
    );
    assert!(before.iter().all(|i| i["location"]["path"].is_string()));
    assert!(
        before
            .iter()
            .all(|i| i["location"]["lines"]["begin"].as_u64() >= Some(1))
    );
    let prints = |list: &[Value]| -> std::collections::BTreeSet<String> {
        list.iter()
            .map(|i| i["fingerprint"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(prints(&before).len(), before.len(), "each has its own");
    repo.write("routes.yaml", format!("# moved\n\n{ROUTES}"));
    let after = issues(&repo);
    assert_eq!(prints(&after), prints(&before));
    assert_ne!(after, before);
}

#[test]
fn junit_fails_what_fails_the_run() {
    let repo = Repository::shop();
    let text = repo.says(1, &["check", "--format", "junit"]);
    assert!(
        text.contains("<testsuite name=\"routes.yaml\" tests=\"1\" failures=\"1\""),
        "{text}"
    );
    assert!(
        text.contains("name=\"destination-host-unknown VirtualService shop/cart spec.http[1]"),
        "{text}"
    );
    assert_eq!(text.matches("<failure ").count(), 1);
    let text = repo.says(0, &["check", "--format", "junit", "--fail-on", "never"]);
    assert_eq!(text.matches("<failure ").count(), 0);
    assert_eq!(text.matches("<system-out>").count(), 1);
    repo.edit("routes.yaml", "crat", "cart");
    let text = repo.says(0, &["check", "--format", "junit"]);
    assert!(
        text.contains("<testcase classname=\"meshscope\" name=\"nothing found\"/>"),
        "{text}"
    );
}

#[test]
fn paths_are_those_of_the_whole_repository() {
    let repo = Repository::shop();
    repo.git(&["init", "-q"]);
    repo.write("deploy/a b/routes.yaml", ROUTES);
    let args = |format| {
        [
            "--root",
            "deploy",
            "check",
            "--fail-on",
            "never",
            "--format",
            format,
        ]
    };
    assert!(
        repo.says(0, &args("github"))
            .contains("file=deploy/a b/routes.yaml,")
    );
    assert!(
        repo.says(0, &args("gitlab"))
            .contains("\"path\": \"deploy/a b/routes.yaml\"")
    );
    assert!(
        repo.says(0, &args("sarif"))
            .contains("\"uri\": \"deploy/a%20b/routes.yaml\"")
    );
    // Of meshscope's own JSON they are relative to the root.
    assert!(
        repo.says(0, &args("json"))
            .contains("\"file\": \"a b/routes.yaml\"")
    );
}
