//! What is offered, in finished and half-typed text.

use super::*;
use crate::testing::{Fixture, GATEWAY, REVIEWS};

fn offered(texts: &[&str]) -> Vec<String> {
    let f = Fixture::new(texts);
    let found = complete(&f.workspace, &f.file, f.offset);
    let from_mesh = found
        .items
        .iter()
        .filter(|item| !matches!(item.kind, CompletionKind::Field | CompletionKind::Value));
    from_mesh.map(|item| item.insert.clone()).collect()
}

const HEAD: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
";

fn typed(spec: &str) -> Vec<String> {
    offered(&[REVIEWS, GATEWAY, &format!("{HEAD}{spec}")])
}

#[test]
fn hosts_in_the_form_that_resolves() {
    let expected = ["reviews", "reviews.shop.svc.cluster.local"];
    assert_eq!(
        typed("  http:\n  - route:\n    - destination:\n        host: $0\n"),
        expected
    );
    assert_eq!(
        typed("  http:\n  - route:\n    - destination:\n        host: rev$0\n"),
        expected
    );
    assert_eq!(typed("  hosts: [$0\n"), expected, "an open bracket");
    assert_eq!(typed("  hosts:\n  - $0\n"), expected, "an empty item");
    assert_eq!(
        typed("  http: [{route: [{destination: {host: $0\n"),
        [""; 0],
        "too much is open"
    );
    let elsewhere = HEAD.replace("namespace: shop", "namespace: web");
    let spec = "  hosts:\n  - rev$0\n";
    assert_eq!(
        offered(&[REVIEWS, &format!("{elsewhere}{spec}")]),
        ["reviews.shop.svc.cluster.local"],
        "short names mean another namespace"
    );
}

#[test]
fn hidden_hosts_come_last_with_the_reason() {
    let entry = "#- e.yaml\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, \
                 namespace: far}\nspec: {hosts: [a.example.com], exportTo: ['.'], resolution: DNS, ports: \
                 [{number: 443, name: tls, protocol: TLS}]}\n";
    let route = format!("{HEAD}  hosts: [$0]\n");
    let f = Fixture::new(&[REVIEWS, entry, &route]);
    let found = complete(&f.workspace, &f.file, f.offset);
    let last = found.items.last().unwrap();
    assert_eq!(
        (last.label.as_str(), last.detail.as_str()),
        ("a.example.com", "not exported to shop")
    );
}

#[test]
fn gateways_in_the_form_that_resolves() {
    assert_eq!(typed("  gateways:\n  - $0\n"), ["mesh", "infra/public"]);
    assert_eq!(typed("  gateways: [infra/p$0]\n"), ["infra/public"]);
    assert_eq!(
        typed("  http:\n  - match:\n    - gateways: [$0]\n"),
        ["mesh", "infra/public"]
    );
    let own = HEAD.replace("namespace: shop", "namespace: infra");
    let route = format!("{own}  gateways:\n  - $0\n");
    assert_eq!(
        offered(&[GATEWAY, &route]),
        ["public", "mesh", "infra/public"]
    );
}

#[test]
fn subsets_and_ports_of_the_host_beside_them() {
    let route = "  http:\n  - route:\n    - destination:\n        host: reviews\n        ";
    assert_eq!(typed(&format!("{route}subset: $0\n")), ["v1", "v2"]);
    assert_eq!(
        typed(&format!(
            "{route}subset: $0\n        port: {{number: 9080}}\n"
        )),
        ["v1", "v2"]
    );
    assert_eq!(typed(&format!("{route}port: {{number: $0}}\n")), ["9080"]);
    assert_eq!(
        typed(&format!("{route}port:\n          number: 9$0\n")),
        ["9080"]
    );
}

#[test]
fn namespaces_with_their_words_in_export_to() {
    assert_eq!(typed("  exportTo: [$0]\n"), ["'*'", ".", "infra", "shop"]);
    assert_eq!(
        typed("  http:\n  - match:\n    - sourceNamespace: $0\n"),
        ["infra", "shop"]
    );
}

