//! Each reason for a presence and an absence, told by the rule that decided.

use super::support::{Fixture, deployment, entry, istio, key, namespace, route, service, sidecar};
use meshscope_manifest::Kind;
use meshscope_mesh::visibility::explain::{explain, explain_workload, visible_to};
use meshscope_mesh::workloads::find_workload;

/// What is said to the only workload of `client`: present or not, and the rule ids in order.
fn told(f: &Fixture, kind: Kind, label: &str) -> (bool, String) {
    let said = explain(&f.db, f.mesh, &f.proxy("client", "app"), &key(kind, label));
    let rules = said.steps.iter().map(|s| {
        let start = s.why.rfind("(V:").or_else(|| s.why.rfind("(G:"));
        s.why[start.map_or(s.why.len(), |i| i + 1)..]
            .trim_end_matches(')')
            .to_owned()
    });
    (said.present, rules.collect::<Vec<_>>().join(" "))
}

fn mesh(parts: &[String]) -> Fixture {
    let base = ["owner", "client", "third", "istio-system"]
        .map(namespace)
        .concat();
    let mut files = vec![("base.yaml", base + &deployment("client", "app"))];
    files.extend([("parts.yaml", parts.concat())]);
    Fixture::new(files)
}

#[track_caller]
fn says(f: &Fixture, kind: Kind, label: &str, present: bool, rules: &str) {
    assert_eq!(
        told(f, kind, label),
        (present, rules.to_owned()),
        "{kind} {label}"
    );
}

#[test]
fn services() {
    let f = mesh(&[
        service("owner", "web", 80, ""),
        service("owner", "private", 80, "."),
        service("third", "web", 80, ""),
        service("client", "hidden", 80, "~"),
        entry("owner", "bank", "bank.example", ""),
        entry("client", "bank", "bank.example", ""),
        entry("third", "twin", "web.third.svc.cluster.local", ""),
        route("client", "front", "front.example", "hidden", ""),
        sidecar("client", "./*, owner/*"),
    ]);
    says(
        &f,
        Kind::Service,
        "owner/web",
        true,
        "V:R2.2 V:R3.2 V:R3.10",
    );
    says(&f, Kind::Service, "owner/private", false, "V:R2.2");
    says(
        &f,
        Kind::Service,
        "third/web",
        false,
        "V:R2.2 V:R3.2 V:R3.7, V:R3.12",
    );
    says(
        &f,
        Kind::Service,
        "client/hidden",
        true,
        "V:R2.2 V:R2.4 V:R3.16",
    );
    says(
        &f,
        Kind::ServiceEntry,
        "owner/bank",
        false,
        "V:R2.2 V:R3.2 V:R3.14",
    );
    says(
        &f,
        Kind::ServiceEntry,
        "client/bank",
        true,
        "V:R2.2 V:R3.2 V:R3.10 V:R3.14",
    );
    says(&f, Kind::Service, "owner/nowhere", false, "");
}

#[test]
fn a_service_takes_the_place_of_a_service_entry() {
    let f = mesh(&[
        service("owner", "web", 80, ""),
        entry("third", "twin", "web.owner.svc.cluster.local", ""),
    ]);
    says(
        &f,
        Kind::ServiceEntry,
        "third/twin",
        false,
        "V:R2.2 V:R3.4 V:R3.20",
    );
    says(
        &f,
        Kind::Service,
        "owner/web",
        true,
        "V:R2.2 V:R3.4 V:R3.20",
    );
}

#[test]
fn virtual_services() {
    let f = mesh(&[
        service("owner", "web", 80, ""),
        route("owner", "web", "web", "web", ""),
        route("owner", "private", "web", "web", ", exportTo: [.]"),
        route("owner", "edge", "web", "web", ", gateways: [owner/edge]"),
        route(
            "third",
            "stray",
            "web.owner.svc.cluster.local",
            "web.owner",
            "",
        ),
        istio(
            "VirtualService",
            "owner",
            "root",
            "{hosts: [root.example], http: [{delegate: {name: leaf, namespace: owner}}]}",
        ),
        istio(
            "VirtualService",
            "owner",
            "leaf",
            "{http: [{route: [{destination: {host: web}}]}]}",
        ),
        istio(
            "VirtualService",
            "owner",
            "unused",
            "{http: [{route: [{destination: {host: web}}]}]}",
        ),
        sidecar("client", "owner/*"),
    ]);
    says(
        &f,
        Kind::VirtualService,
        "owner/web",
        true,
        "V:R2.6 V:R3.2 V:R3.15",
    );
    says(&f, Kind::VirtualService, "owner/private", false, "V:R2.6");
    says(&f, Kind::VirtualService, "owner/edge", false, "V:R4.11");
    says(
        &f,
        Kind::VirtualService,
        "third/stray",
        false,
        "V:R2.6 V:R3.2 V:R3.15",
    );
    says(
        &f,
        Kind::VirtualService,
        "owner/leaf",
        true,
        "V:R4.1 V:R4.5",
    );
    says(&f, Kind::VirtualService, "owner/unused", false, "V:R4.1");
}

