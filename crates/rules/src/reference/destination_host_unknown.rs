//! destination-host-unknown: a route leads to a host that no registry has (V:R4.25, O:6.11, G:RT-17).

use crate::destinations::{Judged, Layer, clients_in_words, judged_in, written_host};
use crate::known::{kubernetes_host, may_be_unplaced, meant_host};
use crate::prelude::*;
use meshscope_mesh::names::is_wildcard;
use meshscope_mesh::registry::{alias_target, host_namespaces, service_in, similar_hosts};

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-host-unknown",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a route leads to a host that no Service or ServiceEntry declares",
    equivalents: &["IST0101", "KIA1101"],
    page: include_str!("../../pages/destination-host-unknown.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    judged_in(db, mesh, namespace)
        .iter()
        .filter(|j| j.declared.is_empty())
        .filter_map(|j| finding(db, mesh, j))
        .collect()
}

fn finding(db: &dyn Db, mesh: Mesh, judged: &Judged) -> Option<Finding> {
    let at = &judged.at;
    let host = &at.destination.host;
    let written = written_host(db, mesh, at).unwrap_or_else(|| host.clone());
    let missing = |of: &str| {
        if written == *host {
            format!("no Service or ServiceEntry{of} declares {host}")
        } else {
            format!("{written} means {host}, which no Service or ServiceEntry{of} declares")
        }
    };
    let meant = meant_host(db, mesh, host);
    let path = at.path_of("host");
    if may_be_unplaced(db, mesh, host) {
        return None;
    }
    let (workloads, gateways) = judged.carriers();
    let carried = workloads + gateways > 0;
    let outcome = at.layer.outcome();
    let verdicts: Vec<_> = judged.verdicts.iter().filter(|_| carried).collect();
    let effect = match (at.layer, carried) {
        (Layer::Mirror, _) => outcome.to_owned(),
        (_, true) => format!("{} get {outcome}", clients_in_words(&verdicts)),
        (_, false) => format!("whoever gets this route gets {outcome}"),
    };
    let sure = match kubernetes_host(db, mesh, host) {
        Some((_, ns)) => match described(db, mesh, ns) {
            Described::Fully => carried || meant.is_some(),
            Described::Partly => meant.is_some(),
            Described::No => false,
        },
        None => meant.is_some(),
    };
    // Nobody in the files carries it, and nothing in them could tell: there is nothing to say.
    let local = kubernetes_host(db, mesh, host).map(|(_, ns)| described(db, mesh, ns));
    let similar = similar_hosts(db, mesh, name(db, host));
    let covered = similar.0.iter().any(|h| is_wildcard(h));
    if !carried && !sure && (local == Some(Described::No) || covered) {
        return None;
    }
    let finding = if sure {
        let message = format!("{}: {effect}", missing(""));
        judged.finding(&RULE, "host", &verdicts, message)
    } else {
        let message = missing(" of these files");
        let mut finding = judged
            .finding(&RULE, "host", &verdicts, message)
            .certainty(Certainty::Assumed)
            .help("nothing to do if it exists outside these files; otherwise declare it");
        finding.severity = Severity::Info;
        finding
    };
    let finding = match kubernetes_host(db, mesh, host) {
        Some((_, ns)) => finding.missing(&[Kind::Service, Kind::ServiceEntry], &ns.into()),
        None => finding.missing(&[Kind::ServiceEntry], &at.object.namespace),
    };
    Some(with_suggestion(db, mesh, finding, host, &path, meant))
}

fn with_suggestion(
    db: &dyn Db,
    mesh: Mesh,
    mut finding: Finding,
    host: &Str,
    path: &str,
    meant: Option<Str>,
) -> Finding {
    for ns in host_namespaces(db, mesh, name(db, host)).iter() {
        if let Some(alias) = service_in(db, mesh, name(db, ns), name(db, host)).clone()
            && let Some(target) = alias_target(&alias)
        {
            let why = format!("stands for {target}, which no ServiceEntry declares");
            finding = finding.related(&alias.object, "spec.externalName", why);
        }
    }
    let Some(meant) = meant else { return finding };
    for ns in host_namespaces(db, mesh, name(db, &meant)).iter() {
        if let Some(service) = service_in(db, mesh, name(db, ns), name(db, &meant)).clone() {
            finding = finding.related(&service.object, "", format!("declares {meant}"));
        }
    }
    finding = finding.help(format!("did you mean {meant}?"));
    match path.parse() {
        Ok(path) => finding.fix(Fix {
            title: format!("replace by {meant}"),
            safe: false,
            edits: vec![Edit::Replace {
                path,
                value: meant.as_str().into(),
            }],
        }),
        Err(_) => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(destination: &str) -> Vec<String> {
        let vs = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [web], http: [{{route: [{{destination: {destination}}}]}}]}}\n"
        );
        let services = service("shop", "web", "{name: http, port: 80}")
            + &service("back", "api", "{name: http, port: 80}");
        check_rule(
            "destination-host-unknown",
            &format!("{vs}{}{services}", client("shop")),
        )
    }
    const AT: &str = "VirtualService shop/v spec.http[0].route[0].destination.host";

    #[test]
    fn a_short_name_is_of_the_own_namespace() {
        assert_eq!(with("{host: api}"), [format!("error {AT}")]);
        assert!(with("{host: api.back.svc.cluster.local}").is_empty());
        assert_eq!(with("{host: api.back}"), [format!("error {AT}")]);
    }

    #[test]
    fn what_may_exist_outside_is_no_error() {
        assert_eq!(
            with("{host: api.elsewhere.svc.cluster.local}"),
            [format!("info {AT}")]
        );
        assert_eq!(with("{host: api.example.com}"), [format!("info {AT}")]);
        assert!(with("{host: 'api.${NS}.svc.cluster.local'}").is_empty());
    }
}
