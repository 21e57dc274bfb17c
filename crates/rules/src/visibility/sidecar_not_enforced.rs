//! sidecar-not-enforced: an egress list that blocks nothing, because unknown traffic passes (V:R3.26,
//! O:3.4, O:12).

use crate::known::says_mesh_config;
use crate::prelude::*;
use meshscope_mesh::index::resource;
use meshscope_mesh::visibility::{Client, clients_in, restricted_clients};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "sidecar-not-enforced",
    group: Group::Visibility,
    tier: Tier::Second,
    severity: Severity::Info,
    summary: "a Sidecar lists egress hosts while any other host stays reachable",
    equivalents: &[],
    page: include_str!("../../pages/sidecar-not-enforced.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let own = namespace.text(db);
    if is_unknown(own) || objects(db, mesh, namespace, Kind::Sidecar).is_empty() {
        return Vec::new();
    }
    // A Sidecar of the root namespace is used by clients anywhere.
    let users: Vec<Arc<Client>> = if own == facts(db, mesh).root() {
        restricted_clients(db, mesh)
    } else {
        clients_in(db, mesh, namespace).to_vec()
    };
    let mut found: Vec<Finding> = Vec::new();
    for client in users.iter().filter(|c| !c.open) {
        let own_sidecar = client.sidecar.as_ref().filter(|s| s.namespace == *own);
        let Some(sidecar) = own_sidecar else { continue };
        if !client.allows_any(db, mesh) {
            continue;
        }
        let known = found.iter_mut().find(|f| f.resource() == Some(sidecar));
        match known.and_then(|f| f.reach.as_mut()) {
            Some(reach) => reach.workloads += client.workloads,
            None => found.push(finding(db, mesh, sidecar).reach(client.workloads, 0)),
        }
    }
    found
}

fn finding(db: &dyn Db, mesh: Mesh, sidecar: &ResourceKey) -> Finding {
    let object = resource(db, mesh, sidecar);
    let written = object.as_ref().and_then(|r| r.sidecar());
    let written = written.is_some_and(|s| s.outbound_traffic_policy.is_some());
    let sure = written || says_mesh_config(db, mesh);
    let (path, from) = match (written, sure) {
        (true, _) => ("spec.outboundTrafficPolicy", "written here"),
        (false, true) => ("spec", "of the mesh config"),
        (false, false) => ("spec", "the default; no mesh config is in these files"),
    };
    let message = format!(
        "the egress list does not block anything: outboundTrafficPolicy is ALLOW_ANY ({from}), so other hosts stay reachable, without routes, policies and telemetry"
    );
    let finding = Finding::new(RULE.name, RULE.severity, sidecar, path, message)
        .help("outboundTrafficPolicy: {mode: REGISTRY_ONLY}, if the list is meant to block");
    match sure {
        true => finding,
        false => finding.certainty(Certainty::Assumed),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(spec: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: shop}}\nspec: {{{spec}}}\n"
        );
        check_rule("sidecar-not-enforced", &format!("{yaml}{}", client("shop")))
    }

    #[test]
    fn only_lists_that_restrict_and_let_pass() {
        let own = "egress: [{hosts: ['./*']}]";
        assert_eq!(with(own), ["info Sidecar shop/default spec"]);
        let mode = |m: &str| format!("{own}, outboundTrafficPolicy: {{mode: {m}}}");
        assert_eq!(
            with(&mode("ALLOW_ANY")),
            ["info Sidecar shop/default spec.outboundTrafficPolicy"]
        );
        assert!(with(&mode("REGISTRY_ONLY")).is_empty());
        assert!(with("egress: [{hosts: ['*/*']}]").is_empty());
    }
}
