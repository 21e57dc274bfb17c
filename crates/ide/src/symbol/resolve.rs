//! What a mention means, asked of the engine from where it is written.

use super::Symbol;
use super::clients::{rules_for, viewpoints};
use super::fields::{Field, RefKind};
use super::mention::Mention;
use super::owner::{Owner, at, definitions_of};
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::gateways::workloads_of_gateway;
use meshscope::engine::index::{facts, resource};
use meshscope::engine::names::{gateway_name, resolve_short_name};
use meshscope::engine::registry::{EndpointKind, endpoints, host_namespaces, services_in};
use meshscope::engine::visibility::pick;
use meshscope::engine::workloads::workloads;
use meshscope::manifest::spec::Labels;
use meshscope::manifest::{Kind, ResourceKey, Str, Value};
use meshscope::yaml::{Path, Segment};

/// What a mention means; empty when it means nothing, such as `*` or a subset nobody defines. Several
/// where proxies differ, and for selectors.
pub(crate) fn resolve(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let text = &mention.text;
    if text.is_empty() && mention.field != Field::Selector {
        return Vec::new();
    }
    let object = |kind: Kind, namespace: &Str| {
        vec![Symbol::Object(ResourceKey::new(
            kind,
            namespace.clone(),
            text.clone(),
        ))]
    };
    match mention.field {
        Field::Own if owner.kind == Kind::Service => {
            vec![host_of(owner.mesh, &owner.namespace, text)]
        }
        Field::Own => vec![Symbol::Object(owner.key())],
        Field::Namespace | Field::Namespaces => namespace(owner, text),
        Field::ClaimedHost | Field::DestinationHost | Field::RuleHost | Field::LiteralHost => {
            hosts(owner, mention.field, &completed(owner, mention))
        }
        Field::DefinedHost => vec![Symbol::Host {
            host: text.clone(),
            owner: Some(owner.namespace.clone()),
        }],
        Field::ImportedHost | Field::ServedHost => scoped_host(owner, mention),
        Field::GatewayName | Field::QualifiedGateway => gateway(owner, mention),
        Field::Delegate => {
            let written = owner.at(&mention.beside()).str("namespace");
            let namespace = written.filter(|ns| !ns.is_empty());
            object(
                Kind::VirtualService,
                &namespace.unwrap_or_else(|| owner.namespace.clone()),
            )
        }
        Field::Subset | Field::FilterSubset => subset(owner, mention),
        Field::SubsetName | Field::OwnPort | Field::OwnListener => vec![Symbol::Part {
            object: owner.key(),
            path: mention.beside(),
        }],
        Field::DestinationPort => {
            let beside = mention.beside().parent().unwrap_or_default();
            let host = owner.at(&beside).str_or_empty("host");
            let host = complete(owner, &host, owner.kind != Kind::Sidecar);
            port(owner, &host, text)
        }
        Field::Reference(kind) => reference(owner, owner.at(&mention.beside()), kind),
        Field::Section => section(owner, mention),
        Field::ReferencePort => {
            let of = reference(owner, owner.at(&mention.beside()), RefKind::Backend);
            match of.first() {
                Some(Symbol::Host { host, .. }) => port(owner, host, text),
                _ => Vec::new(),
            }
        }
        Field::Principal => {
            let whole = owner.at(&mention.path).as_str().unwrap_or_default();
            let end = mention.part.as_ref().map_or(0, |part| part.start);
            let before = whole.get(..end.saturating_sub(4)).unwrap_or_default();
            let namespace = before.rsplit('/').next().unwrap_or_default();
            object(Kind::ServiceAccount, &namespace.into())
        }
        Field::ServiceAccount => {
            let whole = owner.at(&mention.path).as_str().unwrap_or_default();
            let namespace = whole
                .split_once('/')
                .map(|(namespace, _)| Str::new(namespace));
            object(
                Kind::ServiceAccount,
                &namespace.unwrap_or_else(|| owner.namespace.clone()),
            )
        }
        Field::Credential => credential(owner, text),
        Field::Selector => selected(owner, mention),
        Field::GatewayClass => object(Kind::GatewayClass, &Str::default()),
    }
}

/// The host a mention of a host means, completed (V:R0.15-R0.17).
pub(crate) fn completed(owner: &Owner<'_>, mention: &Mention) -> Str {
    let short = matches!(
        mention.field,
        Field::ClaimedHost | Field::DestinationHost | Field::RuleHost
    );
    complete(owner, &mention.text, short)
}

fn complete(owner: &Owner<'_>, host: &str, short_names: bool) -> Str {
    if !short_names {
        return host.into();
    }
    let facts = facts(owner.mesh.db(), owner.mesh.input());
    resolve_short_name(host, &owner.namespace, &facts.config_domain)
}

