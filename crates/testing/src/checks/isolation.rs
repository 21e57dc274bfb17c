//! `isolation`: how well two egress gateways are kept apart, physically and logically.

use super::sets::{Names, equal, names};
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::egress::{Apart, Isolation};
use meshscope::manifest::{Str, Value};

const KIND: CheckKind = CheckKind::Isolation;

/// One check per field that a claim gives.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, claim) in case.value.list("isolation").iter().enumerate() {
        let at = format!("isolation[{i}]");
        match pair(mesh, claim) {
            Ok(isolation) => compare(&at, claim, &isolation, &mut checks),
            Err(words) => {
                checks.push(Check::failed(KIND, at, words).with(json(claim), Default::default()));
            }
        }
    }
    checks
}

fn pair(mesh: Mesh<'_>, claim: &Value) -> Result<Isolation, String> {
    let gateways = claim.strings("gateways");
    let [a, b] = &gateways[..] else {
        return Err("an isolation claim names two gateways".into());
    };
    let split = |text: &Str| {
        let (namespace, name) = text.split_once('/')?;
        Some((namespace.to_owned(), name.to_owned()))
    };
    let (Some(first), Some(second)) = (split(a), split(b)) else {
        return Err(format!("{a}, {b}: gateways are written namespace/name"));
    };
    mesh.isolation((&first.0, &first.1), (&second.0, &second.1))
        .ok_or_else(|| format!("{a} and {b} are not both gateway workloads"))
}

fn compare(at: &str, claim: &Value, isolation: &Isolation, checks: &mut Vec<Check>) {
    for (field, expected) in claim.entries("physical") {
        let name = format!("{at}.physical.{field}");
        let actual = physical(isolation, field);
        checks.push(word(name, expected, actual));
    }
    for (field, expected) in claim.entries("logical") {
        let name = format!("{at}.logical.{field}");
        checks.push(match logical(isolation, field) {
            Some(actual) => equal(KIND, name, &names(expected), &actual),
            None => Check::failed(KIND, name, "no such field"),
        });
    }
    if let Some(expected) = claim.bool("isolated") {
        let name = format!("{at}.isolated");
        checks.push(if expected == isolation.isolated {
            Check::passed(KIND, name)
        } else {
            let words = if isolation.isolated {
                "they are isolated"
            } else {
                "they are not isolated"
            };
            Check::failed(KIND, name, words).with(expected.into(), isolation.isolated.into())
        });
    }
}

fn physical(isolation: &Isolation, field: &str) -> Option<&'static str> {
    let physical = &isolation.physical;
    let words = |apart: Apart, separate, shared| match apart {
        Apart::Separate => separate,
        Apart::Shared => shared,
        Apart::Unknown => "unknown",
    };
    Some(match field {
        "pods" => words(physical.pods, "separate", "shared"),
        "namespaces" => words(physical.namespaces, "separate", "same"),
        "selectors" => words(physical.selectors, "disjoint", "overlapping"),
        "service_accounts" => words(physical.service_accounts, "separate", "shared"),
        "nodes" => words(physical.nodes, "separate", "shared"),
        _ => return None,
    })
}

fn logical(isolation: &Isolation, field: &str) -> Option<Names> {
    let logical = &isolation.logical;
    let keys = match field {
        "shared_exported_resources" => &logical.shared_exported_resources,
        "mesh_wide" => &logical.mesh_wide,
        "shared_gateways" => &logical.shared_gateways,
        "common_clients" => return Some(logical.common_clients.iter().cloned().collect()),
        _ => return None,
    };
    Some(keys.iter().map(|k| Str::new(k.to_string())).collect())
}

fn word(name: String, expected: &Value, actual: Option<&'static str>) -> Check {
    match actual {
        Some(actual) if expected.as_str() == Some(actual) => Check::passed(KIND, name),
        Some(actual) => {
            Check::failed(KIND, name, format!("it is {actual}")).with(json(expected), actual.into())
        }
        None => Check::failed(KIND, name, "no such field"),
    }
}
