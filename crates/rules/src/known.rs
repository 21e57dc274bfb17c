//! What the files can say, and what was probably meant: a repository is not a mesh, so a rule asks
//! here before it calls something missing.

use meshscope_manifest::repository::is_unknown as is_placeholder;
use meshscope_manifest::{Kind, Str};
use meshscope_mesh::db::{Db, Mesh, name};
use meshscope_mesh::index::{
    facts, is_incomplete, is_unknown_namespace, mesh_config_object, namespace_object, namespaces,
    objects,
};
use meshscope_mesh::names::{is_wildcard, matches};
use meshscope_mesh::registry::{services_in, similar_hosts};
use meshscope_mesh::workloads::workloads_in;

/// Whether a text holds something nobody has filled in yet: a placeholder, or a namespace that no
/// file says. Nothing is said about such a value.
pub fn is_unknown(text: &str) -> bool {
    is_unknown_namespace(text) || text.contains(".?") || is_placeholder(text)
}

/// How well the files describe a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Described {
    /// Nothing of it that could hold what is missing.
    No,
    /// Its Namespace object, or a Service or workload in it.
    Partly,
    /// Plain files hold it: its Namespace object or workloads, and Services or workloads.
    Fully,
}

/// How well the files describe a namespace.
pub fn described(db: &dyn Db, mesh: Mesh, namespace: &str) -> Described {
    if is_unknown(namespace) {
        return Described::No;
    }
    let ns = name(db, namespace);
    let object = namespace_object(db, mesh, ns).is_some();
    // Control planes are installed from charts that no file lists.
    let system = namespace == facts(db, mesh).root() || namespace.starts_with("kube-");
    let services = !objects(db, mesh, ns, Kind::Service).is_empty();
    let workloads = !workloads_in(db, mesh, ns).is_empty();
    let whole = !system && !*is_incomplete(db, mesh, ns);
    match (object, services, workloads) {
        (false, false, false) => Described::No,
        (true, _, true) | (true, true, _) | (_, true, true) if whole => Described::Fully,
        _ => Described::Partly,
    }
}

/// Whether files or settings say anything of the mesh config: else defaults are only assumed.
pub fn says_mesh_config(db: &dyn Db, mesh: Mesh) -> bool {
    mesh_config_object(db, mesh).is_some() || !mesh.settings(db).mesh_config.is_empty()
}

/// The Service name and namespace that a host of the cluster's domain means.
pub fn kubernetes_host<'h>(db: &dyn Db, mesh: Mesh, host: &'h str) -> Option<(&'h str, &'h str)> {
    let suffix = format!(".svc.{}", facts(db, mesh).domain);
    let (service, namespace) = host.strip_suffix(suffix.as_str())?.split_once('.')?;
    (!namespace.contains('.')).then_some((service, namespace))
}

/// Whether a Service of this host's name is written without a namespace: it may be the one.
pub fn may_be_unplaced(db: &dyn Db, mesh: Mesh, host: &str) -> bool {
    let similar = similar_hosts(db, mesh, name(db, host));
    similar.1.iter().any(|h| is_unknown(h))
}

/// Whether an object of this name is written without a namespace: it may be the one.
pub fn is_unplaced(db: &dyn Db, mesh: Mesh, kind: Kind, object: &str) -> bool {
    let all = namespaces(db, mesh);
    let unknown = all.iter().filter(|ns| is_unknown_namespace(ns));
    unknown.into_iter().any(|ns| {
        let listed = objects(db, mesh, name(db, ns), kind);
        listed.iter().any(|o| o.key.name == object)
    })
}

/// The declared host that was probably meant instead of `host`.
pub fn meant_host(db: &dyn Db, mesh: Mesh, host: &str) -> Option<Str> {
    let similar = similar_hosts(db, mesh, name(db, host));
    let (siblings, namesakes) = &**similar;
    if is_wildcard(host) {
        return siblings.iter().find(|h| matches(h, host)).cloned();
    }
    let typo = nearest(host, siblings.iter().map(Str::as_str));
    if let Some(typo) = typo {
        return Some(typo.into());
    }
    let facts = facts(db, mesh);
    let local = |h: &&Str| h.ends_with(&format!(".svc.{}", facts.domain)) && !is_unknown(h);
    if let Some((_, _)) = kubernetes_host(db, mesh, host) {
        return namesakes.iter().find(local).cloned();
    }
    // `name.namespace` is no host of the cluster (V:R0.15).
    let full = format!("{host}.svc.{}", facts.domain);
    let (_, namespace) = host.split_once('.')?;
    let services = services_in(db, mesh, name(db, namespace));
    services
        .iter()
        .map(|s| &s.host)
        .find(|h| **h == full)
        .cloned()
}

/// The candidate at most two edits away, and less than a third of the text.
pub fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let most = 2.min(text.split('.').next().unwrap_or(text).len() / 3);
    candidates
        .filter(|c| *c != text && c.len().abs_diff(text.len()) <= most)
        .map(|c| (distance(text, c), c))
        .filter(|(d, _)| *d <= most)
        .min()
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace) between two texts.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX);
            let left = row.get(j).copied().unwrap_or(usize::MAX);
            let cost = (diagonal + usize::from(x != *y))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = cost;
            }
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_near_and_other_names_are_not() {
        assert_eq!(distance("reviews", "reviws"), 1);
        assert_eq!(
            nearest("reviws", ["reviews", "ratings"].into_iter()),
            Some("reviews")
        );
        assert_eq!(nearest("v1", ["v2"].into_iter()), None);
        assert_eq!(nearest("web", ["api"].into_iter()), None);
    }

    #[test]
    fn placeholders_are_unknown() {
        assert!(is_unknown("web.${NS}.svc.cluster.local"));
        assert!(is_unknown("?base/app"));
        assert!(!is_unknown("web.shop.svc.cluster.local"));
    }
}
