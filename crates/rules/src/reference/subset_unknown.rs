//! subset-unknown: a subset that no DestinationRule of the mesh defines for the host (V:R5.10, V:R5.3).

use crate::destinations::{Judged, clients_in_words, judged_in};
use crate::known::kubernetes_host;
use crate::prelude::*;
use meshscope_mesh::visibility::{Fate, rule_namespaces, rules_covering};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "subset-unknown",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a route names a subset that no DestinationRule defines for the host",
    equivalents: &["IST0101", "KIA1107"],
    page: include_str!("../../pages/subset-unknown.md"),
    check: Check::Namespace(check),
};

/// The DestinationRules of the mesh for a host, wherever they are.
pub(crate) fn rules_for(db: &dyn Db, mesh: Mesh, host: &str) -> Vec<Arc<Resource>> {
    rule_namespaces(db, mesh, name(db, host))
        .iter()
        .flat_map(|ns| rules_covering(db, mesh, name(db, ns), host))
        .collect()
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let judged = judged_in(db, mesh, namespace);
    judged.iter().filter_map(|j| finding(db, mesh, j)).collect()
}

fn finding(db: &dyn Db, mesh: Mesh, judged: &Judged) -> Option<Finding> {
    let at = &judged.at;
    let (host, subset) = (&at.destination.host, &at.destination.subset);
    if subset.is_empty() {
        return None;
    }
    let hit = judged.where_fate(|v| matches!(v.fate, Fate::NoSubset(..)));
    if hit.is_empty() && !judged.verdicts.is_empty() && !judged.declared.is_empty() {
        return None;
    }
    let rules = rules_for(db, mesh, host);
    let subsets = |r: &Resource| -> Vec<Str> {
        let spec = r.destination_rule();
        spec.into_iter()
            .flat_map(|d| &d.subsets)
            .map(|s| s.name.clone())
            .collect()
    };
    // Without the service and without a rule, destination-host-unknown says it all; without a rule and
    // without a client, the rule may be where the clients are.
    if rules.iter().any(|r| subsets(r).contains(subset))
        || (rules.is_empty() && (judged.declared.is_empty() || judged.verdicts.is_empty()))
    {
        return None;
    }
    let message = format!(
        "no DestinationRule for {host} defines subset {subset}: {} for {}",
        at.layer.outcome(),
        clients_in_words(&hit)
    );
    let mut finding = judged.finding(&RULE, "subset", &hit, message);
    finding = finding.missing(&[Kind::DestinationRule], &at.object.namespace);
    if let Some((_, ns)) = kubernetes_host(db, mesh, host) {
        finding = finding.missing(&[Kind::DestinationRule], &ns.into());
    }
    let mut known: Vec<Str> = Vec::new();
    for rule in &rules {
        let own = subsets(rule);
        let listed = crate::finding::listing(&own, 6);
        finding = finding.related(&rule.key, "spec.subsets", format!("defines {listed}"));
        known.extend(own);
    }
    let near = nearest(subset, known.iter().map(Str::as_str)).or(match &known[..] {
        [only] => Some(only.as_str()),
        _ => None,
    });
    let Some(near) = near else {
        return Some(finding.help(format!(
            "define subset {subset} in a DestinationRule for {host}"
        )));
    };
    let edits = at.path_of("subset").parse().map(|path| Edit::Replace {
        path,
        value: near.into(),
    });
    let fix = Fix {
        title: format!("use subset {near}"),
        safe: false,
        edits: edits.into_iter().collect(),
    };
    Some(
        finding
            .help(format!("did you mean {near}? Otherwise define {subset}"))
            .fix(fix),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(rule: &str) -> Vec<String> {
        let vs = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: shop}\nspec: {hosts: [web], http: [{route: [{destination: {host: web, subset: v1}}]}]}\n";
        let web = service("shop", "web", "{name: http, port: 80}");
        check_rule(
            "subset-unknown",
            &format!("{vs}{}{web}---\n{rule}", client("shop")),
        )
    }
    fn rule(host: &str, namespace: &str, subset: &str) -> String {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: {namespace}}}\nspec: {{host: '{host}', subsets: [{{name: {subset}}}]}}\n"
        )
    }

    #[test]
    fn any_rule_that_covers_the_host_counts() {
        assert_eq!(with("").len(), 1);
        assert_eq!(with(&rule("web", "shop", "other")).len(), 1);
        assert!(with(&rule("web", "shop", "v1")).is_empty());
        assert!(with(&rule("*.local", "elsewhere", "v1")).is_empty());
    }
}
