//! Repositories that mean harm, or were hurt: every one opens, is reported about, and loses nothing else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use camino::{Utf8Path, Utf8PathBuf};
use meshscope::manifest::{Kind, ResourceKey};
use meshscope::{Finding, MemoryFileSystem, OsFileSystem, Workspace};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n";

fn open(fs: &MemoryFileSystem) -> Workspace {
    Workspace::open(Utf8Path::new("/repo"), fs).unwrap()
}

fn findings(workspace: &Workspace) -> Vec<Finding> {
    workspace.report(None).findings
}

/// Whether some finding has all these words, at a place.
fn says(found: &[Finding], words: &str) -> bool {
    let mut found = found.iter();
    found.any(|f| f.message.contains(words) && f.location.is_some())
}

fn has_service(workspace: &Workspace) -> bool {
    let key = ResourceKey::new(Kind::Service, "shop", "web");
    workspace.meshes().any(|mesh| mesh.problems(&key).is_some())
}

/// A chain of directories, each of which names the next one in `field`.
fn chain(field: &str, head: &str, length: usize) -> MemoryFileSystem {
    let mut fs = MemoryFileSystem::new()
        .with(
            "/repo/root/kustomization.yaml",
            format!("resources: [s.yaml]\n{field}: [../c0]\n"),
        )
        .with("/repo/root/s.yaml", SERVICE);
    for i in 0..length {
        let text = format!("{head}{field}: [../c{}]\n", i + 1);
        fs = fs.with(format!("/repo/c{i}/kustomization.yaml"), text);
    }
    fs.with(
        format!("/repo/c{length}/kustomization.yaml"),
        format!("{head}namePrefix: a-\n"),
    )
}

#[test]
fn ten_thousand_components_inside_each_other_are_a_finding() {
    let head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    let workspace = open(&chain("components", head, 10_000));
    assert!(has_service(&workspace));
    let found = findings(&workspace);
    assert!(says(&found, "too many components"), "{found:?}");
    assert!(found.len() < 10, "{}", found.len());
}

#[test]
fn ten_thousand_bases_inside_each_other_are_a_finding() {
    let workspace = open(&chain("resources", "", 10_000));
    let found = findings(&workspace);
    assert!(
        says(&found, "more than 50 bases inside each other"),
        "{:?}",
        found.first()
    );
    assert!(found.len() < 10, "{}", found.len());
}

#[test]
fn bases_that_double_with_every_step_are_a_finding() {
    let mut fs = MemoryFileSystem::new()
        .with("/repo/d0/kustomization.yaml", "resources: [s.yaml]\n")
        .with("/repo/d0/s.yaml", SERVICE);
    for i in 1..20 {
        let below = i - 1;
        for half in ["a", "b"] {
            fs = fs.with(
                format!("/repo/d{i}{half}/kustomization.yaml"),
                format!("namePrefix: {half}\nresources: [../d{below}]\n"),
            );
        }
        fs = fs.with(
            format!("/repo/d{i}/kustomization.yaml"),
            format!("resources: [../d{i}a, ../d{i}b]\n"),
        );
    }
    let found = findings(&open(&fs));
    assert!(
        says(&found, "resources: all are left out"),
        "{:?}",
        found.first()
    );
}

#[test]
fn a_circle_of_bases_is_a_finding() {
    let fs = MemoryFileSystem::new()
        .with("/repo/a/kustomization.yaml", "resources: [s.yaml, ../b]\n")
        .with("/repo/a/s.yaml", SERVICE)
        .with("/repo/b/kustomization.yaml", "resources: [../a]\n")
        .with("/repo/root/kustomization.yaml", "resources: [../a]\n");
    let workspace = open(&fs);
    assert!(has_service(&workspace));
    assert!(says(&findings(&workspace), "leads back to itself"));
}

