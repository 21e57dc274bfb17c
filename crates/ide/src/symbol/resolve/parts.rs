//! Subsets and ports: parts of objects that routes name.

use super::super::Symbol;
use super::super::clients::{rules_for, service_for, viewpoints};
use super::super::fields::Field;
use super::super::mention::Mention;
use super::super::owner::{Owner, at, definitions_of};
use super::complete;
use meshscope::engine::db::name;
use meshscope::engine::index::resource;
use meshscope::engine::registry::{EndpointKind, endpoints, services_in};
use meshscope::manifest::{Kind, Str, Value};
use meshscope::yaml::{Path, Segment};

/// The subsets a destination may mean: one per DestinationRule that some proxy with the route uses.
pub(super) fn subset(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let beside = owner.at(&mention.beside());
    let host = match mention.field {
        Field::FilterSubset => beside.str_or_empty("service"),
        _ => beside.str_or_empty("host"),
    };
    if host.is_empty() {
        return Vec::new();
    }
    let host = complete(owner, &host, owner.kind == Kind::VirtualService);
    let mut found = Vec::new();
    for client in viewpoints(owner, &host) {
        for entry in rules_for(owner.mesh, &client, &host) {
            if let Some((_, rule, index)) = entry.subset(&mention.text) {
                found.push(Symbol::Part {
                    object: rule.clone(),
                    path: subset_path(*index),
                });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The path of a subset in its DestinationRule.
fn subset_path(index: usize) -> Path {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    Path::root().join("spec").join("subsets").index(index)
}

/// The port of the service a host means, by number or name.
pub(super) fn port(owner: &Owner<'_>, host: &str, text: &str) -> Vec<Symbol> {
    let mesh = owner.mesh;
    let service = service_for(mesh, &owner.namespace, host);
    let object = service.and_then(|s| resource(mesh.db(), mesh.input(), &s.object));
    let Some(object) = object else {
        return Vec::new();
    };
    let is_it = |number: u32, name: &str| name == text || number.to_string() == text;
    let index = match (object.service(), object.service_entry()) {
        (Some(service), _) => service.ports.iter().position(|p| is_it(p.port, &p.name)),
        (_, Some(entry)) => entry.ports.iter().position(|p| is_it(p.number, &p.name)),
        _ => None,
    };
    let index = index.and_then(|index| u32::try_from(index).ok());
    let part = index.map(|index| Symbol::Part {
        object: object.key.clone(),
        path: Path::root().join("spec").join("ports").index(index),
    });
    part.into_iter().collect()
}

/// The container ports that a target port of a Service means, in the pods behind it.
pub(super) fn target_port(owner: &Owner<'_>, text: &str) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let key = owner.key();
    let services = services_in(db, input, name(db, &owner.namespace));
    let own = services.iter().filter(|service| service.object == key);
    let mut found = Vec::new();
    for endpoint in own.flat_map(|service| endpoints(db, input, service)) {
        let EndpointKind::Workload(workload) = endpoint.kind else {
            continue;
        };
        if let Some(pods) = definitions_of(owner.mesh, &workload.object).pop() {
            found.extend(container_ports(&pods, text));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The container ports of a workload with a name or number.
fn container_ports(pods: &Owner<'_>, text: &str) -> Vec<Symbol> {
    let spec = match pods.kind {
        Kind::Pod => Path::root().join("spec"),
        _ => Path::root().join("spec").join("template").join("spec"),
    };
    let containers = spec.join("containers");
    let mut found = Vec::new();
    for (index, container) in (0u32..).zip(pods.at(&containers).as_list()) {
        for (at, port) in (0u32..).zip(container.list("ports")) {
            let is_it = |key: &str| port.get(key).scalar_text().is_some_and(|t| t == text);
            if is_it("name") || is_it("containerPort") {
                found.push(Symbol::Part {
                    object: pods.key(),
                    path: containers.index(index).join("ports").index(at),
                });
            }
        }
    }
    found
}

/// The value of a part's name in its object.
pub(crate) fn part_name(value: &Value, path: &Path) -> Option<Str> {
    let part = at(value, path.segments());
    let keys = ["name", "number", "port", "containerPort"];
    keys.iter().find_map(|key| part.get(key).scalar_text())
}

/// The path of the field that names a part: its name, or the number of a port without one.
pub(crate) fn name_path(value: &Value, path: &Path) -> Path {
    let part = at(value, path.segments());
    let is_port = path
        .segments()
        .iter()
        .any(|s| matches!(s, Segment::Key(k) if k == "ports"));
    let keys: &[&str] = if is_port {
        &["port", "number", "containerPort", "name"]
    } else {
        &["name"]
    };
    let key = keys
        .iter()
        .find(|key| part.has(key))
        .copied()
        .unwrap_or("name");
    path.join(key)
}
