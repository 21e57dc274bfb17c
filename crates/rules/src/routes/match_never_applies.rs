//! match-never-applies: a static condition of a match that is true nowhere (V:R4.12, V:R4.16,
//! G:VSB-9, O:5.12, O:8.6).

use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::kubernetes::TargetPort;
use meshscope_mesh::gateways::{find_gateway, workloads_of_gateway};
use meshscope_mesh::index::resource;
use meshscope_mesh::names::{is_wildcard, matches};
use meshscope_mesh::registry::{Service, similar_hosts};
use meshscope_mesh::visibility::{MatchPlace, VirtualService, declared, virtual_services_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "match-never-applies",
    group: Group::Routes,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a condition of a match on port or source is true for nobody",
    equivalents: &[],
    page: include_str!("../../pages/match-never-applies.md"),
    check: Check::Namespace(check),
};

/// The static conditions of one match, of whatever layer.
struct Conditions<'v> {
    object: ResourceKey,
    path: String,
    /// Whether other matches of the rule may still apply.
    alternatives: bool,
    port: u32,
    gateways: &'v [Str],
    labels: &'v Labels,
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if vs.gateway_semantics || vs.hosts.iter().any(|h| is_unknown(h)) {
            continue;
        }
        let mut ports: Option<Ports> = None;
        for conditions in conditions(vs) {
            if conditions.port != 0 {
                let ports = ports.get_or_insert_with(|| Ports::of(db, mesh, vs));
                found.extend(ports.dead(db, mesh, vs, &conditions));
            }
            found.extend(labels_nobody_has(db, mesh, vs, &conditions));
        }
    }
    found
}

fn conditions(vs: &VirtualService) -> Vec<Conditions<'_>> {
    let mut found = Vec::new();
    for route in &vs.http {
        for (m, place) in route.rule.matches.iter().zip(&route.match_places) {
            let MatchPlace { in_root, index } = *place;
            // A match written in the root is looked at with the root's own rule.
            let (object, rule) = match (in_root, route.delegated_by) {
                (true, Some(root)) => (&vs.object, root),
                _ => (&route.object, route.index),
            };
            found.push(Conditions {
                object: object.clone(),
                path: format!("spec.http[{rule}].match[{index}]"),
                alternatives: route.rule.matches.len() > 1,
                port: m.port,
                gateways: &m.gateways,
                labels: &m.source_labels,
            });
        }
    }
    for (kind, routes) in [("tls", &vs.tls), ("tcp", &vs.tcp)] {
        for route in routes {
            for (index, m) in route.matches.iter().enumerate() {
                found.push(Conditions {
                    object: vs.object.clone(),
                    path: format!("spec.{kind}[{}].match[{index}]", route.index),
                    alternatives: route.matches.len() > 1,
                    port: m.port,
                    gateways: &m.gateways,
                    labels: &m.source_labels,
                });
            }
        }
    }
    found
}

/// The gateways a match is for: its own list, else all the VirtualService is bound to.
fn legs<'v>(vs: &'v VirtualService, conditions: &Conditions<'v>) -> Vec<&'v Str> {
    let all = vs.gateways.iter();
    all.filter(|g| conditions.gateways.is_empty() || conditions.gateways.contains(g))
        .collect()
}

/// Where the hosts of a VirtualService have ports.
struct Ports {
    /// Ports of the services of its hosts; `None` when a host may be more than the files say.
    mesh: Option<Vec<u32>>,
    services: Vec<Arc<Service>>,
}

