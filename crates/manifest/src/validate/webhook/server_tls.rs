//! Server TLS settings of Gateways and Sidecars (validation-rules.md §0: STLS-1 to STLS-9).
//!
//! Must not know whose settings they are.

use super::common::filled;
use crate::validate::report::At;

/// BoringSSL's cipher suites that Envoy takes by name.
const CIPHERS: &[&str] = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

/// The mode, whose default is PASSTHROUGH.
pub(super) fn mode(tls: At<'_>) -> &str {
    match tls.str("mode") {
        "" => "PASSTHROUGH",
        mode => mode,
    }
}

pub(super) fn check(tls: Option<At<'_>>) {
    let Some(tls) = tls.filter(|tls| tls.value.as_map().is_some()) else {
        return;
    };
    versions_and_ciphers(tls);
    let mode = mode(tls);
    if mode == "ISTIO_MUTUAL" {
        return istio_mutual(tls);
    }
    let sources = sources(tls);
    if let [first, .., last] = sources.as_slice() {
        let fact = format!("only one of {} can be set", sources.join(", "));
        tls.get(last)
            .value_error("STLS-5", fact)
            .at_key()
            .related(tls.get(first))
            .covers(tls);
    }
    let terminates = matches!(mode, "SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL");
    if terminates && (filled(tls, "credentialName") || tls.len("credentialNames") > 0) {
        return;
    }
    if terminates {
        certificates(tls, mode);
    }
    if filled(tls, "caCrl") {
        let crl = tls.get("caCrl");
        if filled(tls, "credentialName") {
            crl.value_error(
                "STLS-9",
                "with credentialName the CRL belongs into the credential",
            );
        }
        if mode == "SIMPLE" {
            crl.value_error(
                "STLS-9",
                "SIMPLE asks for no client certificate to look up in a CRL",
            );
        }
    }
}

/// STLS-4: certificates that a mode which ends no TLS ignores.
pub(super) fn unused_certificates(tls: At<'_>) {
    let mode = mode(tls);
    if mode.ends_with("PASSTHROUGH")
        && let Some(first) = certificate_fields(tls).next()
    {
        tls.get(first)
            .no_effect("STLS-4", format!("{mode} does not use certificates"));
    }
}

/// The fields that name certificates, as far as they are set.
fn certificate_fields(tls: At<'_>) -> impl Iterator<Item = &'static str> {
    let text = [
        "credentialName",
        "serverCertificate",
        "privateKey",
        "caCertificates",
        "caCrl",
    ];
    let lists = ["credentialNames", "tlsCertificates"];
    text.into_iter()
        .filter(move |key| filled(tls, key))
        .chain(lists.into_iter().filter(move |key| tls.len(key) > 0))
}

/// STLS-5: the sources of the server's certificate.
fn sources(tls: At<'_>) -> Vec<&'static str> {
    let mut sources = Vec::new();
    if filled(tls, "serverCertificate") && filled(tls, "privateKey") {
        sources.push("serverCertificate");
    }
    if filled(tls, "credentialName") {
        sources.push("credentialName");
    }
    if tls.len("credentialNames") > 0 {
        sources.push("credentialNames");
    }
    if tls.len("tlsCertificates") > 0 {
        sources.push("tlsCertificates");
    }
    sources
}

/// STLS-1 and STLS-2.
fn versions_and_ciphers(tls: At<'_>) {
    if matches!(tls.str("minProtocolVersion"), "TLSV1_0" | "TLSV1_1")
        && tls.len("cipherSuites") == 0
    {
        let fact =
            "no cipher suite of the default set speaks such an old version; list cipherSuites";
        tls.get("minProtocolVersion").no_effect("STLS-1", fact);
    }
    let mut seen: Vec<&str> = Vec::new();
    for suite in tls.list("cipherSuites") {
        let name = suite.text();
        let expression = !name.starts_with(|c: char| c.is_alphanumeric());
        if !expression && name != "ALL" && !CIPHERS.contains(&name) {
            suite.no_effect("STLS-2", format!("Envoy knows no cipher suite {name}"));
        } else if seen.contains(&name) {
            suite
                .no_effect("STLS-2", "it is listed twice")
                .fix_delete(suite, true);
        } else {
            seen.push(name);
        }
    }
}

/// STLS-3.
fn istio_mutual(tls: At<'_>) {
    for key in certificate_fields(tls).filter(|key| *key != "caCrl") {
        let field = tls.get(key);
        field
            .value_error(
                "STLS-3",
                "ISTIO_MUTUAL uses the workload's own certificate; remove it",
            )
            .at_key()
            .fix_delete(field, false);
    }
}

/// STLS-6 to STLS-8.
fn certificates(tls: At<'_>, mode: &str) {
    if mode != "SIMPLE" && !filled(tls, "caCertificates") {
        let fact = format!("{mode} needs the CA of the clients (or a credentialName)");
        tls.get("caCertificates").value_error("STLS-6", fact);
    }
    let needs = |at: At<'_>| {
        for (key, what) in [
            ("serverCertificate", "a certificate"),
            ("privateKey", "its key"),
        ] {
            if !filled(at, key) {
                let fact = format!("{mode} needs {what} of the server (or a credentialName)");
                at.get(key).value_error("STLS-7", fact);
            }
        }
    };
    if tls.len("tlsCertificates") > 0 {
        if tls.len("tlsCertificates") > 2 {
            tls.get("tlsCertificates")
                .no_effect("STLS-8", "at most two certificates are used");
        }
        tls.list("tlsCertificates").for_each(needs);
    } else {
        needs(tls);
    }
}
