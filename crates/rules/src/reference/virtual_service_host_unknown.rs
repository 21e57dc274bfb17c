//! virtual-service-host-unknown: a mesh VirtualService for a host no sidecar knows (V:R4.16-R4.19).

use crate::known::{kubernetes_host, may_be_unplaced, meant_host};
use crate::prelude::*;
use meshscope_mesh::names::is_wildcard;
use meshscope_mesh::registry::{host_namespaces, public_services, similar_hosts};
use meshscope_mesh::visibility::{VirtualService, virtual_services_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "virtual-service-host-unknown",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a VirtualService for the mesh is for a host that no service has",
    equivalents: &[],
    page: include_str!("../../pages/virtual-service-host-unknown.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        // With a gateway in the list, a host may be meant for that gateway alone.
        if vs.gateway_semantics || vs.gateways != ["mesh"] || vs.hosts.iter().any(|h| is_unknown(h))
        {
            continue;
        }
        for (i, host) in vs.hosts.iter().enumerate() {
            found.extend(unknown(db, mesh, vs, i, host));
        }
    }
    found
}

fn unknown(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    index: usize,
    host: &Str,
) -> Option<Finding> {
    let object = meshscope_mesh::index::resource(db, mesh, &vs.object)?;
    let written = object.virtual_service()?.hosts.get(index)?.clone();
    if is_wildcard(host) || !host_namespaces(db, mesh, name(db, host)).is_empty() {
        return None;
    }
    if may_be_unplaced(db, mesh, host) {
        return None;
    }
    let means = if written == *host {
        format!("no Service or ServiceEntry is called {host}")
    } else {
        format!("{written} means {host}: no Service or ServiceEntry has this name")
    };
    let meant = meant_host(db, mesh, host);
    let path = format!("spec.hosts[{index}]");
    let Some((_, ns)) = kubernetes_host(db, mesh, host) else {
        return external(db, mesh, vs, host, &path, means, meant);
    };
    // Without a hint at what was meant, the Service may be installed from elsewhere.
    let sure = meant.is_some() && described(db, mesh, ns) != Described::No;
    let message = format!("{means}, so no sidecar uses the rule");
    let finding = Finding::new(RULE.name, RULE.severity, &vs.object, &path, message)
        .missing(&[Kind::Service, Kind::ServiceEntry], &ns.into());
    let mut finding = if sure {
        finding
    } else {
        let mut finding = finding.certainty(Certainty::Assumed);
        finding.severity = Severity::Info;
        finding.message = format!("{means} in these files");
        finding
    };
    if let Some(meant) = meant {
        finding = finding.help(format!("did you mean {meant}?"));
        if let Ok(path) = path.parse() {
            finding = finding.fix(Fix {
                title: format!("replace by {meant}"),
                safe: false,
                edits: vec![Edit::Replace {
                    path,
                    value: meant.as_str().into(),
                }],
            });
        }
    }
    Some(finding)
}

/// An external host takes effect on port 80 alone, and only beside an HTTP service there (O:8.6).
fn external(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    host: &Str,
    path: &str,
    means: String,
    meant: Option<Str>,
) -> Option<Finding> {
    let similar = similar_hosts(db, mesh, name(db, host));
    let (siblings, _) = &**similar;
    let covered = siblings.iter().any(|h| is_wildcard(h));
    let on_80 = || {
        let all = public_services(db, mesh);
        all.iter()
            .any(|s| s.port(80).is_some_and(|p| p.protocol.is_http()))
    };
    if covered || (!vs.http.is_empty() && on_80()) {
        return None;
    }
    let only = if vs.http.is_empty() {
        "tls and tcp rules need a service of their host"
    } else {
        "its http rules could apply on port 80 only, where no HTTP service of these files listens"
    };
    let mut finding = Finding::new(
        RULE.name,
        Severity::Info,
        &vs.object,
        path,
        format!("{means} in these files: {only}"),
    )
    .certainty(Certainty::Assumed)
    .help("declare the host with a ServiceEntry");
    if let Some(meant) = meant {
        finding = finding.help(format!("did you mean {meant}?"));
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(hosts: &str, gateways: &str) -> Vec<String> {
        let vs = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [{hosts}], gateways: [{gateways}], http: [{{route: []}}]}}\n"
        );
        let reviews = service("back", "reviews", "{name: tcp, port: 42}");
        check_rule(
            "virtual-service-host-unknown",
            &format!("{vs}{}{reviews}", client("shop")),
        )
    }

    #[test]
    fn a_short_name_is_of_the_own_namespace() {
        assert_eq!(
            with("reviews", ""),
            ["warning VirtualService shop/v spec.hosts[0]"]
        );
        assert!(with("reviews.back.svc.cluster.local", "").is_empty());
        assert!(with("reviews", "mesh, gw").is_empty());
    }

    #[test]
    fn an_external_host_may_be_declared_elsewhere() {
        assert_eq!(
            with("api.example.com", ""),
            ["info VirtualService shop/v spec.hosts[0]"]
        );
    }
}