#[test]
fn flux_kustomizations_that_apply_each_other_end() {
    let flux = |name: &str, path: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}}}\nspec: {{path: {path}, targetNamespace: shop, sourceRef: {{name: flux-system}}}}\n"
        )
    };
    let fs = MemoryFileSystem::new()
        .with("/repo/a/b.yaml", flux("b", "./b"))
        .with("/repo/b/a.yaml", flux("a", "./a"))
        .with("/repo/a/own.yaml", flux("own", "./"))
        .with("/repo/b/s.yaml", SERVICE);
    assert!(has_service(&open(&fs)));
}

/// Texts that are hard to read, each beside a file that is not.
#[test]
fn what_cannot_be_read_costs_its_own_document_only() {
    let bomb = {
        let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let below = format!("*a{}, ", i - 1).repeat(9);
            text += &format!("a{i}: &a{i} [{}]\n", below.trim_end_matches(", "));
        }
        text
    };
    let deep = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata: {}{}\n",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    for (text, said) in [
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: x\n",
            "not valid YAML",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata:\n\tname: x\n",
            "tab",
        ),
        (&bomb, "alias"),
        (&deep, "deep"),
    ] {
        let fs = MemoryFileSystem::new()
            .with("/repo/broken.yaml", text)
            .with("/repo/web.yaml", SERVICE);
        let workspace = open(&fs);
        assert!(has_service(&workspace), "{said}");
        let found = findings(&workspace);
        let here = found.iter().filter(|f| {
            f.location
                .as_ref()
                .is_some_and(|at| at.file == "broken.yaml")
        });
        let messages: Vec<String> = here.map(|f| f.message.to_lowercase()).collect();
        assert!(
            messages.iter().any(|m| m.contains(&said.to_lowercase())),
            "{said}: {messages:?}"
        );
    }
}

#[test]
fn delegates_in_a_circle_end() {
    let vs = |name: &str, hosts: &str, to: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{hosts}http: [{{delegate: {{name: {to}, namespace: shop}}}}]}}\n"
        )
    };
    let text = format!(
        "{SERVICE}spec: {{ports: [{{name: http, port: 80}}]}}\n{}{}{}",
        vs("root", "hosts: [web], ", "a"),
        vs("a", "", "b"),
        vs("b", "", "a")
    );
    let workspace = open(&MemoryFileSystem::new().with("/repo/all.yaml", text));
    assert!(!findings(&workspace).is_empty());
}

#[cfg(unix)]
#[test]
fn links_that_leave_or_circle_and_files_beyond_the_limit_are_findings() {
    use std::os::unix::fs::symlink;
    let base = std::env::temp_dir().join(format!("meshscope-hostile-{}", std::process::id()));
    let base = Utf8PathBuf::from_path_buf(base).unwrap();
    let root = base.join("repo");
    std::fs::create_dir_all(root.join("dir")).unwrap();
    std::fs::create_dir_all(base.join("outside")).unwrap();
    std::fs::write(
        base.join("outside/secret.yaml"),
        SERVICE.replace("web", "secret"),
    )
    .unwrap();
    std::fs::write(root.join("web.yaml"), SERVICE).unwrap();
    symlink("../../outside/secret.yaml", root.join("dir/secret.yaml")).unwrap();
    symlink("b", root.join("a")).unwrap();
    symlink("a", root.join("b")).unwrap();
    symlink("..", root.join("dir/up")).unwrap();
    let large = std::fs::File::create(root.join("large.yaml")).unwrap();
    large.set_len(meshscope::MAX_FILE_BYTES + 1).unwrap();
    std::fs::write(
        root.join("dir/kustomization.yaml"),
        "resources: [secret.yaml, ../../outside, up/dir]\n",
    )
    .unwrap();
    let workspace = Workspace::open(&root, &OsFileSystem).unwrap();
    assert!(has_service(&workspace));
    let key = ResourceKey::new(Kind::Service, "shop", "secret");
    assert!(workspace.meshes().all(|mesh| mesh.problems(&key).is_none()));
    let found = findings(&workspace);
    for words in [
        "leaves the repository",
        "larger than 100 MB",
        "outside of the repository",
    ] {
        assert!(says(&found, words), "{words}: {found:?}");
    }
    std::fs::remove_dir_all(&base).unwrap();
}
