//! After any script of edits, renames, deletions and additions a workspace says what a fresh one says.

#![allow(clippy::unwrap_used)] // a test

mod state;

use meshscope::{MemoryFileSystem, Workspace};
use proptest::prelude::*;
use state::state;
use std::collections::BTreeMap;

const PATHS: [&str; 6] = [
    "a.yaml",
    "b.yaml",
    "apps/c.yaml",
    "apps/d.yaml",
    "z.yml",
    "meshscope.yaml",
];

/// Texts that clash with each other, lean on each other, and break.
const TEXTS: [&str; 14] = [
    "",
    "# nothing\n",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: bank, labels: {istio-injection: enabled}}\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{name: http, port: 80}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: bank}\nspec: {selector: {app: web}, ports: [{name: tcp, port: 80}]}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web, sidecar.istio.io/inject: 'true'}}\n    spec: {containers: [{name: web}]}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: teller, namespace: bank}\nspec:\n  selector: {matchLabels: {app: teller}}\n  template:\n    metadata: {labels: {app: teller}}\n    spec: {containers: [{name: teller}]}\n",
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: [web], http: [{route: [{destination: {host: web, subset: v1}}]}]}\n",
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: [web], exportTo: [.], http: [{timeout: soon}]}\n",
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\nspec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}\n",
    "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: default, namespace: bank}\nspec: {egress: [{hosts: [./*]}]}\n",
    "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: out}\nspec: {hosts: [api.example.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: 'rootNamespace: bank'}\n",
    "kind: Service\nmetadata: [\n---\n# meshscope: ignore unknown-field\napiVersion: v1\nkind: Service\nmetadata: {name: half, namespace: shop}\nspec: {port: 80}\n",
];

const SETTINGS: [&str; 5] = [
    "",
    "meshes: [{name: apps, include: [apps]}, {name: rest, exclude: [apps], domain: rest.local}]\n",
    "default_namespace: shop\nroot_namespace: bank\n",
    "meshes: [{name: rest, include: ['*.yaml']}]\nrules: {unknown-field: hint}\n",
    "assume: {namespaces: [shop], services: [{name: db, namespace: shop, ports: [80]}]}\n",
];

#[derive(Clone, Debug)]
enum Step {
    Set(usize, usize),
    Remove(usize),
    Rename(usize, usize),
    Ask,
}

fn step() -> impl Strategy<Value = Step> {
    let path = 0..PATHS.len();
    prop_oneof![
        5 => (path.clone(), 0..TEXTS.len()).prop_map(|(p, t)| Step::Set(p, t)),
        1 => path.clone().prop_map(Step::Remove),
        // Settings stay where they are: a manifest in their place would be another matter.
        1 => (0..PATHS.len() - 1, 0..PATHS.len() - 1).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => Just(Step::Ask),
    ]
}

fn text_for(path: &str, text: usize) -> &'static str {
    if path == "meshscope.yaml" {
        SETTINGS[text % SETTINGS.len()]
    } else {
        TEXTS[text]
    }
}

fn fresh(files: &BTreeMap<&str, &str>) -> Workspace {
    let fs = files
        .iter()
        .fold(MemoryFileSystem::new(), |fs, (path, text)| {
            fs.with(*path, *text)
        });
    Workspace::open("".into(), &fs).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_workspace_that_was_edited_says_what_a_fresh_one_says(
        start in prop::collection::vec((0..PATHS.len(), 0..TEXTS.len()), 0..6),
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut files: BTreeMap<&str, &str> = BTreeMap::new();
        for (path, text) in start {
            files.insert(PATHS[path], text_for(PATHS[path], text));
        }
        let mut workspace = fresh(&files);
        for step in steps {
            match step {
                Step::Set(path, text) => {
                    let (path, text) = (PATHS[path], text_for(PATHS[path], text));
                    files.insert(path, text);
                    workspace.set_text(path, text);
                }
                Step::Remove(path) => {
                    files.remove(PATHS[path]);
                    workspace.remove(PATHS[path]);
                }
                Step::Rename(from, to) => {
                    if let Some(text) = files.remove(PATHS[from]) {
                        files.insert(PATHS[to], text);
                    }
                    workspace.rename(PATHS[from], PATHS[to]);
                }
                Step::Ask => prop_assert_eq!(state(&workspace), state(&fresh(&files))),
            }
        }
        prop_assert_eq!(state(&workspace), state(&fresh(&files)));
    }
}
