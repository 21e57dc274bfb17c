//! throwaway
#![allow(clippy::all, missing_docs)]
use meshscope_mesh::db::*;
use meshscope_mesh::outbound::*;
use meshscope_mesh::trace::*;
use meshscope_mesh::workloads::*;
use salsa::Setter;
use std::sync::Arc;
use std::time::Instant;
#[salsa::db]
#[derive(Clone, Default)]
struct TestDb {
    storage: salsa::Storage<Self>,
}
#[salsa::db]
impl salsa::Database for TestDb {}
fn main() {
    let mut db = TestDb::default();
    let nss = 200;
    let per = 75; // 15000 services
    let mut units = Vec::new();
    let mut vsfile = None;
    let mut svcfile = None;
    let mut sefile = None;
    for n in 0..nss {
        for i in 0..per {
            let proto = ["http", "http", "grpc", "tcp", "any"][i % 5];
            let port = [80, 8080, 9090, 5432, 7000][i % 5];
            let s = format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s{i}, namespace: n{n}}}\nspec: {{selector: {{app: s{i}}}, ports: [{{name: {proto}-x, port: {port}}}, {{name: http-m, port: 80}}]}}\n").replace("{name: http-m, port: 80}", if port == 80 { "{name: http-m, port: 15020}" } else { "{name: http-m, port: 80}" });
            let d = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: s{i}, namespace: n{n}}}\nspec: {{template: {{metadata: {{labels: {{app: s{i}, sidecar.istio.io/inject: 'true'}}}}}}}}\n"
            );
            let mut t = format!("{s}---\n{d}");
            if i % 2 == 0 {
                t += &format!(
                    "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v{i}, namespace: n{n}}}\nspec: {{hosts: [s{i}], http: [{{match: [{{uri: {{prefix: /a}}}}], route: [{{destination: {{host: s{i}}}}}]}}, {{route: [{{destination: {{host: s{i}}}}}]}}]}}\n"
                );
            }
            if i % 5 == 0 {
                t += &format!(
                    "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e{i}, namespace: n{n}}}\nspec: {{hosts: [e{i}.n{n}.org], resolution: DNS, ports: [{{number: 443, name: tls, protocol: TLS}}]}}\n"
                );
            }
            if i % 3 == 0 {
                t += &format!(
                    "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d{i}, namespace: n{n}}}\nspec: {{host: s{i}, subsets: [{{name: v1, labels: {{version: v1}}}}]}}\n"
                );
            }
            if i % 10 == 0 {
                t += &format!(
                    "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: t{i}, namespace: n{n}}}\nspec: {{hosts: [e{i}.n{n}.org], tls: [{{match: [{{port: 443, sniHosts: [e{i}.n{n}.org]}}], route: [{{destination: {{host: e{i}.n{n}.org}}}}]}}]}}\n"
                );
            }
            let f = SourceFile::builder(format!("n{n}/s{i}.yaml").into(), t.into(), None)
                .durability(salsa::Durability::HIGH)
                .new(&db);
            if n == 7 && i == 2 {
                svcfile = Some(f);
            }
            if n == 9 && i == 4 {
                vsfile = Some(f);
            }
            if n == 11 && i == 10 {
                sefile = Some(f);
            }
            units.push(Unit::file(f, Some("default".into())));
        }
    }
    let mesh = Mesh::builder("m".into(), units.into(), Arc::new(MeshSettings::default()))
        .durability(salsa::Durability::HIGH)
        .new(&db);
    let go = |db: &TestDb, url: &str, label: &str| {
        let t = Instant::now();
        let w = find_workload(db, mesh, "n7", "s1").unwrap();
        let tr = trace(db, mesh, &From::Workload(w), &Call::from_url(url).unwrap());
        println!(
            "{label:40} {url:28} {:>9.3} ms  {} {:?}",
            t.elapsed().as_secs_f64() * 1e3,
            tr.verdict.name(),
            tr.hops.first().and_then(|h| h.cluster())
        );
    };
    let urls = [
        "http://s0/",
        "http://s2.n9:9090/",
        "https://e10.n11.org",
        "tcp://s3.n8:5432",
        "http://s4.n9:7000",
        "http://unknown.org/",
    ];
    let all = |db: &TestDb, label: &str| {
        let t = Instant::now();
        let w = find_workload(db, mesh, "n7", "s1").unwrap();
        let p = proxy_of(&w).unwrap();
        let s = meshscope_mesh::visibility::scope_of(db, mesh, &p);
        println!(
            "{label:40} scope {:.3} ms {}",
            t.elapsed().as_secs_f64() * 1e3,
            s.listeners.len()
        );
        for u in urls {
            go(db, u, label);
        }
    };
    all(&db, "cold");
    all(&db, "warm");
    let edit = |db: &mut TestDb, f: SourceFile, a: &str, b: &str| {
        let t = f.text(db).replacen(a, b, 1);
        assert_ne!(*t, **f.text(db));
        let s = Instant::now();
        f.set_text(db)
            .with_durability(salsa::Durability::LOW)
            .to(t.into());
        println!("setter {:.3} ms", s.elapsed().as_secs_f64() * 1e3);
    };
    edit(&mut db, vsfile.unwrap(), "prefix: /a", "prefix: /b");
    all(&db, "edit http VS body");
    edit(
        &mut db,
        sefile.unwrap(),
        "sniHosts: [e10",
        "sniHosts: [x.org, e10",
    );
    all(&db, "edit tls VS");
    edit(&mut db, svcfile.unwrap(), "port: 9090", "port: 9091");
    all(&db, "edit service port 9090->9091");
    edit(&mut db, svcfile.unwrap(), "app: s2", "app: s2x");
    all(&db, "edit service selector");
    edit(
        &mut db,
        vsfile.unwrap(),
        "kind: VirtualService",
        "# c\nkind: VirtualService",
    );
    all(&db, "comment");
    let w = find_workload(&db, mesh, "n7", "s1").unwrap();
    let p = proxy_of(&w).unwrap();
    let t = Instant::now();
    let l = outbound_listeners(&db, mesh, &p);
    println!(
        "all listeners {} {:.1} ms",
        l.len(),
        t.elapsed().as_secs_f64() * 1e3
    );
    let t = Instant::now();
    let l = route_config(&db, mesh, &p, "80");
    println!(
        "route config 80 {} {:.1} ms",
        l.virtual_hosts.len(),
        t.elapsed().as_secs_f64() * 1e3
    );
}
