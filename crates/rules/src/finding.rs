//! A finding: plain data, one value for every output.
//!
//! It names objects and field paths, never bytes; the library looks positions up at the end.

use meshscope_manifest::validate::{Fix, Severity};
use meshscope_manifest::{Kind, ResourceKey, Str};
use meshscope_mesh::SourceFile;
use meshscope_yaml::{Path, Span};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// It follows from the files.
    #[default]
    Certain,
    /// istiod itself decides by creation time or map order; the message says both ways.
    Ambiguous,
    /// It rests on something outside the repository, which the message names. Never an error.
    Assumed,
}

/// Where a finding sits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// On a field of an object; the empty path is the object.
    Field {
        /// The object.
        resource: ResourceKey,
        /// The field.
        path: Path,
        /// On the key rather than the value.
        at_key: bool,
    },
    /// On text that is no object.
    Text {
        /// The file.
        file: SourceFile,
        /// The bytes.
        span: Span,
    },
}

/// The other party of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Related {
    /// The object.
    pub resource: ResourceKey,
    /// The field.
    pub path: Path,
    /// What it has to do with the finding.
    pub message: String,
}

/// Whom a finding reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Sidecars.
    pub workloads: usize,
    /// Gateway workloads.
    pub gateways: usize,
}

/// A finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// The severity, before settings change it.
    pub severity: Severity,
    /// How sure it is.
    pub certainty: Certainty,
    /// Where it sits.
    pub anchor: Anchor,
    /// The fact, for a person on call.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The other parties.
    pub related: Vec<Related>,
    /// Whom it reaches, when known.
    pub reach: Option<Reach>,
    /// A repair.
    pub fix: Option<Fix>,
    /// What is missing, as kinds in namespaces: where something that is not read may bring it, the finding
    /// is a hint.
    pub missing: Vec<(Kind, Str)>,
}

// Fixes may hold floats inside values, never NaN.
impl Eq for Finding {}

impl Finding {
    /// An error, warning… on a field of an object. `path` as users write it: `spec.http[0]`; one
    /// that cannot be read sits on the object.
    pub fn new(
        rule: &'static str,
        severity: Severity,
        resource: &ResourceKey,
        path: &str,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            rule,
            severity,
            certainty: Certainty::Certain,
            anchor: Anchor::Field {
                resource: resource.clone(),
                path: path.parse().unwrap_or_default(),
                at_key: false,
            },
            message: message.into(),
            help: None,
            related: Vec::new(),
            reach: None,
            fix: None,
            missing: Vec::new(),
        }
    }

    /// Says what is missing: an object of one of the kinds in a namespace.
    #[must_use]
    pub fn missing(mut self, kinds: &[Kind], namespace: &Str) -> Finding {
        let all = kinds.iter().map(|kind| (*kind, namespace.clone()));
        self.missing.extend(all);
        self
    }

    /// The finding as a hint, because what is missing may be brought by something that is not read.
    #[must_use]
    pub fn stepped_down(mut self, why: &str) -> Finding {
        self.severity = Severity::Hint;
        self.certainty = Certainty::Assumed;
        self.help = Some(match self.help {
            Some(help) => format!("{help}; {why}"),
            None => why.to_owned(),
        });
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    /// Adds another party.
    #[must_use]
    pub fn related(
        mut self,
        resource: &ResourceKey,
        path: &str,
        message: impl Into<String>,
    ) -> Finding {
        self.related.push(Related {
            resource: resource.clone(),
            path: path.parse().unwrap_or_default(),
            message: message.into(),
        });
        self
    }

    /// Makes it less than certain. An assumed finding is never an error.
    #[must_use]
    pub fn certainty(mut self, certainty: Certainty) -> Finding {
        self.certainty = certainty;
        if certainty == Certainty::Assumed && self.severity == Severity::Error {
            self.severity = Severity::Warning;
        }
        self
    }

    /// Says whom it reaches.
    #[must_use]
    pub fn reach(mut self, workloads: usize, gateways: usize) -> Finding {
        self.reach = Some(Reach {
            workloads,
            gateways,
        });
        self
    }

    /// Adds a repair.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Finding {
        self.fix = Some(fix);
        self
    }

    /// The object it sits on, when it sits on one.
    pub fn resource(&self) -> Option<&ResourceKey> {
        match &self.anchor {
            Anchor::Field { resource, .. } => Some(resource),
            Anchor::Text { .. } => None,
        }
    }

    /// Where two findings say the same of the same place, they are one; the reach adds up.
    pub fn same_as(&self, other: &Finding) -> bool {
        self.rule == other.rule && self.anchor == other.anchor && self.message == other.message
    }
}

/// Findings of equal content over several classes become one (`reach` added), in order of the first.
pub fn merged(findings: Vec<Arc<Finding>>) -> Vec<Arc<Finding>> {
    let mut kept: Vec<Arc<Finding>> = Vec::with_capacity(findings.len());
    let mut places: FxHashMap<(&str, &Anchor, &str), usize> = FxHashMap::default();
    for finding in &findings {
        let what = (finding.rule, &finding.anchor, finding.message.as_str());
        let at = *places.entry(what).or_insert(kept.len());
        let Some(earlier) = kept.get_mut(at) else {
            kept.push(finding.clone());
            continue;
        };
        if let (Some(_), Some(more)) = (earlier.reach, finding.reach)
            && let Some(reach) = &mut Arc::make_mut(earlier).reach
        {
            reach.workloads += more.workloads;
            reach.gateways += more.gateways;
        }
    }
    kept
}

/// A list of strings as prose: `a, b and 3 more`.
pub fn listing(items: &[Str], most: usize) -> String {
    let shown: Vec<&str> = items.iter().take(most).map(Str::as_str).collect();
    match (items.len(), items.len().saturating_sub(most)) {
        (0, _) => "none".to_owned(),
        (1, _) => shown.concat(),
        (_, 0) => {
            let (last, rest) = shown.split_last().map_or(("", &[][..]), |(l, r)| (*l, r));
            format!("{} and {last}", rest.join(", "))
        }
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
