//! Opens a repository, edits a file in memory, and prints what changed.
//!
//! `cargo run -p meshscope --example edit_in_memory`, or with a repository, a file in it, a text to
//! find, what to put there and a proxy: `-- DIR apps/web.yaml 'host: web' 'host: wbe' shop/web`.

#![allow(clippy::print_stdout)]

use meshscope::finding::Finding;
use meshscope::{FileSystem, MemoryFileSystem, Mesh, OsFileSystem, Who, Workspace};
use std::collections::BTreeSet;
use std::error::Error;

const SHOP: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web}]}
";

const VENDOR: &str = "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: vendor, namespace: shop}
spec:
  hosts: [api.vendor.example]
  ports: [{name: tls, number: 443, protocol: TLS}]
  resolution: DNS
";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let files = MemoryFileSystem::new()
        .with("shop.yaml", SHOP)
        .with("vendor.yaml", VENDOR);
    let on_disk = OsFileSystem;
    let (fs, root, file, find, put, who): (&dyn FileSystem, _, _, _, _, _) = match *arguments {
        [root, file, find, put, who] => (&on_disk, root, file, find, put, who),
        _ => (
            &files,
            "",
            "vendor.yaml",
            "api.vendor",
            "api .vendor",
            "shop/web",
        ),
    };

    let mut workspace = Workspace::open(root.into(), fs)?;
    let who: Who = who.parse()?;
    let before = workspace.meshes().map(|mesh| state(mesh, &who));
    let before: Vec<State> = before.collect();

    let source = workspace.file(file).ok_or("there is no such file")?;
    let text = source.text(workspace.db()).replace(find, put);
    workspace.set_text(file, &text);

    // Only what the edit can have changed is computed again.
    for (mesh, before) in workspace.meshes().zip(&before) {
        let after = state(mesh, &who);
        println!("mesh {}", mesh.name());
        show("added", after.findings.difference(&before.findings));
        show("fixed", before.findings.difference(&after.findings));
        show("now visible", after.services.difference(&before.services));
        show("gone", before.services.difference(&after.services));
    }
    Ok(())
}

/// What is asked before and after the edit.
struct State {
    findings: BTreeSet<String>,
    services: BTreeSet<String>,
}

fn state(mesh: Mesh<'_>, who: &Who) -> State {
    let line = |f: Finding| format!("{} {} {}", f.rule, f.path, f.message);
    let seen = mesh.proxy(who).map(|proxy| mesh.visibility(&proxy));
    let services = seen.iter().flat_map(|seen| &seen.services);
    State {
        findings: mesh.findings().into_iter().map(line).collect(),
        services: services.map(|m| m.service.host.to_string()).collect(),
    }
}

fn show<'a>(what: &str, lines: impl Iterator<Item = &'a String>) {
    for line in lines {
        println!("  {what}: {line}");
    }
}
