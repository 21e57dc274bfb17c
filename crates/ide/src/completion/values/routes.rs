//! What routes name beside hosts: Gateways, delegates, subsets, ports.

use super::From;
use crate::completion::CompletionKind;
use crate::hover::treated_as;
use crate::symbol::clients::{prepared, rules_for, service_for};
use crate::words::{self, listed};
use meshscope::engine::db::name;
use meshscope::engine::gateways::{all_gateways, routers, workloads_of_gateway};
use meshscope::engine::index::{facts, is_unknown_namespace, objects};
use meshscope::engine::names::{gateway_name, resolve_short_name};
use meshscope::engine::registry::Service;
use meshscope::manifest::{Kind, ResourceKey, Str};

impl From<'_, '_> {
    /// Gateways in the form that finds them from here: their name alone in the own namespace.
    pub(super) fn gateways(&mut self, of_virtual_service: bool) {
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
                false => format!("on {}", listed(&on, 2)),
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
    pub(super) fn delegates(&mut self) {
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
    pub(super) fn subsets(&mut self, key: &str) {
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
            for vs in prepared(self.mesh, &key) {
                let routers = routers(db, input, &vs);
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
                    let detail = format!("{} of {}", pairs.join(", "), words::object(rule));
                    self.push(CompletionKind::Subset, &subset.name, detail, 0);
                }
            }
        }
    }

    pub(super) fn ports(&mut self, written: &str) {
        let host = self.host_beside(written);
        if let Some(service) = service_for(self.mesh, self.namespace, &host) {
            self.ports_of(&service);
        }
    }

    pub(super) fn ports_of(&mut self, service: &Service) {
        for port in service.ports.iter() {
            let detail = format!("{} {}", port.name, treated_as(port.protocol));
            let detail = detail.trim().to_owned();
            self.push(CompletionKind::Port, &port.number.to_string(), detail, 0);
        }
    }
}
