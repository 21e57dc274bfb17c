//! Calls through a mesh: two hops, splits, loops, refusals; and that every call ends.

use super::*;
use crate::testing::{TestDb, mesh_of};
use crate::workloads::find_workload;
use proptest::prelude::*;

/// An application with a sidecar, an egress gateway, a called service with a sidecar.
const MESH: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web, sidecar.istio.io/inject: 'true'}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: pay, namespace: shop}
spec: {template: {metadata: {labels: {app: pay, sidecar.istio.io/inject: 'true'}}}}
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: shop}
spec: {selector: {app: pay}, ports: [{port: 80, name: http, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gw, namespace: edge}
spec: {template: {metadata: {labels: {app: gw}}, spec: {containers: [{name: istio-proxy, args: [proxy, router]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: gw, namespace: edge}
spec: {selector: {app: gw}, ports: [{port: 80, name: http, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: edge}
spec: {selector: {app: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: edge}
spec: {hosts: [api.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}
";

fn called(extra: &str, url: &str) -> Trace {
    let (db, mesh) = mesh_of(&format!("{MESH}---\n{extra}"));
    call_from(&db, mesh, "shop/web", &Call::from_url(url).unwrap())
}

fn call_from(db: &TestDb, mesh: Mesh, label: &str, call: &Call) -> Trace {
    let (namespace, name) = label.split_once('/').unwrap();
    let workload = find_workload(db, mesh, namespace, name).unwrap();
    trace(db, mesh, &From::Workload(workload), call)
}

fn route(gateways: &str, rules: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: api, namespace: edge}}\n\
         spec: {{hosts: [api.com], gateways: [{gateways}], http: {rules}}}\n"
    )
}

fn policy(kind: &str, namespace: &str, spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

const GW: &str = "outbound|80||gw.edge.svc.cluster.local";

#[test]
fn a_call_in_the_mesh_arrives_by_mutual_tls() {
    let found = called("", "http://pay/x");
    assert_eq!(found.verdict, Verdict::Routed);
    assert_eq!(found.destinations, ["workload:shop/pay"]);
    let hop = &found.hops[0];
    assert_eq!(
        hop.cluster().unwrap(),
        "outbound|80||pay.shop.svc.cluster.local"
    );
    let tls = hop.branches[0].upstream_tls.map(|mode| mode.name());
    assert_eq!(tls, Some("ISTIO_MUTUAL"));
    assert_eq!(found.assumptions, [""; 0]);
}

#[test]
fn two_hops_through_the_gateway() {
    let both = route(
        "mesh, gw",
        "[{match: [{gateways: [mesh]}], route: [{destination: {host: gw.edge.svc.cluster.local}}]}, \
          {match: [{gateways: [gw]}], route: [{destination: {host: api.com}}]}]",
    );
    let found = called(&both, "http://api.com/x");
    assert_eq!(found.verdict, Verdict::Routed);
    assert_eq!(found.through_gateways, ["edge/gw"]);
    let clusters: Vec<&str> = found
        .hops
        .iter()
        .map(|h| h.cluster().unwrap().as_str())
        .collect();
    assert_eq!(clusters, [GW, "outbound|80||api.com"]);
    assert_eq!(found.hops[1].listener.as_ref().unwrap().port, 8080);
    assert!(found.hops.iter().all(|h| !h.because.is_empty()));
}

#[test]
fn a_gateway_that_sends_to_itself_is_a_loop() {
    let all = route(
        "mesh, gw",
        "[{route: [{destination: {host: gw.edge.svc.cluster.local}}]}]",
    );
    let found = called(&all, "http://api.com");
    assert_eq!(found.verdict, Verdict::Loop);
    assert_eq!(found.stops_at.as_deref(), Some("edge/gw"));
    assert_eq!(found.client_sees, ClientSees::Status(503));
}

#[test]
fn a_split_follows_the_heavier_branch_and_keeps_the_other() {
    let split = route(
        "mesh",
        "[{route: [{destination: {host: api.com}, weight: 90}, \
          {destination: {host: gw.edge.svc.cluster.local, subset: nope}, weight: 10}]}]",
    );
    let found = called(&split, "http://api.com");
    assert_eq!(found.verdict, Verdict::Routed);
    let branches = &found.hops[0].branches;
    assert_eq!((branches[0].weight, branches[1].weight), (90, 10));
    let other = branches[1].other.as_ref().unwrap();
    assert_eq!(other.verdict, Verdict::ClusterMissing);
    assert!(other.because[0].why.contains("subset"));
}

#[test]
fn no_route_on_the_gateway_is_its_404() {
    let one = route(
        "mesh",
        "[{route: [{destination: {host: gw.edge.svc.cluster.local}}]}]",
    );
    let found = called(&one, "http://api.com");
    assert_eq!(found.verdict, Verdict::NoRoute);
    assert_eq!(found.client_sees, ClientSees::Status(404));
    assert_eq!(found.stops_at.as_deref(), Some("edge/gw"));
}

#[test]
fn plaintext_meets_strict() {
    let strict = policy("PeerAuthentication", "shop", "{mtls: {mode: STRICT}}");
    assert_eq!(called(&strict, "http://pay").verdict, Verdict::Routed);
    let plain = format!(
        "{strict}---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
         metadata: {{name: pay, namespace: shop}}\nspec: {{host: pay, trafficPolicy: {{tls: {{mode: DISABLE}}}}}}\n"
    );
    let found = called(&plain, "http://pay");
    assert_eq!(found.verdict, Verdict::NoFilterChain);
    assert_eq!(found.client_sees, ClientSees::Status(503));
    assert_eq!(found.stops_at.as_deref(), Some("shop/pay"));
    let object = |kind: &str| {
        found
            .because
            .iter()
            .any(|b| b.object.to_string().starts_with(kind))
    };
    assert!(object("PeerAuthentication"), "{:?}", found.because);
}

#[test]
fn authorization_refuses_what_it_can_tell() {
    let allow = |rule: &str| {
        policy(
            "AuthorizationPolicy",
            "shop",
            &format!("{{rules: [{rule}]}}"),
        )
    };
    let nothing = policy("AuthorizationPolicy", "shop", "{}");
    let found = called(&nothing, "http://pay");
    assert_eq!(found.verdict, Verdict::Denied);
    assert_eq!(found.client_sees, ClientSees::Status(403));
    let own = "{from: [{source: {principals: [cluster.local/ns/shop/sa/default]}}]}";
    assert_eq!(called(&allow(own), "http://pay").verdict, Verdict::Routed);
    let other = "{from: [{source: {namespaces: [edge]}}]}";
    assert_eq!(called(&allow(other), "http://pay").verdict, Verdict::Denied);
    let paths = "{to: [{operation: {paths: ['/x*'], methods: [GET]}}]}";
    assert_eq!(
        called(&allow(paths), "http://pay/xy").verdict,
        Verdict::Routed
    );
    assert_eq!(
        called(&allow(paths), "http://pay/y").verdict,
        Verdict::Denied
    );
    let claims = "{when: [{key: 'request.auth.claims[a]', values: [b]}]}";
    let found = called(&allow(claims), "http://pay");
    assert_eq!(found.verdict, Verdict::Routed);
    assert_eq!(found.assumptions.len(), 1);
}

#[test]
fn near_misses_say_what_differs() {
    let sni = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: tls, namespace: shop}\n\
               spec: {hosts: [tls.org], resolution: DNS, ports: [{number: 443, name: t, protocol: TLS}]}\n";
    let found = called(sni, "https://www.tls.org");
    assert_eq!(found.verdict, Verdict::Passthrough);
    let near = &found.hops[0].near_misses[0];
    assert!(
        near.why.contains("takes the server names tls.org only"),
        "{near:?}"
    );
    assert_eq!(called(sni, "https://tls.org").verdict, Verdict::Routed);
}

#[test]
fn excluded_ports_never_enter_the_mesh() {
    let excluded = MESH.replacen(
        "{labels: {app: web, sidecar.istio.io/inject: 'true'}}",
        "{labels: {app: web, sidecar.istio.io/inject: 'true'}, \
         annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: '25,80'}}",
        1,
    );
    let (db, mesh) = mesh_of(&excluded);
    let found = call_from(
        &db,
        mesh,
        "shop/web",
        &Call::from_url("http://pay").unwrap(),
    );
    assert_eq!(found.verdict, Verdict::NotInMesh);
    assert!(found.because[0].path.contains("excludeOutboundPorts"));
}

/// VirtualServices that send hosts and gateways in circles, at random.
fn any_routes() -> impl Strategy<Value = String> {
    let hosts = [
        "api.com",
        "gw.edge.svc.cluster.local",
        "pay.shop.svc.cluster.local",
        "b.com",
    ];
    let one = (0..4usize, 0..4usize, 0..4usize, 0..3usize, 0..101i64);
    proptest::collection::vec(one, 0..6).prop_map(move |picks| {
        let mut text = String::new();
        for (i, (host, to, also, gateways, weight)) in picks.into_iter().enumerate() {
            let gateways = ["mesh", "gw", "mesh, gw"][gateways];
            text.push_str(&format!(
                "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n\
                 metadata: {{name: v{i}, namespace: edge}}\n\
                 spec: {{hosts: [{}], gateways: [{gateways}], http: [{{route: [\
                 {{destination: {{host: {}}}, weight: {weight}}}, \
                 {{destination: {{host: {}}}, weight: {}}}]}}]}}\n",
                hosts[host],
                hosts[to],
                hosts[also],
                100 - weight
            ));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_call_ends_and_ends_alike(extra in any_routes(), order in any::<bool>()) {
        let mut documents: Vec<String> = format!("{MESH}{extra}")
            .split("---\n")
            .map(str::to_owned)
            .collect();
        let (db, mesh) = mesh_of(&documents.join("---\n"));
        if order {
            documents.reverse();
        } else {
            documents.rotate_left(3);
        }
        let (other_db, other) = mesh_of(&documents.join("---\n"));
        for url in ["http://api.com/", "http://gw.edge", "http://pay", "https://api.com", "tcp://b.com:80"] {
            let call = Call::from_url(url).unwrap();
            let found = call_from(&db, mesh, "shop/web", &call);
            prop_assert_eq!(&found, &call_from(&other_db, other, "shop/web", &call));
            prop_assert_eq!(found.stops_at.is_none(), found.verdict.arrives());
        }
    }
}

fn filter(patch: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: f, namespace: shop}}\n\
         spec: {{workloadSelector: {{labels: {{app: web}}}}, configPatches: [{patch}]}}\n"
    )
}

#[test]
fn patches_on_the_way_are_named_and_no_others() {
    let on_the_way = [
        "{applyTo: HTTP_FILTER, match: {context: SIDECAR_OUTBOUND}}",
        "{applyTo: CLUSTER, match: {cluster: {service: pay.shop.svc.cluster.local}}}",
        "{applyTo: HTTP_ROUTE, match: {routeConfiguration: {name: '80'}}}",
        "{applyTo: LISTENER, match: {listener: {portNumber: 80}}}",
    ];
    for patch in on_the_way {
        let assumed = called(&filter(patch), "http://pay/x").assumptions;
        assert_eq!(assumed.len(), 1, "{patch}: {assumed:?}");
        assert!(assumed[0].starts_with("EnvoyFilter shop/f leaves the calls of shop/web"));
    }
    let elsewhere = [
        "{applyTo: HTTP_FILTER, match: {context: SIDECAR_INBOUND}}",
        "{applyTo: CLUSTER, match: {cluster: {service: other.shop.svc.cluster.local}}}",
        "{applyTo: HTTP_ROUTE, match: {routeConfiguration: {name: '8080'}}}",
        "{applyTo: LISTENER, match: {listener: {portNumber: 443}}}",
    ];
    for patch in elsewhere {
        let assumed = called(&filter(patch), "http://pay/x").assumptions;
        assert_eq!(assumed, [""; 0], "{patch}");
    }
}
