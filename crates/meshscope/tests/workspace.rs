//! Opening a repository and editing it in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use camino::Utf8Path;
use meshscope::manifest::{Kind, ResourceKey};
use meshscope::{Database, FileSystem, MemoryFileSystem, MeshSpec, OsFileSystem};
use meshscope::{Settings, Workspace};
use std::sync::{Arc, Mutex};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n";

fn open(fs: &MemoryFileSystem) -> Workspace {
    Workspace::open(Utf8Path::new("/repo"), fs).unwrap()
}

fn has(workspace: &Workspace, kind: Kind, namespace: &str, name: &str) -> bool {
    let mesh = workspace.meshes().next().unwrap();
    let key = ResourceKey::new(kind, namespace, name);
    mesh.problems(&key).is_some()
}

#[test]
fn edits_renames_and_removals_are_seen() {
    let fs = MemoryFileSystem::new()
        .with("/repo/a.yaml", SERVICE)
        .with("/repo/README.md", "no manifest");
    let mut workspace = open(&fs);
    assert_eq!(workspace.files().count(), 1);
    assert!(has(&workspace, Kind::Service, "shop", "web"));
    workspace.set_text("a.yaml", &SERVICE.replace("web", "api"));
    assert!(!has(&workspace, Kind::Service, "shop", "web"));
    assert!(has(&workspace, Kind::Service, "shop", "api"));
    workspace.rename("a.yaml", "b/c.yaml");
    assert!(workspace.file("a.yaml").is_none());
    assert!(has(&workspace, Kind::Service, "shop", "api"));
    workspace.remove("b/c.yaml");
    assert!(!has(&workspace, Kind::Service, "shop", "api"));
    workspace.set_text("a.yaml", SERVICE);
    assert!(has(&workspace, Kind::Service, "shop", "web"));
    assert_eq!(workspace.files().count(), 1);
}

#[test]
fn an_equal_text_changes_nothing() {
    let executed = Arc::new(Mutex::new(0));
    let count = executed.clone();
    let db = Database::with_events(move |event| {
        if matches!(event.kind, salsa::EventKind::WillExecute { .. }) {
            *count.lock().unwrap() += 1;
        }
    });
    let fs = MemoryFileSystem::new().with("/repo/a.yaml", SERVICE);
    let root = Utf8Path::new("/repo");
    let mut workspace = Workspace::open_with(root, &fs, Settings::default(), db).unwrap();
    assert!(has(&workspace, Kind::Service, "shop", "web"));
    *executed.lock().unwrap() = 0;
    workspace.set_text("a.yaml", SERVICE);
    assert!(has(&workspace, Kind::Service, "shop", "web"));
    assert_eq!(*executed.lock().unwrap(), 0);
}

#[test]
fn the_last_definition_in_load_order_counts_and_settings_choose_the_order() {
    let fs = MemoryFileSystem::new()
        .with("/repo/a/s.yaml", SERVICE)
        .with("/repo/b/s.yaml", SERVICE)
        .with("/repo/c/s.yaml", SERVICE);
    let settings = Settings {
        meshes: vec![MeshSpec {
            include: vec!["b".into(), "a".into()],
            ..MeshSpec::default()
        }],
        ..Settings::default()
    };
    let root = Utf8Path::new("/repo");
    let workspace = Workspace::open_with(root, &fs, settings, Database::default()).unwrap();
    let mesh = workspace.meshes().next().unwrap();
    let units = mesh.input().units(mesh.db()).iter();
    let of_unit = |unit| meshscope::engine::index::unit_files(mesh.db(), unit);
    let files = units.flat_map(|unit| of_unit(unit).to_vec());
    let paths: Vec<_> = files.map(|f| f.path(mesh.db()).to_string()).collect();
    assert_eq!(paths, ["b/s.yaml", "a/s.yaml"]);
}

#[test]
fn what_is_not_utf8_is_read_as_far_as_it_goes() {
    let mut bytes = SERVICE.as_bytes().to_vec();
    bytes.extend(b"# \xff\n");
    let workspace = open(&MemoryFileSystem::new().with("/repo/a.yaml", bytes));
    assert!(has(&workspace, Kind::Service, "shop", "web"));
    assert_eq!(workspace.problems().len(), 1);
    assert!(!workspace.problems()[0].skipped);
}

#[test]
fn an_operator_installs_its_gateways() {
    let operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  \
                    profile: empty\n  components:\n    ingressGateways:\n    - {name: front, \
                    enabled: true, label: {istio: front}}\n";
    let gateway = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g, \
                   namespace: shop}\nspec: {selector: {istio: front}}\n";
    let fs = MemoryFileSystem::new()
        .with("/repo/operator.yaml", operator)
        .with("/repo/gateway.yaml", gateway);
    let mut workspace = open(&fs);
    let attached = |workspace: &Workspace| {
        let mesh = workspace.meshes().next().unwrap();
        mesh.attachments("shop", "g").unwrap()
    };
    assert_eq!(attached(&workspace), ["istio-system/front"]);
    workspace.set_text("operator.yaml", &operator.replace("front", "back"));
    assert!(attached(&workspace).is_empty());
}

