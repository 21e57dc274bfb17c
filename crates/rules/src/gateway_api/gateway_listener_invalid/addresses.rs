//! Addresses of a Gateway that are no Service of this cluster.

use super::RULE;
use crate::known::{kubernetes_host, may_be_unplaced};
use crate::prelude::*;
use meshscope_mesh::visibility::declared;

/// Hostname addresses that are Services of this cluster which do not exist (G:GWA-2).
pub(super) fn missing(
    db: &dyn Db,
    mesh: Mesh,
    gateway: &Resource,
    hosts: &[Str],
    found: &mut Vec<Finding>,
) {
    let addresses = gateway.kubernetes_gateway().map(|g| &g.addresses);
    let addresses = addresses.into_iter().flatten().enumerate();
    let names = addresses.filter(|(_, (kind, _))| kind == "Hostname");
    for ((i, _), host) in names.zip(hosts) {
        let Some((_, namespace)) = kubernetes_host(db, mesh, host) else {
            continue;
        };
        if is_unknown(host)
            || !declared(db, mesh, host).is_empty()
            || may_be_unplaced(db, mesh, host)
            || described(db, mesh, namespace) != Described::Fully
        {
            continue;
        }
        let path = format!("spec.addresses[{i}].value");
        let message =
            format!("Service {host} does not exist: no pods serve the listeners through it");
        let finding = Finding::new(RULE.name, RULE.severity, &gateway.key, &path, message)
            .help("name a Service of gateway pods, or leave out addresses and istiod makes one")
            .missing(&[Kind::Service], &namespace.into());
        found.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service, workload};

    #[test]
    fn an_address_is_a_service() {
        let with = |address: &str, declared: &str| {
            let spec = format!(
                "addresses: [{{type: Hostname, value: {address}}}], listeners: [{{name: l, port: 80, protocol: HTTP}}]"
            );
            let gateway = format!(
                "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{gatewayClassName: istio, {spec}}}\n"
            );
            let service = service("infra", declared, "{name: http, port: 80}");
            check_rule(
                "gateway-listener-invalid",
                &format!("{gateway}{}{service}", workload("infra", "edge")),
            )
        };
        assert_eq!(
            with("edge", "other"),
            ["error Gateway.gateway.networking.k8s.io infra/gw spec.addresses[0].value"]
        );
        assert!(with("edge", "edge").is_empty());
        assert!(with("lb.example.com", "edge").is_empty());
        assert!(with("edge.away.svc.cluster.local", "edge").is_empty());
    }
}
