//! egress-gateways-not-isolated: two egress gateways of different namespaces are configured from the
//! same objects (G:SEL-3, G:CL-1, G:CL-3, V:R2.2).

use crate::prelude::*;
use meshscope_mesh::egress::{Apart, Isolation, isolation_matrix};

/// The rule.
pub static RULE: Rule = Rule {
    name: "egress-gateways-not-isolated",
    group: Group::Egress,
    tier: Tier::Core,
    severity: Severity::Info,
    summary: "two egress gateways share objects",
    equivalents: &[],
    page: include_str!("../../pages/egress-gateways-not-isolated.md"),
    check: Check::Mesh(check),
};

fn check(db: &dyn Db, mesh: Mesh) -> Vec<Finding> {
    let all = isolation_matrix(db, mesh);
    all.iter().filter_map(shared).collect()
}

fn shared(pair: &Isolation) -> Option<Finding> {
    // Gateways of one namespace were never meant to be apart: revisions, replicas, sizes.
    if pair.isolated || pair.physical.namespaces != Apart::Separate {
        return None;
    }
    let (a, b) = &pair.gateways;
    if is_unknown(a) || is_unknown(b) {
        return None;
    }
    let gateways = pair.logical.shared_gateways.iter();
    let exported = pair.logical.shared_exported_resources.iter();
    let objects: Vec<&ResourceKey> = gateways.chain(exported).collect();
    let first = objects.iter().find(|o| !is_unknown(&o.namespace))?;
    let path = match first.kind {
        Kind::Gateway => "spec.selector",
        _ => "spec.exportTo",
    };
    let more = match objects.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let message = format!("{first}{more} is visible to {a} and {b}: the two are not isolated");
    let mut finding = Finding::new(RULE.name, RULE.severity, first, path, message)
        .help("export what one gateway needs to its namespace only");
    for object in objects.iter().filter(|o| *o != first).take(5) {
        finding = finding.related(object, "", "is visible to both as well");
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(export: &str) -> Vec<String> {
        let one = |ns: &str| {
            format!(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {ns}, namespace: {ns}}}\nspec: {{selector: {{istio: {ns}}}, servers: [{{port: {{number: 443, name: tls, protocol: TLS}}, tls: {{mode: PASSTHROUGH}}, hosts: [a.org]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {ns}, namespace: {ns}}}\nspec: {{hosts: [a.org], gateways: [{ns}], exportTo: [.], tls: [{{match: [{{sniHosts: [a.org]}}], route: [{{destination: {{host: a.org}}}}]}}]}}{}\n---\n",
                gateway_workload(ns, ns)
            )
        };
        let entry = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: one}}\nspec: {{hosts: [a.org], exportTo: [{export}], ports: [{{number: 443, name: tls, protocol: TLS}}], resolution: DNS}}\n"
        );
        let yaml = format!("{}{}{entry}", one("one"), one("two"));
        check_rule("egress-gateways-not-isolated", &yaml)
    }

    #[test]
    fn what_both_see_ties_them() {
        assert_eq!(with("., two"), ["info ServiceEntry one/e spec.exportTo"]);
        assert!(with(".").is_empty());
    }
}
