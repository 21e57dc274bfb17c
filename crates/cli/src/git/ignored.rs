//! Which files of a revision git ignores although they are in it: a check of the work tree does not look
//! at those either.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;

/// The names of files that say what is ignored; an earlier one of a directory beats a later one.
pub const NAMES: [&str; 2] = [".ignore", ".gitignore"];

/// What the ignore files of a revision say.
#[derive(Default)]
pub struct Ignored {
    /// By directory, from the top of the repository, `/` at the end unless it is the top itself.
    rules: BTreeMap<String, Vec<Gitignore>>,
}

impl Ignored {
    /// Adds an ignore file of a directory. Lines that are no patterns are left out, as git does.
    pub fn add(&mut self, directory: &str, text: &str) {
        let mut builder = GitignoreBuilder::new(directory.trim_end_matches('/'));
        for line in text.lines() {
            // What is no pattern says nothing.
            let _ = builder.add_line(None, line);
        }
        if let Ok(rules) = builder.build() {
            self.rules
                .entry(directory.to_owned())
                .or_default()
                .push(rules);
        }
    }

    /// Whether a file is ignored, or a directory it is in; `path` is from the top of the repository.
    pub fn holds(&self, path: &str) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let directories = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        let mut prefixes = directories.chain([(path, false)]);
        prefixes.any(|(prefix, is_directory)| self.says(prefix, is_directory))
    }

    /// What the nearest file that speaks of a path says.
    fn says(&self, path: &str, is_directory: bool) -> bool {
        let mut above = path;
        loop {
            let at = above.rfind('/').map_or(0, |at| at + 1);
            for rules in self.rules.get(&path[..at]).into_iter().flatten() {
                let verdict = rules.matched(path, is_directory);
                if !verdict.is_none() {
                    return verdict.is_ignore();
                }
            }
            if at == 0 {
                return false;
            }
            above = &path[..at - 1];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_that_speaks_decides_and_directories_take_all_along() {
        let mut ignored = Ignored::default();
        ignored.add("", "*.tmp.yaml\n/build/\n");
        ignored.add("a/b/", "!keep.tmp.yaml\nlocal.yaml\n");
        for path in [
            "x.tmp.yaml",
            "a/x.tmp.yaml",
            "build/x.yaml",
            "a/b/local.yaml",
            "a/b/c/local.yaml",
        ] {
            assert!(ignored.holds(path), "{path}");
        }
        for path in [
            "x.yaml",
            "a/b/keep.tmp.yaml",
            "a/build/x.yaml",
            "a/local.yaml",
            "local.yaml",
        ] {
            assert!(!ignored.holds(path), "{path}");
        }
    }
}
