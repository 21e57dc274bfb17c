//! `visibility`: what a proxy gets (V:2-V:6).

use super::proxy::proxy;
use super::sets::{Names, equal, excludes, includes, names};
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::engine::workloads::Proxy;
use meshscope::manifest::{Str, Value};
use meshscope::{Mesh, Visibility};
use std::collections::BTreeMap;

const KIND: CheckKind = CheckKind::Visibility;

/// The keys that are claims, in the order they are checked.
const CLAIMS: [&str; 7] = [
    "services",
    "services_include",
    "services_exclude",
    "virtual_services",
    "destination_rules",
    "destination_rule_for",
    "clusters",
];

/// One check per claim of every entry.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, entry) in case.value.list("visibility").iter().enumerate() {
        let claims = CLAIMS.iter().filter(|claim| entry.field(claim).is_some());
        let at = |claim: &str| format!("visibility[{i}].{claim}");
        match proxy(mesh, entry) {
            Ok(proxy) => {
                let seen = mesh.visibility(&proxy);
                checks.extend(
                    claims
                        .map(|claim| one(mesh, &proxy, &seen, at(claim), claim, entry.get(claim))),
                );
            }
            Err(why) => checks.extend(claims.map(|claim| {
                Check::failed(KIND, at(claim), &why)
                    .with(json(entry.get(claim)), Default::default())
            })),
        }
    }
    checks
}

fn one(
    mesh: Mesh<'_>,
    proxy: &Proxy,
    seen: &Visibility,
    name: String,
    claim: &str,
    expected: &Value,
) -> Check {
    match claim {
        "services" => equal(KIND, name, &names(expected), &services(seen)),
        "services_include" => includes(KIND, name, &names(expected), &services(seen)),
        "services_exclude" => excludes(KIND, name, &names(expected), &services(seen)),
        "virtual_services" => {
            let carried = seen.virtual_services.iter();
            let actual = carried.map(|vs| label(&vs.namespace, &vs.name)).collect();
            equal(KIND, name, &names(expected), &actual)
        }
        "destination_rules" => {
            let rules = seen.destination_rule_objects();
            let actual = rules.iter().map(|r| label(&r.namespace, &r.name)).collect();
            equal(KIND, name, &names(expected), &actual)
        }
        "destination_rule_for" => rules_by_service(seen, name, expected),
        _ => {
            let clusters = mesh.clusters(proxy);
            let actual = clusters.iter().map(|c| c.name.clone()).collect();
            equal(KIND, name, &names(expected), &actual)
        }
    }
}

fn label(namespace: &str, name: &str) -> Str {
    Str::new(format!("{namespace}/{name}"))
}

fn services(seen: &Visibility) -> Names {
    let members = seen.services.iter();
    members
        .map(|m| label(&m.service.namespace, &m.service.host))
        .collect()
}

fn rules_by_service(seen: &Visibility, name: String, expected: &Value) -> Check {
    let rules = seen.destination_rules.iter();
    let actual: BTreeMap<Str, Str> = rules
        .map(|(namespace, host, rule)| {
            let rule = &rule.rule;
            (label(namespace, host), label(&rule.namespace, &rule.name))
        })
        .collect();
    let entries = expected.as_map().into_iter().flatten();
    let expected: BTreeMap<Str, Str> = entries
        .map(|(k, v)| (k.clone(), Str::new(v.as_str().unwrap_or_default())))
        .collect();
    let pairs = |map: &BTreeMap<Str, Str>| -> Names {
        let shown = map.iter().map(|(k, v)| Str::new(format!("{k} -> {v}")));
        shown.collect()
    };
    equal(KIND, name, &pairs(&expected), &pairs(&actual))
}
