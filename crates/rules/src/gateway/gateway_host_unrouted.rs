//! gateway-host-unrouted: a server host that no usable route serves (G:VSB-6, G:VSB-7, G:TLS-4,
//! G:TLS-5, G:TLS-7, G:LST-5).

mod unattached;

use crate::finding::listing;
use crate::gateways::{Stray, server_words, strays};
use crate::prelude::*;
use meshscope_mesh::gateways::{
    Binding, Gateway, GatewayConfig, MergedServer, Serves, UnboundReason, bindings,
    gateway_listeners, gateways_in, serves, workloads_of_gateway,
};
use meshscope_mesh::names::matches;
use meshscope_mesh::workloads::class_proxy;
use unattached::unattached;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-host-unrouted",
    group: Group::Gateway,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a host of a Gateway that no VirtualService routes",
    equivalents: &[],
    page: include_str!("../../pages/gateway-host-unrouted.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let all = gateways_in(db, mesh, namespace);
    let written = all.iter().filter(|g| g.object.kind == Kind::Gateway);
    written.flat_map(|g| of_gateway(db, mesh, g)).collect()
}

fn of_gateway(db: &dyn Db, mesh: Mesh, gateway: &Gateway) -> Vec<Finding> {
    if is_unknown(&gateway.namespace) {
        return Vec::new();
    }
    let workloads = workloads_of_gateway(db, mesh, name(db, &gateway.label()));
    let proxies = workloads
        .iter()
        .filter_map(|(_, w)| class_proxy(db, mesh, w));
    let of_proxy = |proxy: Proxy| -> Vec<Finding> {
        let config = gateway_listeners(db, mesh, &proxy);
        let bindings = bindings(db, mesh, &proxy);
        let servers = config.merged.keys.iter().flat_map(|k| &k.servers);
        let own = servers.filter(|s| s.gateway.object == gateway.object);
        own.filter_map(|s| unrouted(db, mesh, &config, &bindings, s))
            .collect()
    };
    // A host that one of its workloads routes is meant for that one.
    let everywhere = proxies.map(of_proxy).reduce(|mut all, other| {
        all.retain(|f| other.iter().any(|o| o.anchor == f.anchor));
        all
    });
    everywhere.unwrap_or_else(|| unattached(db, mesh, gateway).into_iter().collect())
}

