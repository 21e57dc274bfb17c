//! gateway-hop-tls-mismatch: what sidecars send to an egress gateway is not what its server takes
//! (G:EG-1, G:EG-2, G:LST-8, O:11.2, O:11.7). Decided by tracing the calls that routes mean.

use super::broken::{broken, retraced};
use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::egress::HostPath;
use meshscope_mesh::trace::Verdict;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-hop-tls-mismatch",
    group: Group::Egress,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "sidecars and the egress gateway do not agree on TLS",
    equivalents: &[],
    page: include_str!("../../pages/gateway-hop-tls-mismatch.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    broken(db, mesh, namespace, |path, verdict| {
        mismatch(db, mesh, path, verdict)
    })
}

fn mismatch(db: &dyn Db, mesh: Mesh, path: &HostPath, verdict: Verdict) -> Option<Finding> {
    let trace = retraced(db, mesh, path)?;
    let [first, gateway, ..] = &trace.hops[..] else {
        return None;
    };
    let stops_there = trace.hops.len() == 2 && gateway.is_gateway && !first.is_gateway;
    let sent = first.branches.first()?.upstream_tls;
    let about_tls = match verdict {
        Verdict::TlsError | Verdict::MtlsError | Verdict::ProtocolError => true,
        // The sidecar chose the server name that nobody takes, or sends none to a server with TLS.
        Verdict::NoFilterChain => sent.is_some() || !path.call.scheme.is_tls(),
        _ => false,
    };
    if !stops_there || !about_tls {
        return None;
    }
    let of = |kind: Kind| {
        let mut all = first.because.iter().rev();
        all.find(|b| b.object.kind == kind && !b.path.is_empty())
    };
    let at = of(Kind::DestinationRule).or(of(Kind::VirtualService))?;
    let sends = match sent {
        Some(mode) => format!("TLS of mode {}", mode.name()),
        None if path.call.scheme.is_tls() => "the application's own TLS".to_owned(),
        None => "plaintext".to_owned(),
    };
    let takes = match &gateway.chain {
        Some(chain) if chain.terminates_tls => "ends TLS",
        Some(_) => "takes the bytes as they are",
        None => "has no filter chain for it",
    };
    let message = format!(
        "{} of {}: sidecars send {sends} to {}, whose server {takes}: {}",
        path.call,
        listing(&path.clients, 2),
        gateway.proxy,
        verdict.name().replace('_', " ")
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &at.object, &at.path, message)
        .help("send what the server takes: a subset with tls {mode: ISTIO_MUTUAL, sni: the host} for an ISTIO_MUTUAL server, none for PASSTHROUGH and HTTP")
        .reach(path.clients.len(), 0);
    if let Some(server) = gateway
        .because
        .iter()
        .find(|b| b.object.kind == Kind::Gateway)
    {
        finding = finding.related(&server.object, &server.path, "the server");
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, egress_mesh, egress_route};

    fn with(tls: &str) -> Vec<String> {
        let leg = |gateway: &str, port: u32, to: &str, at: u32| {
            format!(
                "{{match: [{{gateways: [{gateway}], port: {port}}}], route: [{{destination: {{host: {to}, port: {{number: {at}}}}}}}]}}"
            )
        };
        let gateway = "out.egress.svc.cluster.local";
        let rules = format!(
            "http: [{}, {}]",
            leg("mesh", 80, gateway, 443),
            leg("egress/gw", 443, "a.org", 80)
        );
        let server = "port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: ISTIO_MUTUAL}";
        let rule = format!(
            "\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: out, namespace: egress}}\nspec: {{host: {gateway}, trafficPolicy: {{tls: {{mode: {tls}, sni: a.org}}}}}}\n"
        );
        let mesh = egress_mesh("{number: 80, name: http, protocol: HTTP}");
        check_rule(
            "gateway-hop-tls-mismatch",
            &(mesh + &egress_route(server, &rules) + &rule),
        )
    }

    #[test]
    fn the_client_sends_what_the_server_takes() {
        assert!(with("ISTIO_MUTUAL").is_empty());
        assert_eq!(with("DISABLE").len(), 1);
    }
}