impl Ports {
    fn of(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Ports {
        let mut services: Vec<Arc<Service>> = Vec::new();
        let mut ports: Vec<u32> = vec![];
        let mut certain = true;
        for host in &vs.hosts {
            let similar = similar_hosts(db, mesh, name(db, host));
            let of_host = declared(db, mesh, host);
            let overlapping = similar.0.iter().any(|h| h != host && matches(h, host));
            certain &= !is_wildcard(host) && !overlapping && !of_host.is_empty();
            services.extend(of_host);
        }
        ports.extend(
            services
                .iter()
                .flat_map(|s| s.ports.iter().map(|p| p.number)),
        );
        Ports {
            mesh: certain.then_some(ports),
            services,
        }
    }

    fn dead(
        &self,
        db: &dyn Db,
        mesh: Mesh,
        vs: &VirtualService,
        conditions: &Conditions<'_>,
    ) -> Option<Finding> {
        let port = conditions.port;
        let mut known: Vec<u32> = Vec::new();
        let mut reasons = Vec::new();
        let mut others = Vec::new();
        for leg in legs(vs, conditions) {
            if *leg == "mesh" {
                let ports = self.mesh.as_ref()?;
                if ports.contains(&port) {
                    return None;
                }
                known.extend(ports);
                let host = vs.hosts.first().map_or("its host", Str::as_str);
                reasons.push(format!("no service declares {host}:{port}"));
                others.extend(
                    self.services
                        .iter()
                        .map(|s| (s.object.clone(), "spec.ports")),
                );
            } else {
                let gateway = find_gateway(db, mesh, leg)?;
                if gateway.servers.iter().any(|s| s.port == port) {
                    return None;
                }
                known.extend(gateway.servers.iter().map(|s| s.port));
                reasons.push(format!("{leg} has no server on port {port}"));
                others.push((gateway.object.clone(), "spec.servers"));
            }
        }
        if reasons.is_empty() {
            return None;
        }
        known.sort_unstable();
        known.dedup();
        let shown: Vec<Str> = known.iter().map(|p| Str::new(p.to_string())).collect();
        let path = format!("{}.port", conditions.path);
        let message = format!(
            "port {port} is true for nobody: {} (there is {})",
            reasons.join(", and "),
            crate::finding::listing(&shown, 6)
        );
        let mut finding = finding(conditions, &path, message);
        for (object, field) in others {
            finding = finding.related(&object, field, "the ports there are");
        }
        let meant = self.target_of(db, mesh, port).or(match &known[..] {
            [only] => Some(*only),
            _ => None,
        });
        let Some(meant) = meant.filter(|m| known.contains(m)) else {
            return Some(finding);
        };
        let edits = path.parse().map(|path| Edit::Replace {
            path,
            value: meshscope_manifest::Value::Int(meant.into()),
        });
        Some(finding.help(format!("did you mean {meant}?")).fix(Fix {
            title: format!("match port {meant}"),
            safe: false,
            edits: edits.into_iter().collect(),
        }))
    }

    /// The service port whose target was written.
    fn target_of(&self, db: &dyn Db, mesh: Mesh, port: u32) -> Option<u32> {
        self.services.iter().find_map(|s| {
            let object = resource(db, mesh, &s.object)?;
            let ports = &object.service()?.ports;
            let hit = ports
                .iter()
                .find(|p| p.target_port == TargetPort::Number(port));
            hit.map(|p| p.port)
        })
    }
}

/// Source labels at a gateway are those of the gateway pods (G:EG-4).
fn labels_nobody_has(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    conditions: &Conditions<'_>,
) -> Option<Finding> {
    let http = conditions.path.contains(".http[");
    if conditions.labels.is_empty() || !http || !conditions.gateways.is_empty() {
        return None;
    }
    let mut pods = Vec::new();
    for leg in &vs.gateways {
        let gateway = find_gateway(db, mesh, leg)?;
        let workloads = workloads_of_gateway(db, mesh, name(db, leg));
        if workloads.is_empty()
            || workloads
                .iter()
                .any(|(p, _)| conditions.labels.subset_of(&p.labels))
        {
            return None;
        }
        pods.extend(workloads.iter().map(|(_, w)| Str::new(w.label())));
        pods.dedup();
        let _ = gateway;
    }
    let path = format!("{}.sourceLabels", conditions.path);
    let shown = crate::finding::listing(&pods, 3);
    let message = format!(
        "sourceLabels are true for nobody: at a gateway they are compared with the gateway pods ({shown}), not with the caller"
    );
    Some(
        finding(conditions, &path, message)
            .help("a gateway does not know its callers' labels; match on something in the request"),
    )
}

fn finding(conditions: &Conditions<'_>, path: &str, message: String) -> Finding {
    let severity = if conditions.alternatives {
        Severity::Info
    } else {
        RULE.severity
    };
    Finding::new(RULE.name, severity, &conditions.object, path, message)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(matches: &str) -> Vec<String> {
        let vs = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: a}}\nspec: {{hosts: [web], http: [{{match: [{matches}], route: []}}]}}\n"
        );
        let web = service("a", "web", "{name: http, port: 80, targetPort: 8080}");
        check_rule("match-never-applies", &format!("{vs}{}{web}", client("a")))
    }

    #[test]
    fn a_match_is_on_the_service_port() {
        let at = "VirtualService a/v spec.http[0].match[0].port";
        assert!(with("{port: 80}").is_empty());
        assert_eq!(with("{port: 8080}"), [format!("warning {at}")]);
        assert_eq!(with("{port: 8080}, {port: 80}"), [format!("info {at}")]);
    }
}
