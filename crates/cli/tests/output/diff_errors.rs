//! `diff` where something is missing or strange: a clear word, exit 2, never a crash.

use crate::repository::{ROUTES, Repository};

#[test]
fn a_revision_that_is_not_there() {
    let repo = Repository::committed();
    for name in ["nowhere", "HEAD~7", "HEAD:shop.yaml", "", "a b"] {
        let said = repo.refusal(&["diff", name]);
        assert!(
            said.contains(&format!("there is no revision {name}")),
            "{said}"
        );
    }
    let said = repo.refusal(&["diff", "--", "--upload-pack=touch x"]);
    assert!(said.contains("there is no revision"), "{said}");
    let said = repo.refusal(&["diff", "HEAD", "nowhere"]);
    assert!(said.contains("there is no revision nowhere"), "{said}");
    let said = repo.refusal(&["diff", "HEAD", "--mesh", "other"]);
    assert!(said.contains("neither side has a mesh other"), "{said}");
}

#[test]
fn a_folder_without_git_and_a_repository_without_commits() {
    let repo = Repository::shop();
    let said = repo.refusal(&["diff", "HEAD"]);
    assert!(said.contains("is in no git repository"), "{said}");
    repo.git(&["init", "-q"]);
    let said = repo.refusal(&["diff", "HEAD"]);
    assert!(said.contains("there is no revision HEAD"), "{said}");
    let said = repo.refusal(&["diff", "HEAD", "--root", "nowhere"]);
    assert!(said.contains("cannot read nowhere"), "{said}");
}

#[test]
fn without_git_it_says_what_is_missing() {
    let repo = Repository::committed();
    let output = repo
        .command(&["diff", "HEAD"])
        .env("PATH", repo.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot run git"), "{said}");
}

#[test]
fn a_shallow_clone_says_that_history_is_missing() {
    let repo = Repository::committed();
    repo.edit("routes.yaml", "crat", "cart");
    repo.commit();
    let from = format!("file://{}", repo.path().display());
    repo.git(&["clone", "-q", "--depth", "1", &from, "shallow"]);
    let said = repo.refusal(&["--root", "shallow", "diff", "HEAD~1"]);
    assert!(said.contains("this clone is shallow"), "{said}");
}

#[test]
fn a_bare_repository_has_no_working_tree() {
    let repo = Repository::committed();
    repo.edit("routes.yaml", "crat", "cart");
    repo.commit();
    let from = repo.path().display().to_string();
    repo.git(&["clone", "-q", "--bare", &from, "bare.git"]);
    let said = repo.refusal(&["--root", "bare.git", "diff", "HEAD~1"]);
    assert!(said.contains("there is no working tree"), "{said}");
    let json = repo.json(0, &["--root", "bare.git", "diff", "HEAD~1", "HEAD"]);
    assert_eq!(json["summary"]["findingsFixed"], 1);
}

#[test]
fn settings_that_are_no_yaml_say_on_which_side() {
    let repo = Repository::committed();
    repo.write("meshscope.yaml", "meshes: [{name: one\n");
    let said = repo.refusal(&["diff", "HEAD"]);
    assert!(
        said.contains("the working tree: cannot read the settings"),
        "{said}"
    );
    repo.commit();
    repo.write("meshscope.yaml", "version: 1\n");
    let said = repo.refusal(&["diff", "HEAD"]);
    assert!(said.contains("HEAD: cannot read the settings"), "{said}");
}

#[test]
fn what_is_not_utf8_is_said_on_both_sides_and_differs_in_neither() {
    let repo = Repository::shop();
    repo.git(&["init", "-q", "-b", "main"]);
    repo.write("latin.yaml", b"# caf\xe9\nkind: x\n");
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.yaml");
        std::fs::write(repo.path().join(name), ROUTES).unwrap();
    }
    repo.commit();
    let json = repo.json(0, &["diff", "HEAD"]);
    assert_eq!(json["summary"]["findingsAdded"], 0, "{json:#}");
    assert_eq!(json["summary"]["findingsFixed"], 0, "{json:#}");
    assert!(
        json["summary"]["findingsUnchanged"].as_u64().unwrap() >= 2,
        "{json:#}"
    );
}

#[test]
fn submodules_are_not_looked_into() {
    let other = Repository::committed();
    let repo = Repository::committed();
    repo.git(&[
        "submodule",
        "--quiet",
        "add",
        &other.path().display().to_string(),
        "vendor",
    ]);
    repo.commit();
    assert!(repo.file("vendor/routes.yaml").exists());
    let json = repo.json(0, &["diff", "HEAD"]);
    assert_eq!(json["summary"]["objects"], 0, "{json:#}");
    assert_eq!(json["summary"]["findingsAdded"], 0, "{json:#}");
    // One that comes is said, as what it is.
    let json = repo.json(0, &["diff", "HEAD~1"]);
    let said = json["findings"]["added"].to_string();
    assert!(said.contains("a submodule"), "{said}");
}

#[test]
fn a_variable_of_a_hook_does_not_lead_elsewhere() {
    let (repo, other) = (Repository::committed(), Repository::shop());
    other.git(&["init", "-q"]);
    let mut command = repo.command(&["diff", "HEAD"]);
    let output = command.env("GIT_DIR", other.file(".git")).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
