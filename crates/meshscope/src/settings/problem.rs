//! What is wrong with a settings file, as plain data with bytes.
//!
//! It must not know which key it is about, nor how it is shown.

use crate::finding::Severity;
use meshscope_manifest::Str;
use meshscope_yaml::Span;

/// The rule of what is wrong with the settings file itself.
pub const RULE: &str = "settings";

/// One thing wrong with the settings file. It costs the key it is about, never the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// `settings`, or `unused-suppression`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the file.
    pub span: Span,
    /// The fact.
    pub message: String,
    /// The action.
    pub help: Option<String>,
    /// What to write at `span` instead.
    pub replacement: Option<Str>,
}

impl SettingsProblem {
    /// A fault of the file.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> SettingsProblem {
        SettingsProblem {
            rule: RULE,
            severity: Severity::Error,
            span,
            message: message.into(),
            help: None,
            replacement: None,
        }
    }

    /// With what to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> SettingsProblem {
        self.help = Some(help.into());
        self
    }

    /// With the word that was probably meant, when one is near.
    pub(super) fn meant(mut self, word: Option<&str>) -> SettingsProblem {
        if let Some(word) = word {
            self.help = Some(format!("did you mean {word}?"));
            self.replacement = Some(word.into());
        }
        self
    }
}
