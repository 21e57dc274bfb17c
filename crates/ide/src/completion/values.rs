//! Values that name something: what the engine sees from the namespace of the object.

use super::site::Site;
use super::{Completion, CompletionKind};
use crate::symbol::clients::{rules_for, service_for};
use crate::symbol::fields::{Field, RefKind};
use crate::symbol::owner::definitions_of;
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::gateways::{all_gateways, workloads_of_gateway};
use meshscope::engine::index::{all_objects, facts, is_unknown_namespace, namespaces, objects};
use meshscope::engine::names::{gateway_name, resolve_short_name};
use meshscope::engine::registry::{Service, services_in};
use meshscope::engine::visibility::{gateway_services, is_visible_to};
use meshscope::engine::workloads::{workloads, workloads_in};
use meshscope::manifest::{Kind, ResourceKey, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who completes: a namespace of a mesh, and what is found.
struct From<'a, 'w> {
    mesh: Mesh<'w>,
    namespace: &'a Str,
    site: &'a Site,
    items: &'a mut Vec<Completion>,
}

/// Adds what fits the field being typed, as seen from a namespace of a mesh.
pub(super) fn add(mesh: Mesh<'_>, namespace: &Str, site: &Site, items: &mut Vec<Completion>) {
    let mut from = From {
        mesh,
        namespace,
        site,
        items,
    };
    if let Some(key) = site.label() {
        return from.labels(key.as_deref());
    }
    if site.is_key {
        return;
    }
    match site.field() {
        Some(Field::DestinationHost | Field::RuleHost | Field::ClaimedHost) => from.hosts(true),
        Some(Field::LiteralHost) => from.hosts(false),
        Some(Field::ImportedHost) => from.imports(),
        Some(Field::ServedHost) => from.served(),
        Some(Field::GatewayName) => from.gateways(true),
        Some(Field::QualifiedGateway) => from.gateways(false),
        Some(Field::Delegate) => from.delegates(),
        Some(Field::Subset) => from.subsets("host"),
        Some(Field::FilterSubset) => from.subsets("service"),
        Some(Field::DestinationPort) => {
            let host = site.above().str_or_empty("host");
            from.ports(&host);
        }
        Some(Field::ReferencePort) => {
            let name = site.beside().str_or_empty("name");
            from.backend_ports(&name);
        }
        Some(Field::Namespace) => from.namespaces(),
        Some(Field::Namespaces) => from.namespaces(),
        Some(Field::Reference(kind)) => from.reference(kind),
        Some(Field::Section) => from.sections(),
        Some(Field::Principal) => from.principals(),
        Some(Field::ServiceAccount) => from.of_kind(Kind::ServiceAccount, namespace),
        Some(Field::Credential) => from.credentials(),
        Some(Field::GatewayClass) => from.of_kind(Kind::GatewayClass, &Str::default()),
        Some(Field::Own | Field::DefinedHost | Field::SubsetName | Field::OwnPort)
        | Some(Field::OwnListener | Field::Selector)
        | None => {}
    }
}

impl From<'_, '_> {
    fn push(&mut self, kind: CompletionKind, label: &str, detail: impl Into<String>, rank: u32) {
        self.items.push(Completion {
            label: label.to_owned(),
            insert: match (self.site.is_quoted, kind) {
                (true, _) | (_, CompletionKind::Port) => label.to_owned(),
                _ => quoted(label),
            },
            kind,
            detail: detail.into(),
            documentation: String::new(),
            rank,
        });
    }

    /// The services visible from here, then those that are hidden.
    fn services(&self) -> (Vec<Arc<Service>>, Vec<Arc<Service>>) {
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let set = gateway_services(db, input, name(db, self.namespace));
        let visible: Vec<Arc<Service>> = set.iter().map(|member| member.service.clone()).collect();
        let all = namespaces(db, input);
        let all = all
            .iter()
            .flat_map(|ns| services_in(db, input, name(db, ns)).to_vec());
        let hidden = all.filter(|s| !is_visible_to(db, input, s, self.namespace));
        (visible, hidden.collect())
    }

    /// Hosts: short where istiod completes them, in full otherwise; hidden ones last.
    fn hosts(&mut self, short_names: bool) {
        let (visible, hidden) = self.services();
        for service in &visible {
            let own = service.namespace == *self.namespace && service.is_kubernetes();
            if own && short_names {
                self.push(
                    CompletionKind::Host,
                    &service.name,
                    service.host.as_str(),
                    0,
                );
            }
            let rank = if own { 1 } else { 2 };
            self.push(
                CompletionKind::Host,
                &service.host,
                crate::words::object(&service.object),
                rank,
            );
        }
        for service in &hidden {
            let detail = format!(
                "not exported to {}",
                crate::words::namespace(self.namespace).replace('`', "")
            );
            self.push(CompletionKind::Host, &service.host, detail, 9);
        }
    }

    /// `namespace/host` of a Sidecar.
    fn imports(&mut self) {
        self.push(
            CompletionKind::Host,
            "./*",
            "everything of the own namespace",
            0,
        );
        self.push(
            CompletionKind::Host,
            "*/*",
            "everything of every namespace",
            8,
        );
        self.push(CompletionKind::Host, "~/*", "nothing", 8);
        let root = facts(self.mesh.db(), self.mesh.input()).root().clone();
        self.push(
            CompletionKind::Host,
            &format!("{root}/*"),
            "everything of the root namespace",
            1,
        );
        let (visible, _) = self.services();
        for service in &visible {
            let own = service.namespace == *self.namespace;
            let (scope, rank) = match own {
                true => (".", 2),
                false => (service.namespace.as_str(), 3),
            };
            if is_unknown_namespace(scope) {
                continue;
            }
            let label = format!("{scope}/{}", service.host);
            self.push(
                CompletionKind::Host,
                &label,
                crate::words::object(&service.object),
                rank,
            );
            if !own {
                self.push(
                    CompletionKind::Host,
                    &format!("{scope}/*"),
                    "everything of the namespace",
                    4,
                );
            }
        }
    }

    /// Hosts of a Gateway server: what VirtualServices bound to it claim.
    fn served(&mut self) {
        let own = self.site.object.get("metadata").str_or_empty("name");
        let label = format!("{}/{own}", self.namespace);
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let mut hosts: BTreeSet<(Str, String)> = BTreeSet::new();
        let all = meshscope::engine::gateways::referencing(db, input, name(db, &label));
        for vs in all.iter() {
            let claimed = vs.hosts.iter().cloned();
            hosts.extend(claimed.map(|host| (host, crate::words::object(&vs.object))));
        }
        for (host, of) in hosts {
            self.push(CompletionKind::Host, &host, of, 0);
        }
        self.push(CompletionKind::Host, "*", "every host", 5);
    }

    /// Gateways in the form that finds them from here: their name alone in the own namespace.
    fn gateways(&mut self, of_virtual_service: bool) {
        if of_virtual_service {
            self.push(CompletionKind::Gateway, "mesh", "all sidecars", 1);
        }
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let all = all_gateways(db, input);
        for gateway in all.iter().filter(|gateway| gateway.listener.is_none()) {
            let label = gateway.label();
            let own = gateway.namespace == *self.namespace;
            // A name with a dot would be read as the old form with a namespace (V:R0.18).
            let short = gateway_name(&gateway.name, self.namespace) == label;
            let workloads = workloads_of_gateway(db, input, name(db, &label));
            let on: Vec<String> = workloads.iter().map(|(_, w)| w.label()).collect();
            let detail = match on.is_empty() {
                true => "no gateway workload".to_owned(),
                false => format!("on {}", crate::words::listed(&on, 2)),
            };
            if own && short && of_virtual_service {
                self.push(CompletionKind::Gateway, &gateway.name, detail.clone(), 0);
            }
            if !is_unknown_namespace(&label) {
                self.push(
                    CompletionKind::Gateway,
                    &label,
                    detail,
                    if own { 2 } else { 3 },
                );
            }
        }
    }

    /// VirtualServices without hosts.
    fn delegates(&mut self) {
        let beside = self
            .site
            .beside()
            .str("namespace")
            .filter(|ns| !ns.is_empty());
        let namespace = beside.unwrap_or_else(|| self.namespace.clone());
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let all = objects(db, input, name(db, &namespace), Kind::VirtualService).clone();
        for resource in all.iter() {
            if resource
                .virtual_service()
                .is_some_and(|vs| vs.is_delegate())
            {
                self.push(
                    CompletionKind::Object,
                    &resource.key.name,
                    "a VirtualService without hosts",
                    0,
                );
            }
        }
    }

    /// The host beside the field, completed as the object's kind does.
    fn host_beside(&self, written: &str) -> Str {
        match self.site.kind {
            Kind::VirtualService | Kind::DestinationRule => {
                let facts = facts(self.mesh.db(), self.mesh.input());
                resolve_short_name(written, self.namespace, &facts.config_domain)
            }
            _ => written.into(),
        }
    }

    /// The subsets of the DestinationRules that the namespace, and whoever carries the route, find.
    fn subsets(&mut self, key: &str) {
        let written = self.site.beside().str_or_empty(key);
        if written.is_empty() {
            return;
        }
        let host = self.host_beside(&written);
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let mut clients = vec![self.namespace.clone()];
        if self.site.kind == Kind::VirtualService {
            let own = self.site.object.get("metadata").str_or_empty("name");
            let key = ResourceKey::new(Kind::VirtualService, self.namespace.clone(), own);
            for vs in crate::symbol::clients::prepared(self.mesh, &key) {
                let routers = meshscope::engine::gateways::routers(db, input, &vs);
                clients.extend(
                    routers
                        .iter()
                        .map(|(_, proxy, _)| proxy.config_namespace.clone()),
                );
            }
        }
        clients.sort();
        clients.dedup();
        for client in clients {
            for entry in rules_for(self.mesh, &client, &host) {
                for (subset, rule, _) in &entry.subsets {
                    let pairs = subset.labels.0.iter().map(|(k, v)| format!("{k}={v}"));
                    let pairs: Vec<String> = pairs.collect();
                    let detail = format!("{} of {}", pairs.join(", "), crate::words::object(rule));
                    self.push(CompletionKind::Subset, &subset.name, detail, 0);
                }
            }
        }
    }

    fn ports(&mut self, written: &str) {
        let host = self.host_beside(written);
        if let Some(service) = service_for(self.mesh, self.namespace, &host) {
            self.ports_of(&service);
        }
    }

    fn ports_of(&mut self, service: &Service) {
        for port in service.ports.iter() {
            let detail = format!("{} {}", port.name, crate::hover::treated_as(port.protocol));
            let detail = detail.trim().to_owned();
            self.push(CompletionKind::Port, &port.number.to_string(), detail, 0);
        }
    }

    fn backend_ports(&mut self, backend: &str) {
        let written = self
            .site
            .beside()
            .str("namespace")
            .filter(|ns| !ns.is_empty());
        let namespace = written.unwrap_or_else(|| self.namespace.clone());
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let all = services_in(db, input, name(db, &namespace)).clone();
        if let Some(service) = all.iter().find(|s| s.is_kubernetes() && s.name == backend) {
            self.ports_of(service);
        }
    }

    /// Namespaces; in `exportTo` also the words for the own one and all.
    fn namespaces(&mut self) {
        let exports = self.site.path.to_string().contains("exportTo");
        if exports {
            self.push(CompletionKind::Namespace, ".", "the own namespace", 0);
            self.push(CompletionKind::Namespace, "*", "every namespace", 0);
            if self.site.kind == Kind::Service {
                self.push(CompletionKind::Namespace, "~", "nobody", 1);
            }
        }
        let all = namespaces(self.mesh.db(), self.mesh.input()).clone();
        for namespace in all.iter().filter(|ns| !is_unknown_namespace(ns)) {
            self.push(CompletionKind::Namespace, namespace, "", 2);
        }
    }

    /// Objects of a kind in a namespace, by name.
    fn of_kind(&mut self, kind: Kind, namespace: &Str) {
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let all = objects(db, input, name(db, namespace), kind).clone();
        for resource in all.iter() {
            self.push(
                CompletionKind::Object,
                &resource.key.name,
                kind.to_string(),
                0,
            );
        }
    }

    fn reference(&mut self, default: RefKind) {
        let written = self.site.beside();
        let kind = written.str("kind");
        let group = written.str("group");
        let (default_group, default_kind) = match default {
            RefKind::Parent => ("gateway.networking.k8s.io", "Gateway"),
            RefKind::Backend => ("", "Service"),
            RefKind::Certificate => ("", "Secret"),
            RefKind::Target => ("", ""),
        };
        let kind = kind.unwrap_or_else(|| default_kind.into());
        let group = group.unwrap_or_else(|| match kind == default_kind {
            true => default_group.into(),
            false => Str::default(),
        });
        let api = match group.is_empty() {
            true => "v1".to_owned(),
            false => format!("{group}/v1"),
        };
        let namespace = written.str("namespace").filter(|ns| !ns.is_empty());
        let namespace = namespace.unwrap_or_else(|| self.namespace.clone());
        match Kind::from_api(&api, &kind) {
            Some(kind) if kind.is_namespaced() => self.of_kind(kind, &namespace),
            Some(kind) => self.of_kind(kind, &Str::default()),
            None if group == "networking.istio.io" && kind == "Hostname" => self.hosts(false),
            None => {}
        }
        if default == RefKind::Parent {
            self.parents_elsewhere(written.has("namespace"));
        }
    }

    /// Gateways of other namespaces, which need `namespace` beside them.
    fn parents_elsewhere(&mut self, says_namespace: bool) {
        if says_namespace {
            return;
        }
        let all = all_objects(self.mesh.db(), self.mesh.input(), Kind::KubernetesGateway).clone();
        for resource in all.iter().filter(|r| r.key.namespace != *self.namespace) {
            let detail = format!("needs namespace: {}", resource.key.namespace);
            self.push(CompletionKind::Object, &resource.key.name, detail, 5);
        }
    }

    fn sections(&mut self) {
        let parent = self.site.beside();
        let namespace = parent.str("namespace").filter(|ns| !ns.is_empty());
        let namespace = namespace.unwrap_or_else(|| self.namespace.clone());
        let key = ResourceKey::new(
            Kind::KubernetesGateway,
            namespace,
            parent.str_or_empty("name"),
        );
        let Some(gateway) = definitions_of(self.mesh, &key).pop() else {
            return;
        };
        for listener in gateway.value.get("spec").list("listeners") {
            let detail =
                ["protocol", "port", "hostname"].map(|key| listener.get(key).scalar_text());
            let detail: Vec<String> = detail
                .into_iter()
                .flatten()
                .map(|t| t.to_string())
                .collect();
            self.push(
                CompletionKind::Object,
                &listener.str_or_empty("name"),
                detail.join(" "),
                0,
            );
        }
    }

    /// Principals of the service accounts that workloads run as.
    fn principals(&mut self) {
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let domain = facts(db, input).config.trust_domain.clone();
        let all = workloads(db, input).clone();
        for workload in all.iter() {
            let namespace = workload.namespace();
            let account = match workload.service_account.as_str() {
                "" => "default",
                account => account,
            };
            if !is_unknown_namespace(namespace) {
                let principal = format!("{domain}/ns/{namespace}/sa/{account}");
                self.push(
                    CompletionKind::Object,
                    &principal,
                    workload.object.to_string(),
                    0,
                );
            }
        }
    }

    /// Secrets of the namespaces in which the credential is looked for.
    fn credentials(&mut self) {
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let mut found = vec![self.namespace.clone()];
        if self.site.kind == Kind::Gateway {
            let own = self.site.object.get("metadata").str_or_empty("name");
            let label = format!("{}/{own}", self.namespace);
            let workloads = workloads_of_gateway(db, input, name(db, &label)).clone();
            if !workloads.is_empty() {
                found = workloads
                    .iter()
                    .map(|(_, w)| w.namespace().clone())
                    .collect();
            }
        }
        found.sort();
        found.dedup();
        for namespace in found {
            self.of_kind(Kind::Secret, &namespace);
        }
    }

    /// Labels of pods: keys, or the values of one key.
    fn labels(&mut self, key: Option<&str>) {
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let root = facts(db, input).root() == self.namespace;
        let everywhere = root || self.site.kind == Kind::Gateway;
        let all = match everywhere {
            true => workloads(db, input).clone(),
            false => workloads_in(db, input, name(db, self.namespace)).clone(),
        };
        let mut found: BTreeSet<&Str> = BTreeSet::new();
        for (own, value) in all.iter().flat_map(|workload| &workload.labels.0) {
            match key {
                None => found.insert(own),
                Some(key) if own == key => found.insert(value),
                Some(_) => false,
            };
        }
        let found: Vec<Str> = found.into_iter().cloned().collect();
        for text in found {
            let colon = if key.is_none() { ": " } else { "" };
            self.items.push(Completion {
                label: text.to_string(),
                insert: format!("{}{colon}", quoted(&text)),
                kind: CompletionKind::Label,
                detail: String::new(),
                documentation: String::new(),
                rank: 0,
            });
        }
    }
}

/// A text as a scalar that reads back as itself: `*` begins an alias, `true` and `1` are no texts.
fn quoted(text: &str) -> String {
    let marks = text.starts_with(['*', '~', '-']);
    let typed = text.parse::<f64>().is_ok();
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
    );
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "./-_*".contains(c));
    match marks || typed || word || !plain {
        true => format!("'{}'", text.replace('\'', "''")),
        false => text.to_owned(),
    }
}
