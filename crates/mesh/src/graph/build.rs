//! From the model to the graph.

use super::condition;
use super::{Edge, EdgeKind, Graph, Node, NodeKind};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::{attached_gateways, bindings};
use crate::index::namespaces;
use crate::registry::{EndpointKind, Service, endpoints};
use crate::visibility::{VirtualService, pick, virtual_services_in};
use crate::workloads::{class_proxy, gateway_workloads};
use meshscope_manifest::spec::virtual_service::{Destination, RouteDestination};
use meshscope_manifest::{ResourceKey, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which part of the graph to build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Focus {
    /// Only VirtualServices of this namespace, and what they touch.
    pub namespace: Option<Str>,
    /// Only VirtualServices for a host that overlaps this one.
    pub host: Option<Str>,
}

impl Focus {
    fn takes(&self, vs: &VirtualService) -> bool {
        self.namespace.as_ref().is_none_or(|ns| *ns == vs.namespace)
            && self
                .host
                .as_ref()
                .is_none_or(|host| vs.hosts.iter().any(|h| crate::names::matches(h, host)))
    }
}

struct Builder<'db> {
    db: &'db dyn Db,
    mesh: Mesh,
    nodes: BTreeMap<Str, Node>,
    edges: Vec<Edge>,
    seen: BTreeSet<(Str, Str, Str)>,
}

/// The route graph of a mesh.
pub fn route_graph(db: &dyn Db, mesh: Mesh, focus: &Focus) -> Graph {
    let mut builder = Builder {
        db,
        mesh,
        nodes: BTreeMap::new(),
        edges: Vec::new(),
        seen: BTreeSet::new(),
    };
    let mut taken: Vec<Arc<VirtualService>> = Vec::new();
    for ns in namespaces(db, mesh).iter() {
        let all = virtual_services_in(db, mesh, name(db, ns));
        taken.extend(all.iter().filter(|v| focus.takes(v)).cloned());
    }
    builder.gateways(focus);
    for vs in &taken {
        builder.virtual_service(vs);
    }
    Graph {
        nodes: builder.nodes.into_values().collect(),
        edges: builder.edges,
    }
}

