//! What a mention means, asked of the engine from where it is written.
//!
//! Hosts and Gateways are resolved here; `parts` are subsets and ports, `reference` is Gateway API's way
//! to name objects, `selection` what labels and credentials take.

mod parts;
mod reference;
mod selection;

pub(crate) use parts::{name_path, part_name};

use super::Symbol;
use super::clients::viewpoints;
use super::fields::{Field, RefKind};
use super::mention::Mention;
use super::owner::Owner;
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::index::facts;
use meshscope::engine::names::{gateway_name, resolve_short_name};
use meshscope::engine::registry::host_namespaces;
use meshscope::engine::visibility::pick;
use meshscope::manifest::{Kind, ResourceKey, Str};
use parts::{port, subset, target_port};
use reference::{reference, section};
use selection::{credential, selected};

/// What a mention means; empty when it means nothing, such as `*` or a subset nobody defines. Several
/// where proxies differ, and for selectors.
pub(crate) fn resolve(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let text = &mention.text;
    if text.is_empty() && !matches!(mention.field, Field::Selector | Field::PodLabels) {
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
        Field::Own | Field::PodLabels => vec![Symbol::Object(owner.key())],
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
        Field::TargetPort => target_port(owner, text),
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
