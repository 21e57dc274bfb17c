//! DestinationRule (validation-rules.md §3). Rule invalid-destination-rule.
//!
//! Must not know other rules for the same host.

use super::Meta;
use super::common;
use super::names;
use super::traffic_policy as policy;
use crate::validate::report::At;

pub(super) fn check(meta: &Meta<'_>, spec: At<'_>) {
    let host = spec.get("host");
    host.check("WILD", names::wildcard_domain(host.text()));
    traffic_policy(spec.field("trafficPolicy"), meta.namespace);
    let mut seen: Vec<At<'_>> = Vec::new();
    for subset in spec.list("subsets") {
        let name = subset.get("name");
        if let Some(first) = seen.iter().find(|first| first.text() == name.text()) {
            let fact = format!("two subsets are called \"{}\"", name.text());
            name.kind_error("§3", fact).related(*first);
        } else {
            seen.push(name);
        }
        if name.text().is_empty() {
            name.kind_error("§3", "a subset needs a name");
        } else {
            common::subset_name(name, "§3");
        }
        common::labels(subset.field("labels"));
        // istiod loses the warnings of a subset's policy.
        subset.with_lost_warnings(|| traffic_policy(subset.field("trafficPolicy"), meta.namespace));
    }
    common::export_to(spec, meta.namespace, spec.has("workloadSelector"));
    common::selector(spec.field("workloadSelector"));
}

fn traffic_policy(policy: Option<At<'_>>, namespace: &str) {
    let Some(policy) = policy.filter(|policy| policy.value.as_map().is_some()) else {
        return;
    };
    let parts = [
        "outlierDetection",
        "connectionPool",
        "loadBalancer",
        "tls",
        "tunnel",
        "proxyProtocol",
        "retryBudget",
    ];
    // An empty list decodes like none.
    if !parts.iter().any(|part| policy.has(part)) && policy.len("portLevelSettings") == 0 {
        policy.kind_error("§3", "this trafficPolicy says nothing");
        return;
    }
    if policy.has("tunnel") && policy.has("proxyProtocol") {
        let fact = "tunnel and proxyProtocol exclude each other";
        policy
            .get("proxyProtocol")
            .kind_error("§3", fact)
            .at_key()
            .related(policy.get("tunnel"));
        return;
    }
    settings(policy, namespace);
    policy.with_lost_warnings(|| {
        policy
            .list("portLevelSettings")
            .for_each(|port| port_settings(port, namespace));
    });
    policy::tunnel(policy.field("tunnel"));
}

/// The four parts that a port can have as well.
fn settings(at: At<'_>, namespace: &str) {
    policy::outlier_detection(at.field("outlierDetection"));
    policy::connection_pool(at.field("connectionPool"));
    policy::load_balancer(at.field("loadBalancer"), at.has("outlierDetection"));
    policy::client_tls(at.field("tls"), namespace);
}

fn port_settings(port: At<'_>, namespace: &str) {
    if !port.has("port") {
        port.get("port")
            .kind_error("§3", "these port settings name no port");
    }
    let parts = ["outlierDetection", "connectionPool", "loadBalancer", "tls"];
    if parts.iter().any(|part| port.has(part)) {
        settings(port, namespace);
    } else {
        port.kind_error("§3", "these port settings say nothing");
    }
}