impl Builder<'_> {
    fn node(
        &mut self,
        kind: NodeKind,
        key: &str,
        label: &str,
        object: Option<&ResourceKey>,
    ) -> Str {
        let id: Str = format!("{}:{key}", kind.name()).into();
        self.nodes.entry(id.clone()).or_insert_with(|| Node {
            id: id.clone(),
            kind,
            label: label.into(),
            object: object.cloned(),
        });
        id
    }

    fn edge(&mut self, from: &Str, to: &Str, kind: EdgeKind, condition: &str, because: Because) {
        let what: Str = format!("{} {condition}", kind.name()).into();
        if self.seen.insert((from.clone(), to.clone(), what)) {
            self.edges.push(Edge {
                from: from.clone(),
                to: to.clone(),
                kind,
                condition: condition.into(),
                because: Some(because),
            });
        }
    }

    fn of_object(&mut self, kind: NodeKind, object: &ResourceKey) -> Str {
        let key = format!("{}/{}", object.namespace, object.name);
        self.node(kind, &key, &key, Some(object))
    }

    /// Gateway workloads, what they serve, and what is really programmed on it.
    fn gateways(&mut self, focus: &Focus) {
        for workload in gateway_workloads(self.db, self.mesh).iter() {
            let Some(proxy) = class_proxy(self.db, self.mesh, workload) else {
                continue;
            };
            let bound = bindings(self.db, self.mesh, &proxy);
            for attached in attached_gateways(self.db, self.mesh, &proxy).iter() {
                let label = attached.gateway.label();
                let of_gateway: Vec<_> = bound
                    .iter()
                    .filter(|b| b.gateway == label && focus.takes(&b.virtual_service))
                    .collect();
                let whole = focus == &Focus::default();
                if of_gateway.is_empty() && !whole {
                    continue;
                }
                let pods = self.of_object(NodeKind::Workload, &workload.object);
                let gateway = self.node(
                    NodeKind::Gateway,
                    &label,
                    &label,
                    Some(&attached.gateway.object),
                );
                self.edge(
                    &pods,
                    &gateway,
                    EdgeKind::Serves,
                    "",
                    attached.because.clone(),
                );
                for binding in of_gateway {
                    let vs = self.virtual_service_node(&binding.virtual_service);
                    for server in &binding.bound {
                        let condition =
                            format!("{} :{}", server.hosts.join(","), server.listener_port);
                        let because = server.gateway.because(server.server, "serves it (V:R6.10)");
                        self.edge(&gateway, &vs, EdgeKind::Binds, &condition, because);
                    }
                }
            }
        }
    }

    fn virtual_service_node(&mut self, vs: &VirtualService) -> Str {
        let key = format!("{}/{}", vs.namespace, vs.name);
        let label = format!("{}/{}", vs.object.namespace, vs.object.name);
        self.node(NodeKind::VirtualService, &key, &label, Some(&vs.object))
    }

    fn virtual_service(&mut self, vs: &VirtualService) {
        let from = self.virtual_service_node(vs);
        if vs.is_bound_to("mesh") {
            let mesh = self.node(NodeKind::Mesh, "mesh", "sidecars", None);
            let because = Because::new(&vs.object, "spec.gateways", "bound to mesh (V:R2.6)");
            self.edge(&mesh, &from, EdgeKind::Binds, &vs.hosts.join(","), because);
        }
        for route in &vs.http {
            let path = format!("spec.http[{}]", route.index);
            for condition in conditions(route.rule.matches.iter().map(condition::http)) {
                for (i, destination) in route.rule.route.iter().enumerate() {
                    let because =
                        Because::new(&route.object, format!("{path}.route[{i}]"), "routes here");
                    self.route(vs, &from, destination, &condition, because);
                }
                for mirror in &route.rule.mirrors {
                    let because = Because::new(&route.object, path.clone(), "sends a copy");
                    let to = self.destination(vs, &mirror.destination);
                    self.edge(&from, &to, EdgeKind::Mirrors, &condition, because);
                }
            }
        }
        for (field, list) in [("tls", &vs.tls), ("tcp", &vs.tcp)] {
            for route in list {
                for condition in conditions(route.matches.iter().map(condition::l4)) {
                    for (i, destination) in route.route.iter().enumerate() {
                        let path = format!("spec.{field}[{}].route[{i}]", route.index);
                        let because = Because::new(&vs.object, path, "routes here");
                        self.route(vs, &from, destination, &condition, because);
                    }
                }
            }
        }
    }

    fn route(
        &mut self,
        vs: &VirtualService,
        from: &Str,
        to: &RouteDestination,
        condition: &str,
        because: Because,
    ) {
        let kind = EdgeKind::Routes { weight: to.weight };
        let to = self.destination(vs, &to.destination);
        self.edge(from, &to, kind, condition, because);
    }

    /// The node of a destination, as the VirtualService's own namespace understands its host.
    fn destination(&mut self, vs: &VirtualService, to: &Destination) -> Str {
        let client = name(self.db, &vs.namespace);
        let service = pick(self.db, self.mesh, client, name(self.db, &to.host)).clone();
        let Some(service) = service else {
            return self.node(NodeKind::Unknown, &to.host, &to.host, None);
        };
        let id = self.service(&service);
        if to.subset.is_empty() {
            return id;
        }
        let key = format!("{}/{}", service.label(), to.subset);
        let subset = self.node(NodeKind::Subset, &key, &to.subset, Some(&service.object));
        let because = Because::new(&service.object, "", "a subset of this service");
        self.edge(&subset, &id, EdgeKind::PartOf, "", because);
        subset
    }

    fn service(&mut self, service: &Service) -> Str {
        let kind = if service.is_kubernetes() {
            NodeKind::Service
        } else {
            NodeKind::ServiceEntry
        };
        let known = self
            .nodes
            .contains_key(format!("{}:{}", kind.name(), service.label()).as_str());
        let id = self.node(kind, &service.label(), &service.host, Some(&service.object));
        if known {
            return id;
        }
        for endpoint in endpoints(self.db, self.mesh, service) {
            if let EndpointKind::Workload(workload) = &endpoint.kind {
                let pods = self.of_object(NodeKind::Workload, &workload.object);
                let because = Because::new(&service.object, "spec.selector", "selects these pods");
                self.edge(&id, &pods, EdgeKind::RunsOn, "", because);
            }
        }
        id
    }
}

/// One condition per match, one empty one for a rule without.
fn conditions(matches: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = matches.collect();
    if found.is_empty() {
        found.push(String::new());
    }
    found
}
