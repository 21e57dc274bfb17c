//! route-keeps-original-destination: a sidecar route leads to a service whose cluster keeps the address
//! that was dialled, so that the call goes where it would have gone without the route (O:9.5, O:22.17).

mod asked;

use crate::destinations::{AtSidecars, Use, at_sidecars};
use crate::finding::listing;
use crate::prelude::*;
use asked::{keeps_by_itself, leads_elsewhere, leads_out, may_keep};
use meshscope_mesh::envoy::ClusterType;
use meshscope_mesh::outbound::described;
use meshscope_mesh::visibility::{
    Cluster, VirtualService, clusters_of, declared, virtual_services_in,
};

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-keeps-original-destination",
    group: Group::Routes,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a sidecar route leads to a service that keeps the dialled address: it redirects nothing",
    equivalents: &[],
    page: include_str!("../../pages/route-keeps-original-destination.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        let of_istio = !vs.gateway_semantics && vs.object.kind == Kind::VirtualService;
        if !of_istio || !vs.is_bound_to("mesh") || leads_out(db, mesh, vs) {
            continue;
        }
        let wanted = |at: &Use| may_keep(db, mesh, vs, at) && leads_elsewhere(db, mesh, vs, at);
        for (at, sidecars) in at_sidecars(db, mesh, vs, wanted) {
            found.extend(finding(db, mesh, vs, &at, &sidecars));
        }
    }
    found
}

