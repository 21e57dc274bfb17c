//! A cursor over a document that knows its path, and the list of findings it writes to.
//!
//! Owns paths and the wording that all rules of a family share. Must not know what any rule checks.

use super::problem::{Context, Edit, Fix, Problem, Severity};
use crate::kind::Kind;
use crate::value::{Str, Value};
use meshscope_yaml::{Path, Segment};
use std::cell::{Cell, RefCell};

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(u32),
}

/// The findings about one document.
pub(super) struct Report<'a> {
    pub(super) kind: Kind,
    pub(super) context: &'a Context,
    /// Every place a cursor was at, with the place above it; paths are built only for findings.
    steps: RefCell<Vec<(u32, Step<'a>)>>,
    problems: RefCell<Vec<Problem>>,
    /// Places whose schema findings a finding of the webhook says better.
    covered: RefCell<Vec<Path>>,
    quiet: Cell<bool>,
}

const ROOT: u32 = u32::MAX;

/// Places of a usual document.
const STEPS: usize = 128;

static NULL: Value = Value::Null;

impl<'a> Report<'a> {
    pub(super) fn new(kind: Kind, context: &'a Context) -> Report<'a> {
        Report {
            kind,
            context,
            steps: RefCell::new(Vec::with_capacity(STEPS)),
            problems: RefCell::default(),
            covered: RefCell::default(),
            quiet: Cell::new(false),
        }
    }

    /// The cursor at the root of the document.
    pub(super) fn root(&'a self, value: &'a Value) -> At<'a> {
        At {
            value,
            step: ROOT,
            report: self,
        }
    }

    /// The findings so far, leaving none.
    pub(super) fn take(&self) -> Vec<Problem> {
        self.problems.take()
    }

    /// The places that [`Found::covers`] named.
    pub(super) fn covered(&self) -> Vec<Path> {
        self.covered.take()
    }

    /// The rule for relations between fields of this kind.
    fn kind_rule(&self) -> &'static str {
        match self.kind {
            Kind::Gateway => "invalid-gateway",
            Kind::VirtualService => "invalid-virtual-service",
            Kind::DestinationRule => "invalid-destination-rule",
            Kind::ServiceEntry => "invalid-service-entry",
            Kind::Sidecar => "invalid-sidecar",
            Kind::AuthorizationPolicy => "invalid-authorization-policy",
            _ => "invalid-resource",
        }
    }

    fn path(&self, step: u32) -> Path {
        let steps = self.steps.borrow();
        let mut segments = Vec::new();
        let mut at = step;
        while let Some((above, last)) = steps.get(at as usize) {
            segments.push(match last {
                Step::Key(key) => Segment::Key(Str::new(key)),
                Step::Index(i) => Segment::Index(*i),
            });
            at = *above;
        }
        segments.reverse();
        Path::from(segments)
    }
}

/// A value and where it is. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    step: u32,
    pub(super) report: &'a Report<'a>,
}

