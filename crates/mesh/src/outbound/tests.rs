//! Laws: asking for one address or host is the same as looking into everything; what an edit
//! re-runs.

use super::*;
use crate::db::{MeshSettings, SourceFile};
use crate::testing::{TestDb, mesh_of, mesh_of_files, proxy};
use proptest::prelude::*;

/// Objects whose combinations make every kind of listener and virtual host.
const POOL: &[&str] = &[
    "kind: Service\nmetadata: {name: pay, namespace: shop}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80, name: http}, {port: 443, name: tls}, {port: 9000, name: tcp}]}",
    "kind: Service\nmetadata: {name: pay, namespace: other}\nspec: {ports: [{port: 80, name: web}, {port: 443, name: https}]}",
    "kind: Service\nmetadata: {name: db, namespace: shop}\nspec: {clusterIP: None, ports: [{port: 80, name: http}, {port: 9000, name: tcp}, {port: 443, name: any}]}",
    "kind: Service\nmetadata: {name: alias, namespace: shop}\nspec: {type: ExternalName, externalName: pay.shop.svc.cluster.local, ports: [{port: 80, name: http}]}",
    "kind: Service\nmetadata: {name: hidden, namespace: other, annotations: {networking.istio.io/exportTo: '~'}}\nspec: {type: ExternalName, externalName: alias.shop.svc.cluster.local, ports: [{port: 80, name: http}]}",
    "kind: Service\nmetadata: {name: twin, namespace: other}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80, name: http}, {port: 9000, name: any}]}",
    "kind: ServiceEntry\nmetadata: {name: api, namespace: other}\nspec: {hosts: [api.com], resolution: DNS, ports: [{number: 443, name: a, protocol: TLS}, {number: 80, name: b, protocol: HTTP}]}",
    "kind: ServiceEntry\nmetadata: {name: wild, namespace: shop}\nspec: {hosts: ['*.com'], ports: [{number: 443, name: a, protocol: HTTPS}, {number: 80, name: b, protocol: HTTP}]}",
    "kind: ServiceEntry\nmetadata: {name: net, namespace: other}\nspec: {hosts: [net.org], addresses: [10.1.0.0/16, 10.2.0.1], ports: [{number: 9000, name: a, protocol: TCP}, {number: 443, name: b, protocol: TLS}]}",
    "kind: ServiceEntry\nmetadata: {name: auto, namespace: other}\nspec: {hosts: [auto.org], resolution: STATIC, endpoints: [{address: 10.3.0.1}], ports: [{number: 9000, name: a}]}",
    "kind: ServiceEntry\nmetadata: {name: none, namespace: other}\nspec: {hosts: [none.org], endpoints: [{address: 10.4.0.1}], ports: [{number: 9000, name: a, protocol: TCP}]}",
    "kind: VirtualService\nmetadata: {name: pay, namespace: shop}\nspec: {hosts: [pay, extra.org], http: [{route: [{destination: {host: api.com}}]}]}",
    "kind: VirtualService\nmetadata: {name: wide, namespace: other}\nspec: {hosts: ['*.com', '*.cluster.local'], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: net.org}}]}]}",
    "kind: VirtualService\nmetadata: {name: sni, namespace: other}\nspec: {hosts: [api.com], tls: [{match: [{sniHosts: [api.com], port: 443}], route: [{destination: {host: pay.shop.svc.cluster.local}}]}]}",
    "kind: VirtualService\nmetadata: {name: tcp, namespace: shop}\nspec: {hosts: [net.org, db], tcp: [{match: [{destinationSubnets: [10.1.2.0/24]}], route: [{destination: {host: api.com, port: {number: 443}}}]}]}",
    "kind: VirtualService\nmetadata: {name: alone, namespace: shop}\nspec: {hosts: [alone.org], http: [{route: [{destination: {host: pay}}]}]}",
    "kind: Sidecar\nmetadata: {name: s, namespace: shop}\nspec: {egress: [{port: {number: 9000, protocol: TCP, name: t}, hosts: ['*/net.org']}, {hosts: ['./*', '*/*.com']}]}",
    "kind: Sidecar\nmetadata: {name: t, namespace: shop}\nspec: {outboundTrafficPolicy: {}, egress: [{port: {number: 80, protocol: HTTP, name: t}, hosts: ['*/*'], bind: 127.0.0.2}, {hosts: ['*/*']}]}",
];

