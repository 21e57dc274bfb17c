//! ambiguous-sni: one server name on one port of one gateway workload has two claimants (G:MRG-7,
//! G:TLS-3, G:TLS-8, G:TLS-9).

use crate::finding::listing;
use crate::gateways::{comparable, who};
use crate::prelude::*;
use meshscope_mesh::envoy::Because;
use meshscope_mesh::gateways::{
    DropReason, Dropped, Gateway, Rejected, Rejection, Serves, gateway_listeners, gateways_in,
    referencing, serves,
};
use meshscope_mesh::visibility::{L4Route, virtual_services_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "ambiguous-sni",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "two servers or routes of one gateway port claim the same server name",
    equivalents: &["IST0145", "KIA0301"],
    page: include_str!("../../pages/ambiguous-sni.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let mut found = Vec::new();
    for dropped in config
        .dropped
        .iter()
        .filter(|d| comparable(db, mesh, &d.parties))
    {
        found.extend(match &dropped.reason {
            DropReason::DuplicateHosts(hosts) => server(db, mesh, class, dropped, hosts),
            DropReason::DuplicateSni(hosts) => route(db, mesh, class, dropped, hosts),
            _ => None,
        });
    }
    let refused = config
        .rejections
        .iter()
        .filter(|r| r.what == Rejected::Listener);
    found.extend(refused.filter_map(|r| rejected(db, mesh, class, r)));
    found
}

/// The Gateway and server an explanation points at.
fn server_of(db: &dyn Db, mesh: Mesh, at: &Because) -> Option<(std::sync::Arc<Gateway>, usize)> {
    let all = gateways_in(db, mesh, name(db, &at.object.namespace));
    all.iter().filter(|g| g.object == at.object).find_map(|g| {
        let index = (0..g.servers.len()).find(|i| g.server_path(*i) == at.path)?;
        Some((g.clone(), index))
    })
}

/// Where a host is written in a server; the server itself for a listener of Gateway API.
fn host_path(at: &Because, gateway: &Gateway, index: usize, host: &str) -> String {
    let hosts = gateway.servers.get(index).map_or(&[][..], |s| &s.hosts);
    let bare = |h: &str| h.rsplit('/').next().unwrap_or(h).to_owned();
    match hosts.iter().position(|h| bare(h) == bare(host)) {
        Some(i) if gateway.listener.is_none() => format!("{}.hosts[{i}]", at.path),
        _ => at.path.to_string(),
    }
}

/// D1: a whole server lost its port to an earlier one.
fn server(
    db: &dyn Db,
    mesh: Mesh,
    class: &ProxyClass,
    dropped: &Dropped,
    hosts: &[Str],
) -> Option<Finding> {
    let [lost, won, ..] = &dropped.parties[..] else {
        return None;
    };
    let (gateway, index) = server_of(db, mesh, lost)?;
    let (other, first) = server_of(db, mesh, won)?;
    let (ours, theirs) = (gateway.servers.get(index)?, other.servers.get(first)?);
    // Plaintext servers that only redirect are told apart elsewhere (gateway-server-dropped).
    if serves(ours) == Serves::Http || serves(theirs) == Serves::Http {
        return None;
    }
    let routed = |g: &Gateway| -> Vec<ResourceKey> {
        let all = referencing(db, mesh, name(db, &g.label()));
        all.iter().map(|v| v.object.clone()).collect()
    };
    let same = ours.tls == theirs.tls
        && ours.hosts.iter().all(|h| theirs.hosts.contains(h))
        && routed(&gateway).iter().all(|v| routed(&other).contains(v));
    let outcome = match same {
        true => "one of the two servers is dropped, and does the same".to_owned(),
        false => format!(
            "the whole server for {} is dropped, with its certificate, mode and routes",
            listing(&ours.hosts, 3)
        ),
    };
    let host = hosts.first()?;
    let message = sentence(class, host, dropped, &outcome, &won.object.to_string());
    let mut finding = finding(
        &lost.object,
        &host_path(lost, &gateway, index, host),
        message,
        same,
    )
    .help("put the hosts into one server, or give each server hosts of its own")
    .related(
        &won.object,
        &host_path(won, &other, first, host),
        "has the name",
    );
    for vs in routed(&gateway).iter().filter(|_| !same).take(3) {
        finding = finding.related(vs, "", "loses its server");
    }
    Some(certainty(finding, dropped.ambiguous))
}

/// A passthrough match whose name is taken.
fn route(
    db: &dyn Db,
    mesh: Mesh,
    class: &ProxyClass,
    dropped: &Dropped,
    hosts: &[Str],
) -> Option<Finding> {
    let [lost, won, ..] = &dropped.parties[..] else {
        return None;
    };
    // One match that two servers of its Gateways would both take is no conflict (incident 036).
    if (&lost.object, &lost.path) == (&won.object, &won.path) {
        return None;
    }
    let (ours, place) = tls_match(db, mesh, lost)?;
    let (theirs, other) = tls_match(db, mesh, won)?;
    let names = ours.matches.get(place).map_or(&[][..], |m| &m.sni_hosts);
    let all_taken = names.iter().all(|n| hosts.contains(n));
    let same = all_taken && ours.route == theirs.route;
    if same && lost.object == won.object {
        return None;
    }
    let outcome = match (same, all_taken) {
        (true, _) => "this match is dropped, and leads to the same place".to_owned(),
        (_, true) => "this match is dropped, and its destination gets nothing".to_owned(),
        (_, false) => format!("the whole match for {} is dropped", listing(names, 4)),
    };
    let host = hosts.first()?;
    let at = |b: &Because, names: &[Str]| match names.iter().position(|n| n == host) {
        Some(k) if b.object.kind == Kind::VirtualService => format!("{}.sniHosts[{k}]", b.path),
        _ => b.path.to_string(),
    };
    let taken = theirs.matches.get(other).map_or(&[][..], |m| &m.sni_hosts);
    let message = sentence(class, host, dropped, &outcome, &won.object.to_string());
    let finding = finding(&lost.object, &at(lost, names), message, same)
        .help("keep the name in one VirtualService")
        .related(&won.object, &at(won, taken), "has the name");
    Some(certainty(finding, dropped.ambiguous))
}

/// The tls rule and the index of the match an explanation points at.
fn tls_match(db: &dyn Db, mesh: Mesh, at: &Because) -> Option<(L4Route, usize)> {
    let numbers: Vec<usize> = at
        .path
        .split(['[', ']'])
        .filter_map(|part| part.parse().ok())
        .collect();
    let all = virtual_services_in(db, mesh, name(db, &at.object.namespace));
    let vs = all.iter().find(|v| v.object == at.object)?;
    let rule = vs.tls.iter().find(|r| Some(&r.index) == numbers.first())?;
    Some((rule.clone(), numbers.get(1).copied().unwrap_or(0)))
}

/// Two chains with one name: Envoy refuses the listener (G:TLS-9).
fn rejected(db: &dyn Db, mesh: Mesh, class: &ProxyClass, rejection: &Rejection) -> Option<Finding> {
    let sni = rejection.sni.as_ref()?;
    if !comparable(db, mesh, &rejection.parties) {
        return None;
    }
    let at = rejection
        .parties
        .iter()
        .find(|p| p.object.kind == Kind::VirtualService)
        .or(rejection.parties.first())?;
    let message = format!(
        "SNI {sni} has two filter chains on listener {} of {}: Envoy refuses the whole listener",
        rejection.name,
        who(class)
    );
    let mut finding =
        finding(&at.object, &at.path, message, false).help("let one server or route have the name");
    for party in rejection.parties.iter().filter(|p| *p != at) {
        finding = finding.related(&party.object, &party.path, "takes the same name");
    }
    Some(finding)
}

fn sentence(class: &ProxyClass, sni: &str, dropped: &Dropped, outcome: &str, by: &str) -> String {
    let sni = sni.rsplit('/').next().unwrap_or(sni);
    let undecided = match dropped.ambiguous {
        true => " (the older one wins; the files do not say which)",
        false => "",
    };
    format!(
        "SNI {sni} on port {} of {} is also claimed by {by}: {outcome}{undecided}",
        dropped.port,
        who(class)
    )
}

fn finding(object: &ResourceKey, path: &str, message: String, same: bool) -> Finding {
    let severity = if same {
        Severity::Warning
    } else {
        RULE.severity
    };
    Finding::new(RULE.name, severity, object, path, message)
}

fn certainty(finding: Finding, ambiguous: bool) -> Finding {
    match ambiguous {
        true => finding.certainty(Certainty::Ambiguous),
        false => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn gateway(name: &str, mode: &str, hosts: &str) -> String {
        let protocol = if mode == "PASSTHROUGH" {
            "TLS"
        } else {
            "HTTPS"
        };
        format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {name}, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: tls, protocol: {protocol}}}, tls: {{mode: {mode}, credentialName: {name}}}, hosts: [{hosts}]}}]}}\n---\n"
        )
    }
    fn route(name: &str, gateways: &str, to: &str, sni: &str) -> String {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{hosts: [{sni}], gateways: [{gateways}], tls: [{{match: [{{sniHosts: [{sni}]}}], route: [{{destination: {{host: {to}}}}}]}}]}}\n---\n"
        )
    }
    fn found(parts: &[String]) -> Vec<String> {
        let yaml = format!("{}{}", parts.concat(), gateway_workload("infra", "edge"));
        check_rule("ambiguous-sni", &yaml)
    }

    #[test]
    fn equal_strings_clash_and_overlaps_do_not() {
        let a = gateway("a", "SIMPLE", "x.example.com");
        let b = gateway("b", "SIMPLE", "x.example.com");
        assert_eq!(
            found(&[a.clone(), b]),
            ["error Gateway infra/b spec.servers[0].hosts[0]"]
        );
        assert!(found(&[a, gateway("b", "SIMPLE", "'*.example.com'")]).is_empty());
    }

    #[test]
    fn passthrough_matches_clash_between_virtual_services_only() {
        let gw = gateway("gw", "PASSTHROUGH", "'*'");
        let (one, two) = (
            route("one", "infra/gw", "p", "a.org"),
            route("two", "infra/gw", "q", "a.org"),
        );
        assert_eq!(
            found(&[gw.clone(), one.clone(), two]),
            ["error VirtualService shop/two spec.tls[0].match[0].sniHosts[0]"]
        );
        let wide = gateway("wide", "PASSTHROUGH", "'*.org'");
        assert!(found(&[gw, wide, route("one", "infra/gw, infra/wide", "p", "a.org")]).is_empty());
    }
}
