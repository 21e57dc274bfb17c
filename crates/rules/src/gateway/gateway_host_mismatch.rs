//! gateway-host-mismatch: a host of a VirtualService that no server of its Gateways accepts (G:MRG-1,
//! G:MRG-2, G:VSB-6, V:R6.5, V:R6.10).

use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::gateways::{Gateway, find_gateway, open_hosts};
use meshscope_mesh::names::matches;
use meshscope_mesh::visibility::{VirtualService, virtual_services_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-host-mismatch",
    group: Group::Gateway,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a host that no server of the bound Gateways accepts",
    equivalents: &["IST0132"],
    page: include_str!("../../pages/gateway-host-mismatch.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let all = virtual_services_in(db, mesh, namespace);
    let written = all
        .iter()
        .filter(|v| v.object.kind == Kind::VirtualService && !v.gateway_semantics);
    written.flat_map(|v| refused(db, mesh, v)).collect()
}

/// A bound Gateway: where it is named, and the hosts it has for the VirtualService's namespace.
struct Bound {
    index: usize,
    gateway: Arc<Gateway>,
    open: Vec<Str>,
}

fn refused(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Vec<Finding> {
    let mut bound = Vec::new();
    for (index, label) in vs.gateways.iter().enumerate().filter(|(_, g)| *g != "mesh") {
        // One that is missing, or not written out yet, may accept anything.
        let Some(gateway) = find_gateway(db, mesh, label) else {
            return Vec::new();
        };
        let servers = 0..gateway.servers.len();
        let open = servers
            .flat_map(|i| open_hosts(&gateway, i, &vs.namespace))
            .collect();
        bound.push(Bound {
            index,
            gateway,
            open,
        });
    }
    let written = |b: &Bound| {
        b.gateway
            .servers
            .iter()
            .any(|s| s.hosts.iter().any(|h| is_unknown(h)))
    };
    if bound.is_empty() || bound.iter().any(written) {
        return Vec::new();
    }
    let accepts = |b: &Bound, host: &Str| b.open.iter().any(|o| matches(o, host));
    let mut found = Vec::new();
    let of_mesh = vs.is_bound_to("mesh");
    let lost = |h: &Str| !is_unknown(h) && !bound.iter().any(|b| accepts(b, h));
    let all_lost = vs.hosts.iter().all(lost);
    for (i, host) in vs.hosts.iter().enumerate().filter(|(_, h)| lost(h)) {
        if of_mesh && !all_lost {
            continue;
        }
        let path = format!("spec.hosts[{i}]");
        found.push(finding(vs, &bound, host, &path));
        if of_mesh {
            break;
        }
    }
    if !found.is_empty() || vs.hosts.is_empty() {
        return found;
    }
    for b in &bound {
        if vs.hosts.iter().any(|h| is_unknown(h) || accepts(b, h)) {
            continue;
        }
        let path = format!("spec.gateways[{}]", b.index);
        let message = format!(
            "Gateway {} accepts none of the hosts ({}){}: the VirtualService is not used there",
            b.gateway.label(),
            listing(&hosts(b), 3),
            reason(vs, std::slice::from_ref(b)),
        );
        let finding = Finding::new(RULE.name, RULE.severity, &vs.object, &path, message)
            .help("remove it from spec.gateways, or add the host to one of its servers");
        found.push(finding.related(&b.gateway.object, "spec.servers", "its servers"));
    }
    found
}

fn finding(vs: &VirtualService, bound: &[Bound], host: &Str, path: &str) -> Finding {
    let names: Vec<Str> = bound.iter().map(|b| b.gateway.label()).collect();
    let mut hosts: Vec<Str> = bound.iter().flat_map(hosts).collect();
    hosts.dedup();
    let path = match bound {
        // The name would fit; the namespace part of the server's host refuses it.
        [only] if only.open.is_empty() => format!("spec.gateways[{}]", only.index),
        _ => path.to_owned(),
    };
    let message = format!(
        "{host} is accepted by no server of {} ({}){}: it is unreachable there",
        listing(&names, 2),
        listing(&hosts, 3),
        reason(vs, bound),
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &vs.object, &path, message)
        .help("correct the host, or add it to a server of the Gateway");
    for b in bound {
        finding = finding.related(&b.gateway.object, "spec.servers", "its servers");
    }
    finding
}

/// The hosts as the servers have them.
fn hosts(b: &Bound) -> Vec<Str> {
    b.gateway
        .servers
        .iter()
        .flat_map(|s| s.hosts.clone())
        .collect()
}

/// What nearly fits.
fn reason(vs: &VirtualService, bound: &[Bound]) -> String {
    let lower = |h: &Str| Str::new(h.to_lowercase());
    let but_for_case = bound.iter().flat_map(|b| &b.open).any(|o| {
        let mut hosts = vs.hosts.iter();
        hosts.any(|h| matches(&lower(o), &lower(h)))
    });
    if but_for_case {
        ", letter case counts".into()
    } else if bound.iter().all(|b| b.open.is_empty()) {
        format!(", open to other namespaces than {}", vs.namespace)
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(server: &str, hosts: &str, gateways: &str) -> Vec<String> {
        check_rule(
            "gateway-host-mismatch",
            &format!(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['{server}']}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [{hosts}], gateways: [{gateways}], http: [{{route: [{{destination: {{host: web}}}}]}}]}}\n"
            ),
        )
    }

    #[test]
    fn names_namespaces_and_letter_case_count() {
        let at = |path| [format!("error VirtualService shop/v {path}")];
        assert!(with("*.a.org", "x.a.org", "infra/gw").is_empty());
        assert!(with("shop/*", "x.a.org", "infra/gw").is_empty());
        assert_eq!(with("b.org", "a.org", "infra/gw"), at("spec.hosts[0]"));
        assert_eq!(with("A.org", "a.org", "infra/gw"), at("spec.hosts[0]"));
        assert_eq!(with("./*", "a.org", "infra/gw"), at("spec.gateways[0]"));
    }

    #[test]
    fn hosts_may_be_meant_for_the_mesh() {
        assert!(with("a.org", "a.org, web", "mesh, infra/gw").is_empty());
        assert!(with("a.org", "b.org", "infra/other").is_empty());
    }
}
