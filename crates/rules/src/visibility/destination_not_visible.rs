//! destination-not-visible: the destination exists, but a proxy that gets the route has no cluster
//! for it (V:R2.2, V:R2.4, V:R3.16, V:R3.20, V:R4.25, V:R6.8).

use crate::destinations::{Judged, Use, Verdict, clients_in_words, judged_in, totals, written};
use crate::prelude::*;
use meshscope_mesh::registry::{Service, services_in};
use meshscope_mesh::visibility::{Fate, is_visible_to, virtual_services_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-not-visible",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a proxy gets a route to a service that is hidden from it",
    equivalents: &["IST0101"],
    page: include_str!("../../pages/destination-not-visible.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let judged = judged_in(db, mesh, namespace);
    let mut found: Vec<Finding> = judged
        .iter()
        .filter_map(|j| hidden(db, mesh, namespace.text(db), j))
        .collect();
    found.extend(hidden_from_itself(db, mesh, namespace));
    found
}

fn hidden(db: &dyn Db, mesh: Mesh, ns: &Str, judged: &Judged) -> Option<Finding> {
    let at = &judged.at;
    let service = judged.declared.first()?;
    let port = |v: &Verdict| judged.declared.iter().any(|s| s.port(v.port).is_some());
    let hit = judged.where_fate(|v| match &v.fate {
        Fate::NoService => true,
        // The service has the port, but not in this scope: trimmed or lost in a merge.
        Fate::NoPort(seen) => at.destination.port != 0 && port(v) && seen.object == service.object,
        Fate::Cluster | Fate::NoSubset(..) => false,
    });
    let path = format!("{}.host", at.path);
    let exported = exported_to(db, mesh, service);
    let host = &at.destination.host;
    if judged.verdicts.is_empty() {
        // Nobody in the files carries it: judge it for the namespaces it is exported to by name, else
        // for a client beside it.
        let of_object = meshscope_mesh::index::resource(db, mesh, &judged.carried_by);
        let listed = of_object
            .as_ref()
            .and_then(|r| r.virtual_service())
            .map(|v| &v.export_to);
        let mut to: Vec<Str> = listed.into_iter().flatten().cloned().collect();
        if to.is_empty() || to.iter().any(|t| matches!(t.as_str(), "*" | "." | "~")) {
            to = vec![ns.clone()];
        }
        let sees = |to: &Str| {
            let mut all = judged.declared.iter();
            all.any(|s| s.namespace == *to || is_visible_to(db, mesh, s, to))
        };
        if to.iter().any(|t| is_unknown(t) || sees(t)) {
            return None;
        }
        let to = crate::finding::listing(&to, 4);
        let message = format!("{host} is exported to {exported}, not to {to}");
        let finding = Finding::new(RULE.name, Severity::Info, &at.object, &path, message);
        return Some(about(finding, service));
    }
    if hit.is_empty() || !at.live {
        return None;
    }
    let (workloads, gateways) = totals(hit.iter().copied());
    let (all, all_gateways) = judged.carriers();
    let message = format!(
        "{} of {} workloads that get this route cannot see {host} (exported to {exported}): {} for {}",
        workloads + gateways,
        all + all_gateways,
        at.layer.outcome(),
        clients_in_words(&hit)
    );
    let finding = judged
        .finding(&RULE, "host", &hit, message)
        .help("export the service to these namespaces, or the route to fewer");
    Some(about(finding, service))
}

/// A service hidden from its own namespace: routes there get its cluster all the same, but no
/// listener and no virtual host, so they never take effect (V:R3.16, V:R3.17).
fn hidden_from_itself<'db>(db: &'db dyn Db, mesh: Mesh, ns: Name<'db>) -> Vec<Finding> {
    let own = ns.text(db);
    let hidden: Vec<Arc<Service>> = services_in(db, mesh, ns)
        .iter()
        .filter(|s| !is_visible_to(db, mesh, s, own))
        .cloned()
        .collect();
    if hidden.is_empty() {
        return Vec::new();
    }
    let all = virtual_services_in(db, mesh, ns);
    let carried = all
        .iter()
        .filter(|vs| vs.is_bound_to("mesh") && !vs.gateway_semantics);
    let mut found = Vec::new();
    for vs in carried {
        let hosts = |s: &&Arc<Service>| vs.hosts.contains(&s.host);
        for service in hidden.iter().filter(hosts) {
            let to = |at: &Use| at.destination.host == service.host;
            for at in written(db, mesh, vs).into_iter().filter(to) {
                let exported = exported_to(db, mesh, service);
                let message = format!(
                    "{} is exported to {exported}, not to its own namespace: sidecars in {own} get this route but no listener for the host, so it takes no effect there",
                    service.host
                );
                let path = format!("{}.host", at.path);
                let finding = Finding::new(RULE.name, Severity::Info, &at.object, &path, message);
                found.push(about(finding, service));
            }
        }
    }
    found
}

fn exported_to(db: &dyn Db, mesh: Mesh, service: &Service) -> String {
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let set = if service.export_to.is_empty() {
        defaults
    } else {
        &service.export_to
    };
    let own = |t: &Str| {
        if t == "." {
            service.namespace.clone()
        } else {
            t.clone()
        }
    };
    let named: Vec<Str> = set.iter().map(own).collect();
    match named.iter().any(|t| t == "~") {
        true => "nobody".into(),
        false => crate::finding::listing(&named, 4),
    }
}

fn about(finding: Finding, service: &Service) -> Finding {
    let path = if service.is_kubernetes() {
        "metadata.annotations"
    } else {
        "spec.exportTo"
    };
    finding.related(&service.object, path, "says who sees it")
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(export: &str, clients: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: api, namespace: back, annotations: {{networking.istio.io/exportTo: \"{export}\"}}}}\nspec: {{selector: {{app: api}}, ports: [{{name: http, port: 80}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [api.example.com], exportTo: [{clients}], http: [{{route: [{{destination: {{host: api.back.svc.cluster.local, port: {{number: 80}}}}}}]}}]}}\n"
        );
        let all = format!("{yaml}{}{}", client("shop"), client("team"));
        check_rule("destination-not-visible", &all)
    }
    const AT: &str = "error VirtualService shop/v spec.http[0].route[0].destination.host";

    #[test]
    fn every_namespace_that_gets_the_route_must_see_the_service() {
        assert!(with("*", "'*'").is_empty());
        assert_eq!(with("shop", "'*'"), [AT]);
        assert!(with("shop", "'.'").is_empty());
        assert!(with("shop,team", "'*'").is_empty());
    }
}