fn finding(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    at: &Use,
    sidecars: &[AtSidecars],
) -> Option<Finding> {
    let mut clients: Vec<Str> = Vec::new();
    let mut workloads = 0;
    let mut reason: Option<Cluster> = None;
    for group in sidecars {
        let mut proxies = group.proxies.iter();
        let keeps = proxies.find_map(|(proxy, ports)| {
            let member = group
                .view
                .client
                .services(db, mesh)
                .get(&at.destination.host)?;
            let clusters = clusters_of(db, mesh, proxy, &member.service);
            let mut clusters = clusters
                .into_iter()
                .filter(|c| ports.contains(&c.port) && c.subset == at.destination.subset);
            clusters.find(|c| described(db, mesh, false, c).kind == ClusterType::OriginalDst)
        });
        if let Some(cluster) = keeps {
            clients.extend(group.view.namespaces.iter().cloned());
            workloads += group.view.workloads;
            reason.get_or_insert(cluster);
        }
    }
    let cluster = reason?;
    let service = &cluster.service;
    clients.sort();
    clients.dedup();
    let (object, path, why) = match (&cluster.rule, service.is_kubernetes()) {
        _ if service.is_headless() => (&service.object, "spec.clusterIP", "is headless"),
        (_, false) if keeps_by_itself(service) => {
            (&service.object, "spec.resolution", "has resolution NONE")
        }
        (Some(rule), _) => (
            &rule.rule,
            "spec.trafficPolicy",
            "has loadBalancer PASSTHROUGH",
        ),
        (None, _) => return None,
    };
    let message = format!(
        "{} {why} and keeps the original destination: sidecars in {} do not reach it through this route, the call goes where it was dialled, {}",
        at.destination.host,
        listing(&clients, 3),
        listing(&vs.hosts, 2)
    );
    let finding = Finding::new(RULE.name, RULE.severity, &at.object, &at.path_of("host"), message)
        .help("route to a service that has addresses of its own: a Service with a cluster IP, or an entry with resolution DNS or STATIC")
        .related(object, path, why)
        .reach(workloads, 0);
    // Two names outside may be of one address, which no file says.
    let mut dialled = vs.hosts.iter().flat_map(|h| declared(db, mesh, h));
    match service.is_kubernetes() || dialled.any(|s| s.is_kubernetes()) {
        true => Some(finding),
        false => Some(finding.certainty(Certainty::Assumed)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, egress_mesh, egress_route, service};

    const AT: &str = "VirtualService shop/v spec.http[0].route[0].destination.host";

    fn headless(name: &str, app: &str) -> String {
        format!(
            "\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{clusterIP: None, selector: {{app: {app}}}, ports: [{{name: http, port: 80}}]}}\n"
        )
    }

    fn route(dialled: &str, to: &str) -> String {
        format!(
            "\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [{dialled}], http: [{{route: [{{destination: {{host: {to}, port: {{number: 80}}}}}}]}}]}}\n"
        )
    }

    fn entry(host: &str, resolution: &str) -> String {
        format!(
            "\n---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: {}, namespace: shop}}\nspec: {{hosts: ['{host}'], resolution: {resolution}, ports: [{{number: 80, name: http, protocol: HTTP}}]}}\n",
            host.trim_start_matches("*.")
        )
    }

    fn found(objects: &[String]) -> Vec<String> {
        let web = service("shop", "web", "{name: http, port: 80}");
        check_rule(
            "route-keeps-original-destination",
            &(client("shop") + &web + &objects.concat()),
        )
    }

    #[test]
    fn a_headless_service_does_not_take_calls_of_another_host() {
        let api = headless("api", "api");
        assert_eq!(
            found(&[api.clone(), route("web", "api")]),
            [format!("error {AT}")]
        );
        assert!(found(&[api, route("api", "api")]).is_empty());
        let cluster_ip = service("shop", "api", "{name: http, port: 80}");
        assert!(found(&[cluster_ip, route("web", "api")]).is_empty());
        // The address that was dialled has the same pods.
        assert!(found(&[headless("api", "web"), route("web", "api")]).is_empty());
    }

    #[test]
    fn entries_without_resolution_keep_what_was_dialled() {
        let out = entry("*.a.org", "NONE");
        assert_eq!(
            found(&[out.clone(), route("web", "'*.a.org'")]),
            [format!("error {AT}")]
        );
        assert!(found(&[out.clone(), route("x.a.org", "'*.a.org'")]).is_empty());
        let other = entry("b.org", "DNS");
        assert_eq!(
            found(&[out, other.clone(), route("b.org", "'*.a.org'")]),
            [format!("warning {AT}")]
        );
        assert!(found(&[other, route("web", "b.org")]).is_empty());
    }

    #[test]
    fn a_leg_to_an_egress_gateway_is_a_bypass() {
        let mesh = egress_mesh("{number: 80, name: http, protocol: HTTP}");
        let mesh = mesh.replace(
            "spec: {selector: {istio: out}",
            "spec: {clusterIP: None, selector: {istio: out}",
        );
        let server = "port: {number: 80, name: http, protocol: HTTP}";
        let leg = |of: &str, to: &str| {
            format!(
                "{{match: [{{gateways: [{of}]}}], route: [{{destination: {{host: {to}, port: {{number: 80}}}}}}]}}"
            )
        };
        let legs = [
            leg("mesh", "out.egress.svc.cluster.local"),
            leg("egress/gw", "a.org"),
        ];
        let all = mesh + &egress_route(server, &format!("http: [{}]", legs.join(", ")));
        assert!(check_rule("route-keeps-original-destination", &all).is_empty());
        assert_eq!(check_rule("egress-gateway-bypassed", &all).len(), 1);
    }

    #[test]
    fn a_destination_rule_may_say_so() {
        let rule = |balancer: &str| {
            format!(
                "\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: api, namespace: shop}}\nspec: {{host: api, trafficPolicy: {{loadBalancer: {{simple: {balancer}}}}}}}\n"
            )
        };
        let api = service("shop", "api", "{name: http, port: 80}");
        let with = |balancer| found(&[api.clone(), rule(balancer), route("web", "api")]);
        assert_eq!(with("PASSTHROUGH"), [format!("error {AT}")]);
        assert!(with("ROUND_ROBIN").is_empty());
    }
}
