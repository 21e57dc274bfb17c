//! The graph of a small mesh, and its three texts.

use super::*;
use crate::testing::mesh_of;

const MESH: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: gw, namespace: infra}
spec: {selector: {matchLabels: {istio: gw}}, template: {metadata: {labels: {istio: gw}}, spec: {containers: [{name: istio-proxy, args: [proxy, router]}]}}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: infra}
spec: {selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [infra/public, mesh]
  http:
  - match: [{uri: {prefix: /api}, method: {exact: GET}}]
    route:
    - {destination: {host: a, subset: v1}, weight: 90}
    - {destination: {host: nobody.example.com}, weight: 10}
    mirror: {host: a}
";

fn graph() -> Graph {
    let (db, mesh) = mesh_of(MESH);
    route_graph(&db, mesh, &Focus::default())
}

#[test]
fn every_step_of_a_route_is_an_edge() {
    let edges: Vec<String> = graph()
        .edges
        .iter()
        .map(|e| format!("{} {} {} [{}]", e.from, e.kind.name(), e.to, e.label()))
        .collect();
    let service = "service:shop/a.shop.svc.cluster.local";
    assert_eq!(
        edges,
        [
            "workload:infra/gw serves gateway:infra/public []".to_owned(),
            "gateway:infra/public binds virtual-service:shop/vs [shop.example.com :80]".to_owned(),
            "mesh:mesh binds virtual-service:shop/vs [shop.example.com]".to_owned(),
            format!("{service} runs-on workload:shop/a []"),
            "subset:shop/a.shop.svc.cluster.local/v1 part-of ".to_owned() + service + " []",
            "virtual-service:shop/vs routes subset:shop/a.shop.svc.cluster.local/v1 [GET /api* 90%]"
                .to_owned(),
            "virtual-service:shop/vs routes unknown:nobody.example.com [GET /api* 10%]".to_owned(),
            format!("virtual-service:shop/vs mirrors {service} [GET /api* copy]"),
        ]
    );
}

#[test]
fn edges_lead_between_nodes() {
    let graph = graph();
    let known = |id: &Str| graph.nodes.iter().any(|n| n.id == *id);
    assert!(graph.edges.iter().all(|e| known(&e.from) && known(&e.to)));
}

#[test]
fn a_focus_leaves_the_rest_out() {
    let (db, mesh) = mesh_of(MESH);
    let focus = Focus {
        host: Some("elsewhere.com".into()),
        ..Focus::default()
    };
    assert_eq!(route_graph(&db, mesh, &focus), Graph::default());
}

#[test]
fn texts_escape_what_manifests_say() {
    let graph = Graph {
        nodes: vec![Node {
            id: "a\"b\\\n".into(),
            kind: NodeKind::Unknown,
            label: "<\"`#".into(),
            object: None,
        }],
        edges: Vec::new(),
    };
    assert!(dot(&graph).contains(r#""a\"b\\ " [label="<\"`#""#));
    assert!(mermaid(&graph).contains("n0((\"#lt;#quot;#96;#35;\"))"));
    assert_eq!(
        json(&graph),
        r#"{"nodes":[{"id":"a\"b\\\n","kind":"unknown","label":"<\"`#"}],"edges":[]}"#
    );
}
