//! Loading YAML into a mesh, for tests of rules and pages. Not part of any release.

use crate::evaluate::findings;
use crate::finding::{Anchor, Finding};
use meshscope_manifest::Str;
use meshscope_mesh::db::{Mesh, MeshSettings, SourceFile, Unit};
use std::sync::Arc;

/// A database of its own.
#[salsa::db]
#[derive(Clone, Default)]
pub struct TestDb {
    storage: salsa::Storage<Self>,
}

#[salsa::db]
impl salsa::Database for TestDb {}

/// A mesh of one file; objects that write no namespace are in `default`.
pub fn mesh(db: &TestDb, yaml: &str) -> Mesh {
    mesh_of(db, &[("test.yaml", yaml)], Some("default"))
}

/// A mesh of several files.
pub fn mesh_of(db: &TestDb, files: &[(&str, &str)], namespace: Option<&str>) -> Mesh {
    let units: Arc<[Unit]> = files
        .iter()
        .map(|(path, text)| {
            let file = SourceFile::new(db, Str::new(path), Arc::from(*text), None);
            Unit::file(file, namespace.map(Str::new))
        })
        .collect();
    let settings = Arc::new(MeshSettings::default());
    Mesh::new(db, "test".into(), units, settings)
}

/// Every finding of the rules in `yaml`.
pub fn check(yaml: &str) -> Vec<Finding> {
    let db = TestDb::default();
    let mesh = mesh(&db, yaml);
    let found = findings(&db, mesh).iter();
    found.map(|f| Finding::clone(f)).collect()
}

/// What one rule finds in `yaml`, one line each: `error VirtualService ns/name spec.hosts[0]`.
pub fn check_rule(rule: &str, yaml: &str) -> Vec<String> {
    let found = check(yaml);
    found.iter().filter(|f| f.rule == rule).map(line).collect()
}

/// A finding in one line.
pub fn line(finding: &Finding) -> String {
    let severity = format!("{:?}", finding.severity).to_lowercase();
    match &finding.anchor {
        Anchor::Field { resource, path, .. } => format!("{severity} {resource} {path}"),
        Anchor::Text { .. } => severity,
    }
}

/// A namespace with injection and a workload in it that is a client.
pub fn client(namespace: &str) -> String {
    workload(namespace, "client")
}

/// A namespace with injection and a workload `name` labelled `app: name` in it.
pub fn workload(namespace: &str, name: &str) -> String {
    format!(
        "\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, labels: {{istio-injection: enabled}}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: app}}]}}}}}}\n"
    )
}

/// A Service with the given ports.
pub fn service(namespace: &str, name: &str, ports: &str) -> String {
    format!(
        "\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{selector: {{app: {name}}}, ports: [{ports}]}}\n"
    )
}

/// A gateway workload `name` labelled `istio: name`, with a Service for ports 80 and 443.
pub fn gateway_workload(namespace: &str, name: &str) -> String {
    format!(
        "\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{template: {{metadata: {{labels: {{istio: {name}}}}}, spec: {{containers: [{{name: istio-proxy, args: [proxy, router]}}]}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{selector: {{istio: {name}}}, ports: [{{name: http, port: 80}}, {{name: https, port: 443}}]}}\n"
    )
}

/// A client in `shop`, an egress gateway workload `egress/out`, and a ServiceEntry of `shop` for
/// `a.org` with these ports.
pub fn egress_mesh(ports: &str) -> String {
    format!(
        "{}{}\n---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: ext, namespace: shop}}\nspec: {{hosts: [a.org], location: MESH_EXTERNAL, resolution: DNS, ports: [{ports}]}}\n",
        client("shop"),
        gateway_workload("egress", "out")
    )
}

/// The Gateway `egress/gw` of that workload with one server, and a VirtualService of `shop` for
/// `a.org` bound to it and to the mesh.
pub fn egress_route(server: &str, rules: &str) -> String {
    format!(
        "\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: egress}}\nspec: {{selector: {{istio: out}}, servers: [{{{server}, hosts: [a.org]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.org], gateways: [mesh, egress/gw], {rules}}}\n"
    )
}

/// A server that passes TLS through, and the rules of both legs for it.
pub fn egress_passthrough() -> String {
    let leg = |gateway: &str, to: &str| {
        format!(
            "{{match: [{{gateways: [{gateway}], port: 443, sniHosts: [a.org]}}], route: [{{destination: {{host: {to}, port: {{number: 443}}}}}}]}}"
        )
    };
    egress_route(
        "port: {number: 443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}",
        &format!(
            "tls: [{}, {}]",
            leg("mesh", "out.egress.svc.cluster.local"),
            leg("egress/gw", "a.org")
        ),
    )
}
