//! Decisions that files leave open are listed, with both outcomes; those that age never decides or
//! timestamps settle are not.

use super::support::{Fixture, deployment, entry, istio, namespace, route, service};
use meshscope_mesh::visibility::ambiguity::ambiguities;

/// Ids of the open decisions of `client/app`.
fn open(parts: &[String]) -> Vec<&'static str> {
    let base = ["owner", "client", "third"].map(namespace).concat();
    let f = Fixture::new([(
        "mesh.yaml",
        base + &deployment("client", "app") + &parts.concat(),
    )]);
    let found = ambiguities(&f.db, f.mesh, &f.proxy("client", "app"));
    for ambiguity in &found {
        assert!(ambiguity.objects.len() > 1 && !ambiguity.otherwise.is_empty());
    }
    found.iter().map(|a| a.decision.id()).collect()
}

fn dated(text: String, second: u32) -> String {
    text.replacen(
        "metadata: {",
        &format!("metadata: {{creationTimestamp: \"2024-01-01T00:00:{second:02}Z\", "),
        1,
    )
}

#[test]
fn hosts_of_two_namespaces() {
    let (a, b) = (
        entry("owner", "x", "x.example", ""),
        entry("third", "x", "x.example", ""),
    );
    assert_eq!(open(&[a.clone(), b.clone()]), ["O2"]);
    assert!(open(&[dated(a.clone(), 1), dated(b.clone(), 2)]).is_empty());
    assert_eq!(open(&[dated(a.clone(), 1), dated(b.clone(), 1)]), ["O2"]);
    let own = entry("client", "x", "x.example", "");
    assert!(
        open(&[a.clone(), b, own]).is_empty(),
        "the own namespace always wins"
    );
    let kubernetes = service("owner", "web", 80, "");
    let twin = entry("third", "twin", "web.owner.svc.cluster.local", "");
    assert!(
        open(&[kubernetes, twin]).is_empty(),
        "Kubernetes always wins"
    );
    let private = entry("third", "x", "x.example", ", exportTo: [client]");
    assert!(
        open(&[a, private]).is_empty(),
        "exported by name comes before public"
    );
}

#[test]
fn hosts_of_one_namespace() {
    let (a, b) = (
        entry("owner", "x", "x.example", ""),
        entry("owner", "z", "x.example", ""),
    );
    assert!(
        open(&[a.clone(), b.clone()]).is_empty(),
        "both say the same"
    );
    let other = b.replace("resolution: DNS", "resolution: NONE");
    assert_eq!(open(&[a.clone(), other.clone()]), ["O3"]);
    assert_eq!(open(&[dated(a.clone(), 1), dated(other, 1)]), ["N1"]);
    assert!(
        open(&[a, b.replace("443", "8443")]).is_empty(),
        "different ports merge"
    );
}

#[test]
fn virtual_services_of_one_host() {
    let web = service("owner", "web", 80, "");
    let (a, b) = (
        route("owner", "a", "web", "web", ""),
        route("owner", "b", "web", "web", ""),
    );
    assert_eq!(open(&[web.clone(), a.clone(), b.clone()]), ["O4"]);
    assert!(open(&[web.clone(), dated(a.clone(), 1), dated(b, 2)]).is_empty());
    let private = route(
        "client",
        "p",
        "web.owner.svc.cluster.local",
        "web.owner",
        ", exportTo: [.]",
    );
    assert!(
        open(&[web.clone(), a.clone(), private]).is_empty(),
        "private before public"
    );
    let wide = route("owner", "w", "*.owner.svc.cluster.local", "web", "");
    assert!(
        open(&[web.clone(), a, wide.clone()]).is_empty(),
        "exact before wildcard"
    );
    let wide_too = route("owner", "w2", "*.owner.svc.cluster.local", "web", "");
    assert_eq!(open(&[web, wide, wide_too]), ["O5"]);
}

#[test]
fn tcp_routes() {
    let tcp = |name: &str, host: &str| {
        let spec =
            format!("{{hosts: [\"{host}\"], tcp: [{{route: [{{destination: {{host: web}}}}]}}]}}");
        istio("VirtualService", "owner", name, &spec)
    };
    let web = service("owner", "web", 80, "");
    let exact = tcp("exact", "web");
    let wide = tcp("wide", "*.owner.svc.cluster.local");
    assert_eq!(open(&[web, exact, wide]), ["O6"]);
}

