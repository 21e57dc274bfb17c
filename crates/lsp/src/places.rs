//! Between names the client uses for files and paths relative to a root.
//!
//! It must not know texts or workspaces.

use camino::{Utf8Path, Utf8PathBuf};
use tower_lsp::ls_types::Uri;

/// Tells folders apart for as long as the server runs.
pub type FolderId = u32;

/// Where a document belongs: a folder, and the path in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Home {
    /// The folder.
    pub folder: FolderId,
    /// The path relative to its root, `/`-separated.
    pub path: String,
}

/// A root as the client spells it and as it is without links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// As the client spells it.
    pub given: Utf8PathBuf,
    /// Without links.
    pub real: Utf8PathBuf,
}

impl Root {
    /// The root that a client names; `None` for what is no folder of this machine.
    pub fn of(uri: &Uri) -> Option<Root> {
        let given = file_path(uri)?;
        let real = given.canonicalize_utf8().unwrap_or_else(|_| given.clone());
        Some(Root { given, real })
    }

    /// The path relative to the root, when the file is below it.
    pub fn relative(&self, file: &Utf8Path) -> Option<String> {
        let below = file.strip_prefix(&self.given);
        let below = below.or_else(|_| file.strip_prefix(&self.real)).ok()?;
        let parts: Vec<&str> = below.components().map(|part| part.as_str()).collect();
        (!parts.contains(&"..")).then(|| parts.join("/"))
    }

    /// The name of a file below the root.
    pub fn uri(&self, path: &str) -> Option<Uri> {
        Uri::from_file_path(self.given.join(path))
    }

    /// Whether all of another root is below this one.
    pub fn covers(&self, other: &Root) -> bool {
        other.real.starts_with(&self.real)
    }
}

/// The path of a file on this machine.
pub fn file_path(uri: &Uri) -> Option<Utf8PathBuf> {
    let is_file = uri.scheme().as_str().eq_ignore_ascii_case("file");
    let path = is_file.then(|| uri.to_file_path()).flatten()?;
    let path = Utf8PathBuf::from_path_buf(path.into_owned()).ok()?;
    path.is_absolute().then_some(path)
}

/// The two spellings of a name that mean the same: characters that may be escaped or not.
pub fn same_name(a: &Uri, b: &Uri) -> bool {
    a == b || file_path(a).is_some_and(|path| file_path(b) == Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn names_lead_to_paths_and_back() {
        let root = Root::of(&uri("file:///no/such%20folder")).unwrap();
        let file = file_path(&uri("file:///no/such%20folder/a/%C3%A9.yaml")).unwrap();
        assert_eq!(root.relative(&file).as_deref(), Some("a/é.yaml"));
        let back = root.uri("a/é.yaml").unwrap();
        assert_eq!(back.as_str(), "file:///no/such%20folder/a/%C3%A9.yaml");
        assert_eq!(root.relative("/no/such folders/a.yaml".into()), None);
        assert_eq!(root.relative("/no/such folder/../a.yaml".into()), None);
        assert_eq!(file_path(&uri("untitled:Untitled-1")), None);
    }

    #[test]
    fn spellings_of_one_file_are_the_same() {
        assert!(same_name(
            &uri("file:///a%2Db.yaml"),
            &uri("file:///a-b.yaml")
        ));
        assert!(!same_name(&uri("file:///a.yaml"), &uri("file:///b.yaml")));
    }
}
