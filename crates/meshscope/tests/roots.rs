//! Repositories with kustomizations: their meshes, where findings are, and what an edit re-runs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use camino::Utf8Path;
use meshscope::engine::Source;
use meshscope::manifest::{Kind, ResourceKey};
use meshscope::{Database, Finding, MemoryFileSystem, Settings, Workspace};
use std::sync::{Arc, Mutex};

const BASE: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\n\
                    spec:\n  hosts: [web]\n  http:\n  - route:\n    - destination: {host: web}\n      weight: 100\n";
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, name: http}]}\n";

/// Two overlays of a base with namespaces of their own; nothing but `apps/` in the paths.
fn overlays() -> MemoryFileSystem {
    MemoryFileSystem::new()
        .with(
            "/repo/base/kustomization.yaml",
            "resources: [vs.yaml, service.yaml]\n",
        )
        .with("/repo/base/vs.yaml", BASE)
        .with("/repo/base/service.yaml", SERVICE)
        .with(
            "/repo/apps/a/kustomization.yaml",
            "namespace: a\nresources: [../../base]\n",
        )
        .with(
            "/repo/apps/b/kustomization.yaml",
            "namespace: b\nresources: [../../base]\npatches:\n- path: patch.yaml\n",
        )
        .with(
            "/repo/apps/b/patch.yaml",
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\n\
             spec:\n  http:\n  - route:\n    - destination: {host: web}\n      weight: -7\n",
        )
}

fn open(fs: &MemoryFileSystem) -> Workspace {
    Workspace::open(Utf8Path::new("/repo"), fs).unwrap()
}

fn has(workspace: &Workspace, kind: Kind, namespace: &str, name: &str) -> bool {
    let key = ResourceKey::new(kind, namespace, name);
    workspace.meshes().any(|mesh| mesh.problems(&key).is_some())
}

fn findings(workspace: &Workspace) -> Vec<Finding> {
    workspace.report(None).findings
}

fn lines(findings: &[Finding]) -> Vec<String> {
    let line = |f: &Finding| {
        let at = f.location.as_ref();
        let at = at.map(|l| format!("{}:{}", l.file, l.range.start.line));
        format!(
            "{} {} {} {}",
            f.rule,
            f.path,
            f.message,
            at.unwrap_or_default()
        )
    };
    findings.iter().map(line).collect()
}

#[test]
fn overlays_of_a_base_are_in_the_namespaces_they_say() {
    let workspace = open(&overlays());
    let names: Vec<_> = workspace.meshes().map(|m| m.name().to_owned()).collect();
    assert_eq!(names, ["default"]);
    let kind = Kind::VirtualService;
    assert!(has(&workspace, kind, "a", "web") && has(&workspace, kind, "b", "web"));
    assert!(!has(&workspace, kind, "", "web"));
}

#[test]
fn a_finding_points_at_the_line_to_change() {
    let workspace = open(&overlays());
    let found = findings(&workspace);
    let of_weight = found.iter().filter(|f| f.rule == "invalid-field-value");
    let of_weight: Vec<Finding> = of_weight.cloned().collect();
    assert_eq!(of_weight.len(), 1, "{:?}", lines(&found));
    assert!(
        lines(&of_weight)[0].ends_with(" apps/b/patch.yaml:8"),
        "{:?}",
        lines(&found)
    );
}

#[test]
fn a_fault_of_a_base_is_reported_once() {
    let broken = BASE.replace("weight: 100", "weight: -1");
    let workspace = open(&overlays().with("/repo/base/vs.yaml", broken));
    let found = lines(&findings(&workspace));
    let of_base: Vec<_> = found
        .iter()
        .filter(|l| l.starts_with("invalid-field-value") && l.contains("base/vs.yaml:9"))
        .collect();
    assert_eq!(of_base.len(), 1, "{found:?}");
}

#[test]
fn findings_inside_inline_patches_point_into_them() {
    let inline = "namespace: b\nresources: [../../base]\npatches:\n- target: {kind: VirtualService}\n  \
                  patch: |-\n    - op: replace\n      path: /spec/http/0/route/0/weight\n      value: -7\n";
    let workspace = open(&overlays().with("/repo/apps/b/kustomization.yaml", inline));
    let found = lines(&findings(&workspace));
    assert!(
        found
            .iter()
            .any(|l| l.ends_with(" apps/b/kustomization.yaml:8")),
        "{found:?}"
    );
}

#[test]
fn environments_are_meshes_and_share_what_their_bases_say() {
    let broken = BASE.replace("weight: 100", "weight: -1");
    let root = "namespace: shop\nresources: [../../base]\n";
    let fs = MemoryFileSystem::new()
        .with("/repo/base/kustomization.yaml", "resources: [vs.yaml]\n")
        .with("/repo/base/vs.yaml", broken)
        .with("/repo/overlays/dev/kustomization.yaml", root)
        .with("/repo/overlays/prod/kustomization.yaml", root);
    let workspace = open(&fs);
    let names: Vec<_> = workspace.meshes().map(|m| m.name().to_owned()).collect();
    assert_eq!(names, ["dev", "prod"]);
    let found = findings(&workspace);
    let at_weight: Vec<_> = found
        .iter()
        .filter(|f| f.rule == "invalid-field-value")
        .collect();
    assert_eq!(at_weight.len(), 1, "{:?}", lines(&found));
    assert_eq!(
        (at_weight[0].mesh.as_str(), &at_weight[0].meshes[..]),
        ("dev", &["prod".to_owned()][..])
    );
}

