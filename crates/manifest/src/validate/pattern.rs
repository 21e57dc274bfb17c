//! Regular expressions of the tables, compiled when one is first needed: most runs need few.
//!
//! Must not know what is matched.

use crate::value::Str;
use regex::Regex;
use std::sync::OnceLock;

/// A regular expression of a CRD.
#[derive(Debug)]
pub struct Pattern {
    pub(super) text: Str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Pattern {
        Pattern {
            text: text.into(),
            compiled: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref()
    }

    /// Whether it compiles.
    pub(super) fn is_sound(&self) -> bool {
        self.regex().is_some()
    }

    /// Whether it is found in `text`; a pattern that does not compile is found everywhere.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }
}
