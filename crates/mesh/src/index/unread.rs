//! Objects that files hold and istiod does not read (V:R7.3, V:R7.4).
//!
//! It must not know what is lost with them.

use super::config::control_planes;
use super::{
    ConfigSource, REVISION, is_discovered, is_of_revision, mesh_config_layers,
    namespace_definitions,
};
use crate::db::{Db, Mesh, Name};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why istiod does not read an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// No discovery selector takes the labels of its namespace.
    Namespace,
    /// Its label names this revision, and istiod is of another.
    Revision(Str),
}

/// The Istio objects of one namespace that istiod does not read, by kind and name.
#[salsa::tracked]
pub fn unread_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[(ResourceKey, Unread)]> {
    let discovered = is_discovered(db, mesh, namespace);
    let revision = &mesh.settings(db).revision;
    if discovered && revision.is_empty() {
        return Arc::default();
    }
    let definitions = namespace_definitions(db, mesh, namespace);
    let mut all: BTreeMap<&ResourceKey, &Arc<Resource>> = BTreeMap::new();
    for resource in definitions.values().flatten() {
        all.insert(&resource.key, resource);
    }
    // istiod reads no IstioOperator: it is made of one.
    let read = |r: &Resource| r.key.kind.is_istio() && r.key.kind != Kind::IstioOperator;
    let why = |r: &Resource| match discovered {
        false => Some(Unread::Namespace),
        true if is_of_revision(revision, r) => None,
        true => Some(Unread::Revision(r.meta.labels.get(REVISION)?.clone())),
    };
    let of_istio = all.into_values().filter(|r| read(r));
    of_istio
        .filter_map(|r| Some((r.key.clone(), why(r)?)))
        .collect()
}

/// Who says the discovery selectors of the mesh; `None` where nobody does, or where the files have
/// several control planes, each with its own.
pub fn discovery_source(db: &dyn Db, mesh: Mesh) -> Option<ConfigSource> {
    let layers = mesh_config_layers(db, mesh);
    let mut said = layers.iter().rev();
    let (source, _) = said.find(|(_, c)| !c.get("discoverySelectors").is_null())?;
    let alone = *source == ConfigSource::Settings || control_planes(db, mesh).len() == 1;
    alone.then(|| source.clone())
}

/// Whether a control plane of the files may be of a revision: one says so, or does not say which it is.
pub fn may_run(db: &dyn Db, mesh: Mesh, revision: &str) -> bool {
    let all = control_planes(db, mesh);
    all.iter().any(|c| c.as_ref().is_none_or(|r| r == revision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{MeshSettings, name};
    use crate::testing::mesh_of_files;

    const SELECTORS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: 'discoverySelectors: [{matchLabels: {mesh: a}}]'}\n";
    const ENTRY: &str = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: shop, labels: {istio.io/rev: old}}\nspec: {hosts: [a.org]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {ports: [{port: 80}]}\n";

    fn unread(files: &[&str], revision: &str) -> Vec<(String, Unread)> {
        let settings = MeshSettings {
            revision: revision.into(),
            ..MeshSettings::default()
        };
        let (db, mesh, _) = mesh_of_files(files, settings);
        let found = unread_in(&db, mesh, name(&db, "shop")).iter();
        found
            .map(|(key, why)| (key.to_string(), why.clone()))
            .collect()
    }

    #[test]
    fn istiod_reads_its_revision_and_selected_namespaces() {
        let entry = |why| vec![("ServiceEntry shop/e".to_owned(), why)];
        assert!(unread(&[ENTRY], "").is_empty());
        assert!(unread(&[ENTRY], "old").is_empty());
        assert_eq!(
            unread(&[ENTRY], "new"),
            entry(Unread::Revision("old".into()))
        );
        assert_eq!(unread(&[ENTRY, SELECTORS], ""), entry(Unread::Namespace));
    }

    #[test]
    fn selectors_of_one_control_plane_among_several_are_not_those_of_the_mesh() {
        let source = |files: &[&str]| {
            let (db, mesh, _) = mesh_of_files(files, MeshSettings::default());
            discovery_source(&db, mesh).is_some()
        };
        let other = SELECTORS.replace("name: istio,", "name: istio-canary,");
        assert!(source(&[SELECTORS]));
        assert!(!source(&[SELECTORS, &other]));
        assert!(!source(&[ENTRY]));
    }
}
