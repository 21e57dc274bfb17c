//! `findings`: what must be reported, what must not, and whether that is all.

use crate::case::{Case, ObjectRef};
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::finding::{Finding, Severity};
use meshscope::manifest::Value;

/// One check per expected finding, per forbidden one, and one for being strict.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let Some(claims) = case.value.field("findings") else {
        return Vec::new();
    };
    let found = mesh.findings();
    let patterns = |key: &str| -> Vec<Pattern> {
        let written = claims.list(key).iter();
        written.map(|p| Pattern::read(p, case)).collect()
    };
    let (expected, optional) = (patterns("expect"), patterns("optional"));
    let mut checks = Vec::new();
    for (i, (pattern, claim)) in expected.iter().zip(claims.list("expect")).enumerate() {
        let name = format!("findings.expect[{i}]");
        checks.push(if found.iter().any(|f| pattern.matches(f)) {
            Check::passed(CheckKind::Finding, name)
        } else {
            let near = found.iter().filter(|f| pattern.is_about(f)).map(shown);
            Check::failed(CheckKind::Finding, name, "no such finding")
                .with(json(claim), near.collect::<Vec<_>>().into())
        });
    }
    for (i, claim) in claims.list("forbid").iter().enumerate() {
        let name = format!("findings.forbid[{i}]");
        let pattern = Pattern::read(claim, case);
        let loud = found.iter().filter(|f| f.severity >= Severity::Warning);
        let hits: Vec<String> = loud.filter(|f| pattern.forbids(f)).map(shown).collect();
        checks.push(forbidden(name, claim, hits));
    }
    let allowed = |f: &Finding| expected.iter().chain(&optional).any(|p| p.matches(f));
    let strict: Option<Vec<String>> = match claims.get("strict") {
        Value::Bool(true) => {
            let loud = found.iter().filter(|f| f.severity >= Severity::Warning);
            Some(loud.filter(|f| !allowed(f)).map(shown).collect())
        }
        Value::Seq(_) => {
            let rules = claims.strings("strict");
            let named = found
                .iter()
                .filter(|f| rules.iter().any(|r| is_rule_or_code(f, r)));
            Some(named.filter(|f| !allowed(f)).map(shown).collect())
        }
        _ => None,
    };
    if let Some(hits) = strict {
        let claim = claims.get("strict");
        checks.push(forbidden("findings.strict".into(), claim, hits));
    }
    checks
}

fn forbidden(name: String, claim: &Value, hits: Vec<String>) -> Check {
    if hits.is_empty() {
        return Check::passed(CheckKind::ForbiddenFinding, name);
    }
    Check::failed(CheckKind::ForbiddenFinding, name, hits.join("; ")).with(json(claim), hits.into())
}

fn shown(f: &Finding) -> String {
    let resource = f.resource.as_ref();
    let resource = resource.map(|r| format!(" {} {}/{}", r.kind, r.namespace, r.name));
    let line = f.location.as_ref().map(|l| l.range.start.line);
    let line = line.map(|l| format!(" (line {l})"));
    format!(
        "{:?} {}{} {}{}: {}",
        f.severity,
        f.rule,
        resource.unwrap_or_default(),
        f.path,
        line.unwrap_or_default(),
        f.message
    )
}

fn is_rule_or_code(f: &Finding, name: &str) -> bool {
    f.rule == name || f.equivalents.iter().any(|code| code == name)
}

/// An entry of `expect`, `optional` or `forbid`.
struct Pattern {
    /// Rule or code.
    name: String,
    /// `Some(None)` for an object that cannot be read: it matches nothing.
    resource: Option<Option<ObjectRef>>,
    path: Option<String>,
    severity: Option<String>,
    line: Option<i64>,
}

impl Pattern {
    fn read(value: &Value, case: &Case) -> Pattern {
        let text = |key: &str| value.str(key).map(|s| s.to_string());
        let resource = value.str("resource");
        Pattern {
            name: match value.as_str() {
                Some(name) => name.into(),
                None => text("rule").or_else(|| text("code")).unwrap_or_default(),
            },
            resource: resource.map(|r| ObjectRef::parse(&r, &case.default_namespace)),
            path: text("path"),
            severity: text("severity"),
            line: value.int("line"),
        }
    }

    /// Whether a finding is the one asked for. Of two conflicting objects either may carry it.
    fn matches(&self, f: &Finding) -> bool {
        let severity = format!("{:?}", f.severity).to_lowercase();
        is_rule_or_code(f, &self.name)
            && self.severity.as_ref().is_none_or(|s| *s == severity)
            && (self.sits_on(f) || self.is_other_party_of(f))
            && self.line.is_none_or(|line| {
                let at = f.location.as_ref();
                at.is_some_and(|at| i64::from(at.range.start.line) == line)
            })
    }

    /// Whether a finding is what is forbidden; only its own resource counts.
    fn forbids(&self, f: &Finding) -> bool {
        is_rule_or_code(f, &self.name) && self.sits_on(f)
    }

    /// Whether a finding is of the rule or the object asked for: shown when the right one is missing.
    fn is_about(&self, f: &Finding) -> bool {
        is_rule_or_code(f, &self.name) || (self.resource.is_some() && self.is_on_object(f))
    }

    fn sits_on(&self, f: &Finding) -> bool {
        self.is_on_object(f) && self.path.as_ref().is_none_or(|p| is_below(&f.path, p))
    }

    fn is_on_object(&self, f: &Finding) -> bool {
        self.resource.as_ref().is_none_or(|wanted| {
            let wanted = wanted.as_ref();
            wanted.is_some_and(|w| f.resource.as_ref().is_some_and(|id| w.is(id)))
        })
    }

    fn is_other_party_of(&self, f: &Finding) -> bool {
        let Some(Some(wanted)) = &self.resource else {
            return false;
        };
        f.related.iter().any(|party| {
            party.resource.as_ref().is_some_and(|id| wanted.is(id))
                && self.path.as_ref().is_none_or(|p| is_below(&party.path, p))
        })
    }
}

/// Whether `path` is `prefix` or a field below it.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
