//! Paths inside a repository: relative to its root, joined by `/`, never leaving it.

/// Joins a path written in `dir`. `None` when it is absolute or leaves the repository.
pub(crate) fn join(dir: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = dir
        .split('/')
        .filter(|p| !p.is_empty() && *p != ".")
        .collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path of a file in a directory.
pub(crate) fn file_in(dir: &str, name: &str) -> String {
    if dir.is_empty() {
        name.to_owned()
    } else {
        format!("{dir}/{name}")
    }
}

/// Whether `path` is `dir` or below it.
pub(crate) fn is_below(path: &str, dir: &str) -> bool {
    dir.is_empty()
        || path == dir
        || path
            .strip_prefix(dir)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether an entry of `resources` or `components` is fetched from elsewhere.
pub(crate) fn is_remote(entry: &str) -> bool {
    let lower = entry.to_ascii_lowercase();
    let schemes = [
        "http://", "https://", "ssh://", "git::", "git@", "file://", "s3::", "gcs::",
    ];
    schemes.iter().any(|s| lower.starts_with(s))
        || lower.starts_with("github.com/")
        || lower.starts_with("github.com:")
        || entry.contains("?ref=")
        || (entry.contains('@') && entry.contains(':') && entry.contains(".git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leaves_the_repository() {
        assert_eq!(
            join("apps/web", "../base/./x.yaml").as_deref(),
            Some("apps/base/x.yaml")
        );
        assert_eq!(join("apps", "..").as_deref(), Some(""));
        assert_eq!(join("apps", "../../x"), None);
        assert_eq!(join("apps", "/etc/passwd"), None);
        assert!(is_below("apps/web", "apps") && !is_below("apps2", "apps"));
        assert!(is_remote("github.com/org/repo//base?ref=v1") && !is_remote("../github.com"));
    }
}
