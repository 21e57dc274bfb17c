//! The meshes that were found, as settings would say them.
//!
//! It must not know how settings files are written.

use super::Workspace;
use meshscope_manifest::Str;
use std::collections::BTreeSet;

/// A mesh as an entry of `meshes:` in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its name.
    pub name: Str,
    /// Why it is one.
    pub reason: String,
    /// Why it may not be one after all.
    pub uncertain: Option<String>,
    /// Folders and files that make it and no other, in load order.
    pub include: Vec<Str>,
}

impl Workspace {
    /// The meshes as settings that would find them again.
    pub fn proposals(&self) -> Vec<Proposal> {
        let paths = self.paths_to_choose_from();
        let all: Vec<&str> = paths.iter().map(Str::as_str).collect();
        let propose = |mesh: crate::Mesh<'_>| {
            let units = mesh.input().units(&self.db).iter();
            let own: BTreeSet<Str> = units.map(|unit| unit.path(&self.db)).collect();
            let mut include = Vec::new();
            cover("", &all, &own, &mut include);
            Proposal {
                name: mesh.name().into(),
                reason: mesh.reason().to_owned(),
                uncertain: mesh.uncertain().map(Into::into),
                include,
            }
        };
        self.meshes().map(propose).collect()
    }
}

/// Adds the patterns for the paths that are wanted among those under a folder: the folder when that is all
/// of them, else those of what is in it. `all` is sorted.
fn cover(folder: &str, all: &[&str], wanted: &BTreeSet<Str>, include: &mut Vec<Str>) {
    let is_wanted = |path: &&str| wanted.contains(*path);
    if all.iter().all(is_wanted) {
        include.push(pattern(match folder {
            "" => ".",
            folder => folder.trim_end_matches('/'),
        }));
        return;
    }
    let mut rest = all;
    while let Some(first) = rest.first() {
        let below = &first[folder.len()..];
        let end = match below.find('/') {
            Some(end) => {
                let inner = &first[..folder.len() + end + 1];
                let end = rest.iter().take_while(|p| p.starts_with(inner)).count();
                let (here, _) = rest.split_at(end);
                if here.iter().any(is_wanted) {
                    cover(inner, here, wanted, include);
                }
                end
            }
            None => {
                if is_wanted(first) {
                    include.push(pattern(first));
                }
                1
            }
        };
        rest = &rest[end..];
    }
}

/// A path as a glob that means it alone.
fn pattern(path: &str) -> Str {
    match path.contains(['*', '?', '[', ']', '{', '}', '\\']) {
        true => globset::escape(path).into(),
        false => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(all: &[&str], wanted: &[&str]) -> Vec<String> {
        let wanted = wanted.iter().map(Str::new).collect();
        let mut include = Vec::new();
        cover("", all, &wanted, &mut include);
        include.iter().map(|p| p.to_string()).collect()
    }

    #[test]
    fn folders_stand_for_all_that_is_in_them() {
        let all = ["a-b/x", "a.yaml", "a/x", "a/y/1", "a/y/2", "b/x"];
        assert_eq!(covered(&all, &all), ["."]);
        assert_eq!(
            covered(&all, &["a.yaml", "a/x", "a/y/1", "a/y/2"]),
            ["a.yaml", "a"]
        );
        assert_eq!(
            covered(&all, &["a-b/x", "a/y/2", "b/x"]),
            ["a-b", "a/y/2", "b"]
        );
        assert!(covered(&all, &[]).is_empty());
        assert_eq!(covered(&["[x]/a", "b"], &["[x]/a"]), ["[[]x[]]"]);
    }
}
