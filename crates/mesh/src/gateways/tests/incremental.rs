//! What an edit runs again, and that order of files does not matter.

use super::*;
use proptest::prelude::*;

const CONFIG: &str = "
Gateway istio-system/g1 {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.com]}]}
Gateway istio-system/g2 {servers: [{port: {number: 8000, name: http, protocol: HTTP}, hosts: [b.com]}]}
VirtualService app/v1 {hosts: [a.com], gateways: [istio-system/g1], http: [{route: [{destination: {host: one.org}}]}]}
VirtualService app/v2 {hosts: [b.com], gateways: [istio-system/g2], http: [{route: [{destination: {host: two.org}}]}]}
";

const APP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec: {template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: c, image: one}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}
";

fn ask_everything(db: &TestDb, mesh: crate::Mesh, proxy: &Proxy) {
    let config = gateway_listeners(db, mesh, proxy);
    for name in config.route_configs() {
        gateway_route_config(db, mesh, proxy, name);
    }
}

#[test]
fn an_edit_runs_only_what_it_is_bound_to() {
    let texts = [POD, &yaml(CONFIG), APP];
    let (mut db, mesh, files) = mesh_of_files(&texts, MeshSettings::default());
    let pod = proxy(&db, mesh, "istio-system/ig");
    ask_everything(&db, mesh, &pod);
    db.ran();

    db.edit(files[1], "two.org", "three.org");
    ask_everything(&db, mesh, &pod);
    assert_eq!(db.count("built"), 1, "only the route config of g2");
    for query in ["config", "merged", "attached", "targets"] {
        assert_eq!(db.count(query), 0, "{query}: {:?}", db.ran());
    }
    db.ran();

    db.edit(files[2], "image: one", "image: two");
    ask_everything(&db, mesh, &pod);
    for query in ["built", "config", "merged", "attached", "targets"] {
        assert_eq!(db.count(query), 0, "{query}");
    }
    db.ran();

    db.edit(files[2], "port: 80", "port: 81");
    ask_everything(&db, mesh, &pod);
    for query in ["built", "config", "merged", "attached", "targets"] {
        assert_eq!(db.count(query), 0, "{query}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_objects_does_not_matter(seed in any::<u64>()) {
        let objects: Vec<&str> = "
Gateway a/g1 {servers: [{port: {number: 443, name: h, protocol: HTTPS}, hosts: [a.com, \"*.b.com\"], tls: {mode: SIMPLE, credentialName: c}}]}
Gateway b/g2 {servers: [{port: {number: 443, name: h, protocol: HTTPS}, hosts: [a.com], tls: {mode: SIMPLE, credentialName: c}}]}
Gateway b/g3 {servers: [{port: {number: 443, name: t, protocol: TLS}, hosts: [\"*\"], tls: {mode: PASSTHROUGH}}]}
Gateway c/g4 {servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: [\"*\"]}]}
VirtualService x/v1 {hosts: [p.com], gateways: [b/g3], tls: [{match: [{sniHosts: [p.com]}], route: [{destination: {host: p.org}}]}]}
VirtualService y/v2 {hosts: [p.com], gateways: [b/g3], tls: [{match: [{sniHosts: [p.com]}], route: [{destination: {host: q.org}}]}]}
VirtualService y/v3 {hosts: [\"*.z.com\"], gateways: [c/g4], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: q.org}}]}]}
VirtualService z/v4 {hosts: [\"*.z.com\"], gateways: [c/g4], http: [{route: [{destination: {host: r.org}}]}]}
".lines().filter(|l| !l.is_empty()).collect();
        let outcome = |objects: &[&str]| {
            let e = Example::new(&objects.join("\n"));
            let config = e.config();
            let routes: Vec<_> = config
                .route_configs()
                .map(|n| gateway_route_config(&e.db, e.mesh, &e.proxy, n))
                .collect();
            (config.listeners.clone(), config.dropped.clone(), routes)
        };
        let mut shuffled = objects.clone();
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let j = usize::try_from(state >> 33).unwrap() % (i + 1);
            shuffled.swap(i, j);
        }
        prop_assert_eq!(outcome(&objects), outcome(&shuffled));
    }
}