/// What makes the listeners of clients differ that import everything, or not.
const OF_SOME: &[&str] = &[
    "kind: VirtualService\nmetadata: {name: mine, namespace: shop}\nspec: {exportTo: ['.'], hosts: [net.org], tls: [{match: [{sniHosts: [net.org], port: 443}], route: [{destination: {host: api.com}}]}]}",
    "kind: VirtualService\nmetadata: {name: given, namespace: other}\nspec: {exportTo: [shop], hosts: [none.org], tcp: [{match: [{port: 9000}], route: [{destination: {host: net.org}}]}]}",
    "kind: VirtualService\nmetadata: {name: from, namespace: other}\nspec: {hosts: [api.com], tls: [{match: [{sniHosts: [api.com], sourceNamespace: shop}], route: [{destination: {host: net.org, port: {number: 443}}}]}]}",
    "kind: VirtualService\nmetadata: {name: labels, namespace: other}\nspec: {hosts: [none.org], tcp: [{match: [{sourceLabels: {app: web}}], route: [{destination: {host: api.com, port: {number: 443}}}]}]}",
    "kind: ServiceEntry\nmetadata: {name: secret, namespace: shop}\nspec: {exportTo: ['.'], hosts: [secret.org], ports: [{number: 443, name: a, protocol: TLS}]}",
    "kind: ServiceEntry\nmetadata: {name: rival, namespace: shop}\nspec: {hosts: [api.com], resolution: DNS, ports: [{number: 443, name: a, protocol: TCP}]}",
    "kind: Service\nmetadata: {name: out, namespace: shop}\nspec: {type: ExternalName, externalName: api.com, ports: [{port: 443, name: tls}]}",
    "kind: Sidecar\nmetadata: {name: all, namespace: shop}\nspec: {egress: [{hosts: ['*/*']}]}",
];

/// A client whose namespace has nothing else.
const FAR: &str = "kind: Deployment\nmetadata: {name: web, namespace: far}\nspec: {template: {metadata: {labels: {app: web, sidecar.istio.io/inject: 'true'}}}}";

const WORKLOAD: &str = "kind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web, sidecar.istio.io/inject: 'true'}}}}";

const PORTS: [u32; 3] = [80, 443, 9000];

fn document(text: &str) -> String {
    let kind = text.lines().next().unwrap_or_default();
    let version = match kind {
        "kind: Service" => "v1",
        "kind: Deployment" => "apps/v1",
        _ => "networking.istio.io/v1",
    };
    format!("apiVersion: {version}\n{text}\n")
}

fn mesh_from(picked: &[&str]) -> (TestDb, Mesh) {
    let mut documents: Vec<String> = picked.iter().map(|t| document(t)).collect();
    documents.push(document(WORKLOAD));
    mesh_of(&documents.join("---\n"))
}

fn some_of_the_pool() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(POOL.to_vec(), 0..=POOL.len()).prop_shuffle()
}

const HOSTS: [&str; 24] = [
    "pay",
    "pay.shop",
    "pay.shop.svc",
    "pay.shop.svc.cluster.local",
    "pay.shop.svc.cluster.local.",
    "pay.other",
    "pay.other.svc.cluster.local",
    "db",
    "pod-0.db",
    "pod-0.db.shop.svc.cluster.local",
    "alias",
    "alias.shop",
    "hidden.other",
    "pod.hidden.other",
    "twin.other",
    "api.com",
    "API.com",
    "www.api.com",
    "com",
    "extra.org",
    "alone.org",
    "10.0.0.1",
    "10.2.0.1",
    "nobody.example",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_host_asked_is_the_whole_config_asked(picked in some_of_the_pool()) {
        let (db, mesh) = mesh_from(&picked);
        let web = proxy(&db, mesh, "shop/web");
        for port in PORTS {
            let whole = route_config(&db, mesh, &web, &port.to_string());
            for host in HOSTS {
                let part = route_config_for(&db, mesh, &web, &port.to_string(), host);
                let from_whole = whole.select(host).map(|v| (&v.name, &v.routes));
                let from_part = part.select(host).map(|v| (&v.name, &v.routes));
                prop_assert_eq!(from_part, from_whole, "{} {}", host, port);
            }
        }
    }

    #[test]
    fn one_address_asked_is_all_listeners_asked(picked in some_of_the_pool()) {
        let (db, mesh) = mesh_from(&picked);
        let web = proxy(&db, mesh, "shop/web");
        let all = outbound_listeners(&db, mesh, &web);
        let mut addresses: Vec<&str> = all.iter().map(|l| l.address.as_str()).collect();
        addresses.extend(["10.9.9.9", ""]);
        for address in addresses {
            for port in PORTS {
                let one = listener_for(&db, mesh, &web, address, port);
                let at = |a: &str| all.iter().find(|l| l.address == a && l.port == port);
                let expected = at(address)
                    .or_else(|| at("0.0.0.0"))
                    .or_else(|| all.iter().find(|l| l.name == "virtualOutbound"));
                prop_assert_eq!(one.as_deref(), expected, "{} {}", address, port);
            }
        }
    }

    #[test]
    fn a_listener_that_all_share_is_the_one_each_has(
        picked in some_of_the_pool(),
        special in proptest::sample::subsequence(OF_SOME.to_vec(), 0..=3),
    ) {
        let plain = |text: &&&str| !text.contains("ExternalName") && !text.contains("Sidecar");
        let mut picked: Vec<&str> = picked.iter().filter(plain).copied().collect();
        picked.extend(special);
        picked.push(FAR);
        let (db, mesh) = mesh_from(&picked);
        for client in ["shop/web", "far/web"] {
            let proxy = proxy(&db, mesh, client);
            for listener in outbound_listeners(&db, mesh, &proxy).iter() {
                if listener.name != "virtualOutbound" {
                    let (address, port) = (&listener.address, listener.port);
                    let one = listener_for(&db, mesh, &proxy, address, port);
                    prop_assert_eq!(one.as_deref(), Some(listener), "{}", client);
                }
            }
        }
    }

    #[test]
    fn the_order_of_objects_changes_nothing(
        picked in some_of_the_pool(),
        seed in any::<proptest::sample::Index>(),
    ) {
        let mut turned = picked.clone();
        if !turned.is_empty() {
            turned.rotate_left(seed.index(picked.len()));
        }
        let (db, mesh) = mesh_from(&picked);
        let (other_db, other) = mesh_from(&turned);
        let web = proxy(&db, mesh, "shop/web");
        prop_assert_eq!(
            outbound_listeners(&db, mesh, &web),
            outbound_listeners(&other_db, other, &web)
        );
        for port in PORTS {
            prop_assert_eq!(
                route_config(&db, mesh, &web, &port.to_string()),
                route_config(&other_db, other, &web, &port.to_string())
            );
        }
    }

    #[test]
    fn no_domain_appears_twice(picked in some_of_the_pool()) {
        let (db, mesh) = mesh_from(&picked);
        let web = proxy(&db, mesh, "shop/web");
        for port in PORTS {
            let config = route_config(&db, mesh, &web, &port.to_string());
            let domains = config.virtual_hosts.iter().flat_map(|v| &v.domains);
            let mut domains: Vec<String> = domains.map(|d| d.to_lowercase()).collect();
            let count = domains.len();
            domains.sort();
            domains.dedup();
            prop_assert_eq!(domains.len(), count);
        }
    }
}

