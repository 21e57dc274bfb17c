//! match-never-applies: a static condition of a match that is true nowhere (V:R4.12, V:R4.16,
//! G:VSB-9, O:5.12, O:8.6).

mod conditions;
mod ports;

use crate::prelude::*;
use conditions::{Conditions, conditions};
use meshscope_mesh::gateways::{find_gateway, workloads_of_gateway};
use meshscope_mesh::visibility::{VirtualService, virtual_services_in};
use ports::Ports;

/// The rule.
pub static RULE: Rule = Rule {
    name: "match-never-applies",
    group: Group::Routes,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a condition of a match on port or source is true for nobody",
    equivalents: &[],
    page: include_str!("../../pages/match-never-applies.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if vs.gateway_semantics || vs.hosts.iter().any(|h| is_unknown(h)) {
            continue;
        }
        let mut ports: Option<Ports> = None;
        for conditions in conditions(vs) {
            if conditions.port != 0 {
                let ports = ports.get_or_insert_with(|| Ports::of(db, mesh, vs));
                found.extend(ports.dead(db, mesh, vs, &conditions));
            }
            found.extend(labels_nobody_has(db, mesh, vs, &conditions));
        }
    }
    found
}

/// Source labels at a gateway are those of the gateway pods (G:EG-4).
fn labels_nobody_has(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    conditions: &Conditions<'_>,
) -> Option<Finding> {
    let http = conditions.path.contains(".http[");
    if conditions.labels.is_empty() || !http || !conditions.gateways.is_empty() {
        return None;
    }
    let mut pods = Vec::new();
    for leg in &vs.gateways {
        find_gateway(db, mesh, leg)?;
        let workloads = workloads_of_gateway(db, mesh, name(db, leg));
        if workloads.is_empty()
            || workloads
                .iter()
                .any(|(p, _)| conditions.labels.subset_of(&p.labels))
        {
            return None;
        }
        pods.extend(workloads.iter().map(|(_, w)| Str::new(w.label())));
        pods.dedup();
    }
    let path = format!("{}.sourceLabels", conditions.path);
    let shown = crate::finding::listing(&pods, 3);
    let message = format!(
        "sourceLabels are true for nobody: at a gateway they are compared with the gateway pods ({shown}), not with the caller"
    );
    Some(
        finding(conditions, &path, message)
            .help("a gateway does not know its callers' labels; match on something in the request"),
    )
}

fn finding(conditions: &Conditions<'_>, path: &str, message: String) -> Finding {
    let severity = if conditions.alternatives {
        Severity::Info
    } else {
        RULE.severity
    };
    Finding::new(RULE.name, severity, &conditions.object, path, message)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(matches: &str) -> Vec<String> {
        let vs = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: a}}\nspec: {{hosts: [web], http: [{{match: [{matches}], route: []}}]}}\n"
        );
        let web = service("a", "web", "{name: http, port: 80, targetPort: 8080}");
        check_rule("match-never-applies", &format!("{vs}{}{web}", client("a")))
    }

    #[test]
    fn a_match_is_on_the_service_port() {
        let at = "VirtualService a/v spec.http[0].match[0].port";
        assert!(with("{port: 80}").is_empty());
        assert_eq!(with("{port: 8080}"), [format!("warning {at}")]);
        assert_eq!(with("{port: 8080}, {port: 80}"), [format!("info {at}")]);
    }
}
