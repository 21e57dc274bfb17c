//! Where a route goes: backend references as destinations (G:GWA-10), and ReferenceGrants (G:GWA-16).

use super::RouteFault;
use crate::db::{Db, Mesh, name};
use crate::index::{facts, objects};
use meshscope_manifest::Kind;
use meshscope_manifest::spec::gateway_api::BackendRef;
use meshscope_manifest::spec::virtual_service::Destination;

/// The route whose backends are resolved.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    pub kind: Kind,
    pub namespace: &'a str,
    /// Whether ReferenceGrants count: not for mesh parents.
    pub grants: bool,
}

/// What a backend reference comes to.
pub(super) enum Backend {
    /// A destination.
    Fine(Destination),
    /// Nobody: its share of requests is answered 500.
    Nobody(String),
    /// The whole route is dropped, and why.
    Fatal(RouteFault, String),
}

/// Resolves a backend reference.
pub(super) fn resolve(db: &dyn Db, mesh: Mesh, from: From<'_>, to: &BackendRef) -> Backend {
    let own = from.namespace;
    let foreign = !to.namespace.is_empty() && to.namespace != own;
    let namespace = if to.namespace.is_empty() {
        own
    } else {
        &to.namespace
    };
    if from.grants && foreign {
        let reader = (from.kind.group(), from.kind.name(), own);
        let target = (to.group.as_str(), to.kind.as_str());
        if !granted(db, mesh, reader, target, namespace, &to.name) {
            return Backend::Nobody(format!(
                "{} {namespace}/{} needs a ReferenceGrant for {}s of {own} (G:GWA-10)",
                to.kind,
                to.name,
                from.kind.name()
            ));
        }
    }
    let domain = &facts(db, mesh).domain;
    let host = match (to.group.as_str(), to.kind.as_str()) {
        ("", "Service") if to.name.contains('.') => {
            let why = format!(
                "{} is a hostname: a Service is named by its name (G:GWA-10)",
                to.name
            );
            return Backend::Fatal(RouteFault::BackendName, why);
        }
        ("", "Service") | ("multicluster.x-k8s.io", "ServiceImport") => {
            format!("{}.{namespace}.svc.{domain}", to.name)
        }
        ("networking.istio.io", "Hostname") if !to.namespace.is_empty() => {
            let why = "a Hostname has no namespace (G:GWA-10)".to_owned();
            return Backend::Fatal(RouteFault::BackendName, why);
        }
        ("networking.istio.io", "Hostname") => to.name.to_string(),
        (_, kind) => return Backend::Nobody(format!("{kind} cannot be a backend (G:GWA-10)")),
    };
    if to.port == 0 {
        let why = "a backend needs a port (G:GWA-10)".to_owned();
        return Backend::Fatal(RouteFault::BackendPort, why);
    }
    Backend::Fine(Destination {
        host: host.into(),
        subset: Default::default(),
        port: to.port,
    })
}

/// Whether a ReferenceGrant in `namespace` lets `from` (group, kind, namespace) refer to an object.
pub fn granted(
    db: &dyn Db,
    mesh: Mesh,
    from: (&str, &str, &str),
    to: (&str, &str),
    namespace: &str,
    object: &str,
) -> bool {
    let grants = objects(db, mesh, name(db, namespace), Kind::ReferenceGrant);
    grants.iter().filter_map(|r| r.reference_grant()).any(|g| {
        let reader = g
            .from
            .iter()
            .any(|(group, kind, ns)| (group.as_str(), kind.as_str(), ns.as_str()) == from);
        let target = g.to.iter().any(|(group, kind, name)| {
            (group.as_str(), kind.as_str()) == to && (name.is_empty() || name == object)
        });
        reader && target
    })
}