#[test]
fn imports_of_a_sidecar() {
    let sidecar = "#- web/s.yaml\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, \
                   namespace: web}\nspec:\n  egress:\n  - hosts:\n    - \"$0\n";
    let found = offered(&[REVIEWS, sidecar]);
    assert!(
        found.contains(&"shop/reviews.shop.svc.cluster.local".to_owned()),
        "{found:?}"
    );
    assert_eq!(found[0], "./*");
}

#[test]
fn labels_of_workloads_in_selectors() {
    let gateway = GATEWAY.replace("{istio: ingress}\n  servers", "{istio: $0}\n  servers");
    assert_eq!(offered(&[&gateway]), ["ingress"]);
    let policy = "#- shop/p.yaml\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: \
                  {name: p, namespace: shop}\nspec:\n  selector:\n    matchLabels:\n      ap$0\n";
    assert_eq!(offered(&[REVIEWS, policy]), ["app: "]);
}

#[test]
fn principals_and_gateway_api_references() {
    let policy = "#- web/p.yaml\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: \
                  {name: p, namespace: web}\nspec:\n  rules:\n  - from:\n    - source:\n        \
                  principals: [$0]\n";
    assert_eq!(
        offered(&[REVIEWS, policy]),
        ["cluster.local/ns/shop/sa/reviews"]
    );
    let route = "#- shop/h.yaml\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: \
                 {name: r, namespace: shop}\nspec:\n  rules:\n  - backendRefs:\n    - name: ";
    assert_eq!(offered(&[REVIEWS, &format!("{route}$0\n")]), ["reviews"]);
    assert_eq!(
        offered(&[REVIEWS, &format!("{route}reviews\n      port: $0\n")]),
        ["9080"]
    );
}

#[test]
fn fields_and_values_of_the_schema() {
    let schema = |spec: &str| {
        let f = Fixture::new(&[REVIEWS, &format!("{HEAD}{spec}")]);
        let found = complete(&f.workspace, &f.file, f.offset);
        found
            .items
            .into_iter()
            .map(|item| item.insert)
            .collect::<Vec<_>>()
    };
    assert_eq!(schema("  hosts: [a]\n  gate$0\n"), ["gateways:"]);
    let keys = schema("  hosts: [a]\n  http:\n  - $0\n");
    assert!(keys.contains(&"timeout: ".to_owned()), "{keys:?}");
    let keys = schema("  hosts: [a]\n  http:\n  - route:\n    - destination:\n        h$0\n");
    assert_eq!(keys, ["host: "]);
    assert!(
        !schema("  hosts: [a]\n  $0\n").contains(&"hosts:".to_owned()),
        "written already"
    );
    let rule = "#- r.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, \
                namespace: shop}\nspec:\n  host: reviews\n  trafficPolicy:\n    tls:\n      mode: $0\n";
    let f = Fixture::new(&[REVIEWS, rule]);
    let found = complete(&f.workspace, &f.file, f.offset);
    let values: Vec<&str> = found.items.iter().map(|item| item.label.as_str()).collect();
    assert!(values.contains(&"ISTIO_MUTUAL"), "{values:?}");
}

#[test]
fn the_word_under_the_cursor_is_replaced_whole() {
    assert_eq!(
        typed("  exportTo: ['$0']\n"),
        ["*", ".", "infra", "shop"],
        "in quotes"
    );
    let f = Fixture::new(&[REVIEWS, &format!("{HEAD}  hosts: [rev$0iews]\n")]);
    let found = complete(&f.workspace, &f.file, f.offset);
    assert_eq!(
        f.show_range(&f.file, &found.range),
        "shop/route.yaml:5: reviews"
    );
    let outside = Fixture::new(&["#- x.yaml\na: b$0\n"]);
    assert_eq!(
        complete(&outside.workspace, &outside.file, outside.offset).items,
        []
    );
}
