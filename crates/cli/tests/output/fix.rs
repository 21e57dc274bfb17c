//! `check --fix`: safe repairs on disk, and nothing but them.

use crate::repository::Repository;

/// A rule whose TLS mode is spelled in small letters, which nobody can mean otherwise, and whose host
/// nobody can guess.
const RULE: &str = "# keep me
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: shop}
spec:
  host: cart # and me
  trafficPolicy:
    tls:
      mode: simple # and me too
";

#[test]
fn a_safe_repair_changes_its_bytes_only() {
    let repo = Repository::shop();
    let text = format!("\u{feff}{}", RULE.replace('\n', "\r\n"));
    repo.write("rule.yaml", &text);
    let routes = repo.read("routes.yaml");
    let said = repo.notes(1, &["check", "--fix"]);
    assert!(said.contains("applied 1 repair to 1 file"), "{said}");
    assert!(said.contains("invalid-enum-value"), "{said}");
    assert_eq!(repo.read("rule.yaml"), text.replace("simple", "SIMPLE"));
    // A typo in a host has a repair that somebody has to look at.
    assert_eq!(repo.read("routes.yaml"), routes);
    let said = repo.notes(1, &["check", "--fix"]);
    assert!(said.contains("applied 0 repairs to 0 files"), "{said}");
}

#[test]
fn a_difference_is_shown_that_git_applies_and_nothing_is_written() {
    let repo = Repository::shop();
    repo.write("rule.yaml", RULE);
    repo.git(&["init", "-q"]);
    let patch = repo.says(1, &["check", "--fix", "--diff"]);
    assert!(
        patch.starts_with("--- a/rule.yaml\n+++ b/rule.yaml\n@@ "),
        "{patch}"
    );
    assert!(
        patch.contains("-      mode: simple # and me too\n+      mode: SIMPLE # and me too\n"),
        "{patch}"
    );
    assert_eq!(repo.read("rule.yaml"), RULE);
    repo.write("fix.patch", patch);
    repo.git(&["apply", "fix.patch"]);
    assert_eq!(repo.read("rule.yaml"), RULE.replace("simple", "SIMPLE"));
}

#[test]
fn only_what_is_asked_about_is_repaired() {
    let repo = Repository::shop();
    repo.write("a/rule.yaml", RULE);
    repo.write("b/rule.yaml", RULE.replace("name: a", "name: b"));
    repo.run(&["check", "a", "--fix"]);
    assert!(repo.read("a/rule.yaml").contains("SIMPLE"));
    assert!(repo.read("b/rule.yaml").contains("simple"));
    repo.run(&["check", "--fix", "--ignore", "invalid-enum-value"]);
    assert!(repo.read("b/rule.yaml").contains("simple"));
    repo.run(&["check", "--baseline", "known.json", "--write-baseline"]);
    repo.run(&["check", "--fix", "--baseline", "known.json"]);
    assert!(repo.read("b/rule.yaml").contains("simple"));
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_links_are_not_written_through() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let repo = Repository::shop();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("rule.yaml");
    std::fs::write(&target, RULE).unwrap();
    symlink(&target, repo.file("out.yaml")).unwrap();
    repo.write("here.yaml", RULE);
    symlink("here.yaml", repo.file("link.yaml")).unwrap();
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(repo.file("here.yaml"), mode.clone()).unwrap();
    repo.run(&["check", "--fix"]);
    assert!(repo.read("here.yaml").contains("SIMPLE"));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), RULE);
    let link = std::fs::symlink_metadata(repo.file("link.yaml")).unwrap();
    assert!(link.file_type().is_symlink());
    let after = std::fs::metadata(repo.file("here.yaml"))
        .unwrap()
        .permissions();
    assert_eq!(after.mode() & 0o777, mode.mode() & 0o777);
    let left: Vec<_> = std::fs::read_dir(repo.path()).unwrap().collect();
    assert_eq!(left.len(), 5, "nothing is left behind: {left:?}");
}

#[test]
fn a_file_that_is_not_utf8_is_left_alone() {
    let repo = Repository::shop();
    let mut bytes = RULE.as_bytes().to_vec();
    bytes.extend(b"# caf\xe9\n");
    repo.write("rule.yaml", &bytes);
    repo.run(&["check", "--fix"]);
    assert_eq!(std::fs::read(repo.file("rule.yaml")).unwrap(), bytes);
}
