//! subset-without-endpoints: a subset whose labels no workload of the service has (O:9.3, O:9.4,
//! G:CL-5).

use crate::gateways::words;
use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::traffic::Subset;
use meshscope_mesh::index::is_incomplete;
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::registry::{
    Endpoint, EndpointKind, Service, Source, endpoints, host_namespaces, service_in,
};
use meshscope_mesh::workloads::workloads_in;

/// The rule.
pub static RULE: Rule = Rule {
    name: "subset-without-endpoints",
    group: Group::Reference,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a subset that selects none of the workloads of its service",
    equivalents: &["IST0173", "KIA0203"],
    page: include_str!("../../pages/subset-without-endpoints.md"),
    check: Check::Namespace(check),
};

/// Labels of the place an endpoint is at; they come from its node.
const TOPOLOGY: [&str; 4] = [
    "topology.kubernetes.io/",
    "topology.istio.io/",
    "failure-domain.beta.kubernetes.io/",
    "kubernetes.io/hostname",
];

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        let Some(spec) = rule.destination_rule().filter(|d| !d.subsets.is_empty()) else {
            continue;
        };
        let domain = &facts(db, mesh).config_domain;
        let host = resolve_short_name(&spec.host, &rule.key.namespace, domain);
        if is_wildcard(&host) || is_unknown(&host) {
            continue;
        }
        let owners = host_namespaces(db, mesh, name(db, &host));
        let [owner] = &owners[..] else { continue };
        let owner = name(db, owner);
        let Some(service) = service_in(db, mesh, owner, name(db, &host)).clone() else {
            continue;
        };
        // Nearly every subset has its pods, and that is seen without asking who else is behind.
        let workloads = workloads_in(db, mesh, owner).iter();
        let pods = workloads.filter(|w| service.selector.selects(&w.labels));
        let pods: Vec<&Labels> = pods.map(|w| &w.labels).collect();
        let has_pods = |s: &Subset| pods.iter().any(|labels| s.labels.subset_of(labels));
        if service.is_kubernetes() && spec.subsets.iter().all(has_pods) {
            continue;
        }
        let behind = endpoints(db, mesh, &service);
        let resolved =
            |e: &Endpoint| matches!(e.kind, EndpointKind::Host | EndpointKind::Address(_));
        // What comes from elsewhere may have the labels.
        if behind.is_empty() || behind.iter().any(resolved) || *is_incomplete(db, mesh, owner) {
            continue;
        }
        for (i, subset) in spec.subsets.iter().enumerate() {
            found.extend(empty(rule, i, subset, &service, &behind));
        }
    }
    found
}

fn empty(
    rule: &Resource,
    index: usize,
    subset: &Subset,
    service: &Service,
    behind: &[Endpoint],
) -> Option<Finding> {
    // An empty value of a place is one that no node has.
    let of_place = |k: &str, v: &str| !v.is_empty() && TOPOLOGY.iter().any(|t| k.starts_with(t));
    let labels = subset.labels.0.iter().filter(|(k, v)| !of_place(k, v));
    let labels: Labels = labels.cloned().collect();
    if labels.is_empty()
        || labels.0.iter().any(|(_, v)| is_unknown(v))
        || behind.iter().any(|e| labels.subset_of(&e.labels))
    {
        return None;
    }
    let (count, what) = match service.source {
        Source::Kubernetes => (behind.len(), "workloads"),
        Source::External => (behind.len(), "endpoints"),
    };
    let message = format!(
        "subset {} selects none of the {count} {what} of {}: none has {}",
        subset.name,
        service.host,
        words(&labels)
    );
    let path = format!("spec.subsets[{index}].labels");
    let mut finding = Finding::new(RULE.name, RULE.severity, &rule.key, &path, message)
        .help("routes to the subset get 503; correct the labels, or remove it")
        .related(&service.object, "spec.selector", "the service");
    for endpoint in behind.iter().take(3) {
        if let EndpointKind::Workload(workload) = &endpoint.kind {
            let shown = labels.0.iter().map(|(k, _)| match workload.labels.get(k) {
                Some(v) => format!("{k}={v}"),
                None => format!("no {k}"),
            });
            let shown: Vec<String> = shown.collect();
            finding = finding.related(&workload.object, "", format!("has {}", shown.join(", ")));
        }
    }
    let near = labels.0.iter().find_map(|(k, v)| {
        let values = behind.iter().filter_map(|e| e.labels.get(k));
        Some((k, nearest(v, values.map(Str::as_str))?.to_owned()))
    });
    if let Some((key, value)) = near {
        finding.help = Some(format!("did you mean {key}: {value}?"));
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service, workload};

    fn with(labels: &str) -> Vec<String> {
        let rule = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: shop}}\nspec: {{host: web, subsets: [{{name: s, labels: {{{labels}}}}}]}}\n"
        );
        let web = service("shop", "web", "{name: http, port: 80}");
        check_rule(
            "subset-without-endpoints",
            &(rule + &web + &workload("shop", "web")),
        )
    }

    #[test]
    fn some_workload_must_have_the_labels() {
        assert_eq!(
            with("version: v2"),
            ["warning DestinationRule shop/d spec.subsets[0].labels"]
        );
        assert!(with("app: web").is_empty());
        assert!(with("").is_empty());
        assert!(with("topology.kubernetes.io/region: eu").is_empty());
        assert!(with("version: '${VERSION}'").is_empty());
    }
}
