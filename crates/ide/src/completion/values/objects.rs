//! Objects by name, namespaces, and labels of workloads.

use super::{From, quoted};
use crate::completion::{Completion, CompletionKind};
use crate::symbol::fields::RefKind;
use crate::symbol::owner::definitions_of;
use meshscope::engine::db::name;
use meshscope::engine::gateways::workloads_of_gateway;
use meshscope::engine::index::{all_objects, facts, is_unknown_namespace, namespaces, objects};
use meshscope::engine::registry::services_in;
use meshscope::engine::workloads::{workloads, workloads_in};
use meshscope::manifest::{Kind, ResourceKey, Str};
use std::collections::BTreeSet;

impl From<'_, '_> {
    /// Namespaces; in `exportTo` also the words for the own one and all.
    pub(super) fn namespaces(&mut self) {
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
    pub(super) fn of_kind(&mut self, kind: Kind, namespace: &Str) {
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

    pub(super) fn reference(&mut self, default: RefKind) {
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

    pub(super) fn sections(&mut self) {
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

    pub(super) fn backend_ports(&mut self, backend: &str) {
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

    /// Principals of the service accounts that workloads run as.
    pub(super) fn principals(&mut self) {
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
    pub(super) fn credentials(&mut self) {
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
    pub(super) fn labels(&mut self, key: Option<&str>) {
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