/// The host of a Kubernetes Service.
fn host_of(mesh: Mesh<'_>, namespace: &Str, service: &str) -> Symbol {
    let domain = &facts(mesh.db(), mesh.input()).domain;
    Symbol::Host {
        host: format!("{service}.{namespace}.svc.{domain}").into(),
        owner: Some(namespace.clone()),
    }
}

fn namespace(owner: &Owner<'_>, text: &Str) -> Vec<Symbol> {
    let meant = match text.as_str() {
        "." => &owner.namespace,
        "~" => return Vec::new(),
        other if other.contains('*') => return Vec::new(),
        _ => text,
    };
    vec![Symbol::Object(ResourceKey::new(
        Kind::Namespace,
        "",
        meant.clone(),
    ))]
}

/// The services a host means to whoever it is written for.
fn hosts(owner: &Owner<'_>, field: Field, host: &Str) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let clients = match field {
        Field::ClaimedHost => viewpoints(owner, host),
        _ => vec![owner.namespace.clone()],
    };
    let mut owners: Vec<Str> = clients
        .iter()
        .filter_map(|client| pick(db, input, name(db, client), name(db, host)).clone())
        .map(|service| service.namespace.clone())
        .collect();
    let root = facts(db, input).root().clone();
    if owners.is_empty() && field == Field::RuleHost && owner.namespace == root {
        // A rule of the root namespace is for clients everywhere (V:R5.3).
        owners = host_namespaces(db, input, name(db, host)).to_vec();
    }
    of_owners(host, owners)
}

fn of_owners(host: &Str, mut owners: Vec<Str>) -> Vec<Symbol> {
    owners.sort();
    owners.dedup();
    let host = |owner: Option<Str>| Symbol::Host {
        host: host.clone(),
        owner,
    };
    match owners.is_empty() {
        true => vec![host(None)],
        false => owners.into_iter().map(|owner| host(Some(owner))).collect(),
    }
}

/// A host with a namespace before it: an import of a Sidecar, a server of a Gateway.
fn scoped_host(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let host = &mention.text;
    if host.as_str() == "*" {
        return Vec::new();
    }
    let whole = owner.at(&mention.path).as_str().unwrap_or_default();
    let scope = whole.split_once('/').map_or("*", |(scope, _)| scope);
    let scope = if scope == "." {
        &owner.namespace
    } else {
        scope
    };
    let owners = match scope {
        "*" => {
            let found = pick(db, input, name(db, &owner.namespace), name(db, host)).clone();
            found
                .map(|service| service.namespace.clone())
                .into_iter()
                .collect()
        }
        scope => {
            let owners = host_namespaces(db, input, name(db, host));
            let own = owners.iter().filter(|ns| ns.as_str() == scope);
            own.cloned().collect()
        }
    };
    of_owners(host, owners)
}

fn gateway(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let whole = owner.at(&mention.path).as_str().unwrap_or_default();
    let label = gateway_name(whole, &owner.namespace);
    match label.split_once('/') {
        Some((namespace, name)) => {
            vec![Symbol::Object(ResourceKey::new(
                Kind::Gateway,
                namespace,
                name,
            ))]
        }
        None => Vec::new(),
    }
}

