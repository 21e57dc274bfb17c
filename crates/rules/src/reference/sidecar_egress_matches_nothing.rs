//! sidecar-egress-matches-nothing: an egress host of a Sidecar that imports nothing (V:R3.6, V:R3.7,
//! V:R0.17).

use crate::prelude::*;
use meshscope_mesh::index::{all_objects, namespaces};
use meshscope_mesh::names::{is_wildcard, matches};
use meshscope_mesh::registry::{host_namespaces, services_in};
use meshscope_mesh::visibility::virtual_services_in;

/// The rule.
pub static RULE: Rule = Rule {
    name: "sidecar-egress-matches-nothing",
    group: Group::Reference,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "an egress host of a Sidecar that imports nothing",
    equivalents: &["KIA1004"],
    page: include_str!("../../pages/sidecar-egress-matches-nothing.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let own = namespace.text(db);
    if is_unknown(own) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for sidecar in objects(db, mesh, namespace, Kind::Sidecar).iter() {
        let egress = sidecar.sidecar().map_or(&[][..], |s| &s.egress);
        for (i, listener) in egress.iter().enumerate() {
            for (j, host) in listener.hosts.iter().enumerate() {
                let path = format!("spec.egress[{i}].hosts[{j}]");
                found
                    .extend(nothing(db, mesh, own, host).map(|n| finding(sidecar, &path, host, n)));
            }
        }
    }
    found
}

/// Why an egress host imports nothing.
struct Nothing {
    reason: String,
    /// Whether the files can tell.
    sure: bool,
    /// The object that holds what was probably meant, and how to write it.
    meant: Option<(ResourceKey, String)>,
}

fn nothing(db: &dyn Db, mesh: Mesh, own: &Str, written: &Str) -> Option<Nothing> {
    let (ns, host) = written.split_once('/')?;
    if host.is_empty() || is_unknown(written) || matches!(ns, "*" | "~" | "") {
        return None;
    }
    let ns = if ns == "." { own.as_str() } else { ns };
    let known = namespaces(db, mesh);
    // Those every cluster has, with what it brings along.
    let root = facts(db, mesh).root().as_str();
    let system = ns == root || ns == "default" || ns.starts_with("kube-");
    if !system && !known.iter().any(|n| n == ns) {
        return Some(no_namespace(db, mesh, ns, host));
    }
    // A whole namespace may be empty; what it will hold is imported.
    if host == "*" {
        return None;
    }
    let key = name(db, ns);
    let service = services_in(db, mesh, key)
        .iter()
        .any(|s| matches(&s.host, host));
    let routed = || {
        let all = virtual_services_in(db, mesh, key);
        all.iter().any(|v| v.hosts.iter().any(|h| matches(h, host)))
    };
    if service || routed() {
        return None;
    }
    let elsewhere = match is_wildcard(host) {
        true => None,
        false => host_namespaces(db, mesh, name(db, host)).first().cloned(),
    };
    let object = elsewhere.and_then(|other| {
        let services = services_in(db, mesh, name(db, &other));
        let service = services.iter().find(|s| s.host == host)?;
        Some((service.object.clone(), format!("{other}/{host}")))
    });
    // Nothing speaks for a fault where the host may be declared elsewhere.
    let sure = object.is_some() || described(db, mesh, ns) == Described::Fully;
    sure.then(|| Nothing {
        reason: format!("nothing in {ns} declares or routes {host}"),
        sure,
        meant: object,
    })
}

fn no_namespace(db: &dyn Db, mesh: Mesh, ns: &str, host: &str) -> Nothing {
    let reason = format!("there is no namespace {ns} in these files");
    let known = namespaces(db, mesh);
    // Often the name of a Service stands where its namespace belongs.
    let services = all_objects(db, mesh, Kind::Service);
    let meant = services
        .iter()
        .find(|s| s.key.name == ns && !is_unknown(&s.key.namespace));
    let meant = meant.map(|s| {
        let facts = facts(db, mesh);
        let of = &s.key.namespace;
        (
            s.key.clone(),
            format!("{of}/{ns}.{of}.svc.{}", facts.domain),
        )
    });
    let near = || {
        let near = nearest(ns, known.iter().map(Str::as_str))?;
        Some((
            ResourceKey::new(Kind::Namespace, "", near),
            format!("{near}/{host}"),
        ))
    };
    let meant = meant.or_else(near);
    Nothing {
        reason,
        sure: meant.is_some(),
        meant,
    }
}

fn finding(sidecar: &Resource, path: &str, written: &Str, nothing: Nothing) -> Finding {
    let message = format!("{written} imports nothing: {}", nothing.reason);
    let severity = if nothing.sure {
        RULE.severity
    } else {
        Severity::Info
    };
    let mut finding = Finding::new(RULE.name, severity, &sidecar.key, path, message);
    if !nothing.sure {
        finding = finding.certainty(Certainty::Assumed);
    }
    let Some((object, value)) = nothing.meant else {
        return finding.help("correct it, or remove it");
    };
    finding =
        finding
            .help(format!("did you mean {value}?"))
            .related(&object, "", "was probably meant");
    match path.parse() {
        Ok(path) => finding.fix(Fix {
            title: format!("replace by {value}"),
            safe: false,
            edits: vec![Edit::Replace {
                path,
                value: value.as_str().into(),
            }],
        }),
        Err(_) => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(host: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: shop}}\nspec: {{egress: [{{hosts: ['{host}']}}]}}\n"
        );
        let api = service("back", "reviews", "{name: http, port: 80}");
        check_rule(
            "sidecar-egress-matches-nothing",
            &(yaml + &api + &client("shop") + &client("back")),
        )
    }

    #[test]
    fn namespaces_and_hosts_must_be_there() {
        let at = "Sidecar shop/default spec.egress[0].hosts[0]";
        assert_eq!(with("reviews/*"), [format!("warning {at}")]);
        assert_eq!(with("away/*"), [format!("info {at}")]);
        assert_eq!(
            with("back/gone.back.svc.cluster.local"),
            [format!("warning {at}")]
        );
        assert_eq!(
            with("./reviews.back.svc.cluster.local"),
            [format!("warning {at}")]
        );
        assert!(with("back/*").is_empty());
        assert!(with("back/reviews.back.svc.cluster.local").is_empty());
        assert!(with("shop/*").is_empty());
        assert!(with("*/gone.back.svc.cluster.local").is_empty());
        assert!(with("~/*").is_empty());
        assert!(with("istio-system/istiod.istio-system.svc.cluster.local").is_empty());
        assert!(with("default/kubernetes.default.svc.cluster.local").is_empty());
    }
}
