//! egress-gateway-loop: on an egress gateway the rule that takes the call leads back to the gateway's
//! own Service (G:EG-3, G:VSB-9). Decided by tracing the calls that routes mean.

use super::broken::{broken, retraced};
use crate::prelude::*;
use meshscope_mesh::egress::HostPath;
use meshscope_mesh::trace::Verdict;

/// The rule.
pub static RULE: Rule = Rule {
    name: "egress-gateway-loop",
    group: Group::Egress,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a rule leads calls from an egress gateway back to the gateway itself",
    equivalents: &[],
    page: include_str!("../../pages/egress-gateway-loop.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    broken(db, mesh, namespace, |path, verdict| match verdict {
        Verdict::Loop => looping(db, mesh, path),
        _ => None,
    })
}

fn looping(db: &dyn Db, mesh: Mesh, path: &HostPath) -> Option<Finding> {
    let trace = retraced(db, mesh, path)?;
    // A call that comes back by way of others is not led here by one rule.
    let gateway = trace.hops.last()?;
    if !gateway.is_gateway || trace.stops_at.as_ref() != Some(&gateway.proxy) {
        return None;
    }
    let mut decided = gateway.because.iter().rev();
    let route = decided.find(|b| b.object.kind == Kind::VirtualService && !b.path.is_empty())?;
    let message = format!(
        "on {} this rule leads to the gateway itself: every call loops",
        gateway.proxy
    );
    let at = route.path.strip_suffix(".destination");
    let at = at.unwrap_or(&route.path);
    let finding = Finding::new(RULE.name, RULE.severity, &route.object, at, message)
        .help("two rules: one with match.gateways [mesh] to the gateway's Service, one with match.gateways of the Gateway to the host")
        .reach(path.clients.len(), 0);
    let server = gateway.because.iter();
    let mut server = server.filter(|b| b.object.kind == Kind::Gateway);
    Some(match server.next() {
        Some(server) => finding.related(&server.object, &server.path, "takes the call again"),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, egress_mesh, egress_passthrough, egress_route};

    const TLS: &str = "{number: 443, name: tls, protocol: TLS}";
    const HTTP: &str = "{number: 80, name: http, protocol: HTTP}";

    fn found(port: &str, route: &str) -> Vec<String> {
        check_rule("egress-gateway-loop", &(egress_mesh(port) + route))
    }

    fn http(rules: &str) -> Vec<String> {
        let server = "port: {number: 80, name: http, protocol: HTTP}";
        found(HTTP, &egress_route(server, &format!("http: [{rules}]")))
    }

    fn to(host: &str) -> String {
        format!("route: [{{destination: {{host: {host}, port: {{number: 80}}}}}}]")
    }

    #[test]
    fn a_rule_for_both_legs_leads_the_gateway_to_itself() {
        let gateway = to("out.egress.svc.cluster.local");
        let at = "error VirtualService shop/v spec.http[0].route[0]";
        assert_eq!(http(&format!("{{{gateway}}}")), [at]);
        let both = "match: [{gateways: [mesh, egress/gw], port: 80}]";
        assert_eq!(http(&format!("{{{both}, {gateway}}}")), [at]);
    }

    #[test]
    fn the_rule_that_takes_the_call_on_the_gateway_counts() {
        let gateway = to("out.egress.svc.cluster.local");
        let host = to("a.org");
        let of = |leg: &str, rule: &str| format!("{{match: [{{gateways: [{leg}]}}], {rule}}}");
        let legs = [of("mesh", &gateway), of("egress/gw", &host)];
        assert!(http(&legs.join(", ")).is_empty());
        let first = [of("egress/gw", &host), format!("{{{gateway}}}")];
        assert!(http(&first.join(", ")).is_empty());
    }

    #[test]
    fn tls_loops_too() {
        let server = "port: {number: 443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}";
        let rule = "tls: [{match: [{port: 443, sniHosts: [a.org]}], route: [{destination: {host: out.egress.svc.cluster.local, port: {number: 443}}}]}]";
        assert_eq!(
            found(TLS, &egress_route(server, rule)),
            ["error VirtualService shop/v spec.tls[0].route[0]"]
        );
        assert!(found(TLS, &egress_passthrough()).is_empty());
    }
}
