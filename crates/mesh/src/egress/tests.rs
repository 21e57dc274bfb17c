//! Layers, ways round and isolation on small meshes.

use super::*;
use crate::testing::mesh_of;
use crate::workloads::find_workload;

const APP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
";

const SIDECAR: &str = "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}, egress: [{hosts: ['./*', istio-system/*]}]}
---
";

const POLICY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}]
";

fn held(texts: &[&str]) -> (Held, Held, Held) {
    let (db, mesh) = mesh_of(&texts.join("\n---\n"));
    let l = layers(&db, mesh, "shop");
    (
        l.registry_only.held,
        l.sidecar_scope.held,
        l.network_policy.held,
    )
}

#[test]
fn each_layer_has_its_object() {
    use Held::{No, Yes};
    assert_eq!(held(&[APP]), (No, No, No));
    assert_eq!(held(&[APP, SIDECAR]), (Yes, Yes, No));
    assert_eq!(held(&[APP, POLICY]), (No, No, Yes));
    assert_eq!(held(&[APP, SIDECAR, POLICY]), (Yes, Yes, Yes));
}

#[test]
fn one_workload_outside_breaks_a_layer() {
    let outside = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: raw, namespace: shop}
spec: {template: {metadata: {labels: {app: raw, sidecar.istio.io/inject: 'false'}}, spec: {containers: [{name: c}]}}}
";
    assert_eq!(
        held(&[APP, SIDECAR, POLICY, outside]),
        (Held::No, Held::No, Held::Yes)
    );
    let (db, mesh) = mesh_of(&[APP, SIDECAR, POLICY, outside].join("\n---\n"));
    let layers = layers(&db, mesh, "shop");
    assert_eq!(layers.registry_only.parts[0].workload, "shop/raw");
    assert!(!layers.enforced());
}

fn ways(text: &str) -> Vec<(Way, Held)> {
    let (db, mesh) = mesh_of(text);
    let found = ways_round(&db, mesh, "shop");
    found.iter().map(|w| (w.kind, w.closed_by_policy)).collect()
}

#[test]
fn ways_round_name_their_row() {
    assert_eq!(
        ways(APP),
        [(Way::NotTcp, Held::No), (Way::AllowAny, Held::No)]
    );
    assert_eq!(
        ways(&[APP, SIDECAR, POLICY].join("\n---\n")),
        [(Way::NotTcp, Held::Yes)]
    );
    let excluded = APP.replace(
        "labels: {app: a}}, spec:",
        "labels: {app: a}, annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: '443'}}, spec:",
    );
    assert_eq!(ways(&excluded)[0], (Way::NotCaptured, Held::No));
    let user = APP.replace("{name: c}", "{name: c, securityContext: {runAsUser: 1337}}");
    assert_eq!(ways(&user)[0], (Way::ProxyUser, Held::No));
    let host = APP.replace("containers:", "hostNetwork: true, containers:");
    assert_eq!(ways(&host), [(Way::HostNetwork, Held::No)]);
}

#[test]
fn entries_without_resolution_can_be_spoofed() {
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: any, namespace: shop}
spec: {hosts: ['*.ext.com'], ports: [{number: 443, name: tls, protocol: TLS}], resolution: NONE}
";
    let found = ways(&[APP, SIDECAR, entry].join("\n---\n"));
    assert!(found.contains(&(Way::DialledAddress, Held::No)));
}

fn gateway(name: &str, namespace: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{matchLabels: {{istio: {name}}}}}, template: {{metadata: {{labels: {{istio: {name}}}}}, spec: {{containers: [{{name: istio-proxy, args: [proxy, router]}}]}}}}}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{istio: {name}}}, servers: [{{port: {{number: 443, name: tls, protocol: TLS}}, hosts: ['*'], tls: {{mode: PASSTHROUGH}}}}]}}
---
"
    )
}

fn pair(extra: &str) -> Isolation {
    let text = format!("{}{}{extra}", gateway("one", "e1"), gateway("two", "e2"));
    let (db, mesh) = mesh_of(&text);
    let find = |ns, n| find_workload(&db, mesh, ns, n).unwrap();
    isolation(&db, mesh, &find("e1", "one"), &find("e2", "two")).unwrap()
}

