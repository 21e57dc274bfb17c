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
use std::fmt::Write;

fn open(repository: &str) -> Option<Workspace> {
    let root = corpora()?.join("repos").join(repository);
    let root = Utf8Path::from_path(&root).expect("a path in UTF-8");
    Some(Workspace::open(root, &OsFileSystem).expect("a repository"))
}

/// Every repository of the corpora, opened.
fn each(mut check: impl FnMut(&str, &mut Workspace)) {
    let Some(corpora) = corpora() else { return };
    let repositories = std::fs::read_dir(corpora.join("repos")).expect("the corpora");
    let mut names: Vec<String> = repositories
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    for name in names {
        let mut workspace = open(&name).expect("the corpora");
        check(&name, &mut workspace);
    }
}

#[test]
fn gitops_repositories_are_one_cluster_each() {
    for name in [
        "hippocampus-dev+hippocampus",
        "energy-dsi+dpn-flux-deployment",
        "xunholy+k8s-gitops",
        "stefanprodan+gitops-istio",
    ] {
        let Some(workspace) = open(name) else { return };
        let meshes: Vec<_> = workspace.meshes().map(|m| (m.name(), m.reason())).collect();
        assert_eq!(meshes.len(), 1, "{name}: {meshes:?}");
        let mesh = workspace.meshes().next().expect("a mesh");
        assert_eq!(mesh.uncertain(), None, "{name}");
    }
}

/// No object is twice inside a root.
fn assert_no_doubles(name: &str, workspace: &Workspace) {
    let db = workspace.db();
    for mesh in workspace.meshes() {
        let units = mesh.input().units(db).iter();
        for unit in units.filter(|u| matches!(u.source, Source::Kustomization(_))) {
            let mut seen = BTreeSet::new();
            for object in unit_objects(db, unit) {
                let Some(resource) = object.resource else {
                    continue;
                };
                let key = &resource.key;
                assert!(
                    seen.insert(key.clone()),
                    "{name}: {key} is twice in {unit:?}"
                );
            }
        }
    }
}

/// Rules that look for what a name means.
const OF_NAMES: [&str; 6] = [
    "destination-host-unknown",
    "destination-port-unknown",
    "gateway-reference-unresolved",
    "virtual-service-host-unknown",
    "delegate-unresolved",
    "subset-unknown",
];

/// Nothing is missed whose name is a placeholder; how many findings are about names.
fn assert_no_placeholders(name: &str, workspace: &Workspace) -> usize {
    let mut about_names = 0;
    for finding in workspace.report(None).findings {
        let about_name = OF_NAMES.contains(&finding.rule.as_str());
        let mut marks = ["${", "$(", "{{"].iter();
        let open = marks.any(|mark| finding.message.contains(mark));
        assert!(!(about_name && open), "{name}: {finding:?}");
        about_names += usize::from(about_name);
    }
    about_names
}

/// Each mesh with the paths of what it is made from.
fn shape(workspace: &Workspace) -> Vec<(String, Vec<String>)> {
    let db = workspace.db();
    let meshes = workspace.meshes().map(|mesh| {
        let units = mesh.input().units(db).iter();
        let mut paths: Vec<String> = units.map(|unit| unit.path(db).to_string()).collect();
        paths.dedup();
        (mesh.name().to_owned(), paths)
    });
    meshes.collect()
}

/// What is proposed as settings finds the same meshes again.
fn assert_round_trip(name: &str, workspace: &mut Workspace) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let found = shape(workspace);
    let mut settings = "version: 1\nmeshes:\n".to_owned();
    for mesh in workspace.proposals() {
        let include: Vec<String> = mesh.include.iter().map(|path| quoted(path)).collect();
        let (name, include) = (quoted(&mesh.name), include.join(", "));
        let _ = writeln!(settings, "- {{name: {name}, include: [{include}]}}");
    }
    workspace.set_text("meshscope.yaml", &settings);
    assert_eq!(workspace.settings().problems, [], "{name}");
    assert_eq!(shape(workspace), found, "{name}");
}

#[test]
fn what_holds_in_every_repository() {
    let mut about_names = 0;
    each(|name, workspace| {
        assert_no_doubles(name, workspace);
        about_names += assert_no_placeholders(name, workspace);
        assert_round_trip(name, workspace);
    });
    assert!(
        about_names > 0 || corpora().is_none(),
        "no rule found anything to look at"
    );
}