/// A mesh with a file per object, so that edits are of one object.
fn in_files() -> (TestDb, Mesh, Vec<SourceFile>) {
    let mut texts: Vec<String> = POOL.iter().take(16).map(|t| document(t)).collect();
    texts.push(document(WORKLOAD));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    mesh_of_files(&texts, MeshSettings::default())
}

/// Asks for everything a call to a port needs.
fn ask(db: &TestDb, mesh: Mesh, host: &str, port: u32) {
    let web = proxy(db, mesh, "shop/web");
    listener_for(db, mesh, &web, "10.0.0.1", port);
    route_config_for(db, mesh, &web, &port.to_string(), host);
}

#[test]
fn an_edited_virtual_service_re_runs_nothing_of_other_ports_and_hosts() {
    let (mut db, mesh, files) = in_files();
    ask(&db, mesh, "none.org", 9000);
    ask(&db, mesh, "twin.other", 80);
    db.ran();
    db.edit(files[13], "pay.shop.svc.cluster.local", "net.org");
    ask(&db, mesh, "none.org", 9000);
    ask(&db, mesh, "twin.other", 80);
    let ran = db.ran();
    for query in ["listener_at", "hosts_for", "port_services"] {
        assert!(!ran.iter().any(|q| q == query), "{query} in {ran:?}");
    }
    ask(&db, mesh, "api.com", 443);
    assert!(db.ran().iter().any(|q| q == "listener_at"));
}

#[test]
fn an_edited_port_re_runs_nothing_of_other_ports() {
    let (mut db, mesh, files) = in_files();
    ask(&db, mesh, "pay", 80);
    db.ran();
    db.edit(files[8], "number: 443", "number: 444");
    ask(&db, mesh, "pay", 80);
    let ran = db.ran();
    for query in ["listener_at", "hosts_for"] {
        assert!(!ran.iter().any(|q| q == query), "{query} in {ran:?}");
    }
}

#[test]
fn an_edited_service_re_runs_no_scope_that_cannot_see_it() {
    let mut texts: Vec<String> = POOL.iter().take(16).map(|t| document(t)).collect();
    texts.push(document(WORKLOAD));
    texts.push(document(
        "kind: Sidecar\nmetadata: {name: s, namespace: shop}\nspec: {egress: [{hosts: ['./*']}]}",
    ));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (mut db, mesh, files) = mesh_of_files(&texts, MeshSettings::default());
    ask(&db, mesh, "pay", 80);
    db.ran();
    db.edit(files[1], "port: 80", "port: 81");
    ask(&db, mesh, "pay", 80);
    let ran = db.ran();
    for query in ["scope", "listener_at", "hosts_for", "port_services"] {
        assert!(!ran.iter().any(|q| q == query), "{query} in {ran:?}");
    }
}

#[test]
fn a_listener_that_all_share_is_built_once() {
    let mut texts: Vec<String> = [6, 8, 10, 13].map(|i| document(POOL[i])).into();
    texts.extend([WORKLOAD, FAR].map(document));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (mut db, mesh, files) = mesh_of_files(&texts, MeshSettings::default());
    let built = |db: &TestDb| {
        for client in ["shop/web", "far/web"] {
            let proxy = proxy(db, mesh, client);
            listener_for(db, mesh, &proxy, "0.0.0.0", 443);
        }
        let count = db.count("listener_at");
        db.ran();
        count
    };
    assert_eq!(built(&db), 1);
    // One of the routes asks now who calls.
    db.edit(files[3], "port: 443}", "sourceNamespace: far}");
    assert_eq!(built(&db), 2);
}