#[test]
fn separate_gateways_are_isolated_until_something_is_exported_to_both() {
    let alone = pair("");
    assert!(alone.isolated, "{alone:?}");
    let entry = |export: &str| {
        format!(
            "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: ext, namespace: shop}}
spec: {{hosts: [ext.com], exportTo: {export}, ports: [{{number: 443, name: tls, protocol: TLS}}], resolution: DNS}}
"
        )
    };
    assert!(pair(&entry("[., e1]")).isolated);
    let shared = pair(&entry("['*']"));
    assert!(!shared.isolated);
    let names: Vec<String> = shared
        .logical
        .shared_exported_resources
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["ServiceEntry shop/ext"]);
    assert_eq!(shared.physical.pods, Apart::Separate);
}

#[test]
fn a_gateway_that_applies_to_both_ties_them() {
    let all = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: all, namespace: shop}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
";
    let tied = pair(all);
    assert!(!tied.isolated);
    assert_eq!(tied.physical.selectors, Apart::Shared);
    assert_eq!(tied.logical.shared_gateways.len(), 1);
}

#[test]
fn what_the_root_namespace_exports_is_meant_for_all() {
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: istio-system}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
";
    let isolation = pair(entry);
    assert!(isolation.isolated);
    assert_eq!(isolation.logical.mesh_wide.len(), 1);
}

const ROUTED: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [ext.com], ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: v1
kind: Service
metadata: {name: one, namespace: e1}
spec: {selector: {istio: one}, ports: [{name: tls, port: 443}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ext, namespace: shop}
spec:
  hosts: [ext.com]
  gateways: [mesh, e1/one]
  tls:
  - match: [{gateways: [mesh], port: 443, sniHosts: [ext.com]}]
    route: [{destination: {host: one.e1.svc.cluster.local, port: {number: 443}}}]
  - match: [{gateways: [e1/one], port: 443, sniHosts: [ext.com]}]
    route: [{destination: {host: ext.com, port: {number: 443}}}]
---
";

fn paths(text: &str) -> Vec<(String, &'static str, bool)> {
    let (db, mesh) = mesh_of(text);
    let hosts = inventory(&db, mesh, "shop");
    hosts
        .iter()
        .flat_map(|h| &h.paths)
        .map(|p| (p.call.to_string(), p.outcome.name(), p.bypasses))
        .collect()
}

#[test]
fn a_port_the_route_forgets_is_a_bypass() {
    let text = format!("{APP}{}{ROUTED}", gateway("one", "e1"));
    assert_eq!(
        paths(&text),
        [
            ("http://ext.com:80".to_owned(), "direct", true),
            ("https://ext.com:443".to_owned(), "gateway", false),
        ]
    );
}

#[test]
fn pods_without_sidecar_bypass_every_route() {
    let text = format!("{APP}{}{ROUTED}", gateway("one", "e1"));
    let text = text.replace("istio-injection: enabled", "istio-injection: disabled");
    assert!(
        paths(&text)
            .iter()
            .all(|(_, how, bypass)| *how == "not-captured" && *bypass)
    );
}

#[test]
fn one_route_for_both_legs_is_a_bypass_even_where_nothing_runs() {
    let both = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ext, namespace: shop}
spec:
  hosts: [ext.com]
  gateways: [mesh, infra/gone]
  tls: [{match: [{port: 443, sniHosts: [ext.com]}], route: [{destination: {host: ext.com}}]}]
";
    assert_eq!(
        paths(both),
        [("https://ext.com:443".to_owned(), "direct", true)]
    );
}

#[test]
fn shares_that_leave_directly_count() {
    let split = ROUTED.replace(
        "route: [{destination: {host: one.e1.svc.cluster.local, port: {number: 443}}}]",
        "route: [{destination: {host: one.e1.svc.cluster.local, port: {number: 443}}, weight: 90}, {destination: {host: ext.com, port: {number: 443}}, weight: 10}]",
    );
    let text = format!("{APP}{}{split}", gateway("one", "e1"));
    let found = paths(&text);
    assert_eq!(found[1], ("https://ext.com:443".to_owned(), "split", true));
}

#[test]
fn a_namespace_that_only_serves_the_gateway_calls_nothing() {
    let text = format!("{APP}{}{ROUTED}", gateway("one", "e1"));
    let text = text.replace(
        "metadata: {name: ext, namespace: shop}\nspec:\n",
        "metadata: {name: ext, namespace: e1}\nspec:\n",
    );
    let (db, mesh) = mesh_of(&text);
    assert_eq!(inventory(&db, mesh, "e1"), []);
}
