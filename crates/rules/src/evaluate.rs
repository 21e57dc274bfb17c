//! Runs rules over a mesh, each on its unit, memoized per unit.
//!
//! Firewall: a namespace or class whose inputs did not change is not evaluated again.

use crate::finding::{Finding, merged};
use crate::registry::ALL;
use crate::rule::Check;
use meshscope_manifest::validate::Severity;
use meshscope_mesh::db::{Db, Mesh, Name, name};
use meshscope_mesh::index::{may_exist, namespaces};
use meshscope_mesh::workloads::{ProxyKind, classes_in};
use std::sync::Arc;

/// All findings of a mesh that rules make (those of reading and decoding are not among them), in
/// order of the catalogue. Equal findings of several classes are one.
#[salsa::tracked]
pub fn findings(db: &dyn Db, mesh: Mesh) -> Arc<[Finding]> {
    let mut all = Vec::new();
    for index in 0..ALL.len() {
        let found = merged(findings_of_rule(db, mesh, index)).into_iter();
        all.extend(found.map(|finding| if_it_exists(db, mesh, finding)));
    }
    all.into()
}

/// What a chart or a base that is not here may bring is not missing for sure.
fn if_it_exists(db: &dyn Db, mesh: Mesh, finding: Finding) -> Finding {
    let mut missing = finding.missing.iter();
    let may_be = missing.any(|(kind, ns)| may_exist(db, mesh, *kind, name(db, ns)));
    match may_be && finding.severity > Severity::Hint {
        true => finding.stepped_down(
            "a hint only, as a Helm chart or a base that is not read here may bring it",
        ),
        false => finding,
    }
}

fn findings_of_rule(db: &dyn Db, mesh: Mesh, rule: usize) -> Vec<Finding> {
    let mut found = Vec::new();
    match ALL.get(rule).map(|r| r.check) {
        Some(Check::Namespace(_) | Check::Sidecar(_) | Check::Gateway(_)) => {
            for ns in namespaces(db, mesh).iter() {
                found.extend(in_namespace(db, mesh, rule, name(db, ns)).iter().cloned());
            }
        }
        Some(Check::Mesh(_)) => found.extend(in_mesh(db, mesh, rule).iter().cloned()),
        Some(Check::Decoding) | None => {}
    }
    found
}

/// One rule on one namespace, and on the proxy classes of it.
#[salsa::tracked]
fn in_namespace<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    rule: usize,
    namespace: Name<'db>,
) -> Arc<[Finding]> {
    let of_classes = |kind, check: for<'x> fn(&'x dyn Db, Mesh, &_) -> Vec<Finding>| {
        let classes = classes_in(db, mesh, namespace);
        let classes = classes.iter().filter(|c| c.proxy.kind == kind);
        classes.flat_map(|c| check(db, mesh, c)).collect::<Vec<_>>()
    };
    let found = match ALL.get(rule).map(|r| r.check) {
        Some(Check::Namespace(check)) => check(db, mesh, namespace),
        Some(Check::Sidecar(check)) => of_classes(ProxyKind::Sidecar, check),
        Some(Check::Gateway(check)) => of_classes(ProxyKind::Router, check),
        Some(Check::Mesh(_) | Check::Decoding) | None => Vec::new(),
    };
    found.into()
}

/// One rule on the whole mesh.
#[salsa::tracked]
fn in_mesh(db: &dyn Db, mesh: Mesh, rule: usize) -> Arc<[Finding]> {
    match ALL.get(rule).map(|r| r.check) {
        Some(Check::Mesh(check)) => check(db, mesh).into(),
        _ => Arc::default(),
    }
}
