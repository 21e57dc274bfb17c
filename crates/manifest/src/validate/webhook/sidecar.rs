//! Sidecar (validation-rules.md §5). Rules invalid-sidecar and invalid-sidecar-egress-host.
//!
//! Must not know other Sidecars, nor what a host imports.

use super::Meta;
use super::common::{self, filled};
use super::names::{self, is_label};
use super::sidecar_ports as ports;
use super::traffic_policy::connection_pool;
use crate::validate::Severity;
use crate::validate::report::{At, Found};

pub(super) fn check(meta: &Meta<'_>, spec: At<'_>) {
    if !common::workload_selector(spec) {
        return;
    }
    let parts = ["outboundTrafficPolicy", "inboundConnectionPool"];
    let listeners = spec.len("egress") + spec.len("ingress");
    if listeners == 0 && !parts.iter().any(|part| spec.has(part)) {
        spec.kind_error("§5", "this Sidecar says nothing");
        return;
    }
    ports::ingress(spec);
    connection_pool(spec.field("inboundConnectionPool"));
    ports::egress(spec);
    for listener in spec.list("egress") {
        hosts(meta, listener);
    }
    outbound_policy(spec.field("outboundTrafficPolicy"));
}

fn hosts(meta: &Meta<'_>, listener: At<'_>) {
    if listener.len("hosts") == 0 {
        listener
            .get("hosts")
            .kind_error("§5", "an egress listener needs hosts");
        return;
    }
    // Namespaces with the hosts named in each.
    let mut seen: Vec<(&str, Vec<&str>)> = Vec::new();
    for at in listener.list("hosts") {
        let Some((namespace, host)) = at.text().split_once('/') else {
            without_namespace(at);
            continue;
        };
        let namespace = match namespace {
            "." if !meta.namespace.is_empty() => meta.namespace,
            other => other,
        };
        let known = match seen.iter().position(|(known, _)| *known == namespace) {
            Some(i) => i,
            None => {
                seen.push((namespace, Vec::new()));
                seen.len() - 1
            }
        };
        if let Some((_, hosts)) = seen.get_mut(known) {
            let covered = if host == "*" {
                !hosts.is_empty()
            } else {
                hosts.contains(&host) || hosts.contains(&"*")
            };
            if covered {
                let fact = match host {
                    "*" => "it is the rest of a namespace that has entries above",
                    _ => "another entry of the list covers it",
                };
                at.no_effect("§5", fact).severity(Severity::Warning);
            }
            hosts.push(host);
        }
        host_form(at);
    }
    let everything =
        |(namespace, hosts): &(&str, Vec<&str>)| *namespace == "*" && hosts.contains(&"*");
    if seen.len() > 1 && seen.iter().any(everything) {
        listener
            .get("hosts")
            .no_effect("§5", "*/* is everything, so the other entries add nothing");
    }
}

fn bad_host<'a>(at: At<'a>, hint: &str) -> Found<'a> {
    let message = format!(
        "egress host {} must be namespace/dnsName{hint}; istiod ignores it and the webhook rejects the \
         Sidecar",
        at.text()
    );
    at.report(
        "invalid-sidecar-egress-host",
        Severity::Error,
        "NSHOST",
        message,
    )
}

/// An entry without a slash: a namespace, or a host of one.
fn without_namespace(at: At<'_>) {
    let text = at.text();
    let parts: Vec<&str> = text.split('.').collect();
    let new = match parts.as_slice() {
        ["*"] => Some("*/*".to_string()),
        [name] if is_label(name) => Some(format!("{name}/*")),
        [_, namespace] if names::fqdn(text).is_ok() => {
            Some(format!("{namespace}/{text}.svc.cluster.local"))
        }
        [_, namespace, "svc"] => Some(format!("{namespace}/{text}.cluster.local")),
        [_, namespace, "svc", ..] => Some(format!("{namespace}/{text}")),
        _ if names::wildcard_domain(text).is_ok() => Some(format!("*/{text}")),
        _ => None,
    };
    let hint = new
        .as_ref()
        .map(|new| format!(", such as {new}"))
        .unwrap_or_default();
    let found = bad_host(at, &hint);
    if let Some(new) = new {
        found.fix_replace(at, new.as_str(), false);
    }
}

/// NSHOST, in the form of Sidecars. One finding for an entry, its first fault.
fn host_form(at: At<'_>) {
    let Some((namespace, host)) = at.text().split_once('/') else {
        return;
    };
    let special = matches!(namespace, "*" | "." | "~");
    if namespace.is_empty() || host.is_empty() {
        bad_host(at, ": neither part may be empty");
    } else if !special && !is_label(namespace) {
        bad_host(
            at,
            &format!(": \"{namespace}\" is no namespace, `*`, `.` or `~`"),
        );
    } else if host != "*" && !host.contains('.') {
        let whole = format!("{namespace}/{host}.{namespace}.svc.cluster.local");
        let found = bad_host(at, &format!(": {host} is a short name"));
        if !special && names::fqdn(host).is_ok() {
            found.fix_replace(at, whole.as_str(), false);
        }
    } else if let Err(fact) = names::wildcard_domain(host) {
        bad_host(at, &format!(": {fact}"));
    } else if names::is_partial_wildcard(host) {
        bad_host(at, ": a wildcard stands for whole labels, as in *.a.b");
    }
}

fn outbound_policy(policy: Option<At<'_>>) {
    let Some(policy) = policy else { return };
    let Some(proxy) = policy.field("egressProxy") else {
        return;
    };
    let message = format!(
        "{}: istioctl calls this deprecated; istiod 1.30 still uses it",
        proxy.path()
    );
    proxy
        .report("deprecated-field", Severity::Hint, "§5", message)
        .at_key();
    // The default of the enum is REGISTRY_ONLY.
    if policy.str("mode") != "ALLOW_ANY" {
        let fact = "egressProxy is for traffic to unknown hosts, which needs mode ALLOW_ANY";
        proxy.kind_error("§5", fact).at_key();
        return;
    }
    let host = proxy.get("host");
    if let Err(fact) = names::fqdn(host.text()) {
        host.value_error("DNS", fact);
    }
    if !proxy.has("port") {
        proxy
            .get("port")
            .kind_error("§5", "egressProxy needs a port");
        return;
    }
    proxy
        .get("port")
        .get("number")
        .check("PORT", names::port(proxy.get("port").int("number")));
    if filled(proxy, "subset") {
        common::subset_name(proxy.get("subset"), "DEST");
    }
}
