//! The meshes of real repositories, and of small ones.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{Disk, corpora, kustomizations};
use meshscope_manifest::Value;
use meshscope_manifest::kustomize::{Files, build, references};
use meshscope_manifest::read::node as read;
use meshscope_manifest::repository::{
    Discovery, Fact, FileFacts, MeshSetting, Repository, Root, RootKind, discover, fact, split,
};

fn facts_of(files: &dyn Files, path: &str) -> Vec<Fact> {
    let Some(stream) = files.documents(path) else {
        return Vec::new();
    };
    let roots = stream.documents.iter().filter_map(|d| d.root());
    roots.filter_map(|root| fact(&read(root))).collect()
}

fn repository(root: &Path) -> Repository {
    let files = Disk::new(root);
    let mut repository = Repository::default();
    for dir in kustomizations(root) {
        let named = references(&dir, &files);
        repository.kustomizations.insert(dir, named);
    }
    let mut stack = vec![root.to_path_buf()];
    while let Some(dir) = stack.pop() {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                stack.push(path);
                continue;
            }
            let relative = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if !relative.ends_with(".yaml") && !relative.ends_with(".yml") {
                continue;
            }
            let facts = facts_of(&files, &relative);
            if !facts.is_empty() || relative.ends_with("Chart.yaml") {
                let path = relative.into();
                repository.files.push(FileFacts { path, facts });
            }
        }
    }
    repository
}

fn show(name: &str, discovery: &Discovery) {
    for mesh in &discovery.meshes {
        let count = mesh.roots.len();
        println!(
            "{name}: `{}` of {count} roots: {}; {:?}",
            mesh.name, mesh.reason, mesh.uncertain
        );
    }
}

#[test]
fn two_gitops_repositories_are_one_cluster_each() {
    let Some(corpora) = corpora() else { return };
    for (name, at_least) in [
        ("hippocampus-dev+hippocampus", 90),
        ("energy-dsi+dpn-flux-deployment", 4),
    ] {
        let root = corpora.join("repos").join(name);
        let discovery = discover(&repository(&root), &[]);
        show(name, &discovery);
        assert_eq!(discovery.meshes.len(), 1, "{name}");
        let mesh = &discovery.meshes[0];
        let built = mesh.roots.iter().filter(|r| r.kind == RootKind::Kustomize);
        assert!(
            built.count() >= at_least,
            "{name}: {} roots",
            mesh.roots.len()
        );
        assert!(mesh.uncertain.is_none(), "{name}: {:?}", mesh.uncertain);
    }
}

#[test]
fn roots_of_one_mesh_define_an_object_once() {
    let Some(corpora) = corpora() else { return };
    let root = corpora.join("repos/hippocampus-dev+hippocampus");
    let files = Disk::new(&root);
    let identities = |root: &Root| {
        if root.kind != RootKind::Kustomize {
            return Vec::new();
        }
        let built = build(&root.dir, &files);
        let istio = |v: &Value| v.str_or_empty("apiVersion").contains("istio.io");
        let objects = built.objects.iter().map(|o| &o.value).filter(|v| istio(v));
        objects
            .map(|v| {
                let metadata = v.get("metadata");
                let (namespace, name) = (
                    metadata.str_or_empty("namespace"),
                    metadata.str_or_empty("name"),
                );
                (v.str_or_empty("kind"), namespace, name)
            })
            .collect()
    };
    let mesh = discover(&repository(&root), &[]).meshes.remove(0);
    let pieces = split(mesh, &identities);
    let roots: Vec<usize> = pieces.iter().map(|m| m.roots.len()).collect();
    println!("pieces of {roots:?} roots: {:?}", pieces[0].reason);
    assert_eq!(pieces.len(), 1, "{}", pieces[0].reason);
}

fn small(kustomizations: &[&str], files: &[(&str, Fact)]) -> Repository {
    let mut repository = Repository::default();
    for dir in kustomizations {
        repository
            .kustomizations
            .insert((*dir).to_owned(), Default::default());
    }
    for (path, fact) in files {
        let (path, facts) = ((*path).into(), vec![fact.clone()]);
        repository.files.push(FileFacts { path, facts });
    }
    repository
}

fn application(text: &str) -> Fact {
    let stream = meshscope_yaml::parse(text);
    fact(&read(stream.documents[0].root().unwrap())).unwrap()
}

fn names(discovery: &Discovery) -> BTreeMap<String, Vec<String>> {
    let dirs = |roots: &[Root]| roots.iter().map(|r| r.dir.to_string()).collect();
    let meshes = discovery.meshes.iter();
    meshes
        .map(|m| (m.name.to_string(), dirs(&m.roots)))
        .collect()
}

#[test]
fn environments_in_paths_keep_roots_apart_and_shared_ones_join_all() {
    let repository = small(
        &["apps/overlays/dev", "apps/overlays/prod", "infrastructure"],
        &[],
    );
    let found = names(&discover(&repository, &[]));
    assert_eq!(found["dev"], ["apps/overlays/dev", "infrastructure"]);
    assert_eq!(found["prod"], ["apps/overlays/prod", "infrastructure"]);
}

#[test]
fn argo_says_that_environments_are_namespaces_of_one_cluster() {
    let app = |env: &str| {
        application(&format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {env}}}\nspec:\n  \
             source: {{path: apps/overlays/{env}}}\n  destination: {{server: https://kubernetes.default.svc, namespace: shop-{env}}}\n"
        ))
    };
    let files = [
        ("argocd/dev.yaml", app("dev")),
        ("argocd/prod.yaml", app("prod")),
    ];
    let repository = small(&["apps/overlays/dev", "apps/overlays/prod"], &files);
    let discovery = discover(&repository, &[]);
    assert_eq!(discovery.meshes.len(), 1, "{:?}", names(&discovery));
    let root = &discovery.meshes[0].roots[0];
    assert_eq!(root.argo_namespace().map(|n| n.as_str()), Some("shop-dev"));
}

#[test]
fn archives_are_set_aside_and_settings_decide_alone() {
    let repository = small(&["archive/web", "apps/web", "apps/db"], &[]);
    let discovery = discover(&repository, &[]);
    assert_eq!(discovery.aside.len(), 1);
    let setting = MeshSetting {
        name: "web".into(),
        include: vec!["**/web".into()],
        exclude: vec!["archive".into()],
    };
    let found = names(&discover(&repository, &[setting]));
    assert_eq!(
        found,
        BTreeMap::from([("web".to_owned(), vec!["apps/web".to_owned()])])
    );
}

#[test]
fn two_roots_with_one_object_are_two_meshes() {
    let repository = small(&["a/mtls", "a/nomtls", "shared"], &[]);
    let mesh = discover(&repository, &[]).meshes.remove(0);
    let same = |root: &Root| match root.dir.as_str() {
        "shared" => vec![("Service".into(), "shop".into(), "db".into())],
        _ => vec![("DestinationRule".into(), "shop".into(), "web".into())],
    };
    let pieces = split(mesh, &same);
    assert_eq!(pieces.len(), 2);
    assert!(
        pieces
            .iter()
            .all(|m| m.roots.len() == 2 && m.uncertain.is_some())
    );
}

#[test]
fn templates_of_charts_are_no_roots() {
    let files = [
        ("charts/web/Chart.yaml", Fact::Resource),
        ("charts/web/templates/service.yaml", Fact::Resource),
        ("plain/service.yaml", Fact::Resource),
    ];
    let found = names(&discover(&small(&[], &files), &[]));
    assert!(found[""].contains(&"plain".to_owned()));
    assert!(!found[""].iter().any(|dir| dir.contains("templates")));
}
