//! Who sees, who is pushed, who depends: on the examples of the specification.

use super::*;
use crate::testing::mesh_of;
use meshscope_manifest::Kind;

const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: other, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b, namespace: shop}
spec: {selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: o, namespace: other}
spec: {selector: {matchLabels: {app: o}}, template: {metadata: {labels: {app: o}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gw, namespace: infra}
spec: {selector: {matchLabels: {istio: gw}}, template: {metadata: {labels: {istio: gw}}, spec: {containers: [{name: istio-proxy, image: proxyv2, args: [proxy, router]}]}}}
---
";

fn radius(extra: &str, kind: Kind, namespace: &str, name: &str) -> BlastRadius {
    let (db, mesh) = mesh_of(&format!("{PODS}{extra}"));
    blast_radius(&db, mesh, &ResourceKey::new(kind, namespace, name))
}

fn all(list: &[Reached]) -> Vec<&str> {
    list.iter().map(|r| r.workload.as_str()).collect()
}

#[test]
fn a_private_service_entry_reaches_its_namespace() {
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [ext.com], exportTo: ['.'], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
";
    let radius = radius(entry, Kind::ServiceEntry, "shop", "ext");
    assert_eq!(all(&radius.sees), ["shop/a", "shop/b"]);
    assert_eq!(all(&radius.pushed), ["shop/a", "shop/b"]);
    assert_eq!(radius.sees[0].because[0].path, "spec.exportTo");
}

#[test]
fn a_sidecar_that_does_not_import_it_keeps_a_service_entry_out() {
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: narrow, namespace: shop}
spec: {workloadSelector: {labels: {app: a}}, egress: [{hosts: [other/*]}]}
";
    let radius = radius(entry, Kind::ServiceEntry, "shop", "ext");
    assert_eq!(all(&radius.sees), ["other/o", "shop/b", "infra/gw"]);
}

#[test]
fn an_entry_that_loses_to_an_older_twin_pushes_routers_only() {
    // V:R9.12, fifth bullet.
    let entries = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: old, namespace: infra, creationTimestamp: '2020-01-01T00:00:00Z'}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: new, namespace: zed, creationTimestamp: '2021-01-01T00:00:00Z'}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
";
    let radius = radius(entries, Kind::ServiceEntry, "zed", "new");
    assert_eq!(all(&radius.sees), Vec::<&str>::new());
    assert_eq!(all(&radius.pushed), ["infra/gw"]);
}

#[test]
fn a_virtual_service_of_a_gateway_pushes_all_routers_and_no_sidecar() {
    let vs = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: other-gw, namespace: infra}
spec: {selector: {istio: elsewhere}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: shop}
spec: {hosts: [x.com], gateways: [infra/other-gw], http: [{route: [{destination: {host: x}}]}]}
";
    let radius = radius(vs, Kind::VirtualService, "shop", "vs");
    assert_eq!(all(&radius.sees), Vec::<&str>::new());
    assert_eq!(all(&radius.pushed), ["infra/gw"]);
    assert!(radius.changes_behaviour.is_empty());
}

#[test]
fn a_delegate_pushes_whom_its_root_reaches() {
    let vs = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: shop}
spec: {hosts: [x.com], exportTo: ['.'], http: [{delegate: {name: leaf, namespace: other}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: leaf, namespace: other}
spec: {http: [{route: [{destination: {host: a.shop.svc.cluster.local}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: orphan, namespace: other}
spec: {http: [{route: [{destination: {host: a.shop.svc.cluster.local}}]}]}
";
    let leaf = radius(vs, Kind::VirtualService, "other", "leaf");
    assert_eq!(all(&leaf.sees), ["shop/a", "shop/b"]);
    assert_eq!(all(&leaf.pushed), ["shop/a", "shop/b", "infra/gw"]);
    let orphan = radius(vs, Kind::VirtualService, "other", "orphan");
    assert!(orphan.pushed.is_empty());
}

#[test]
fn a_rule_nobody_selects_pushes_routers_only() {
    let rules = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: nobody, namespace: shop}
spec: {host: nowhere.example.com}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: for-b, namespace: shop}
spec: {host: a, workloadSelector: {matchLabels: {app: b}}}
";
    let nobody = radius(rules, Kind::DestinationRule, "shop", "nobody");
    assert_eq!(all(&nobody.pushed), ["infra/gw"]);
    // Selectors do not narrow the push (V:R9.9), but they do narrow who acts by it.
    let for_b = radius(rules, Kind::DestinationRule, "shop", "for-b");
    assert_eq!(all(&for_b.pushed), ["shop/a", "shop/b", "infra/gw"]);
    assert_eq!(all(&for_b.changes_behaviour), ["shop/b"]);
}

#[test]
fn a_policy_pushes_its_namespace_and_all_routers_and_changes_whom_it_selects() {
    let policy = "
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, rules: [{}]}
";
    let radius = radius(policy, Kind::AuthorizationPolicy, "shop", "p");
    assert_eq!(all(&radius.sees), ["shop/a"]);
    assert_eq!(all(&radius.pushed), ["shop/a", "shop/b", "infra/gw"]);
    assert_eq!(all(&radius.changes_behaviour), ["shop/a"]);
}

#[test]
fn a_root_sidecar_reaches_namespaces_without_their_own() {
    let sidecars = "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: istio-system}
spec: {egress: [{hosts: ['./*']}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: own, namespace: shop}
spec: {egress: [{hosts: ['*/*']}]}
";
    let root = radius(sidecars, Kind::Sidecar, "istio-system", "default");
    assert_eq!(all(&root.pushed), ["other/o"]);
}

#[test]
fn hidden_services_still_push_the_pods_behind_them() {
    // V:R9.10: its own workloads take inbound configuration from it.
    let service = "
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop, annotations: {networking.istio.io/exportTo: '~'}}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
";
    let radius = radius(service, Kind::Service, "shop", "a");
    assert!(radius.sees.is_empty());
    assert_eq!(all(&radius.pushed), ["shop/a"]);
    assert_eq!(all(&radius.changes_behaviour), ["shop/a"]);
}
