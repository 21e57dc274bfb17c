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
    Discovery, Fact, FileFacts, How, MeshSetting, Repository, Root, RootKind, Stated, discover,
    fact, split,
};

fn facts_of(files: &dyn Files, path: &str) -> Vec<Fact> {
    let Some(stream) = files.documents(path) else {
        return Vec::new();
    };
    let roots = stream.documents.iter().filter_map(|d| d.root());
    roots.filter_map(|root| fact(&read(root))).collect()
}

fn stated(path: &str, facts: Vec<Fact>) -> FileFacts {
    let facts = facts.into_iter().zip(0..);
    let facts = facts.map(|(fact, document)| Stated::in_file(fact, path, document));
    FileFacts {
        path: path.into(),
        facts: facts.collect(),
    }
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
                repository.files.push(stated(&relative, facts));
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
    let pieces = split(mesh, 8, &identities);
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
        repository.files.push(stated(path, vec![fact.clone()]));
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
    assert!(matches!(&root.applied[0].how, How::Argo(app) if app.namespace == "shop-dev"));
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
    let pieces = split(mesh, 8, &same);
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

fn flux(name: &str, path: &str) -> Fact {
    application(&format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}}}\nspec: {{path: {path}, sourceRef: {{name: flux-system}}}}\n"
    ))
}

/// The pieces of the only mesh when the roots in `dirs` all define one object.
fn pieces(repository: &Repository, dirs: &[&str]) -> Vec<meshscope_manifest::repository::Mesh> {
    let mesh = discover(repository, &[]).meshes.remove(0);
    let same = |root: &Root| match dirs.contains(&root.dir.as_str()) {
        true => vec![("VirtualService".into(), "shop".into(), "web".into())],
        false => Vec::new(),
    };
    split(mesh, 8, &same)
}

#[test]
fn what_nobody_applies_gives_way() {
    let files = [
        ("clusters/one/apps.yaml", flux("apps", "./apps")),
        ("leftovers/web.yaml", Fact::Resource),
        ("apps/kustomization.yaml", Fact::Resource),
    ];
    let repository = small(&["apps", "variants/mtls"], &files);
    let pieces = pieces(&repository, &["apps", "variants/mtls", "leftovers"]);
    assert_eq!(pieces.len(), 1, "{:?}", pieces[1].reason);
    let aside: Vec<&str> = pieces[0]
        .aside
        .iter()
        .map(|(r, _)| r.dir.as_str())
        .collect();
    assert_eq!(aside, ["leftovers", "variants/mtls"]);
    assert!(pieces[0].uncertain.is_none(), "{:?}", pieces[0].uncertain);
}

#[test]
fn what_one_controller_applies_to_one_cluster_is_together_whatever_it_defines() {
    let files = [
        ("clusters/one/apps.yaml", flux("apps", "./apps")),
        ("clusters/one/configs.yaml", flux("configs", "./configs")),
    ];
    let repository = small(&["apps", "configs"], &files);
    assert_eq!(pieces(&repository, &["apps", "configs"]).len(), 1);
}

#[test]
fn of_versions_beside_each_other_the_newest_counts() {
    let files = [
        ("install/v0.9.0/all.yaml", Fact::Resource),
        ("install/v0.10.0/all.yaml", Fact::Resource),
    ];
    let repository = small(&[], &files);
    let pieces = pieces(&repository, &["install/v0.9.0", "install/v0.10.0"]);
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].roots[0].dir, "install/v0.10.0");
}

#[test]
fn an_example_shows_what_is_usual() {
    let mut repository = small(
        &["istio/overlays/ambient", "istio/overlays/usual", "example"],
        &[],
    );
    let example = repository.kustomizations.get_mut("example").unwrap();
    example.directories.push("istio/overlays/usual".to_owned());
    let both = ["istio/overlays/ambient", "istio/overlays/usual"];
    let pieces = pieces(&repository, &both);
    assert_eq!(pieces[0].roots[0].dir, "istio/overlays/usual");
    assert_eq!(pieces.len(), 2);
}

#[test]
fn a_path_of_flux_may_be_left_open_or_be_that_of_an_artifact() {
    let files = [
        (
            "clusters/ONE/apps.yaml",
            flux("apps", "./clusters/CHANGE_TO_NAME/workload"),
        ),
        ("deploy/clusters/two/apps.yaml", flux("web", "./apps/web")),
    ];
    let repository = small(&["clusters/ONE/workload", "deploy/apps/web"], &files);
    let found = discover(&repository, &[]);
    let applied: Vec<&str> = found
        .meshes
        .iter()
        .flat_map(|m| &m.roots)
        .filter(|root| !root.applied.is_empty())
        .map(|root| root.dir.as_str())
        .collect();
    assert_eq!(applied, ["clusters/ONE/workload", "deploy/apps/web"]);
}

#[test]
fn of_many_alternatives_the_first_stand_for_all() {
    let dirs = ["a/1", "a/2", "a/3", "a/4"];
    let mesh = discover(&small(&dirs, &[]), &[]).meshes.remove(0);
    let same = |_: &Root| vec![("Gateway".into(), "shop".into(), "web".into())];
    let pieces = split(mesh, 2, &same);
    assert_eq!(pieces.len(), 2);
    for piece in &pieces {
        let aside: Vec<&str> = piece
            .aside
            .iter()
            .map(|(root, _)| root.dir.as_str())
            .collect();
        assert_eq!((piece.roots.len(), aside), (1, vec!["a/3", "a/4"]));
    }
}
