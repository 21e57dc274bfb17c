//! destination-rule-host-unknown: a DestinationRule for a host that no registry has (V:R5.13,
//! V:R0.13).

use crate::known::{kubernetes_host, may_be_unplaced, meant_host};
use crate::prelude::*;
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::registry::host_namespaces;

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-rule-host-unknown",
    group: Group::Reference,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a DestinationRule whose host no Service or ServiceEntry declares",
    equivalents: &["IST0174", "KIA0202"],
    page: include_str!("../../pages/destination-rule-host-unknown.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        found.extend(
            rule.destination_rule()
                .and_then(|d| unknown(db, mesh, rule, &d.host)),
        );
    }
    found
}

fn unknown(db: &dyn Db, mesh: Mesh, rule: &Resource, written: &Str) -> Option<Finding> {
    let domain = &facts(db, mesh).config_domain;
    let host = resolve_short_name(written, &rule.key.namespace, domain);
    // What a wildcard covers is nearly never all in the files.
    if is_wildcard(&host)
        || is_unknown(&host)
        || written.is_empty()
        || !host_namespaces(db, mesh, name(db, &host)).is_empty()
        || may_be_unplaced(db, mesh, &host)
    {
        return None;
    }
    let meant = meant_host(db, mesh, &host);
    let sure = match kubernetes_host(db, mesh, &host) {
        Some((_, ns)) => meant.is_some() || described(db, mesh, ns) == Described::Fully,
        None => meant.is_some(),
    };
    let means = match *written == host {
        true => host.to_string(),
        false => format!("{written} (that is {host})"),
    };
    let mut finding = if sure {
        let message =
            format!("{means} matches no Service or ServiceEntry: the rule applies to nothing");
        Finding::new(RULE.name, RULE.severity, &rule.key, "spec.host", message)
            .help("correct the host, or remove the rule")
    } else {
        let message = format!("{means} is declared by no Service or ServiceEntry of these files");
        Finding::new(RULE.name, Severity::Info, &rule.key, "spec.host", message)
            .help("nothing to do if it exists elsewhere")
            .certainty(Certainty::Assumed)
    };
    let Some(meant) = meant else {
        return Some(finding);
    };
    finding = finding.help(format!("did you mean {meant}?"));
    match "spec.host".parse() {
        Ok(path) => Some(finding.fix(Fix {
            title: format!("replace by {meant}"),
            safe: false,
            edits: vec![Edit::Replace {
                path,
                value: meant.as_str().into(),
            }],
        })),
        Err(_) => Some(finding),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(host: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: shop}}\nspec: {{host: '{host}', trafficPolicy: {{loadBalancer: {{simple: RANDOM}}}}}}\n"
        );
        let reviews = service("shop", "reviews", "{name: http, port: 80}");
        check_rule(
            "destination-rule-host-unknown",
            &(yaml + &reviews + &client("shop")),
        )
    }

    #[test]
    fn a_rule_is_for_a_host_that_exists() {
        let at = "DestinationRule shop/d spec.host";
        assert_eq!(with("reviws"), [format!("warning {at}")]);
        assert_eq!(with("gone"), [format!("warning {at}")]);
        assert_eq!(with("api.away.svc.cluster.local"), [format!("info {at}")]);
        assert_eq!(with("api.example.com"), [format!("info {at}")]);
        assert!(with("reviews").is_empty());
        assert!(with("*.shop.svc.cluster.local").is_empty());
    }
}
