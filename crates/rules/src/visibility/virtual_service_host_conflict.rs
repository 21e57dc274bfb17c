//! virtual-service-host-conflict: two VirtualServices claim one host for the mesh; sidecars use one
//! (V:R4.17, V:R4.20, V:R4.21, V:R4.24, O:8.8).

mod claims;

use crate::prelude::*;
use claims::{collide, common};
use meshscope_mesh::visibility::{
    Audience, Client, VirtualService, audience, claimants, virtual_services_in,
};
use std::cmp::Ordering;
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "virtual-service-host-conflict",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "two VirtualServices claim the same host for the mesh",
    equivalents: &["IST0109", "KIA1106"],
    page: include_str!("../../pages/virtual-service-host-conflict.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    if is_unknown(namespace.text(db)) {
        return found;
    }
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if !vs.is_bound_to("mesh") || vs.gateway_semantics {
            continue;
        }
        for (i, host) in vs.hosts.iter().enumerate() {
            let first = vs.hosts.iter().position(|h| h == host) == Some(i);
            // Each pair is reported once, on the later object.
            let others = claimants(db, mesh, name(db, host));
            for other in others.iter().filter(|o| first && **o < vs.object) {
                let listed = virtual_services_in(db, mesh, name(db, &other.namespace));
                let other = listed.iter().find(|v| v.object == *other);
                found.extend(other.and_then(|o| conflict(db, mesh, vs, o, i, host)));
            }
        }
    }
    found
}

fn conflict(
    db: &dyn Db,
    mesh: Mesh,
    vs: &Arc<VirtualService>,
    other: &Arc<VirtualService>,
    index: usize,
    host: &Str,
) -> Option<Finding> {
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let (a, b) = (audience(vs, defaults), audience(other, defaults));
    let clients = common(db, mesh, vs, other, &a, &b)?;
    let hit: Vec<&Arc<Client>> = clients
        .iter()
        .filter(|c| c.proxies.iter().any(|p| collide(vs, other, Some(p))))
        .collect();
    // Without any client in the files, judge the routes that apply to everyone.
    let nobody = meshscope_mesh::visibility::clients(db, mesh).is_empty();
    if hit.is_empty() && !(nobody && collide(vs, other, None)) {
        return None;
    }
    let order = match (&a, &b) {
        (Audience::Public, Audience::Public) => vs.order(other),
        (Audience::Public, _) => Ordering::Greater,
        (_, Audience::Public) => Ordering::Less,
        // Private comes before exported; alike, age decides (V:R4.21).
        _ => {
            let own = hit.first().map(|c| &c.namespace);
            let rank = |v: &VirtualService| own.is_some_and(|ns| *ns != v.namespace);
            rank(vs).cmp(&rank(other)).then_with(|| vs.order(other))
        }
    };
    let same_class = (a == Audience::Public) == (b == Audience::Public);
    let aged = matches!((vs.created, other.created), (Some(x), Some(y)) if x != y);
    let (winner, loser) = if order.is_lt() {
        (vs, other)
    } else {
        (other, vs)
    };
    let equal = vs
        .http
        .iter()
        .map(|r| &r.rule)
        .eq(other.http.iter().map(|r| &r.rule))
        && vs.tls == other.tls
        && vs.tcp == other.tcp;
    let severity = match (same_class, equal) {
        (false, _) => Severity::Info,
        (true, true) => Severity::Warning,
        (true, false) => RULE.severity,
    };
    let why = match (same_class, aged) {
        (false, _) => "it is exported by name, which counts before public",
        (true, true) => "it is older",
        (true, false) => "if they are equally old; otherwise the older one",
    };
    let mut names: Vec<Str> = hit.iter().map(|c| c.namespace.clone()).collect();
    names.sort();
    names.dedup();
    let by = if names.is_empty() {
        "sidecars".to_owned()
    } else {
        format!("sidecars in {}", crate::finding::listing(&names, 3))
    };
    let message = format!(
        "{host} is also claimed for the mesh by VirtualService {}/{}: sidecars do not merge them, {}/{} is used ({why}) and {}/{} is ignored by {by}",
        other.namespace, other.name, winner.namespace, winner.name, loser.namespace, loser.name
    );
    let at = other.hosts.iter().position(|h| h == host).unwrap_or(0);
    let finding = Finding::new(
        RULE.name,
        severity,
        &vs.object,
        &format!("spec.hosts[{index}]"),
        message,
    )
    .help("merge the two into one VirtualService")
    .related(
        &other.object,
        &format!("spec.hosts[{at}]"),
        "claims the same host",
    )
    .reach(hit.iter().map(|c| c.workloads).sum(), 0);
    Some(if same_class && !aged {
        finding.certainty(Certainty::Ambiguous)
    } else {
        finding
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(first: &str, second: &str) -> Vec<String> {
        let vs = |ns: &str, rest: &str| {
            format!(
                "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: {ns}}}\nspec: {{hosts: [web.a.svc.cluster.local], {rest}}}\n"
            )
        };
        let yaml = vs("a", first) + &vs("b", second) + &client("a") + &client("b");
        check_rule("virtual-service-host-conflict", &yaml)
    }
    const ONE: &str = "http: [{route: [{destination: {host: one}}]}]";
    const TWO: &str = "http: [{route: [{destination: {host: two}}]}]";

    #[test]
    fn two_claims_conflict_where_one_client_gets_both() {
        assert_eq!(with(ONE, TWO), ["error VirtualService b/v spec.hosts[0]"]);
        assert!(
            with(
                &format!("exportTo: ['.'], {ONE}"),
                &format!("exportTo: ['.'], {TWO}")
            )
            .is_empty()
        );
        assert_eq!(
            with(&format!("exportTo: ['.'], {ONE}"), TWO),
            ["info VirtualService b/v spec.hosts[0]"]
        );
        assert!(with(ONE, &format!("gateways: [gw], {TWO}")).is_empty());
        assert!(
            with(
                "http: [{match: [{port: 80}]}]",
                "http: [{match: [{port: 81}]}]"
            )
            .is_empty()
        );
    }
}