fn unrouted(
    db: &dyn Db,
    mesh: Mesh,
    config: &GatewayConfig,
    bindings: &[Binding],
    server: &MergedServer,
) -> Option<Finding> {
    let gateway = &server.gateway;
    let kind = serves(&server.server);
    let redirects = server.server.tls.as_ref().is_some_and(|t| t.https_redirect);
    if redirects || kind == Serves::AutoPassthrough {
        return None;
    }
    let label = gateway.label();
    let here: Vec<&Binding> = bindings.iter().filter(|b| b.gateway == label).collect();
    // A name that another chain of the port has is answered by it (ambiguous-sni says so).
    let taken = |b: &&&Binding| {
        b.unbound.iter().any(|u| {
            let by_other = matches!(
                u.reason,
                UnboundReason::SniTaken | UnboundReason::TcpRuleTaken
            );
            u.server == Some(server.index) && by_other
        })
    };
    let bound: Vec<&Str> = here
        .iter()
        .flat_map(|b| &b.bound)
        .filter(|b| b.server == server.index)
        .flat_map(|b| &b.hosts)
        .collect();
    let whole = matches!(kind, Serves::Tcp | Serves::TerminatedTls) && !bound.is_empty();
    if whole || here.iter().any(|b| taken(&b)) {
        return None;
    }
    let bare = |host: &Str| host.split_once('/').map_or(host.clone(), |(_, h)| h.into());
    let hosts: Vec<(usize, Str)> = server
        .server
        .hosts
        .iter()
        .map(bare)
        .enumerate()
        .filter(|(_, h)| !is_unknown(h) && !bound.iter().any(|b| matches(h, b)))
        .collect();
    let (first, _) = hosts.first()?;
    let names: Vec<Str> = hosts.iter().map(|(_, h)| h.clone()).collect();
    let strays = strays(db, mesh);
    let near: Vec<_> = strays
        .iter()
        .filter(|s| names.iter().any(|n| s.hosts.iter().any(|h| matches(h, n))))
        .collect();
    // An overlay nobody has built yet may bring the two together.
    let same_name = |g: &str| g.rsplit('/').next() == Some(gateway.name.as_str());
    let unbuilt = |s: &&&Stray| is_unknown(&s.gateway) && same_name(&s.gateway);
    if near.iter().any(|s| unbuilt(&s)) {
        return None;
    }
    let message = format!(
        "no route for {} on {}: {}",
        listing(&names, 3),
        server_words(server),
        outcome(config, server, kind)
    );
    let path = format!("{}.hosts[{first}]", gateway.server_path(server.index));
    let help = format!(
        "bind a VirtualService with `{}` rules to {label}",
        kind.rules()?
    );
    let mut finding =
        Finding::new(RULE.name, RULE.severity, &gateway.object, &path, message).help(help);
    // A Gateway for everything waits for routes that controllers or other repositories make.
    let for_everything = names.iter().all(|n| n == "*");
    if for_everything && here.is_empty() && near.is_empty() {
        finding = finding.certainty(Certainty::Assumed);
        finding.severity = Severity::Info;
    }
    for binding in here {
        for unbound in &binding.unbound {
            let about = unbound.server.is_none_or(|s| s == server.index);
            if let (true, Some(why)) = (about, unbound.because.first()) {
                finding = finding.related(&why.object, &why.path, why.why.as_str());
            }
        }
    }
    for stray in near.iter().take(3) {
        let why = format!(
            "routes the host, but names Gateway {}, which does not exist",
            stray.gateway
        );
        finding = finding.related(&stray.object, &stray.path, why);
    }
    Some(finding)
}

fn outcome(config: &GatewayConfig, server: &MergedServer, kind: Serves) -> &'static str {
    let listens = config
        .listeners
        .iter()
        .any(|l| l.port == server.listener_port);
    match kind {
        Serves::Http | Serves::Https => "every request is answered 404",
        _ if listens => "no filter chain takes its connections",
        _ => "nothing listens on the port",
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(server: &str, vs: &str) -> Vec<String> {
        let gateway = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{{server}}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{{vs}}}\n"
        );
        let yaml = format!("{gateway}{}", gateway_workload("infra", "edge"));
        check_rule("gateway-host-unrouted", &yaml)
    }
    const HTTP: &str = "port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example.com']";
    const ROUTE: &str = "[{route: [{destination: {host: web}}]}]";
    const AT: &str = "warning Gateway infra/gw spec.servers[0].hosts[0]";

    #[test]
    fn a_narrower_host_is_a_route() {
        let vs = |gateway| format!("hosts: [a.example.com], gateways: [{gateway}], http: {ROUTE}");
        assert!(with(HTTP, &vs("infra/gw")).is_empty());
        assert_eq!(with(HTTP, &vs("gw")), [AT]);
    }

    #[test]
    fn the_kind_of_rule_must_fit_and_redirects_need_none() {
        let tls = "port: {number: 443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}, hosts: [a.example.com]";
        let vs = format!("hosts: [a.example.com], gateways: [infra/gw], http: {ROUTE}");
        assert_eq!(with(tls, &vs), [AT]);
        let redirect = format!("{HTTP}, tls: {{httpsRedirect: true}}");
        assert!(with(&redirect, "hosts: [x.org], http: []").is_empty());
        let auto = tls.replace("PASSTHROUGH", "AUTO_PASSTHROUGH");
        assert!(with(&auto, "hosts: [x.org], http: []").is_empty());
    }
}
