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
    let paths: Vec<_> = units.map(|u| u.file.path(mesh.db()).as_str()).collect();
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
