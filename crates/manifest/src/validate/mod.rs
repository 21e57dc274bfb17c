//! What the API server and istiod's webhook say about one document.
//!
//! [`validate`] is the verdict of the CRD's schema, its CEL rules and istiod 1.30's validation of the
//! kind. Owns the rules of the groups "syntax" and "schema" that look at one object alone. Must not
//! know files, positions or other objects: every finding is a rule, a path and a text.

mod annotation_values;
mod annotations;
pub mod cel;
mod duration;
mod effects;
mod enums;
mod go;
mod merge;
mod pattern;
pub mod problem;
mod report;
pub mod schema;
mod similar;
mod structural;
mod version;
mod webhook;

pub use problem::{Context, Edit, Fix, Problem, Severity};
pub use similar::nearest;

use crate::kind::Kind;
use crate::read;
use crate::value::Value;
use report::{At, Report};
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
    check_mesh_files(root);
    annotations::check(root);
    effects::check(root);
    merge::merge(found, report.take(), &report.covered(), document)
}

/// What istiod says about the files in its ConfigMap (validation-rules.md §11). The findings sit on the
/// whole text of a file, `data.mesh` or `data.meshNetworks`, and name the field inside.
fn check_mesh_files(document: At<'_>) {
    let name = document.get("metadata").str("name");
    if document.report.kind != Kind::ConfigMap || !(name == "istio" || name.starts_with("istio-")) {
        return;
    }
    type Check = fn(At<'_>);
    let files: [(&str, Check); 2] = [
        ("mesh", webhook::check_mesh_config),
        ("meshNetworks", webhook::check_mesh_networks),
    ];
    for (key, check) in files {
        let Some(file) = document.get("data").field(key) else {
            continue;
        };
        let stream = meshscope_yaml::parse(file.text());
        let Some(content) = stream.documents.first().and_then(read::document) else {
            continue;
        };
        let report = Report::new(Kind::ConfigMap, document.report.context);
        check(report.root(&content));
        for problem in merge::merge(Vec::new(), report.take(), &[], &content) {
            let inside = problem.path;
            let message = if problem.message.starts_with(&inside.to_string()) {
                problem.message
            } else {
                format!("{inside}: {}", problem.message)
            };
            file.report(problem.rule, problem.severity, problem.reason, message)
                .not_rejected();
        }
    }
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
