//! egress-gateway-single-replica: routes of the mesh lead through one pod (O:15A).

use crate::prelude::*;
use meshscope_mesh::across;
use meshscope_mesh::registry::services_in;
use meshscope_mesh::visibility::virtual_services_in;
use meshscope_mesh::workloads::{Workload, workloads_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "egress-gateway-single-replica",
    group: Group::Hygiene,
    tier: Tier::Third,
    severity: Severity::Info,
    summary: "a gateway that routes of the mesh lead through has one replica",
    equivalents: &[],
    page: include_str!("../../pages/egress-gateway-single-replica.md"),
    check: Check::Namespace(check),
};

/// The hosts that mesh VirtualServices of one namespace lead to: unchanged by any other edit.
#[salsa::tracked]
fn routed_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let all = virtual_services_in(db, mesh, namespace);
    let carried = all.iter().filter(|vs| vs.is_bound_to("mesh"));
    let mut hosts: Vec<Str> = carried
        .flat_map(|vs| {
            vs.destinations()
                .map(|(_, d)| d.host.clone())
                .collect::<Vec<_>>()
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts.into()
}

across! {
    fn each_routed() -> Arc<[Str]> = routed_in in routed_of_group;
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let workloads = workloads_in(db, mesh, namespace);
    let single = workloads.iter().filter(|w| {
        w.proxy == Some(ProxyKind::Router)
            && w.replicas == 1
            && matches!(w.object.kind, Kind::Deployment | Kind::StatefulSet)
    });
    single
        .filter_map(|w| finding(db, mesh, namespace, w))
        .collect()
}

fn finding<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    workload: &Workload,
) -> Option<Finding> {
    let hosts: Vec<Str> = services_in(db, mesh, namespace)
        .iter()
        .filter(|s| s.is_kubernetes() && s.selector.selects(&workload.labels))
        .map(|s| s.host.clone())
        .collect();
    let leads_here =
        |(_, routed): &(_, &Arc<[Str]>)| hosts.iter().any(|h| routed.binary_search(h).is_ok());
    let from = each_routed(db, mesh).filter(leads_here);
    let from: Vec<Str> = from.map(|(ns, _)| ns.clone()).collect();
    if from.is_empty() {
        return None;
    }
    let message = format!(
        "routes of {} lead through one pod of {}: it is down while the pod restarts",
        crate::finding::listing(&from, 3),
        workload.label()
    );
    Some(
        Finding::new(
            RULE.name,
            RULE.severity,
            &workload.object,
            "spec.replicas",
            message,
        )
        .help("run at least two replicas (nothing to do if an autoscaler does)")
        .certainty(Certainty::Assumed),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(replicas: u32, gateways: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: egress, namespace: istio-system}}\nspec: {{replicas: {replicas}, template: {{metadata: {{labels: {{app: egress}}}}, spec: {{containers: [{{name: istio-proxy, args: [proxy, router]}}]}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: egress, namespace: istio-system}}\nspec: {{selector: {{app: egress}}, ports: [{{name: tls, port: 443}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.example.com], gateways: [{gateways}], tls: [{{match: [{{sniHosts: [a.example.com]}}], route: [{{destination: {{host: egress.istio-system.svc.cluster.local}}}}]}}]}}\n"
        );
        check_rule("egress-gateway-single-replica", &yaml)
    }

    #[test]
    fn only_gateways_on_a_path_of_the_mesh() {
        assert_eq!(
            with(1, "mesh"),
            ["info Deployment istio-system/egress spec.replicas"]
        );
        assert!(with(2, "mesh").is_empty());
        assert!(with(1, "gw").is_empty());
    }
}