/// The subsets a destination may mean: one per DestinationRule that some proxy with the route uses.
fn subset(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
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
pub(crate) fn subset_path(index: usize) -> Path {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    Path::root().join("spec").join("subsets").index(index)
}

/// The port of the service a host means, by number or name.
fn port(owner: &Owner<'_>, host: &str, text: &str) -> Vec<Symbol> {
    let mesh = owner.mesh;
    let service = super::clients::service_for(mesh, &owner.namespace, host);
    let Some(service) = service else {
        return Vec::new();
    };
    let Some(definition) = definitions_of(mesh, &service.object).pop() else {
        return Vec::new();
    };
    let ports = definition.value.get("spec").list("ports");
    let is_it = |port: &Value| {
        let field = |key: &str| port.get(key).scalar_text();
        ["port", "number"]
            .iter()
            .any(|key| field(key).is_some_and(|t| t == text))
    };
    let index = ports
        .iter()
        .position(is_it)
        .and_then(|i| u32::try_from(i).ok());
    let part = index.map(|index| Symbol::Part {
        object: service.object.clone(),
        path: Path::root().join("spec").join("ports").index(index),
    });
    part.into_iter().collect()
}

/// What a reference of Gateway API names.
fn reference(owner: &Owner<'_>, written: &Value, default: RefKind) -> Vec<Symbol> {
    let (group, kind) = match default {
        RefKind::Parent => ("gateway.networking.k8s.io", "Gateway"),
        RefKind::Backend => ("", "Service"),
        RefKind::Certificate => ("", "Secret"),
        RefKind::Target => ("", ""),
    };
    let or = |key: &str, default: &str| written.str(key).unwrap_or_else(|| default.into());
    let kind = or("kind", kind);
    let group = match written.str("group") {
        Some(group) => group,
        None if kind == "Service" => Str::default(),
        None => group.into(),
    };
    let name = written.str_or_empty("name");
    let namespace = written.str("namespace").filter(|ns| !ns.is_empty());
    let namespace = namespace.unwrap_or_else(|| owner.namespace.clone());
    if name.is_empty() {
        return Vec::new();
    }
    match (group.as_str(), kind.as_str()) {
        ("", "Service") => vec![host_of(owner.mesh, &namespace, &name)],
        ("networking.istio.io", "Hostname") => hosts(owner, Field::LiteralHost, &name),
        (group, kind) => {
            let api = if group.is_empty() {
                "v1".into()
            } else {
                format!("{group}/v1")
            };
            let kind = Kind::from_api(&api, kind);
            let key = kind.map(|kind| {
                let namespace = if kind.is_namespaced() {
                    namespace
                } else {
                    Str::default()
                };
                ResourceKey::new(kind, namespace, name)
            });
            key.map(Symbol::Object).into_iter().collect()
        }
    }
}

/// The listener that `sectionName` names.
fn section(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let parent = reference(owner, owner.at(&mention.beside()), RefKind::Parent);
    let Some(Symbol::Object(key)) = parent.into_iter().next() else {
        return Vec::new();
    };
    let Some(definition) = definitions_of(owner.mesh, &key).pop() else {
        return Vec::new();
    };
    let listeners = definition.value.get("spec").list("listeners");
    let index = listeners
        .iter()
        .position(|l| l.str_or_empty("name") == mention.text);
    let index = index.and_then(|i| u32::try_from(i).ok());
    let part = index.map(|index| Symbol::Part {
        object: key,
        path: Path::root().join("spec").join("listeners").index(index),
    });
    part.into_iter().collect()
}

/// The Secrets a credential name means: in the namespaces of the gateway workloads, or for a
/// DestinationRule in its own (G:TLS-12).
fn credential(owner: &Owner<'_>, text: &Str) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let mut namespaces = vec![owner.namespace.clone()];
    if owner.kind == Kind::Gateway {
        let label = format!("{}/{}", owner.namespace, owner.name);
        let workloads = workloads_of_gateway(db, input, name(db, &label));
        if !workloads.is_empty() {
            namespaces = workloads
                .iter()
                .map(|(_, w)| w.namespace().clone())
                .collect();
        }
    }
    namespaces.sort();
    namespaces.dedup();
    let keys = namespaces
        .into_iter()
        .map(|ns| ResourceKey::new(Kind::Secret, ns, text.clone()));
    let written: Vec<ResourceKey> = keys
        .filter(|key| resource(db, input, key).is_some())
        .collect();
    written.into_iter().map(Symbol::Object).collect()
}

/// The workloads a selector takes.
fn selected(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let key = owner.key();
    let mut found: Vec<ResourceKey> = match owner.kind {
        Kind::Gateway => {
            let label = format!("{}/{}", owner.namespace, owner.name);
            let workloads = workloads_of_gateway(db, input, name(db, &label));
            workloads.iter().map(|(_, w)| w.object.clone()).collect()
        }
        Kind::Service | Kind::ServiceEntry => {
            let services = services_in(db, input, name(db, &owner.namespace));
            let own = services.iter().filter(|service| service.object == key);
            own.flat_map(|service| endpoints(db, input, service))
                .filter_map(|endpoint| match endpoint.kind {
                    EndpointKind::Workload(workload) => Some(workload.object.clone()),
                    EndpointKind::WorkloadEntry(key) => Some(key),
                    _ => None,
                })
                .collect()
        }
        kind => {
            let labels = labels(owner.at(&mention.path));
            // Policies of the root namespace are for the whole mesh; Sidecars and rules are not.
            let everywhere = *facts(db, input).root() == owner.namespace
                && !matches!(kind, Kind::Sidecar | Kind::DestinationRule);
            let all = workloads(db, input);
            let taken = all.iter().filter(|w| {
                (everywhere || *w.namespace() == owner.namespace) && labels.subset_of(&w.labels)
            });
            taken.map(|w| w.object.clone()).collect()
        }
    };
    found.sort();
    found.dedup();
    found.into_iter().map(Symbol::Object).collect()
}

/// The labels of a selector, whether written plainly or under `labels` or `matchLabels`.
fn labels(selector: &Value) -> Labels {
    let nested = ["labels", "matchLabels"]
        .iter()
        .map(|key| selector.get(key));
    let map = nested.into_iter().find(|v| v.as_map().is_some());
    Labels::decode(map.unwrap_or(selector))
}

/// The value of a part's name in its object.
pub(crate) fn part_name(value: &Value, path: &Path) -> Option<Str> {
    let part = at(value, path.segments());
    let keys = ["name", "number", "port"];
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
        &["port", "number", "name"]
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