#[test]
fn what_kustomize_stops_at_is_a_finding() {
    let fs = overlays()
        .with(
            "/repo/apps/a/kustomization.yaml",
            "namespace: a\nresources: [../../base, gone.yaml, ../c]\n",
        )
        .with("/repo/apps/c/kustomization.yaml", "resources: [../d]\n")
        .with("/repo/apps/d/kustomization.yaml", "resources: [../c]\n");
    let workspace = open(&fs);
    let found = findings(&workspace);
    let said: Vec<_> = found.iter().filter(|f| f.rule == "kustomize").collect();
    let has = |text: &str| {
        said.iter()
            .any(|f| f.message.contains(text) && f.location.is_some())
    };
    assert!(has("gone.yaml") && has("leads back to itself"), "{said:?}");
}

#[test]
fn data_of_generators_is_read() {
    let fs = overlays().with("/repo/apps/a/data.properties", "a=b\n").with(
        "/repo/apps/a/kustomization.yaml",
        "namespace: a\nresources: [../../base]\nconfigMapGenerator:\n- name: data\n  envs: [data.properties]\n",
    );
    let found = findings(&open(&fs));
    assert!(found.iter().all(|f| f.rule != "kustomize"), "{found:?}");
}

#[test]
fn argo_gives_plain_directories_a_namespace() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n\
                       spec:\n  source: {path: web}\n  destination: {namespace: shop}\n";
    let fs = MemoryFileSystem::new()
        .with("/repo/argo/web.yaml", application)
        .with("/repo/web/service.yaml", SERVICE)
        .with("/repo/chart/Chart.yaml", "apiVersion: v2\nname: c\n")
        .with(
            "/repo/chart/templates/service.yaml",
            SERVICE.replace("web", "{{ .x }}"),
        );
    let mut workspace = open(&fs);
    assert!(has(&workspace, Kind::Service, "shop", "web"));
    assert!(findings(&workspace).iter().all(|f| {
        f.location
            .as_ref()
            .is_none_or(|l| !l.file.contains("chart"))
    }));
    workspace.set_text("argo/web.yaml", &application.replace("shop", "store"));
    assert!(has(&workspace, Kind::Service, "store", "web"));
}

#[test]
fn kustomizations_come_and_go() {
    let mut workspace = open(&overlays());
    workspace.set_text(
        "apps/c/kustomization.yaml",
        "namespace: c\nresources: [../../base]\n",
    );
    assert!(has(&workspace, Kind::Service, "c", "web"));
    workspace.set_text(
        "apps/c/kustomization.yaml",
        "namespace: d\nresources: [../../base]\n",
    );
    assert!(has(&workspace, Kind::Service, "d", "web"));
    workspace.remove("apps/c/kustomization.yaml");
    assert!(!has(&workspace, Kind::Service, "d", "web"));
}

/// How often queries ran since last asked, by name.
fn counted() -> (Database, impl Fn(&str) -> usize) {
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = log.clone();
    let db = Database::with_events(move |event| {
        if let salsa::EventKind::WillExecute { database_key } = event.kind {
            let name = format!("{database_key:?}");
            let name = name.split('(').next().unwrap_or_default().to_owned();
            sink.lock().unwrap().push(name);
        }
    });
    let count = move |query: &str| {
        let mut log = log.lock().unwrap();
        let all = std::mem::take(&mut *log);
        all.iter().filter(|name| *name == query).count()
    };
    (db, count)
}

#[test]
fn an_edit_of_a_base_re_runs_only_the_roots_that_use_it() {
    let (db, count) = counted();
    let mut fs = overlays();
    for i in 0..20 {
        let dir = format!("/repo/others/{i}");
        fs = fs
            .with(
                format!("{dir}/kustomization.yaml"),
                format!("namespace: o{i}\nresources: [s.yaml]\n"),
            )
            .with(format!("{dir}/s.yaml"), SERVICE);
    }
    let root = Utf8Path::new("/repo");
    let mut workspace = Workspace::open_with(root, &fs, Settings::default(), db).unwrap();
    findings(&workspace);
    assert!(count("build") >= 22);
    // The file becomes one that is edited.
    workspace.set_text("base/vs.yaml", &BASE.replace("[web]", "[web1]"));
    findings(&workspace);
    count("");
    workspace.set_text("base/vs.yaml", &BASE.replace("[web]", "[web2]"));
    findings(&workspace);
    assert_eq!(count("build"), 2);
    // Text that only moves stops at the layer of the base.
    workspace.set_text(
        "base/vs.yaml",
        &format!("# a comment\n{}", BASE.replace("[web]", "[web2]")),
    );
    findings(&workspace);
    assert_eq!(count("build"), 0);
    workspace.set_text("base/vs.yaml", BASE);
    findings(&workspace);
    assert_eq!(count("layer"), 3);
}

#[test]
fn settings_choose_among_roots() {
    let settings = "meshes: [{name: one, include: [apps/a]}, {name: two, include: [apps]}]\n";
    let workspace = open(&overlays().with("/repo/meshscope.yaml", settings));
    let units = |name: &str| {
        let mesh = workspace.mesh(name).unwrap();
        mesh.input().units(mesh.db()).len()
    };
    assert_eq!((units("one"), units("two")), (1, 2));
    let workspace = open(&overlays().with("/repo/meshscope.yaml", "exclude: [apps/a]\n"));
    assert!(
        !has(&workspace, Kind::Service, "a", "web") && has(&workspace, Kind::Service, "b", "web")
    );
}

#[test]
fn a_patch_is_no_object_and_no_unit() {
    let workspace = open(&overlays());
    for mesh in workspace.meshes() {
        let units = mesh.input().units(mesh.db()).iter();
        for unit in units {
            assert!(matches!(unit.source, Source::Kustomization(_)), "{unit:?}");
        }
    }
}
