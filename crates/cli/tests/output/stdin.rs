//! `check -`: manifests from a pipe, under the settings of the root.

use crate::repository::{ROUTES, Repository, SHOP};
use std::io::Write;
use std::process::{Output, Stdio};

fn pipe(repo: &Repository, text: &str, args: &[&str]) -> Output {
    let mut command = repo.command(args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn settings_of_the_root_hold() {
    let repo = Repository::shop();
    let text = format!("{SHOP}---\n{ROUTES}");
    let check = ["check", "-", "--format", "concise"];
    let output = pipe(&repo, &text, &check);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("stdin.yaml:"), "{said}");
    // Files that other settings leave out do not matter: what comes is what is meant.
    repo.write(
        "meshscope.yaml",
        "include: [nothing]\nrules: {destination-host-unknown: off}\n",
    );
    let output = pipe(&repo, &text, &check);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.is_empty());
}

#[test]
fn with_several_meshes_one_must_be_named() {
    let repo = Repository::shop();
    repo.write(
        "meshscope.yaml",
        "meshes:\n- {name: one}\n- {name: two, rules: {}, default_namespace: shop}\n",
    );
    let output = pipe(&repo, ROUTES, &["check", "-"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--mesh") && said.contains("one, two"),
        "{said}"
    );
    let output = pipe(
        &repo,
        &format!("{SHOP}---\n{ROUTES}"),
        &["--mesh", "two", "check", "-"],
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn there_is_nothing_to_repair_or_to_watch() {
    let repo = Repository::shop();
    for flag in ["--fix", "--watch"] {
        let said = repo.refusal(&["check", "-", flag]);
        assert!(said.contains("need files"), "{said}");
    }
}