#[test]
fn destination_rules_of_one_host() {
    let rule = |name: &str, more: &str| {
        istio(
            "DestinationRule",
            "owner",
            name,
            &format!("{{host: web{more}}}"),
        )
    };
    let web = service("owner", "web", 80, "");
    let policy = ", trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}";
    let (v1, v2) = (
        rule("a", ", subsets: [{name: v1}]"),
        rule("b", ", subsets: [{name: v2}]"),
    );
    assert!(
        open(&[web.clone(), v1, v2]).is_empty(),
        "subsets unite whatever the order"
    );
    assert_eq!(
        open(&[web.clone(), rule("a", policy), rule("b", policy)]),
        ["O7"]
    );
    assert_eq!(
        open(&[web, rule("a", ", exportTo: [client]"), rule("b", "")]),
        ["O7"]
    );
}

#[test]
fn sidecars() {
    let named = |name: &str| istio("Sidecar", "client", name, "{egress: [{hosts: [./*]}]}");
    assert_eq!(open(&[named("a"), named("b")]), ["O1"]);
    let selected = istio(
        "Sidecar",
        "client",
        "s",
        "{workloadSelector: {labels: {app: app}}, egress: [{hosts: [./*]}]}",
    );
    assert!(
        open(&[named("a"), selected]).is_empty(),
        "a selector comes first"
    );
}

#[test]
fn inbound_protocols() {
    let http = service("client", "http", 80, "").replace("app: http", "app: app");
    let tcp = service("client", "tcp", 80, "")
        .replace("app: tcp", "app: app")
        .replace("name: http, port", "name: tcp, port");
    assert_eq!(open(&[http, tcp]), ["O10"]);
}

/// The same for a gateway workload in a namespace of its own.
fn open_at_gateway(parts: &[String]) -> Vec<&'static str> {
    let pod = deployment("edge", "gw").replace(
        "metadata: {labels: {app: gw}}",
        "metadata: {labels: {app: gw}, annotations: {inject.istio.io/templates: gateway}}",
    );
    let base = ["edge", "owner", "third"].map(namespace).concat() + &pod;
    let f = Fixture::new([("mesh.yaml", base + &parts.concat())]);
    let found = ambiguities(&f.db, f.mesh, &f.proxy("edge", "gw"));
    found.iter().map(|a| a.decision.id()).collect()
}

fn gateway(ns: &str, name: &str, protocol: &str) -> String {
    let spec = format!(
        "{{selector: {{app: gw}}, servers: [{{port: {{number: 80, name: p, protocol: {protocol}}}, hosts: [\"*\"]}}]}}"
    );
    istio("Gateway", ns, name, &spec)
}

#[test]
fn gateways() {
    assert_eq!(
        open_at_gateway(&[gateway("edge", "a", "HTTP"), gateway("edge", "b", "TCP")]),
        ["O8"]
    );
    let via = ", gateways: [edge/a]";
    let (a, b) = (
        route("owner", "a", "x.example", "web", via),
        route("third", "b", "x.example", "web", via),
    );
    assert_eq!(
        open_at_gateway(&[gateway("edge", "a", "HTTP"), a.clone(), b.clone()]),
        ["O9"]
    );
    let apart = b.replace(
        "http: [{route",
        "http: [{match: [{uri: {prefix: /b}}], route",
    );
    assert!(
        open_at_gateway(&[gateway("edge", "a", "HTTP"), a, apart]).is_empty(),
        "catch-alls come last"
    );
}

#[test]
fn gateways_beside_sidecars() {
    let hidden = service("edge", "inner", 80, "~");
    let front = route("edge", "front", "front.example", "inner", "");
    let parts = [hidden, front];
    assert!(open_at_gateway(&parts).is_empty());
    assert_eq!(
        open_at_gateway(&[&parts[..], &[deployment("edge", "app")]].concat()),
        ["N3"]
    );
}

#[test]
fn envoy_filters() {
    let filter = |name: &str, what: &str| {
        let spec = format!(
            "{{configPatches: [{{applyTo: {what}, patch: {{operation: MERGE, value: {{}}}}}}]}}"
        );
        istio("EnvoyFilter", "client", name, &spec)
            .replace("networking.istio.io/v1\n", "networking.istio.io/v1alpha3\n")
    };
    assert_eq!(
        open(&[filter("a", "CLUSTER"), filter("b", "CLUSTER")]),
        ["O13"]
    );
    assert!(open(&[filter("a", "CLUSTER"), filter("b", "LISTENER")]).is_empty());
}
