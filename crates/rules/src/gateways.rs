//! Gateway workloads and their servers in words, and which conflicts the files can prove.

use crate::known::is_unknown;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{ResourceKey, Str};
use meshscope_mesh::db::{Db, Mesh, Name, name};
use meshscope_mesh::envoy::Because;
use meshscope_mesh::gateways::{Gateway, MergedServer, Serves, find_gateway, gateways_in, serves};
use meshscope_mesh::index::namespaces;
use meshscope_mesh::visibility::virtual_services_in;
use meshscope_mesh::workloads::ProxyClass;
use std::sync::Arc;

/// The workloads of a class.
pub fn who(class: &ProxyClass) -> String {
    crate::finding::listing(&class.workloads, 2)
}

/// Labels as users write them on the command line.
pub fn words(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.join(", ")
}

/// A server: `port 443 (PASSTHROUGH)`.
pub fn server_words(server: &MergedServer) -> String {
    let what = match serves(&server.server) {
        Serves::Http => "HTTP",
        Serves::Https => "HTTPS, ended here",
        Serves::TerminatedTls => "TLS, ended here",
        Serves::Passthrough => "TLS passthrough",
        Serves::AutoPassthrough => "AUTO_PASSTHROUGH",
        Serves::Tcp => "TCP",
    };
    format!("port {} ({what})", server.server.port)
}

/// Whether objects can be set against each other: their namespaces are known, or all the same, and
/// their servers are written out. Bases of overlays are in no namespace yet and may never meet; a
/// server without hosts, or with placeholders for them, waits for a template.
pub fn comparable(db: &dyn Db, mesh: Mesh, parties: &[Because]) -> bool {
    let mut namespaces = parties.iter().map(|p| &p.object.namespace);
    let Some(first) = namespaces.next() else {
        return false;
    };
    let together = namespaces.clone().all(|n| n == first)
        || (!is_unknown(first) && namespaces.all(|n| !is_unknown(n)));
    together && parties.iter().all(|p| is_written_out(db, mesh, p))
}

fn is_written_out(db: &dyn Db, mesh: Mesh, party: &Because) -> bool {
    let all = gateways_in(db, mesh, name(db, &party.object.namespace));
    let mut own = all.iter().filter(|g| g.object == party.object);
    own.all(|gateway| {
        let server = (0..gateway.servers.len()).find(|i| gateway.server_path(*i) == party.path);
        let server = server.and_then(|i| gateway.servers.get(i));
        server.is_none_or(|s| !s.hosts.is_empty() && !s.hosts.iter().any(|h| is_unknown(h)))
    })
}

/// The Gateway and server an explanation points at.
pub fn server_of(db: &dyn Db, mesh: Mesh, at: &Because) -> Option<(Arc<Gateway>, usize)> {
    let all = gateways_in(db, mesh, name(db, &at.object.namespace));
    all.iter().filter(|g| g.object == at.object).find_map(|g| {
        let index = (0..g.servers.len()).find(|i| g.server_path(*i) == at.path)?;
        Some((g.clone(), index))
    })
}

/// A Secret a server names.
pub struct Credential {
    /// Where it is named: `spec.servers[0].tls.credentialName`.
    pub path: String,
    /// The name of the Secret.
    pub secret: Str,
    /// The namespace, when the name says one.
    pub namespace: Option<Str>,
}

/// The Secrets a server names; other forms than Secrets of the cluster are left out (G:TLS-13).
pub fn credentials(server: &MergedServer) -> Vec<Credential> {
    let Some(tls) = &server.server.tls else {
        return Vec::new();
    };
    let mut written = vec![("credentialName".to_owned(), &tls.credential_name)];
    let list = tls.credential_names.iter().enumerate();
    written.extend(list.map(|(i, c)| (format!("credentialNames[{i}]"), c)));
    written.push(("caCertCredentialName".to_owned(), &tls.ca_credential_name));
    let of_cluster = |(field, written): (String, &Str)| {
        let path = format!("{}.tls.{field}", server.gateway.server_path(server.index));
        let (namespace, secret) = match written.strip_prefix("kubernetes://") {
            Some(rest) => match rest.split_once('/') {
                Some((ns, secret)) => (Some(ns.into()), secret.into()),
                None => (None, rest.into()),
            },
            None if written.contains("://") => return None,
            None => (None, written.clone()),
        };
        let named = !written.is_empty() && !is_unknown(written);
        named.then_some(Credential {
            path,
            secret,
            namespace,
        })
    };
    written.into_iter().filter_map(of_cluster).collect()
}

/// A VirtualService that names a Gateway which does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The VirtualService.
    pub object: ResourceKey,
    /// Its hosts.
    pub hosts: Vec<Str>,
    /// The name that leads nowhere, `namespace/name`.
    pub gateway: Str,
    /// Where it is written.
    pub path: String,
}

/// The strays of one namespace: unchanged by other edits.
#[salsa::tracked]
fn strays_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Stray]> {
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        for (i, gateway) in vs.gateways.iter().enumerate() {
            if gateway != "mesh" && find_gateway(db, mesh, gateway).is_none() {
                found.push(Stray {
                    object: vs.object.clone(),
                    hosts: vs.hosts.clone(),
                    gateway: gateway.clone(),
                    path: format!("spec.gateways[{i}]"),
                });
            }
        }
    }
    found.into()
}

/// All strays of the mesh.
#[salsa::tracked]
pub fn strays(db: &dyn Db, mesh: Mesh) -> Arc<[Stray]> {
    let all = namespaces(db, mesh);
    all.iter()
        .flat_map(|ns| strays_in(db, mesh, name(db, ns)).to_vec())
        .collect()
}
