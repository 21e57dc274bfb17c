//! The TLS settings of a listener: mode, certificates, what is asked of clients (G:GWA-6, G:GWA-7).

use super::listeners::{Owner, port_of};
use super::{ListenerFault, backends};
use crate::db::{Db, Mesh, name};
use crate::index::objects;
use meshscope_manifest::spec::gateway::{ServerTls, TlsMode};
use meshscope_manifest::spec::gateway_api::{self as spec, ObjectRef};
use meshscope_manifest::{Kind, Str};

/// What is wrong, the field of the listener, and why.
type TlsError = (ListenerFault, String, String);

/// The TLS settings of a listener (G:GWA-6). A Secret that is not in the repository is taken to
/// exist: certificates are rarely in git.
pub(super) fn server_tls(
    db: &dyn Db,
    mesh: Mesh,
    owner: &Owner<'_>,
    listener: &spec::Listener,
) -> Result<Option<ServerTls>, TlsError> {
    if !listener.has_tls {
        return Ok(None);
    }
    let mut tls = ServerTls {
        mode: TlsMode::Simple,
        ..ServerTls::default()
    };
    let option = |key: &str| {
        let found = listener.tls_options.iter().find(|(k, _)| k == key);
        found.map(|(_, v)| v.as_str())
    };
    match listener.tls_mode.as_str() {
        "Passthrough" => {
            tls.mode = if is_auto_passthrough(owner, listener, option) {
                TlsMode::AutoPassthrough
            } else {
                TlsMode::Passthrough
            };
            return Ok(Some(tls));
        }
        "" | "Terminate" => {}
        _ => return Ok(Some(ServerTls::default())),
    }
    match option("gateway.istio.io/tls-terminate-mode") {
        Some("MUTUAL") => tls.mode = TlsMode::Mutual,
        Some("OPTIONAL_MUTUAL") => tls.mode = TlsMode::OptionalMutual,
        Some("ISTIO_SIMPLE") => {
            tls.credential_name = "builtin://".into();
            return Ok(Some(tls));
        }
        Some("ISTIO_MUTUAL") => {
            tls.mode = TlsMode::IstioMutual;
            return Ok(Some(tls));
        }
        _ => {}
    }
    if listener.certificate_refs.len() > 2 {
        let why = "at most two certificates (G:GWA-6)".to_owned();
        let field = ".tls.certificateRefs".to_owned();
        return Err((ListenerFault::Certificate, field, why));
    }
    let mut names: Vec<Str> = Vec::new();
    let mut valid = 0;
    let mut error = None;
    for (i, reference) in listener.certificate_refs.iter().enumerate() {
        match certificate(db, mesh, owner, reference) {
            Ok(credential) => {
                valid += 1;
                names.push(credential);
            }
            Err((fault, why)) => {
                // The slot stays, empty: with a valid second certificate the workload's own is served
                // (G:GWA-7).
                names.push(Str::default());
                error.get_or_insert((fault, format!(".tls.certificateRefs[{i}]"), why));
            }
        }
    }
    match (valid, error) {
        (0, Some(error)) => return Err(error),
        (0, None) => {}
        (1, _) => tls.credential_name = names.first().cloned().unwrap_or_default(),
        _ => tls.credential_names = names,
    }
    if valid > 0 {
        client_certificates(db, mesh, owner, listener, &mut tls)?;
    }
    Ok(Some(tls))
}

