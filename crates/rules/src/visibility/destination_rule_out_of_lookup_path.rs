//! destination-rule-out-of-lookup-path: a DestinationRule where other clients never look (V:R5.3,
//! V:R2.9-R2.13, V:R5.11).

use crate::prelude::*;
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::registry::{host_namespaces, service_in};
use meshscope_mesh::visibility::{clients_in, open_views, restricted_clients};

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-rule-out-of-lookup-path",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a DestinationRule is exported to clients that never look where it is",
    equivalents: &[],
    page: include_str!("../../pages/destination-rule-out-of-lookup-path.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let own = namespace.text(db);
    if is_unknown(own) {
        return Vec::new();
    }
    let root = facts(db, mesh).root();
    let rules = objects(db, mesh, namespace, Kind::DestinationRule);
    rules
        .iter()
        .filter_map(|rule| {
            if own == root {
                not_for_root(db, mesh, rule)
            } else {
                out_of_path(db, mesh, rule)
            }
        })
        .collect()
}

/// A rule in the root namespace that lists `.` with others does not apply there (V:R5.11).
fn not_for_root(db: &dyn Db, mesh: Mesh, rule: &Resource) -> Option<Finding> {
    let spec = rule.destination_rule()?;
    let own = &rule.key.namespace;
    let names_root = spec.export_to.iter().position(|t| t == ".")?;
    if spec.export_to.len() < 2
        || spec.export_to.iter().any(|t| t == "*" || t == own)
        || spec.workload_selector.is_some()
        || clients_in(db, mesh, name(db, own)).is_empty()
    {
        return None;
    }
    let message = format!(
        "exported to . and others, but clients in {own} do not use it: in the root namespace istiod reads . for private rules only"
    );
    let path = format!("spec.exportTo[{names_root}]");
    Some(
        Finding::new(RULE.name, RULE.severity, &rule.key, &path, message)
            .help(format!("write {own} instead of .")),
    )
}

fn out_of_path(db: &dyn Db, mesh: Mesh, rule: &Resource) -> Option<Finding> {
    let spec = rule.destination_rule()?;
    let facts = facts(db, mesh);
    let own = &rule.key.namespace;
    let host = resolve_short_name(&spec.host, own, &facts.config_domain);
    if is_wildcard(&host) || is_unknown(&host) || spec.workload_selector.is_some() {
        return None;
    }
    let owners = host_namespaces(db, mesh, name(db, &host));
    let owner = owners.first()?;
    if owners.contains(own) {
        return None;
    }
    // What exportTo promises, and to whom.
    let unwritten = spec.export_to.is_empty();
    let everyone = spec.export_to.iter().any(|t| t == "*")
        || (unwritten
            && !facts
                .config
                .default_destination_rule_export_to
                .iter()
                .any(|t| t == "."));
    let promised = |ns: &Str| ns != own && (everyone || spec.export_to.contains(ns));
    let mut others: Vec<Str> = Vec::new();
    let mut reach = 0;
    let mut own_clients = false;
    for view in open_views(db, mesh, name(db, &host)).iter() {
        if view.client.services(db, mesh).get(&host).is_none() {
            continue;
        }
        own_clients |= view.namespaces.contains(own);
        let seen: Vec<Str> = view
            .namespaces
            .iter()
            .filter(|ns| promised(ns))
            .cloned()
            .collect();
        if !seen.is_empty() {
            reach += view.workloads;
            others.extend(seen);
        }
    }
    for client in restricted_clients(db, mesh) {
        if client.services(db, mesh).get(&host).is_none() {
            continue;
        }
        own_clients |= client.namespace == *own;
        if promised(&client.namespace) {
            reach += client.workloads;
            others.push(client.namespace.clone());
        }
    }
    // Without exportTo it is probably meant for the own clients, when there are any.
    if others.is_empty() || (unwritten && own_clients) {
        return None;
    }
    others.sort();
    others.dedup();
    let exported = if unwritten {
        "everyone (no exportTo)".to_owned()
    } else {
        crate::finding::listing(&spec.export_to, 4)
    };
    let used = if own_clients {
        format!("only clients in {own} use it")
    } else {
        "nobody uses it".into()
    };
    let root = facts.root();
    let message = format!(
        "exported to {exported}, but {used}: for {host} istiod looks in the client's namespace, in {owner} and in {root}"
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &rule.key, "spec.host", message)
        .help(format!(
            "move it to {owner}; clients that miss it: {}",
            crate::finding::listing(&others, 4)
        ))
        .reach(reach, 0);
    if let Some(service) = service_in(db, mesh, name(db, owner), name(db, &host)).clone() {
        finding = finding.related(&service.object, "", format!("the service, in {owner}"));
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(namespace: &str, export: &str, clients: &[&str]) -> Vec<String> {
        let rule = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: {namespace}}}\nspec: {{host: api.back.svc.cluster.local{export}}}\n"
        );
        let clients: String = clients.iter().map(|c| client(c)).collect();
        let api = service("back", "api", "{name: http, port: 80}");
        check_rule(
            "destination-rule-out-of-lookup-path",
            &format!("{rule}{api}{clients}"),
        )
    }

    #[test]
    fn it_must_promise_more_than_it_can_reach() {
        let at = "warning DestinationRule shop/d spec.host";
        assert_eq!(with("shop", ", exportTo: ['*']", &["shop", "team"]), [at]);
        assert!(with("shop", ", exportTo: ['.']", &["shop", "team"]).is_empty());
        assert!(with("shop", "", &["shop", "team"]).is_empty());
        assert_eq!(with("shop", "", &["team"]), [at]);
        assert!(with("back", "", &["team"]).is_empty());
        assert!(with("istio-system", "", &["team"]).is_empty());
    }
}
