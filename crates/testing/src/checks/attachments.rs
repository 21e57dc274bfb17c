//! `attachments`: Gateway resource to the gateway workloads it programs (V:R6.1, G:SEL).

use super::sets::{equal, names};
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;

const KIND: CheckKind = CheckKind::Attachment;

/// One check per Gateway.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let claims = case.value.entries("attachments");
    claims
        .map(|(gateway, expected)| {
            let at = format!("attachments.{gateway}");
            let default = (case.default_namespace.as_str(), gateway.as_str());
            let (namespace, name) = gateway.split_once('/').unwrap_or(default);
            match mesh.attachments(namespace, name) {
                Some(actual) => {
                    let actual = actual.into_iter().collect();
                    equal(KIND, at, &names(expected), &actual)
                }
                None => Check::failed(KIND, at, format!("there is no Gateway {gateway}"))
                    .with(json(expected), Default::default()),
            }
        })
        .collect()
}
