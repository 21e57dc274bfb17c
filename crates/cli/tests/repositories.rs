//! Repositories of several meshes, and of uncertain ones, as the commands show them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A repository on disk, gone when the test is.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Repository {
        let root = std::env::temp_dir().join(format!("meshscope-{name}-{}", std::process::id()));
        for (path, bytes) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        Repository(root)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshscope"));
        command.arg("--root").arg(&self.0).args(arguments);
        command.output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.run(arguments).stdout).unwrap()
    }

    /// The findings of a rule, each as severity, meshes and help.
    fn findings(&self, rule: &str) -> Vec<(String, Vec<String>, String)> {
        let report = self.json(&["check", "--format", "json"]);
        let found = report["findings"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        found
            .filter(|f| f["rule"] == rule)
            .map(|f| {
                let others = f["meshes"].as_array().cloned().unwrap_or_default();
                let meshes = std::iter::once(text(&f["mesh"])).chain(others.iter().map(text));
                (text(&f["severity"]), meshes.collect(), text(&f["help"]))
            })
            .collect()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const VIRTUAL_SERVICE: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\n\
                               spec: {hosts: [web], http: [{timeout: never, route: [{destination: {host: web}}]}]}\n";

#[test]
fn a_finding_of_a_base_is_reported_once_with_the_meshes_it_holds_in() {
    let overlay = b"namespace: shop\nresources: [../../base]\n";
    let repository = Repository::new(
        "once",
        &[
            ("base/kustomization.yaml", b"resources: [vs.yaml]\n"),
            ("base/vs.yaml", VIRTUAL_SERVICE.as_bytes()),
            ("overlays/dev/kustomization.yaml", overlay),
            ("overlays/prod/kustomization.yaml", overlay),
            ("examples/one/kustomization.yaml", overlay),
        ],
    );
    let found = repository.findings("invalid-field-value");
    let meshes: Vec<&[String]> = found.iter().map(|(_, meshes, _)| &meshes[..]).collect();
    assert_eq!(meshes, [["dev", "prod"]]);
    let listing = repository.json(&["meshes", "--format", "json"]);
    assert_eq!(listing["aside"][0]["path"], "examples/one");
    let human = repository.run(&["meshes"]).stdout;
    let human = String::from_utf8(human).unwrap();
    assert!(
        human.contains("set aside: examples/one: `examples` is in its path"),
        "{human}"
    );
}

#[test]
fn in_an_uncertain_mesh_what_is_missing_or_there_twice_is_a_hint_that_says_so() {
    let shop = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n---\n\
                apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{name: http, port: 80}]}\n---\n\
                apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\n\
                spec: {hosts: [web], gateways: [gone], http: [{route: [{destination: {host: web}}]}]}\n";
    let other = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{name: http, port: 81}]}\n";
    let certain = Repository::new("certain", &[("shop.yaml", shop.as_bytes())]);
    assert_eq!(
        certain.findings("gateway-reference-unresolved")[0].0,
        "error"
    );
    assert_eq!(certain.run(&["check"]).status.code(), Some(1));
    let files = [
        ("shop.yaml", shop.as_bytes()),
        ("other.yaml", other.as_bytes()),
    ];
    let uncertain = Repository::new("uncertain", &files);
    for rule in ["gateway-reference-unresolved", "duplicate-resource"] {
        let (severity, _, help) = uncertain.findings(rule).remove(0);
        assert_eq!(severity, "hint", "{rule}");
        assert!(
            help.contains("a hint only, as the mesh is uncertain"),
            "{rule}: {help}"
        );
    }
    assert_eq!(uncertain.run(&["check"]).status.code(), Some(0));
    let listing = uncertain.json(&["meshes", "--format", "json"]);
    let why = listing["meshes"][0]["uncertain"].as_str().unwrap();
    assert!(why.contains("Service shop/web"), "{why}");
}

#[test]
fn a_repository_that_was_hurt_is_reported_about_and_never_refused() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n";
    let latin = [service.as_bytes(), b"# caf\xe9\n"].concat();
    let repository = Repository::new(
        "hurt",
        &[
            ("latin.yaml", &latin),
            (
                "tabs.yaml",
                b"apiVersion: v1\nkind: Service\nmetadata:\n\tname: x\n",
            ),
            (
                "half.yaml",
                b"apiVersion: v1\nkind: Service\nmetadata: {name: x\n",
            ),
        ],
    );
    let output = repository.run(&["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let files: Vec<String> = {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = report["findings"].as_array().unwrap().iter();
        let file = |f: &Value| {
            f["location"]["file"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        found.map(file).collect()
    };
    for file in ["latin.yaml", "tabs.yaml", "half.yaml"] {
        assert!(files.iter().any(|f| f == file), "{file}: {files:?}");
    }
}

#[test]
fn init_writes_the_meshes_that_were_found_and_changes_nothing() {
    let overlay = b"namespace: shop\nresources: [vs.yaml]\n";
    let repository = Repository::new(
        "init",
        &[
            ("web/overlays/dev/kustomization.yaml", overlay),
            ("web/overlays/dev/vs.yaml", VIRTUAL_SERVICE.as_bytes()),
            ("web/overlays/prod/kustomization.yaml", overlay),
            ("web/overlays/prod/vs.yaml", VIRTUAL_SERVICE.as_bytes()),
        ],
    );
    let before = repository.json(&["meshes", "--format", "json"])["meshes"].clone();
    assert_eq!(repository.run(&["init"]).status.code(), Some(0));
    let written = std::fs::read_to_string(repository.0.join("meshscope.yaml")).unwrap();
    assert!(
        written.contains("#- {name: dev, include: [web/overlays/dev]}"),
        "{written}"
    );
    assert!(written.contains("# `dev` is in the path"), "{written}");
    let after = repository.json(&["meshes", "--format", "json"])["meshes"].clone();
    assert_eq!(after, before);
}
