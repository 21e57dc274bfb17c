//! Gateway (validation-rules.md §1). Rule invalid-gateway, and invalid-field-value for single fields.
//!
//! Must not know other Gateways of the same workload.

use super::common::filled;
use super::names::{self, PROTOCOLS, Protocol, is_label};
use super::server_tls;
use crate::validate::Severity;
use crate::validate::report::At;
use crate::validate::similar;

pub(super) fn check(document: At<'_>, spec: At<'_>) {
    let name = document.get("metadata").get("name");
    // Made by istiod from a Gateway of the Gateway API: other names are fine.
    let annotations = document.get("metadata").get("annotations");
    let converted = annotations.str("internal.istio.io/gateway-semantics") == "gateway";
    if !converted && !name.text().is_empty() && !is_label(name.text()) {
        name.kind_error(
            "§1",
            format!(
                "\"{}\" is no DNS label: a Gateway's name has no dots",
                name.text()
            ),
        );
    }
    if spec.len("servers") == 0 {
        spec.get("servers").kind_error("§1", "there are no servers");
    }
    let mut names: Vec<At<'_>> = Vec::new();
    for server in spec.list("servers") {
        check_server(server, converted);
        let Some(port) = server.field("port") else {
            continue;
        };
        let name = port.get("name");
        match names.iter().find(|first| first.text() == name.text()) {
            Some(first) if !name.text().is_empty() => {
                let fact = format!("two servers have the port name {}", name.text());
                name.kind_error("§1", fact).related(*first);
            }
            Some(_) => {}
            None => names.push(name),
        }
        redirect(server, port);
    }
}

/// `tls.httpsRedirect` where there is no plain HTTP to redirect.
fn redirect(server: At<'_>, port: At<'_>) {
    let http = Protocol::parse(port.str("protocol")).is_some_and(Protocol::is_http);
    let tls = server.get("tls");
    if tls.bool("httpsRedirect") && !http {
        let redirect = tls.get("httpsRedirect");
        let fact = "only a server of plain HTTP has requests to redirect";
        let found = redirect.no_effect("§1", fact).fix_delete(redirect, false);
        // Said to pass through, the server does what was meant.
        if tls.str("mode") == "PASSTHROUGH" {
            found.severity(Severity::Info);
        }
    }
}

fn check_server(server: At<'_>, converted: bool) {
    if server.len("hosts") == 0 {
        server
            .get("hosts")
            .kind_error("§1", "this server has no hosts");
    }
    server
        .list("hosts")
        .for_each(|host| check_host(host, converted));
    let bind = server.get("bind");
    let port = server.field("port");
    let port_is_valid = match port {
        Some(port) => check_port(port, bind.text()),
        None => {
            server
                .get("port")
                .kind_error("§1", "this server has no port");
            false
        }
    };
    check_bind(bind, port);
    let tls = server.field("tls");
    server_tls::check(tls);
    let arrives_as_tls = port.and_then(|port| Protocol::parse(port.str("protocol")));
    let arrives_as_tls = arrives_as_tls.is_some_and(Protocol::is_tls);
    // Where TLS arrives and no mode is written, that is the fault (rule mode-unset).
    if let Some(tls) = tls.filter(|tls| !arrives_as_tls || tls.field("mode").is_some()) {
        server_tls::unused_certificates(tls);
    }
    if let Some(port) = port.filter(|_| port_is_valid) {
        check_tls_of_protocol(server, port);
    }
}

/// NSHOST, in the form of Gateways.
fn check_host(at: At<'_>, converted: bool) {
    let entry = at.text();
    let host = match entry.split_once('/') {
        None => entry,
        Some((namespace, host)) => {
            if namespace.is_empty() || host.is_empty() {
                at.kind_error("NSHOST", "namespace and host must not be empty");
            }
            let special = matches!(namespace, "*" | ".") || (converted && namespace == "~");
            if !special && !namespace.is_empty() && !is_label(namespace) {
                at.kind_error(
                    "NSHOST",
                    format!("\"{namespace}\" is no namespace, `*` or `.`"),
                );
            }
            host
        }
    };
    if host.is_empty() {
        if entry.is_empty() {
            at.kind_error("NSHOST", "a host must not be empty");
        }
        return;
    }
    if host != "*" && !host.contains('.') {
        at.kind_error(
            "NSHOST",
            format!("\"{host}\" is a short name: a Gateway needs the whole name"),
        );
    }
    if let Err(fact) = names::wildcard_domain(host)
        && !names::is_ip(host)
    {
        at.kind_error("NSHOST", fact);
    } else if names::is_partial_wildcard(host) {
        at.kind_error(
            "PWILD",
            format!("\"{host}\": a wildcard stands for whole labels, as in *.a.b"),
        );
    }
}

/// Whether istiod finds nothing wrong with the port.
fn check_port(port: At<'_>, bind: &str) -> bool {
    let mut valid = true;
    let protocol = port.get("protocol");
    if Protocol::parse(protocol.text()).is_none() {
        valid = false;
        let fact = match protocol.text() {
            "" => "a server's port needs a protocol".to_string(),
            other => format!(
                "no protocol is called {other}; there are {}",
                PROTOCOLS.join(", ")
            ),
        };
        let found = protocol.kind_error("§1", fact);
        if let Some(near) = similar::nearest(protocol.text(), PROTOCOLS.iter().copied()) {
            found.fix_replace(protocol, near, false);
        }
    }
    let number = port.int("number");
    if (number > 0 || !bind.starts_with("unix://")) && names::port(number).is_err() {
        valid = false;
        port.get("number").check("PORT", names::port(number));
    }
    if port.int("targetPort") > 0 {
        valid = false;
        let target = port.get("targetPort");
        let fact = "targetPort means nothing on a Gateway; the Service of its pods maps ports";
        target
            .kind_error("§1", fact)
            .at_key()
            .fix_delete(target, true);
    }
    if !filled(port, "name") {
        valid = false;
        port.get("name")
            .kind_error("§1", "a server's port needs a name");
    }
    valid
}

fn check_bind(bind: At<'_>, port: Option<At<'_>>) {
    if let Some(path) = bind.text().strip_prefix("unix://") {
        bind.check("UDS", names::unix_path(path));
        if let Some(port) = port.filter(|port| port.int("number") != 0) {
            port.get("number")
                .kind_error("§1", "bound to a unix socket the port must be 0");
        }
    } else if !bind.text().is_empty() {
        bind.check("IP", names::ip(bind.text()));
    }
}

/// TLS settings that fit the protocol.
fn check_tls_of_protocol(server: At<'_>, port: At<'_>) {
    let Some(protocol) = Protocol::parse(port.str("protocol")) else {
        return;
    };
    let written = port.str("protocol");
    let Some(tls) = server.field("tls") else {
        if protocol.is_tls() {
            server
                .get("tls")
                .kind_error("§1", format!("a server of {written} needs tls"));
        }
        return;
    };
    if protocol.is_tls() {
        return;
    }
    let certificates = ["caCertificates", "privateKey", "serverCertificate"];
    let passes = server_tls::mode(tls).ends_with("PASSTHROUGH");
    let used = certificates.iter().any(|key| filled(tls, key));
    if protocol.is_http() && passes && !used {
        return;
    }
    let consequence = if protocol.is_http() {
        format!(
            "a server of plain {written} cannot have TLS settings; use protocol HTTPS, or remove tls"
        )
    } else {
        format!("a server of {written} cannot have TLS settings; use protocol TLS, or remove tls")
    };
    tls.kind_error("§1", consequence).at_key();
}
