//! subset-not-visible: the subset exists, but not in the DestinationRule that applies (V:R5.3-R5.10).

use crate::destinations::{Judged, clients_in_words, judged_in};
use crate::prelude::*;
use crate::reference::subset_unknown::rules_for;
use meshscope_mesh::visibility::{Fate, cluster_name};

/// The rule.
pub static RULE: Rule = Rule {
    name: "subset-not-visible",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "some clients use a DestinationRule that lacks the subset they are sent to",
    equivalents: &[],
    page: include_str!("../../pages/subset-not-visible.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let judged = judged_in(db, mesh, namespace);
    judged.iter().filter_map(|j| finding(db, mesh, j)).collect()
}

fn finding(db: &dyn Db, mesh: Mesh, judged: &Judged) -> Option<Finding> {
    let at = &judged.at;
    let (host, subset) = (&at.destination.host, &at.destination.subset);
    let hit = judged.where_fate(|v| matches!(v.fate, Fate::NoSubset(..)));
    let first = hit.first()?;
    let defines = |r: &Resource| {
        let spec = r.destination_rule();
        spec.is_some_and(|d| d.subsets.iter().any(|s| s.name == *subset))
    };
    let rules = rules_for(db, mesh, host);
    let having: Vec<_> = rules.iter().filter(|r| defines(r)).collect();
    let owner = having.first()?;
    if !at.live {
        return None;
    }
    let Fate::NoSubset(service, used) = &first.fate else {
        return None;
    };
    let cluster = cluster_name(first.port, subset, &service.host);
    let uses = match used {
        Some(entry) => format!(
            "use DestinationRule {}/{}",
            entry.rule.namespace, entry.rule.name
        ),
        None => "find no DestinationRule".to_owned(),
    };
    let message = format!(
        "subset {subset} of {host} is defined in {}, but {} {uses}: {} ({cluster} is missing)",
        owner.key,
        clients_in_words(&hit),
        at.layer.outcome()
    );
    let root = facts(db, mesh).root().clone();
    let mut finding = judged
        .finding(&RULE, "subset", &hit, message)
        .help(format!(
            "put the subset where these clients look: their own namespace, {} (of the service), or {root} (root)",
            service.namespace
        ));
    for rule in having {
        finding = finding.related(&rule.key, "spec.subsets", format!("defines {subset}"));
    }
    if let Some(entry) = used {
        finding = finding.related(&entry.rule, "spec.host", "is used instead");
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(rule_namespace: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [api.back.svc.cluster.local], http: [{{route: [{{destination: {{host: api.back.svc.cluster.local, subset: v1}}}}]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: {rule_namespace}}}\nspec: {{host: api.back.svc.cluster.local, subsets: [{{name: v1}}]}}\n"
        );
        let api = service("back", "api", "{name: http, port: 80}");
        let all = format!("{yaml}{api}{}{}", client("shop"), client("team"));
        check_rule("subset-not-visible", &all)
    }

    #[test]
    fn clients_look_in_three_namespaces() {
        assert_eq!(
            with("shop"),
            ["error VirtualService shop/v spec.http[0].route[0].destination.subset"]
        );
        assert!(with("back").is_empty());
        assert!(with("istio-system").is_empty());
    }
}
