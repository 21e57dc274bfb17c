//! A host: what it means from here, who stands behind it, who sees it.

use crate::symbol::Symbol;
use crate::symbol::clients::rules_for;
use crate::symbol::mention::Mention;
use crate::symbol::owner::Owner;
use crate::symbol::resolve::completed;
use crate::words::{
    code, coded, counted, host as shown, listed, namespace, object, plain,
    workload as workload_name,
};
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::names::is_wildcard;
use meshscope::engine::registry::{
    EndpointKind, Protocol, ProtocolClass, Service, endpoints, service_in,
};
use meshscope::engine::visibility::{declared, explain, services_of};
use meshscope::engine::workloads::classes_in;
use meshscope::manifest::Str;
use std::fmt::Write;
use std::sync::Arc;

/// A mention of a host.
pub(super) fn of(owner: &Owner<'_>, mention: &Mention, symbols: &[Symbol]) -> String {
    of_host(owner, &completed(owner, mention), symbols)
}

/// A host, completed, as an object names it.
pub(super) fn of_host(owner: &Owner<'_>, host: &Str, symbols: &[Symbol]) -> String {
    let mesh = owner.mesh;
    let services = symbols.iter().filter_map(|symbol| match symbol {
        Symbol::Host {
            host,
            owner: Some(owner),
        } => {
            let (db, input) = (mesh.db(), mesh.input());
            service_in(db, input, name(db, owner), name(db, host)).clone()
        }
        _ => None,
    });
    let services: Vec<Arc<Service>> = services.collect();
    if services.is_empty() {
        return unknown(owner, host);
    }
    let texts: Vec<String> = services.iter().map(|s| service(owner, s)).collect();
    texts.join("\n\n")
}

fn unknown(owner: &Owner<'_>, host: &Str) -> String {
    let mesh = owner.mesh;
    let from = namespace(&owner.namespace);
    let shown = code(shown(host));
    if is_wildcard(host) || host.is_empty() {
        return format!("{}: every host that ends so", shown);
    }
    let hidden = declared(mesh.db(), mesh.input(), host);
    if hidden.is_empty() {
        return format!(
            "{}: no Service or ServiceEntry of the mesh defines it",
            shown
        );
    }
    let mut text = format!("{}: not visible from namespace {from}\n", shown);
    for service in &hidden {
        let targets = exported(service);
        let _ = write!(
            text,
            "\n- {} is exported to {targets}",
            object(&service.object)
        );
    }
    text
}

/// How proxies treat a port.
pub(crate) fn treated_as(protocol: Protocol) -> &'static str {
    match protocol.class() {
        ProtocolClass::Http => "HTTP",
        ProtocolClass::Tcp if protocol.is_tls() => "TLS",
        ProtocolClass::Tcp => "TCP",
        ProtocolClass::Auto => "sniffed",
        ProtocolClass::Udp => "UDP, ignored",
    }
}

fn exported(service: &Service) -> String {
    match service.export_to.as_slice() {
        [] => "whom the mesh config says".into(),
        list if list.iter().any(|t| t == "*") => "every namespace".into(),
        [one] if one == "." => "its own namespace only".into(),
        [one] if one == "~" => "nobody".into(),
        list => coded(list, 5),
    }
}

fn service(owner: &Owner<'_>, service: &Service) -> String {
    let mesh = owner.mesh;
    let mut text = format!(
        "**{}**: {}\n",
        code(shown(&service.host)),
        object(&service.object)
    );
    let ports: Vec<String> = service
        .ports
        .iter()
        .map(|port| match port.name.is_empty() {
            true => format!("{} {}", port.number, treated_as(port.protocol)),
            false => format!(
                "{} {} ({})",
                port.number,
                port.name,
                treated_as(port.protocol)
            ),
        })
        .collect();
    if !ports.is_empty() {
        let _ = write!(text, "\n- ports: {}", listed(&ports, 6));
    }
    let _ = write!(text, "\n- behind it: {}", behind(mesh, service));
    if !service.export_to.is_empty() {
        let _ = write!(text, "\n- exported to {}", exported(service));
    }
    for entry in rules_for(mesh, &owner.namespace, &service.host) {
        let subsets: Vec<&str> = entry
            .subsets
            .iter()
            .map(|(s, _, _)| s.name.as_str())
            .collect();
        let tls = entry
            .policy
            .as_ref()
            .and_then(|(policy, _)| policy.tls.as_ref());
        let tls = tls
            .map(|tls| format!(", TLS {}", tls.mode.name()))
            .unwrap_or_default();
        let subsets = match subsets.is_empty() {
            true => String::new(),
            false => format!(", subsets {}", coded(&subsets, 6)),
        };
        let _ = write!(text, "\n- {}{subsets}{tls}", object(&entry.rule));
    }
    let _ = write!(text, "\n- {}", seen_from(mesh, &owner.namespace, service));
    text
}

/// Who answers for a service.
fn behind(mesh: Mesh<'_>, service: &Service) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut addresses = 0;
    for endpoint in endpoints(mesh.db(), mesh.input(), service) {
        match endpoint.kind {
            EndpointKind::Workload(workload) => names.push(object(&workload.object)),
            EndpointKind::WorkloadEntry(key) => names.push(object(&key)),
            EndpointKind::Host => names.push("the host itself, by DNS".into()),
            EndpointKind::Inline(_) | EndpointKind::Address(_) => addresses += 1,
        }
    }
    names.sort();
    names.dedup();
    if addresses > 0 {
        names.push(match addresses {
            1 => "1 address".into(),
            n => format!("{n} addresses"),
        });
    }
    match names.is_empty() {
        true => "nobody".into(),
        false => listed(&names, 4),
    }
}

/// Whether the proxies of a namespace have a service.
fn seen_from(mesh: Mesh<'_>, namespace: &Str, service: &Service) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let (mut with, mut without) = (0, 0);
    let mut why = None;
    for class in classes_in(db, input, name(db, namespace)).iter() {
        let set = services_of(db, input, &class.proxy);
        let mut members = set.of_host(&service.host).map(|member| &member.service);
        if members.any(|own| own.namespace == service.namespace) {
            with += class.workloads.len();
            continue;
        }
        without += class.workloads.len();
        let instead = set
            .get(&service.host)
            .map(|member| object(&member.service.object));
        let reason = match instead {
            Some(other) => Some(format!("it has {other} instead")),
            None => {
                let (present, steps) = explain::reasons(db, input, &class.proxy, &service.object);
                let last = steps.last().map(|step| plain(&step.why).to_owned());
                // The object may make other hosts that are there.
                last.filter(|_| !present)
            }
        };
        let reason = reason.unwrap_or_else(|| "its Sidecar does not import it".into());
        why = why.or_else(|| Some((class.workloads.first()?.clone(), reason)));
    }
    let from = crate::words::namespace(namespace);
    let mut text = match (with, without) {
        (0, 0) => format!("namespace {from} has no proxy that could see it"),
        (with, 0) => format!("seen by {} of namespace {from}", all(with)),
        (with, without) => format!(
            "seen by {with} of {} of namespace {from}",
            counted(with + without, "proxy", "proxies")
        ),
    };
    if let Some((workload, why)) = why {
        let _ = write!(text, "; not by {}: {why}", code(workload_name(&workload)));
    }
    text
}

fn all(number: usize) -> String {
    match number {
        1 => "the one proxy".into(),
        n => format!("all {n} proxies"),
    }
}
