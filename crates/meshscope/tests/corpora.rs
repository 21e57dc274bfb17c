//! Real repositories: one mesh each, and no object twice inside what a kustomization builds.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

#[path = "../../manifest/tests/common/mod.rs"]
mod common;

use camino::Utf8Path;
use common::corpora;
use meshscope::engine::Source;
use meshscope::engine::index::unit_objects;
use meshscope::{OsFileSystem, Workspace};
use std::collections::BTreeSet;

fn open(repository: &str) -> Option<Workspace> {
    let root = corpora()?.join("repos").join(repository);
    let root = Utf8Path::from_path(&root).expect("a path in UTF-8");
    Some(Workspace::open(root, &OsFileSystem).expect("a repository"))
}

#[test]
fn ninety_roots_are_one_cluster() {
    let name = "hippocampus-dev+hippocampus";
    let Some(workspace) = open(name) else { return };
    let meshes: Vec<_> = workspace.meshes().map(|m| (m.name(), m.reason())).collect();
    assert_eq!(meshes.len(), 1, "{name}: {meshes:?}");
}

#[test]
fn no_object_is_twice_inside_a_root() {
    for name in [
        "hippocampus-dev+hippocampus",
        "energy-dsi+dpn-flux-deployment",
        "kubeflow+manifests",
    ] {
        let Some(workspace) = open(name) else { return };
        let db = workspace.db();
        for mesh in workspace.meshes() {
            let units = mesh.input().units(db).iter();
            for unit in units.filter(|u| matches!(u.source, Source::Kustomization(_))) {
                let mut seen = BTreeSet::new();
                for resource in unit_objects(db, unit)
                    .into_iter()
                    .filter_map(|o| o.resource)
                {
                    assert!(
                        seen.insert(resource.key.clone()),
                        "{name}: {} is twice in {unit:?}",
                        resource.key
                    );
                }
            }
        }
    }
}
