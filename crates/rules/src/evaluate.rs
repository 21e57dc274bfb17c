//! Runs rules over a mesh, each on its unit, memoized per unit.
//!
//! Firewall: a namespace or class whose inputs did not change is not evaluated again, and of those
//! that are only the ones that now find something else are looked at again.

use crate::finding::{Finding, merged};
use crate::registry::ALL;
use crate::rule::Check;
use meshscope_manifest::validate::Severity;
use meshscope_mesh::across;
use meshscope_mesh::db::{Db, Mesh, Name, name};
use meshscope_mesh::index::may_exist;
use meshscope_mesh::workloads::{ProxyKind, classes_in};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Findings of one rule, shared between the memos that hold them.
pub type Found = Arc<[Arc<Finding>]>;

/// All findings of a mesh that rules make (those of reading and decoding are not among them), in
/// order of the catalogue. Equal findings of several classes are one.
#[salsa::tracked]
pub fn findings(db: &dyn Db, mesh: Mesh) -> Found {
    let mut by_rule: BTreeMap<usize, Vec<Arc<Finding>>> = BTreeMap::new();
    for (_, of_namespace) in each_namespace(db, mesh) {
        for (rule, found) in of_namespace.iter() {
            by_rule.entry(*rule).or_default().extend_from_slice(found);
        }
    }
    for (rule, _) in checks().filter(|(_, check)| matches!(check, Check::Mesh(_))) {
        by_rule.insert(rule, in_mesh(db, mesh, rule).to_vec());
    }
    by_rule.into_values().flat_map(merged).collect()
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

/// Evaluates all rules on one namespace, so that [`findings`] finds it done.
pub fn prime(db: &dyn Db, mesh: Mesh, namespace: &str) {
    of_namespace(db, mesh, name(db, namespace));
}

/// Brings what all rules find in one group of namespaces up to date, see [`mod@across`].
pub fn refresh(db: &dyn Db, mesh: Mesh, group: usize) {
    of_group(db, mesh, group);
}

fn checks() -> impl Iterator<Item = (usize, Check)> {
    ALL.iter().map(|rule| rule.check).enumerate()
}

/// What all rules find in one namespace; rules that find nothing are left out.
#[salsa::tracked]
fn of_namespace<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[(usize, Found)]> {
    let mut classes = classes_in(db, mesh, namespace).iter();
    let has_gateways = classes.any(|class| class.proxy.kind == ProxyKind::Router);
    let applies = |check: &Check| match check {
        Check::Mesh(_) | Check::Decoding => false,
        Check::Gateway(_) => has_gateways,
        Check::Namespace(_) | Check::Sidecar(_) => true,
    };
    checks()
        .filter(|(_, check)| applies(check))
        .map(|(rule, _)| (rule, in_namespace(db, mesh, rule, namespace).clone()))
        .filter(|(_, found)| !found.is_empty())
        .collect()
}

across! {
    fn each_namespace() -> Arc<[(usize, Found)]> = of_namespace in of_group;
}

/// One rule on one namespace, and on the proxy classes of it.
#[salsa::tracked]
fn in_namespace<'db>(db: &'db dyn Db, mesh: Mesh, rule: usize, namespace: Name<'db>) -> Found {
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
    let found = found.into_iter();
    found
        .map(|finding| Arc::new(if_it_exists(db, mesh, finding)))
        .collect()
}

/// One rule on the whole mesh.
#[salsa::tracked]
fn in_mesh(db: &dyn Db, mesh: Mesh, rule: usize) -> Found {
    let found = match ALL.get(rule).map(|r| r.check) {
        Some(Check::Mesh(check)) => check(db, mesh),
        _ => Vec::new(),
    };
    let found = found.into_iter();
    found
        .map(|finding| Arc::new(if_it_exists(db, mesh, finding)))
        .collect()
}
