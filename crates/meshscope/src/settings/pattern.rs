//! Which files `include` and `exclude` select: globs, and folders meaning all that is in them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use meshscope_manifest::Str;

/// A list of patterns, in the order written.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    set: GlobSet,
    /// For each glob of the set the pattern it is of.
    owner: Vec<usize>,
}

impl Patterns {
    /// Compiles patterns; a pattern that is no glob is taken literally.
    pub fn new(patterns: &[Str]) -> Patterns {
        let mut builder = GlobSetBuilder::new();
        let mut owner = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            let broken = GlobBuilder::new(pattern).build().is_err();
            let pattern = match (pattern, broken) {
                ("" | ".", _) => "**".to_owned(),
                (_, true) => globset::escape(pattern),
                (_, false) => pattern.to_owned(),
            };
            for glob in [format!("{pattern}/**"), pattern] {
                if let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).build() {
                    builder.add(glob);
                    owner.push(index);
                }
            }
        }
        Patterns {
            set: builder.build().unwrap_or_default(),
            owner,
        }
    }

    /// The first pattern that selects a path.
    pub fn first_match(&self, path: &str) -> Option<usize> {
        let matched = self.set.matches(path);
        let owners = matched.iter().filter_map(|&glob| self.owner.get(glob));
        owners.copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(patterns: &[&str], path: &str) -> Option<usize> {
        let patterns: Vec<Str> = patterns.iter().map(Str::new).collect();
        Patterns::new(&patterns).first_match(path)
    }

    #[test]
    fn a_folder_means_all_that_is_in_it() {
        assert_eq!(first(&["b", "a/"], "a/x/y.yaml"), Some(1));
        assert_eq!(first(&["a"], "ab/x.yaml"), None);
        assert_eq!(first(&["."], "ab/x.yaml"), Some(0));
        assert_eq!(first(&["./a/b.yaml"], "a/b.yaml"), Some(0));
    }

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        assert_eq!(
            first(&["clusters/*/prod"], "clusters/eu/prod/a.yaml"),
            Some(0)
        );
        assert_eq!(first(&["*.yaml"], "a/b.yaml"), None);
        assert_eq!(first(&["**/*.yaml"], "a/b.yaml"), Some(0));
        assert_eq!(first(&["[broken"], "[broken/a.yaml"), Some(0));
    }
}