impl<'a> At<'a> {
    fn down(self, step: Step<'a>, value: &'a Value) -> At<'a> {
        let mut steps = self.report.steps.borrow_mut();
        let id = u32::try_from(steps.len()).unwrap_or(ROOT);
        steps.push((self.step, step));
        At {
            value,
            step: id,
            report: self.report,
        }
    }

    /// The field `key`, null when it is not written.
    pub(super) fn get(self, key: &'a str) -> At<'a> {
        let value = match self.value {
            Value::Map(map) => map.get(key).unwrap_or(&NULL),
            _ => &NULL,
        };
        self.down(Step::Key(key), value)
    }

    /// The field `key`, if it is written and not null.
    pub(super) fn field(self, key: &'a str) -> Option<At<'a>> {
        match self.value {
            Value::Map(map) => match map.get(key) {
                None | Some(Value::Null) => None,
                Some(value) => Some(self.down(Step::Key(key), value)),
            },
            _ => None,
        }
    }

    /// Whether the field `key` is written and not null.
    pub(super) fn has(self, key: &str) -> bool {
        self.value.field(key).is_some()
    }

    /// The string field `key`; empty when absent or of another type.
    pub(super) fn str(self, key: &str) -> &'a str {
        match self.value {
            Value::Map(map) => map.get(key).and_then(Value::as_str).unwrap_or_default(),
            _ => "",
        }
    }

    /// This string; empty when it is none.
    pub(super) fn text(self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The integer field `key`; 0 when absent or of another type.
    pub(super) fn int(self, key: &str) -> i64 {
        self.value.int(key).unwrap_or(0)
    }

    /// The boolean field `key`.
    pub(super) fn bool(self, key: &str) -> bool {
        self.value.bool(key).unwrap_or(false)
    }

    /// The items of this list.
    pub(super) fn items(self) -> impl Iterator<Item = At<'a>> {
        self.value
            .as_list()
            .iter()
            .enumerate()
            .map(move |(i, value)| self.down(Step::Index(index(i)), value))
    }

    /// The items of the list at `key`.
    pub(super) fn list(self, key: &'a str) -> impl Iterator<Item = At<'a>> {
        self.field(key).into_iter().flat_map(At::items)
    }

    /// Number of items of the list at `key`.
    pub(super) fn len(self, key: &str) -> usize {
        self.value.list(key).len()
    }

    /// The entries of this mapping.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a str, At<'a>)> {
        let map = self.value.as_map();
        map.into_iter()
            .flatten()
            .map(move |(key, value)| (key.as_str(), self.down(Step::Key(key), value)))
    }

    /// The entries of the mapping at `key`.
    pub(super) fn map(self, key: &'a str) -> impl Iterator<Item = (&'a str, At<'a>)> {
        self.field(key).into_iter().flat_map(At::entries)
    }

    /// Whether this is the object itself.
    pub(super) fn is_root(self) -> bool {
        self.step == ROOT
    }

    /// Where this is.
    pub(super) fn path(self) -> Path {
        self.report.path(self.step)
    }

    /// Runs `check` where istiod loses the warnings on the way: they are true, but nobody is warned.
    pub(super) fn with_lost_warnings(self, check: impl FnOnce()) {
        let before = self.report.quiet.replace(true);
        check();
        self.report.quiet.set(before);
    }

    /// A finding of any rule.
    pub(super) fn report(
        self,
        rule: &'static str,
        severity: Severity,
        reason: &'static str,
        message: String,
    ) -> Found<'a> {
        self.report_at(self.path(), rule, severity, reason, message)
    }

    /// A finding of any rule about a field that is not written.
    pub(super) fn report_at(
        self,
        path: Path,
        rule: &'static str,
        severity: Severity,
        reason: &'static str,
        message: String,
    ) -> Found<'a> {
        let lost = self.report.quiet.get() && severity < Severity::Error;
        self.report.problems.borrow_mut().push(Problem {
            rule,
            reason,
            severity: if lost {
                severity.min(Severity::Info)
            } else {
                severity
            },
            path,
            at_key: false,
            message,
            help: None,
            rejected: severity == Severity::Error,
            related: Vec::new(),
            fix: None,
        });
        Found {
            report: self.report,
        }
    }

    /// Rule invalid-field-value: this field is wrong on its own.
    pub(super) fn value_error(
        self,
        reason: &'static str,
        fact: impl std::fmt::Display,
    ) -> Found<'a> {
        let message = format!("{}: {fact} (rejected by the webhook)", self.path());
        self.report("invalid-field-value", Severity::Error, reason, message)
    }

    /// The rule of the kind: a relation between fields is wrong.
    pub(super) fn kind_error(
        self,
        reason: &'static str,
        fact: impl std::fmt::Display,
    ) -> Found<'a> {
        let kind = self.report.kind;
        let message = match kind {
            Kind::AuthorizationPolicy => {
                format!("{fact}: the webhook rejects this policy, so nothing is enforced")
            }
            _ if self.report.kind_rule() == "invalid-resource" => {
                format!("{fact}: rejected when it is applied")
            }
            _ => format!("{fact}: the webhook rejects this {}", kind.name()),
        };
        self.report(self.report.kind_rule(), Severity::Error, reason, message)
    }

    /// The rule of the kind, for what istiod only warns about.
    pub(super) fn kind_warning(
        self,
        reason: &'static str,
        fact: impl std::fmt::Display,
    ) -> Found<'a> {
        let rule = self.report.kind_rule();
        self.report(rule, Severity::Warning, reason, fact.to_string())
    }

    /// Rule invalid-field-value, where a check of the value fails.
    pub(super) fn check(self, reason: &'static str, check: Result<(), String>) {
        if let Err(fact) = check {
            self.value_error(reason, fact);
        }
    }

    /// Rule invalid-field-value for a key of a mapping, where a check of the key fails.
    pub(super) fn check_key(self, reason: &'static str, check: Result<(), String>) {
        if let Err(fact) = check {
            self.value_error(reason, fact).at_key();
        }
    }

    /// Rule invalid-regex.
    pub(super) fn regex_error(
        self,
        reason: &'static str,
        problem: impl std::fmt::Display,
    ) -> Found<'a> {
        let message = format!(
            "not a valid RE2 expression: {problem}; the webhook rejects it, without the webhook Envoy \
             would refuse the whole route table"
        );
        self.report("invalid-regex", Severity::Error, reason, message)
    }

    /// Rule field-without-effect.
    pub(super) fn no_effect(self, reason: &'static str, fact: impl std::fmt::Display) -> Found<'a> {
        let message = format!("{} has no effect: {fact}", self.path());
        self.report("field-without-effect", Severity::Warning, reason, message)
    }

    /// Rule field-without-effect, in words of its own.
    pub(super) fn in_vain(self, reason: &'static str, fact: impl std::fmt::Display) -> Found<'a> {
        let message = format!("{}: {fact}", self.path());
        self.report("field-without-effect", Severity::Warning, reason, message)
    }

    /// Rule deprecated-field.
    pub(super) fn deprecated(self, reason: &'static str, new: impl std::fmt::Display) -> Found<'a> {
        let message = format!("{} is deprecated; {new}", self.path());
        self.report("deprecated-field", Severity::Warning, reason, message)
    }
}

fn index(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}

/// The finding just made, for what not every finding has.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    report: &'a Report<'a>,
}

impl Found<'_> {
    fn change(self, change: impl FnOnce(&mut Problem)) -> Self {
        if let Some(problem) = self.report.problems.borrow_mut().last_mut() {
            change(problem);
        }
        self
    }

    /// The finding is about the key.
    pub(super) fn at_key(self) -> Self {
        self.change(|p| p.at_key = true)
    }

    /// What to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        self.change(|p| p.help = Some(help.into()))
    }

    /// Another field involved.
    pub(super) fn related(self, at: At<'_>) -> Self {
        let path = at.path();
        self.change(|p| p.related.push(path))
    }

    /// What the schema says about `at` is the same fault.
    pub(super) fn covers(self, at: At<'_>) -> Self {
        self.report.covered.borrow_mut().push(at.path());
        self
    }

    /// Kubernetes keeps the object all the same.
    pub(super) fn not_rejected(self) -> Self {
        self.change(|p| p.rejected = false)
    }

    /// Another severity than the rule's default.
    pub(super) fn severity(self, severity: Severity) -> Self {
        self.change(|p| p.severity = severity)
    }

    /// A repair.
    pub(super) fn fix(self, title: impl Into<String>, safe: bool, edits: Vec<Edit>) -> Self {
        let title = title.into();
        self.change(|p| p.fix = Some(Fix { title, safe, edits }))
    }

    /// The repair that removes the field.
    pub(super) fn fix_delete(self, at: At<'_>, safe: bool) -> Self {
        let path = at.path();
        self.fix(format!("remove {path}"), safe, vec![Edit::Delete { path }])
    }

    /// The repair that writes another value.
    pub(super) fn fix_replace(self, at: At<'_>, value: impl Into<Value>, safe: bool) -> Self {
        let (path, value) = (at.path(), value.into());
        let shown = match &value {
            Value::String(s) => s.to_string(),
            Value::Int(i) => i.to_string(),
            Value::Bool(b) => b.to_string(),
            _ => "another value".into(),
        };
        self.fix(
            format!("change to {shown}"),
            safe,
            vec![Edit::Replace { path, value }],
        )
    }
}
