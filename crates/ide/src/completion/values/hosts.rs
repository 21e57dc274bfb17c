//! Hosts, as istiod would resolve them from the namespace.

use super::From;
use crate::completion::CompletionKind;
use crate::words;
use meshscope::engine::db::name;
use meshscope::engine::gateways::referencing;
use meshscope::engine::index::{facts, is_unknown_namespace, namespaces};
use meshscope::engine::registry::{Service, services_in};
use meshscope::engine::visibility::{gateway_services, is_visible_to, pick};
use meshscope::manifest::Str;
use std::collections::BTreeSet;
use std::sync::Arc;

impl From<'_, '_> {
    /// The services visible from here, then those that are hidden.
    fn services(&self) -> (Vec<Arc<Service>>, Vec<Arc<Service>>) {
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let set = gateway_services(db, input, name(db, self.namespace));
        // Of several services with one host, the one a destination would mean.
        let meant = |service: &Service| {
            let host = name(db, &service.host);
            let picked = pick(db, input, name(db, self.namespace), host).as_ref();
            picked.is_none_or(|picked| picked.namespace == service.namespace)
        };
        let visible = set.iter().map(|member| member.service.clone());
        let visible: Vec<Arc<Service>> = visible.filter(|s| meant(s)).collect();
        let all = namespaces(db, input);
        let all = all
            .iter()
            .flat_map(|ns| services_in(db, input, name(db, ns)).to_vec());
        let hidden = all.filter(|s| !is_visible_to(db, input, s, self.namespace));
        (visible, hidden.collect())
    }

    /// Hosts: short where istiod completes them, in full otherwise; hidden ones last.
    pub(super) fn hosts(&mut self, short_names: bool) {
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
                words::object(&service.object),
                rank,
            );
        }
        for service in &hidden {
            let detail = format!(
                "not exported to {}",
                words::namespace(self.namespace).replace('`', "")
            );
            self.push(CompletionKind::Host, &service.host, detail, 9);
        }
    }

    /// `namespace/host` of a Sidecar.
    pub(super) fn imports(&mut self) {
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
                words::object(&service.object),
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
    pub(super) fn served(&mut self) {
        let own = self.site.object.get("metadata").str_or_empty("name");
        let label = format!("{}/{own}", self.namespace);
        let (db, input) = (self.mesh.db(), self.mesh.input());
        let mut hosts: BTreeSet<(Str, String)> = BTreeSet::new();
        let all = referencing(db, input, name(db, &label));
        for vs in all.iter() {
            let claimed = vs.hosts.iter().cloned();
            hosts.extend(claimed.map(|host| (host, words::object(&vs.object))));
        }
        for (host, of) in hosts {
            self.push(CompletionKind::Host, &host, of, 0);
        }
        self.push(CompletionKind::Host, "*", "every host", 5);
    }
}
