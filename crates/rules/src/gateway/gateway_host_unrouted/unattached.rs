//! A Gateway whose pods are not in the files.

use super::RULE;
use crate::gateways::{Stray, strays};
use crate::prelude::*;
use meshscope_mesh::gateways::{Gateway, Serves, open_hosts, referencing, serves};
use meshscope_mesh::names::matches;

/// Without pods in the files only this is said: routes for its hosts exist, and name another Gateway
/// that does not.
pub(super) fn unattached(db: &dyn Db, mesh: Mesh, gateway: &Gateway) -> Option<Finding> {
    if !referencing(db, mesh, name(db, &gateway.label())).is_empty() {
        return None;
    }
    let strays = strays(db, mesh);
    for (index, server) in gateway.servers.iter().enumerate() {
        let redirects = server.tls.as_ref().is_some_and(|t| t.https_redirect);
        if redirects || serves(server) == Serves::AutoPassthrough {
            continue;
        }
        // One that names this very Gateway in another namespace.
        let namesake = |s: &&Stray| {
            let name = s.gateway.rsplit('/').next();
            name == Some(gateway.name.as_str())
                && !is_unknown(&s.gateway)
                && !is_unknown(&s.object.namespace)
        };
        for stray in strays.iter().filter(namesake) {
            let open = open_hosts(gateway, index, &stray.object.namespace);
            let meets = |o: &Str| !is_unknown(o) && stray.hosts.iter().any(|h| matches(o, h));
            let Some(host) = open.iter().position(meets) else {
                continue;
            };
            let message = format!(
                "no VirtualService is bound to Gateway {}: {} names {}, which does not exist",
                gateway.label(),
                stray.object,
                stray.gateway
            );
            let path = format!("{}.hosts[{host}]", gateway.server_path(index));
            let finding = Finding::new(RULE.name, RULE.severity, &gateway.object, &path, message)
                .related(&stray.object, &stray.path, "routes a host of it")
                .certainty(Certainty::Assumed);
            return Some(finding);
        }
    }
    None
}