#[cfg(unix)]
#[test]
fn the_disk_is_walked_inside_the_root_only() {
    let base = std::env::temp_dir().join(format!("meshscope-walk-{}", std::process::id()));
    let root = base.join("repo");
    std::fs::create_dir_all(root.join("ignored")).unwrap();
    std::fs::create_dir_all(base.join("outside")).unwrap();
    for path in ["a.yml", "b.JSON", "c.txt", "ignored/d.yaml"] {
        std::fs::write(root.join(path), SERVICE).unwrap();
    }
    std::fs::write(root.join(".gitignore"), "ignored/\n").unwrap();
    std::fs::write(base.join("outside/x.yaml"), SERVICE).unwrap();
    std::os::unix::fs::symlink(base.join("outside"), root.join("out")).unwrap();
    std::os::unix::fs::symlink(root.join("a.yml"), root.join("link.yaml")).unwrap();
    let root = Utf8Path::from_path(&root).unwrap();
    let found = OsFileSystem.walk(root).unwrap();
    assert_eq!(found.files, ["a.yml", "b.JSON"]);
    assert_eq!(found.links, [("link.yaml".into(), "a.yml".into())]);
    assert_eq!(found.skipped.len(), 1);
    let workspace = Workspace::open(root, &OsFileSystem).unwrap();
    assert!(workspace.file("link.yaml").is_some());
    std::fs::remove_dir_all(&base).unwrap();
}

/// A mesh with faults of texts, of objects and of the mesh, a suppression and a broken document.
const FAULTY: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - route:
    - destination: {host: nowhere}
      wieght: 3
  - timeout: soon
---
a: [1
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: other, namespace: shop}
spec: {hosts: [web], hostss: [x]} # meshscope: ignore unknown-field
";

#[test]
fn the_findings_of_one_file_are_those_of_the_report_that_rest_on_it() {
    let fs = MemoryFileSystem::new()
        .with("/repo/a.yaml", SERVICE)
        .with("/repo/faulty.yaml", FAULTY)
        .with("/repo/meshscope.yaml", "rules: {unknown-fild: off}\n");
    let workspace = open(&fs);
    let report = workspace.report(None).findings;
    let mut rules_are_asked = false;
    for (path, _) in workspace.files() {
        let here = report
            .iter()
            .filter(|f| f.location.as_ref().unwrap().file == *path);
        let (resting, others): (Vec<_>, Vec<_>) = here.cloned().partition(|f| f.rests_on_file());
        assert_eq!(workspace.report_of_file(path), resting, "{path}");
        rules_are_asked |= !others.is_empty();
    }
    assert!(rules_are_asked);
}

#[test]
fn a_snapshot_answers_as_its_workspace_and_many_texts_are_one_change() {
    let fs = MemoryFileSystem::new().with("/repo/a.yaml", SERVICE);
    let mut workspace = open(&fs);
    let snapshot = workspace.snapshot();
    let seen = std::thread::spawn(move || has(&snapshot, Kind::Service, "shop", "web"));
    assert!(seen.join().unwrap());
    let api = SERVICE.replace("web", "api");
    workspace.set_texts(&[
        ("a.yaml".into(), None),
        ("b.yaml".into(), Some(api.as_str().into())),
        ("c.yaml".into(), None),
    ]);
    assert!(!has(&workspace, Kind::Service, "shop", "web"));
    assert!(has(&workspace.snapshot(), Kind::Service, "shop", "api"));
    assert_eq!(workspace.files().count(), 1);
}

#[test]
fn the_disk_holds_what_walking_finds() {
    let folder = std::env::temp_dir().join(format!("meshscope-holds-{}", std::process::id()));
    let root = camino::Utf8PathBuf::from_path_buf(folder).unwrap();
    std::fs::create_dir_all(root.join("a/b")).unwrap();
    std::fs::create_dir_all(root.join("out")).unwrap();
    std::fs::write(root.join(".gitignore"), "out\na/b/*.json\n").unwrap();
    for path in ["a/b/x.yaml", "a/b/x.json", "a/x.txt", "out/x.yaml"] {
        std::fs::write(root.join(path), "").unwrap();
    }
    let found = OsFileSystem.walk(&root).unwrap().files;
    let all = [
        "a/b/x.yaml",
        "a/b/x.json",
        "a/x.txt",
        "out/x.yaml",
        "y.yaml",
    ];
    let held = all
        .iter()
        .filter(|p| OsFileSystem.holds(&root, Utf8Path::new(p)));
    assert_eq!(held.collect::<Vec<_>>(), found.iter().collect::<Vec<_>>());
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn an_object_that_another_mesh_reads_is_not_hidden() {
    let entry = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: shop, labels: {istio.io/rev: old}}\nspec: {hosts: [a.org], ports: [{number: 80, name: http, protocol: HTTP}]}\n";
    let hidden = |meshes: &str| {
        let fs = MemoryFileSystem::new()
            .with("/repo/a.yaml", entry)
            .with("/repo/meshscope.yaml", format!("version: 1\n{meshes}"));
        let found = open(&fs).report(None).findings.into_iter();
        let hidden = found.filter(|f| f.rule == "config-hidden-from-istiod");
        hidden.count()
    };
    assert_eq!(hidden("revision: new\n"), 1);
    assert_eq!(
        hidden("meshes: [{name: a, revision: new}, {name: b, revision: old}]\n"),
        0
    );
}
