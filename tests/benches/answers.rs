//! All answers of a mesh of 50,000 resources: for one gateway, for all classes of sidecars, and a trace
//! after an edit. `MESHSCOPE_BENCH_SIZE=10000 cargo bench -p meshscope-tests --bench answers`

#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)]

use meshscope::{MemoryFileSystem, Mesh, Workspace};
use meshscope_mesh::gateways::{gateway_listeners, gateway_route_config};
use meshscope_mesh::outbound::{outbound_listeners, route_config};
use meshscope_mesh::trace::{Call, From, Scheme, trace};
use meshscope_mesh::workloads::{ProxyKind, callers_in, class_proxy, classes, find_workload};
use meshscope_mesh::{db::name, envoy::Filter, index::namespaces};
use meshscope_tests::generate;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EDITS: usize = 21;

fn main() {
    let size = std::env::var("MESHSCOPE_BENCH_SIZE").ok();
    let size = size.and_then(|s| s.parse().ok()).unwrap_or(50_000);
    let files = generate::mesh(size);
    let mut fs = MemoryFileSystem::new();
    for (path, text) in &files {
        fs = fs.with(path.as_str(), text.as_str());
    }
    let mut workspace = Workspace::open("".into(), &fs).expect("the generated mesh");
    let mesh = |workspace: &Workspace| workspace.meshes().next().expect("a mesh").input();
    let input = mesh(&workspace);
    let say = |what: &str, took: Duration| println!("{size} | {what} | {took:.2?}");

    let one = workspace.mesh("default").expect("the mesh");
    say("one gateway, cold", timed(|| gateway(one)));
    say("one gateway again", timed(|| gateway(one)));

    let (path, host) = generate::application_at(4, size);
    let (_, text) = files.iter().find(|(p, _)| *p == path).expect("a file");
    for (what, client) in [
        ("trace after an edit, client imports everything", 1),
        ("trace after an edit, client with a Sidecar", 4),
    ] {
        let namespace = generate::namespace(client % generate::namespaces(size));
        let call = Call::new(Scheme::Http, host.as_str(), 80);
        let mut took: Vec<Duration> = (0..EDITS)
            .map(|i| {
                workspace.set_text(&path, &text.replace("/v2", &format!("/{client}-{i}")));
                let db = workspace.db();
                timed(|| {
                    let short = format!("app-{client}");
                    let workload = find_workload(db, input, &namespace, &short);
                    let from = From::Workload(workload.expect("a client"));
                    std::hint::black_box(trace(db, input, &from, &call));
                })
            })
            .collect();
        // The first opens the file and asks for the first time.
        took.remove(0);
        took.sort();
        say(what, took[took.len() / 2]);
    }
    let one = workspace.mesh("default").expect("the mesh");
    say("all sidecar classes, cold", timed(|| sidecars(one)));
}

/// The listeners and route configs of the ingress gateway.
fn gateway(mesh: Mesh<'_>) {
    let (db, mesh) = (mesh.db(), mesh.input());
    let workload = find_workload(db, mesh, "istio-system", "ingressgateway").expect("a gateway");
    let proxy = class_proxy(db, mesh, &workload).expect("a proxy");
    let config = gateway_listeners(db, mesh, &proxy);
    for route_config in config.route_configs() {
        std::hint::black_box(gateway_route_config(db, mesh, &proxy, route_config));
    }
}

/// The listeners and route configs of every class of callers.
fn sidecars(mesh: Mesh<'_>) {
    let (db, mesh) = (mesh.db(), mesh.input());
    for ns in namespaces(db, mesh).iter() {
        for class in callers_in(db, mesh, name(db, ns)).iter() {
            for listener in outbound_listeners(db, mesh, &class.proxy).iter() {
                for chain in &listener.chains {
                    if let Filter::Http { route_config: name } = &chain.filter {
                        std::hint::black_box(route_config(db, mesh, &class.proxy, name));
                    }
                }
            }
        }
    }
    assert!(!classes(db, mesh, ProxyKind::Sidecar).is_empty());
}

fn timed(f: impl FnOnce()) -> Duration {
    let start = Instant::now();
    f();
    start.elapsed()
}
