//! Rule invalid-enum-value: a word that the CRD does not list. Owns the hints for values that exist
//! elsewhere. Must not know how the table is read.

use super::problem::{Edit, Severity};
use super::report::At;
use super::schema::Node;
use super::similar;
use crate::kind::Kind;
use crate::value::Value;
use meshscope_yaml::Segment;

/// Reports the value at `at`, which is not among those of `node`.
pub(super) fn report(node: &Node, at: At<'_>) {
    let path = at.path();
    let field = match path.last() {
        Some(Segment::Key(key)) => key.to_string(),
        _ => "value here".into(),
    };
    let allowed: Vec<&str> = node.values.iter().filter_map(Value::as_str).collect();
    let written = match at.value {
        Value::String(text) if text.is_empty() => "an empty string".into(),
        Value::String(text) => super::structural::short(text),
        Value::Int(i) => i.to_string(),
        other => other.type_name().into(),
    };
    let client_tls = at.report.kind == Kind::DestinationRule
        && path.to_string().ends_with("tls.mode")
        && at.text().to_ascii_uppercase().contains("PASSTHROUGH");
    let hint = if client_tls {
        "; to pass TLS through untouched, leave tls out".into()
    } else if at.value.as_int().is_some() {
        "; numbers are not taken".to_string()
    } else {
        String::new()
    };
    let listed = allowed.join(", ");
    let message = format!("{written} is no {field}; allowed: {listed}{hint}");
    let found = at.report("invalid-enum-value", Severity::Error, "CRD", message);
    if client_tls {
        let tls = path.parent().unwrap_or_default();
        found.fix(
            format!("remove {tls}"),
            false,
            vec![Edit::Delete { path: tls }],
        );
    } else if let Some(near) = similar::nearest(at.text(), allowed.iter().copied()) {
        let safe = near.eq_ignore_ascii_case(at.text());
        found.fix_replace(at, near, safe);
    }
}
