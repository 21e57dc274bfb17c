//! `blast_radius`: the exact sets of workloads and gateways that get an object (V:9).

use super::sets::{equal, names};
use crate::case::{Case, ObjectRef};
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::workloads::ProxyKind;

const KIND: CheckKind = CheckKind::BlastRadius;

/// One check per set that a claim gives.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, claim) in case.value.list("blast_radius").iter().enumerate() {
        let at = format!("blast_radius[{i}]");
        let written = claim.str_or_empty("resource");
        let object = ObjectRef::parse(&written, &case.default_namespace);
        let Some(key) = object.and_then(|o| o.key()) else {
            let words = format!("{written:?} names no object of a known kind");
            checks.push(Check::failed(KIND, at, words).with(json(claim), Default::default()));
            continue;
        };
        let radius = mesh.blast_radius(&key);
        let sets = [
            ("workloads", ProxyKind::Sidecar),
            ("gateways", ProxyKind::Router),
        ];
        for (field, kind) in sets.into_iter().filter(|(field, _)| claim.has(field)) {
            let actual = radius.seeing(kind).into_iter().collect();
            let name = format!("{at}.{field}");
            checks.push(equal(KIND, name, &names(claim.get(field)), &actual));
        }
    }
    checks
}
