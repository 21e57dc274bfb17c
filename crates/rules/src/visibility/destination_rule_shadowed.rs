//! destination-rule-shadowed: a broad rule of the client namespace hides a specific one (V:R5.3,
//! V:R5.4, O:10.3).

use crate::prelude::*;
use meshscope_manifest::spec::traffic::TrafficPolicy;
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::registry::host_namespaces;
use meshscope_mesh::visibility::{
    DestinationRuleEntry, LookupStep, choose, clients_in, destination_rules, rule_namespaces,
};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-rule-shadowed",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a wildcard DestinationRule in the client's namespace hides a more specific one",
    equivalents: &[],
    page: include_str!("../../pages/destination-rule-shadowed.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let rules = objects(db, mesh, namespace, Kind::DestinationRule);
    rules
        .iter()
        .flat_map(|rule| shadowed(db, mesh, rule))
        .collect()
}

fn shadowed(db: &dyn Db, mesh: Mesh, rule: &Resource) -> Vec<Finding> {
    let Some(spec) = rule
        .destination_rule()
        .filter(|d| d.workload_selector.is_none())
    else {
        return Vec::new();
    };
    let facts = facts(db, mesh);
    let own = &rule.key.namespace;
    let host = resolve_short_name(&spec.host, own, &facts.config_domain);
    let owners = host_namespaces(db, mesh, name(db, &host));
    let of_owner = owners.contains(own);
    if is_wildcard(&host) || is_unknown(own) || !(of_owner || own == facts.root()) {
        return Vec::new();
    }
    let Some(owner) = (if of_owner { Some(own) } else { owners.first() }) else {
        return Vec::new();
    };
    let passes =
        |ns: &Str| spec.export_to.is_empty() || spec.export_to.iter().any(|t| t == "*" || t == ns);
    let mut found = Vec::new();
    for ns in rule_namespaces(db, mesh, name(db, &host)).iter() {
        if ns == own || !passes(ns) {
            continue;
        }
        let looked = destination_rules(db, mesh, name(db, ns), name(db, &host), name(db, owner));
        let Some((LookupStep::Client, entries)) = looked else {
            continue;
        };
        let clients = clients_in(db, mesh, name(db, ns));
        let sees =
            |services: &meshscope_mesh::visibility::ServiceSet| services.get(&host).is_some();
        let hit = clients.iter().filter(|c| sees(c.services(db, mesh)));
        let hit: Vec<_> = hit.collect();
        let labels = hit.iter().find_map(|c| c.labels().next());
        let winner = labels.and_then(|l| choose(entries, ns, l));
        // An own rule for exactly this host is an override on purpose.
        let Some(winner) = winner.filter(|w| w.host != host) else {
            continue;
        };
        let workloads = hit.iter().map(|c| c.workloads).sum();
        if let Some(difference) = difference(rule, &winner) {
            found.push(finding(rule, &host, ns, &winner, &difference).reach(workloads, 0));
        }
    }
    found
}

fn finding(
    rule: &Resource,
    host: &str,
    ns: &str,
    winner: &Arc<DestinationRuleEntry>,
    difference: &str,
) -> Finding {
    let message = format!(
        "clients in {ns} use DestinationRule {}/{} ({}) for {host}: {difference}",
        winner.rule.namespace, winner.rule.name, winner.host
    );
    Finding::new(RULE.name, RULE.severity, &rule.key, "spec.host", message)
        .help(format!(
            "add a DestinationRule for {host} to {ns}, or narrow the host of the other"
        ))
        .related(&winner.rule, "spec.host", "is used instead")
}

/// What a client of the winner misses, when it matters.
fn difference(rule: &Resource, winner: &DestinationRuleEntry) -> Option<String> {
    let spec = rule.destination_rule()?;
    let mut lost = Vec::new();
    let policy = winner.policy.as_ref().map(|(p, _)| &**p);
    let tls = |p: Option<&TrafficPolicy>| {
        p.and_then(|p| p.tls.as_ref())
            .map_or("no tls", |t| t.mode.name())
    };
    let (ours, theirs) = (tls(spec.traffic_policy.as_deref()), tls(policy));
    if ours != theirs {
        lost.push(format!("tls {theirs} instead of {ours}"));
    }
    let missing: Vec<Str> = spec
        .subsets
        .iter()
        .filter(|s| winner.subset(&s.name).is_none())
        .map(|s| s.name.clone())
        .collect();
    if !missing.is_empty() {
        lost.push(format!(
            "without subset {}",
            crate::finding::listing(&missing, 4)
        ));
    }
    let has = |p: Option<&TrafficPolicy>| p.and_then(|p| p.connection_pool.clone());
    let pool = has(spec.traffic_policy.as_deref());
    if pool.is_some() && pool != has(policy) {
        lost.push("without its connectionPool".to_owned());
    }
    (!lost.is_empty()).then(|| lost.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(broad: &str) -> Vec<String> {
        let rule = |ns: &str, host: &str, mode: &str| {
            format!(
                "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: {ns}}}\nspec: {{host: '{host}', trafficPolicy: {{tls: {{mode: {mode}}}}}}}\n"
            )
        };
        let yaml = rule("shop", broad, "ISTIO_MUTUAL") + &rule("back", "api", "DISABLE");
        let api = service("back", "api", "{name: http, port: 80}");
        check_rule(
            "destination-rule-shadowed",
            &format!("{yaml}{api}{}", client("shop")),
        )
    }

    #[test]
    fn only_a_broader_rule_hides_by_accident() {
        assert_eq!(
            with("*.local"),
            ["warning DestinationRule back/d spec.host"]
        );
        assert!(with("api.back.svc.cluster.local").is_empty());
        assert!(with("*.example.com").is_empty());
    }
}