/// `spec.tls.frontend`: clients show certificates of a CA (G:GWA-6).
fn client_certificates(
    db: &dyn Db,
    mesh: Mesh,
    owner: &Owner<'_>,
    listener: &spec::Listener,
    tls: &mut ServerTls,
) -> Result<(), TlsError> {
    let port = port_of(listener);
    let mut of_port = owner.spec.frontend.iter();
    let Some((_, refs)) = of_port.find(|(p, _)| *p == port || *p == 0) else {
        return Ok(());
    };
    let refused = |fault, why| Err((fault, ".tls".to_owned(), why));
    let error = |why: String| refused(ListenerFault::Certificate, why);
    let (group, kind, namespace, object) = match &refs[..] {
        [] => return Ok(()),
        [only] => only,
        _ => return error("only one caCertificateRef (G:GWA-6)".to_owned()),
    };
    let (scheme, of_kind) = match (group.as_str(), kind.as_str()) {
        ("", "ConfigMap") => ("configmap", Kind::ConfigMap),
        ("", "Secret") => ("kubernetes-gateway", Kind::Secret),
        (_, other) => return error(format!("{other}: only ConfigMap and Secret (G:GWA-6)")),
    };
    let own = &owner.object.key.namespace;
    let namespace = if namespace.is_empty() { own } else { namespace };
    let from = reader(owner);
    let to = ("", of_kind.name());
    if namespace != own && !backends::granted(db, mesh, from, to, namespace, object) {
        let why = format!(
            "{kind} {namespace}/{object} needs a ReferenceGrant for Gateways of {own} (G:GWA-6)"
        );
        return refused(ListenerFault::NotGranted, why);
    }
    let optional = tls.mode == TlsMode::OptionalMutual;
    if !optional {
        tls.mode = TlsMode::Mutual;
    }
    tls.ca_credential_name = format!("{scheme}://{namespace}/{object}-cacert").into();
    Ok(())
}

fn is_auto_passthrough<'a>(
    owner: &Owner<'_>,
    listener: &spec::Listener,
    option: impl Fn(&str) -> Option<&'a str>,
) -> bool {
    if option("gateway.istio.io/listener-protocol") == Some("auto-passthrough") {
        return true;
    }
    let label = |key: &str| owner.object.meta.labels.get(key);
    if label("topology.istio.io/network").is_none() {
        return false;
    }
    let port = label("networking.istio.io/gatewayPort").and_then(|p| p.parse::<u32>().ok());
    port_of(listener) == port.unwrap_or(15443)
}

/// The credential of a certificate reference, or why there is none.
fn certificate(
    db: &dyn Db,
    mesh: Mesh,
    owner: &Owner<'_>,
    (group, kind, namespace, secret): &ObjectRef,
) -> Result<Str, (ListenerFault, String)> {
    if !group.is_empty() || kind != "Secret" {
        let why = format!("{kind} {secret}: only Secrets hold certificates (G:GWA-6)");
        return Err((ListenerFault::Certificate, why));
    }
    let own = &owner.object.key.namespace;
    let namespace = if namespace.is_empty() { own } else { namespace };
    let secrets = objects(db, mesh, name(db, namespace), Kind::Secret);
    let found = secrets.iter().find(|r| r.key.name == *secret);
    if let Some(found) = found.and_then(|r| r.secret()) {
        let has = |key: &str| found.keys.iter().any(|k| k == key);
        if !(has("tls.crt") && has("tls.key") || has("cert") && has("key")) {
            let why = format!("Secret {namespace}/{secret} holds no certificate (G:GWA-6)");
            return Err(match found.keys.is_empty() {
                true => (ListenerFault::EmptySecret, why),
                false => (ListenerFault::Certificate, why),
            });
        }
    }
    let from = reader(owner);
    if namespace != own && !backends::granted(db, mesh, from, ("", "Secret"), namespace, secret) {
        let why = format!(
            "Secret {namespace}/{secret} needs a ReferenceGrant for Gateways of {own} (G:GWA-6)"
        );
        return Err((ListenerFault::NotGranted, why));
    }
    Ok(format!("kubernetes-gateway://{namespace}/{secret}").into())
}

/// Who refers to a Secret, for grants: (group, kind, namespace).
fn reader<'a>(owner: &Owner<'a>) -> (&'a str, &'a str, &'a str) {
    let key = &owner.object.key;
    (key.kind.group(), key.kind.name(), &key.namespace)
}
