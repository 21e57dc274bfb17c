//! What the API server and istiod's webhook say about one document.
//!
//! [`validate`] is the verdict of the CRD's schema, its CEL rules and istiod 1.30's validation of the
//! kind. Owns the rules of the groups "syntax" and "schema" that look at one object alone. Must not
//! know files, positions or other objects: every finding is a rule, a path and a text.

pub mod cel;
mod duration;
mod enums;
mod go;
mod merge;
pub mod problem;
mod report;
pub mod schema;
mod similar;
mod structural;
mod version;
mod webhook;

pub use problem::{Context, Edit, Fix, Problem, Severity};

use crate::kind::Kind;
use crate::value::Value;
use report::Report;
use schema::{Node, Schema};

/// Everything that is wrong with `document`, an object of `kind` written with `api_version`.
///
/// All faults are reported, each with its own path; a wrong field never hides another one. Kinds and
/// fields that meshscope does not know are silent.
pub fn validate(
    kind: Kind,
    api_version: &str,
    document: &Value,
    context: &Context,
) -> Vec<Problem> {
    let tables = schema::schema();
    let report = Report::new(kind, context);
    let root = report.root(document);
    version::check(tables, kind, api_version, root);
    let mut found = report.take();
    if let Some(node) = tables.root(kind, api_version) {
        found.extend(check_schema(tables, node, document, kind, context));
    }
    webhook::check(root);
    merge::merge(found, report.take(), &report.covered(), document)
}

/// The API server's part, on the object with its defaults written in.
fn check_schema(
    tables: &Schema,
    node: &Node,
    document: &Value,
    kind: Kind,
    context: &Context,
) -> Vec<Problem> {
    let defaulted = node.has_defaults.then(|| {
        let mut copy = document.clone();
        structural::apply_defaults(tables, node, &mut copy);
        copy
    });
    let report = Report::new(kind, context);
    structural::check(
        tables,
        node,
        report.root(defaulted.as_ref().unwrap_or(document)),
    );
    report.take()
}
