//! What the API server and istiod's webhook say about one document.
//!
//! [`validate`] is the verdict of the CRD's schema, its CEL rules and istiod 1.30's validation of the
//! kind. Owns the rules of the groups "syntax" and "schema" that look at one object alone. Must not
//! know files, positions or other objects: every finding is a rule, a path and a text.

pub mod problem;
pub mod report;

pub use problem::{Context, Edit, Fix, Problem, Severity};

use crate::kind::Kind;
use crate::value::Value;

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
    let _ = (kind, api_version, document, context);
    Vec::new()
}
