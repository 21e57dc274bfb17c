//! How a terminating server ends TLS (G:TLS-12..15).

use crate::db::{Db, Mesh, name};
use crate::envoy::{ClientCertificate, ServerTls};
use crate::index::facts;
use crate::registry::service_in;
use crate::visibility::cluster_name;
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use meshscope_manifest::spec::gateway::{Server, TlsMode};

/// The TLS context of a server; `None` when it does not terminate.
pub(super) fn server_tls(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    server: &Server,
) -> Option<ServerTls> {
    let tls = server.tls.as_ref().filter(|t| !t.mode.is_passthrough())?;
    let istio_mutual = tls.mode == TlsMode::IstioMutual;
    let credential = tls.credential_names.first().unwrap_or(&tls.credential_name);
    let (certificate, sds_cluster) = if istio_mutual {
        (Str::new_static("default"), Str::default())
    } else if !credential.is_empty() {
        secret(db, mesh, proxy, credential)
    } else if !tls.server_certificate.is_empty() && !tls.private_key.is_empty() {
        let pair = format!("file-cert:{}~{}", tls.server_certificate, tls.private_key);
        (pair.into(), Str::default())
    } else {
        // Without any source the workload's own certificate is served (G:TLS-14).
        (Str::new_static("default"), Str::default())
    };
    Some(ServerTls {
        client_certificate: match tls.mode {
            TlsMode::Mutual | TlsMode::IstioMutual => ClientCertificate::Required,
            TlsMode::OptionalMutual => ClientCertificate::Optional,
            _ => ClientCertificate::None,
        },
        certificate,
        sds_cluster,
        istio_mutual,
    })
}

/// The SDS resource of a credential and the cluster that serves it, for external ones.
fn secret(db: &dyn Db, mesh: Mesh, proxy: &Proxy, credential: &Str) -> (Str, Str) {
    let Some(external) = credential.strip_prefix("sds://") else {
        return (resource_name(credential), Str::default());
    };
    if proxy.metadata("credential") == Some("true") {
        return (credential.clone(), Str::new_static("sds-external"));
    }
    match &facts(db, mesh).config.sds_provider {
        Some((service, port)) => (external.into(), provider_cluster(db, mesh, service, *port)),
        None => (resource_name(&external.into()), Str::default()),
    }
}

/// The cluster of a provider's service, `namespace/host` or `host`.
fn provider_cluster(db: &dyn Db, mesh: Mesh, service: &Str, port: u32) -> Str {
    let host = match service.split_once('/') {
        Some((namespace, host)) => {
            let found = service_in(db, mesh, name(db, namespace), name(db, host)).clone();
            found.map_or_else(|| host.into(), |s| s.host.clone())
        }
        None => service.clone(),
    };
    cluster_name(port, "", &host)
}

fn resource_name(credential: &Str) -> Str {
    if credential.starts_with("builtin://") {
        return Str::new_static("default");
    }
    if credential.starts_with("invalid://") {
        return Str::new_static("invalid://");
    }
    let typed = ["configmap://", "kubernetes://", "kubernetes-gateway://"];
    if typed.iter().any(|t| credential.starts_with(t)) {
        return credential.clone();
    }
    format!("kubernetes://{credential}").into()
}
