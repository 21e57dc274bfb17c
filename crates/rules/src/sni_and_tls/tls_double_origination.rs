//! tls-double-origination: bytes that are TLS already go to a cluster that wraps them again (O:11.8,
//! O:10.8, O:10.9, G:CL-8).

use crate::finding::listing;
use crate::prelude::*;
use meshscope_manifest::spec::traffic::ClientTlsMode;
use meshscope_mesh::gateways::{Serves, find_gateway, routers, serves};
use meshscope_mesh::outbound::sent_tls;
use meshscope_mesh::registry::Service;
use meshscope_mesh::visibility::{
    L4Route, VirtualService, carriers, gateway_services, virtual_services_in,
};

/// The rule.
pub static RULE: Rule = Rule {
    name: "tls-double-origination",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a DestinationRule wraps traffic that is TLS already",
    equivalents: &[],
    page: include_str!("../../pages/tls-double-origination.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        let written = vs.object.kind == Kind::VirtualService && !vs.gateway_semantics;
        for rule in vs.tls.iter().filter(|_| written) {
            for finding in of_rule(db, mesh, vs, rule) {
                if !found.iter().any(|f| f.same_as(&finding)) {
                    found.push(finding);
                }
            }
        }
    }
    found
}

fn of_rule(db: &dyn Db, mesh: Mesh, vs: &VirtualService, rule: &L4Route) -> Vec<Finding> {
    let bound = |gateway: &str| {
        let of = |g: &[Str]| g.is_empty() || g.iter().any(|g| g == gateway);
        rule.matches.iter().any(|m| of(&m.gateways))
    };
    let passes = |gateway: &str| {
        let servers = find_gateway(db, mesh, gateway);
        servers.is_some_and(|g| g.servers.iter().any(|s| serves(s) == Serves::Passthrough))
    };
    let mut found = Vec::new();
    for (index, route) in rule.route.iter().enumerate() {
        let to = &route.destination;
        let place = format!("spec.tls[{}].route[{index}].destination", rule.index);
        let mut judge = |proxy: &Proxy, service: Option<&Service>, who: &[Str]| {
            let Some(service) = service.filter(|s| s.mesh_external) else {
                return;
            };
            let port = match (to.port, &service.ports[..]) {
                (0, [only]) => only.number,
                (0, _) => return,
                (port, _) => port,
            };
            let sent = sent_tls(db, mesh, proxy, service, port, &to.subset, None);
            let wraps = matches!(
                sent.mode,
                Some(ClientTlsMode::Simple | ClientTlsMode::Mutual | ClientTlsMode::IstioMutual)
            );
            let by = sent
                .because
                .iter()
                .find(|b| b.object.kind == Kind::DestinationRule);
            if let (true, Some(by)) = (wraps, by) {
                let mode = sent.mode.map(ClientTlsMode::name).unwrap_or_default();
                let message = format!(
                    "traffic for {}:{port} arrives encrypted at {} (a tls rule passes it on as it is) and {} wraps it again ({mode})",
                    service.host,
                    listing(who, 2),
                    by.object
                );
                let path = format!("{}.mode", by.path);
                let finding = Finding::new(RULE.name, RULE.severity, &by.object, &path, message)
                    .help("let the application send plain HTTP and route it with an http rule, or leave TLS to it and use another subset or port")
                    .related(&vs.object, &place, "passes TLS on");
                found.push(finding);
            }
        };
        for (gateway, proxy, workload) in routers(db, mesh, vs) {
            if bound(&gateway) && passes(&gateway) {
                let services = gateway_services(db, mesh, name(db, &proxy.config_namespace));
                let service = services.get(&to.host).map(|m| m.service.clone());
                judge(&proxy, service.as_deref(), &[workload.label().into()]);
            }
        }
        for view in carriers(db, mesh, vs, &to.host)
            .iter()
            .filter(|_| bound("mesh"))
        {
            let services = view.client.services(db, mesh);
            let service = services.get(&to.host).map(|m| m.service.clone());
            for proxy in view.client.proxies.iter().take(1) {
                let who = Str::from(format!("sidecars in {}", listing(&view.namespaces, 2)));
                judge(proxy, service.as_deref(), &[who]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(kind: &str, mode: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: shop}}\nspec: {{hosts: [a.org], ports: [{{number: 443, name: tls, protocol: TLS}}], resolution: DNS}}\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: shop}}\nspec: {{host: a.org, trafficPolicy: {{tls: {{mode: {mode}}}}}}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.org], {kind}: [{{match: [{{port: 443}}], route: [{{destination: {{host: a.org, port: {{number: 443}}}}}}]}}]}}\n{}",
            client("shop")
        );
        let yaml = match kind {
            "tls" => yaml.replace(
                "match: [{port: 443}]",
                "match: [{port: 443, sniHosts: [a.org]}]",
            ),
            _ => yaml,
        };
        check_rule("tls-double-origination", &yaml)
    }

    #[test]
    fn only_what_is_tls_already_is_wrapped_twice() {
        assert_eq!(
            with("tls", "SIMPLE"),
            ["error DestinationRule shop/d spec.trafficPolicy.tls.mode"]
        );
        assert!(with("tls", "DISABLE").is_empty());
        assert!(with("http", "SIMPLE").is_empty());
    }
}
