//! An edit of a base runs again what rests on it, and nothing of other roots: counted.

use camino::Utf8Path;
use meshscope::{MemoryFileSystem, Settings, Workspace};
use meshscope_testing::QueryLog;

const BASE: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec:\n  hosts: [web]\n  http:\n  - timeout: 5s\n    route: [{destination: {host: web}}]\n";

/// Two overlays of a base, in namespaces of their own, beside thirty other roots.
fn repository() -> MemoryFileSystem {
    let mut fs = MemoryFileSystem::new()
        .with("/repo/base/kustomization.yaml", "resources: [vs.yaml]\n")
        .with("/repo/base/vs.yaml", BASE);
    for name in ["a", "b"] {
        let text = format!("namespace: {name}\nresources: [../../base]\n");
        fs = fs.with(format!("/repo/apps/{name}/kustomization.yaml"), text);
    }
    for i in 0..30 {
        let dir = format!("/repo/others/{i}");
        let text = format!("namespace: o{i}\nresources: [vs.yaml]\n");
        fs = fs
            .with(format!("{dir}/kustomization.yaml"), text)
            .with(format!("{dir}/vs.yaml"), BASE);
    }
    fs
}

/// The objects that findings about a timeout are on.
fn timeouts(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for mesh in workspace.meshes() {
        for finding in mesh.findings() {
            let resource = finding
                .resource
                .filter(|_| finding.path == "spec.http[0].timeout");
            found.extend(resource.map(|r| format!("{}/{}", r.namespace, r.name)));
        }
    }
    found
}

#[test]
fn an_edit_of_a_base_reaches_every_overlay_and_re_runs_no_other_root() {
    let (log, db) = QueryLog::new();
    let root = Utf8Path::new("/repo");
    let mut workspace = Workspace::open_with(root, &repository(), Settings::default(), db).unwrap();
    assert_eq!(timeouts(&workspace), [""; 0]);
    let first = log.take(workspace.db());
    assert!(first["build"] >= 32, "{first:?}");
    // The first edit of a file lowers its durability.
    workspace.start_editing("base/vs.yaml");
    timeouts(&workspace);
    log.take(workspace.db());

    workspace.set_edited("base/vs.yaml", &BASE.replace("5s", "never"), Some(6));
    // One place in the text, and so one finding; both overlays hold it.
    assert_eq!(timeouts(&workspace).len(), 1);
    for namespace in ["a", "b"] {
        let key = meshscope::manifest::ResourceKey::new(
            meshscope::manifest::Kind::VirtualService,
            namespace,
            "web",
        );
        let mesh = workspace.meshes().next().unwrap();
        assert!(!mesh.problems(&key).unwrap().is_empty(), "{namespace}");
    }
    let ran = log.take(workspace.db());
    assert_eq!(
        (ran["layer"], ran["build"], ran["summary"]),
        (3, 2, 2),
        "{ran:?}"
    );

    workspace.set_edited(
        "base/vs.yaml",
        &format!("# why\n{}", BASE.replace("5s", "never")),
        Some(0),
    );
    timeouts(&workspace);
    let ran = log.take(workspace.db());
    assert!(
        !ran.contains_key("build") && !ran.contains_key("summary"),
        "{ran:?}"
    );

    workspace.set_text("base/vs.yaml", BASE);
    assert_eq!(timeouts(&workspace), [""; 0]);
    let ran = log.take(workspace.db());
    assert_eq!(ran["build"], 2, "{ran:?}");
}