#[test]
fn destination_rules() {
    let rule = |ns: &str, name: &str, host: &str, more: &str| {
        istio(
            "DestinationRule",
            ns,
            name,
            &format!("{{host: \"{host}\"{more}}}"),
        )
    };
    let f = mesh(&[
        ["a", "b", "c", "d", "e"]
            .map(|s| service("owner", s, 80, ""))
            .concat(),
        rule("owner", "a", "a", ""),
        rule("owner", "a-more", "a", ", subsets: [{name: v1}]"),
        rule("third", "a", "a.owner.svc.cluster.local", ""),
        rule("owner", "b", "b", ""),
        rule(
            "client",
            "b",
            "*.owner.svc.cluster.local",
            ", workloadSelector: {matchLabels: {app: other}}",
        ),
        rule("owner", "c", "c", ", exportTo: [third]"),
        rule("owner", "private", "d", ", exportTo: [.]"),
        rule("owner", "nothing", "nothing", ""),
    ]);
    says(&f, Kind::DestinationRule, "owner/nothing", false, "V:R5.13");
    says(&f, Kind::DestinationRule, "owner/b", false, "V:R5.3");
    says(
        &f,
        Kind::DestinationRule,
        "client/b",
        false,
        "V:R5.7 V:R5.3 V:R5.7 V:R5.3 V:R5.7 V:R5.3",
    );
    let without = f.text("parts.yaml").replace(
        "kind: DestinationRule\nmetadata: {name: b, namespace: client}",
        "kind: Other\nmetadata: {name: b, namespace: client}",
    );
    let mut f = f;
    f.set("parts.yaml", &without);
    says(&f, Kind::DestinationRule, "owner/a", true, "V:R5.3");
    says(
        &f,
        Kind::DestinationRule,
        "owner/a-more",
        true,
        "V:R5.3 V:R5.5",
    );
    says(&f, Kind::DestinationRule, "third/a", false, "V:R5.3 V:R5.3");
    says(&f, Kind::DestinationRule, "owner/c", false, "V:R2.13");
    says(&f, Kind::DestinationRule, "owner/private", false, "V:R2.10");
}

#[test]
fn sidecars_and_pods_without_one() {
    let mut f = mesh(&[
        sidecar("client", "./*"),
        sidecar("third", "./*"),
        sidecar("istio-system", "./*"),
    ]);
    says(&f, Kind::Sidecar, "client/default", true, "V:R3.2");
    says(&f, Kind::Sidecar, "third/default", false, "V:R3.2 V:R3.2");
    says(
        &f,
        Kind::Sidecar,
        "istio-system/default",
        false,
        "V:R3.28 V:R3.2",
    );
    let off = f
        .text("base.yaml")
        .replace("istio-injection: enabled", "istio-injection: disabled");
    f.set("base.yaml", &off);
    let workload = find_workload(&f.db, f.mesh, "client", "app").unwrap();
    let said = explain_workload(
        &f.db,
        f.mesh,
        &workload,
        &key(Kind::Sidecar, "client/default"),
    );
    assert!(
        !said.present && said.steps[0].why.contains("V:R7.8"),
        "{said:?}"
    );
}

#[test]
fn who_sees_a_service() {
    let f = mesh(&[
        service("owner", "web", 80, "client, owner"),
        deployment("owner", "app"),
        deployment("third", "app"),
    ]);
    let seen = visible_to(&f.db, f.mesh, &key(Kind::Service, "owner/web"));
    assert_eq!(seen.namespaces, ["client", "owner"]);
    assert_eq!(seen.sidecars, ["client/app", "owner/app"]);
    assert!(seen.gateways.is_empty());
}
