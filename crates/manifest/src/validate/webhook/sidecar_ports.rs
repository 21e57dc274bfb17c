//! Listeners of a Sidecar: their ports, binds and TLS (validation-rules.md §5). Rule invalid-sidecar.
//!
//! Must not know the hosts of a listener.

use super::common::filled;
use super::names::{self, Protocol, is_label};
use super::server_tls;
use super::service_entry::protocol;
use super::traffic_policy::connection_pool;
use crate::validate::go;
use crate::validate::report::At;

pub(super) fn ingress(spec: At<'_>) {
    let mut seen: Vec<At<'_>> = Vec::new();
    for listener in spec.list("ingress") {
        let Some(port) = listener.field("port") else {
            listener
                .get("port")
                .kind_error("§5", "an ingress listener needs a port");
            continue;
        };
        target_port(port);
        port_name(port);
        protocol(port.get("protocol"));
        port.get("number")
            .check("PORT", names::port(port.int("number")));
        bind_to_ip(listener.get("bind"));
        unique(port, &mut seen);
        default_endpoint(listener.get("defaultEndpoint"));
        if let Some(tls) = listener.field("tls") {
            ingress_tls(tls, port);
        }
        connection_pool(listener.field("connectionPool"));
        let http = listener.get("connectionPool").field("http");
        let speaks_http = Protocol::parse(port.str("protocol")).is_some_and(Protocol::is_http);
        if let Some(http) = http.filter(|_| !speaks_http) {
            let fact = format!(
                "port {} is not HTTP; only the tcp part applies",
                port.int("number")
            );
            http.no_effect("§5", fact).at_key();
        }
    }
}

/// A port number that an earlier listener has.
fn unique<'a>(port: At<'a>, seen: &mut Vec<At<'a>>) {
    let number = port.get("number");
    let same = |first: &&At<'_>| first.int("number") == port.int("number");
    match seen.iter().find(same) {
        Some(first) => {
            let fact = format!("two listeners have port {}", port.int("number"));
            number.kind_error("§5", fact).related(first.get("number"));
        }
        None => seen.push(port),
    }
}

fn target_port(port: At<'_>) {
    if port.int("targetPort") > 0 {
        let target = port.get("targetPort");
        let fact = "targetPort means nothing in a Sidecar";
        target
            .kind_error("§5", fact)
            .at_key()
            .fix_delete(target, true);
    }
}

fn port_name(port: At<'_>) {
    let name = port.get("name");
    if !name.text().is_empty() && !is_label(name.text()) {
        name.value_error(
            "PNAME",
            format!("\"{}\" is no port name (a DNS label)", name.text()),
        );
    }
}

fn bind_to_ip(bind: At<'_>) {
    if !bind.text().is_empty() {
        bind.check("IP", names::ip(bind.text()));
    }
}

fn default_endpoint(at: At<'_>) {
    if at.text().is_empty() {
        return;
    }
    if let Some(path) = at.text().strip_prefix("unix://") {
        at.check("UDS", names::unix_path(path));
        return;
    }
    match go::split_host_port(at.text()) {
        Err(problem) => {
            at.value_error(
                "§5",
                format!("\"{}\" is no host:port: {problem}", at.text()),
            );
        }
        Ok((host, _)) if !matches!(host, "" | "127.0.0.1" | "0.0.0.0" | "::1" | "::") => {
            let forms =
                "127.0.0.1:<port>, 0.0.0.0:<port>, [::1]:<port>, [::]:<port> or unix://<path>";
            at.value_error("§5", format!("must be {forms}"));
        }
        Ok((_, port)) => match go::atoi(port) {
            Some(number) => at.check("PORT", names::port(number)),
            None => at.check("§5", Err(format!("port \"{port}\" is no number"))),
        },
    }
}

fn ingress_tls(tls: At<'_>, port: At<'_>) {
    for key in ["subjectAltNames", "credentialNames", "tlsCertificates"] {
        if tls.len(key) > 0 {
            unsupported(tls.get(key));
        }
    }
    if filled(tls, "credentialName") {
        unsupported(tls.get("credentialName"));
    }
    if tls.bool("httpsRedirect") {
        unsupported(tls.get("httpsRedirect"));
    }
    let mode = server_tls::mode(tls);
    if matches!(mode, "ISTIO_MUTUAL" | "AUTO_PASSTHROUGH") {
        tls.get("mode")
            .kind_error("§5", format!("a sidecar's ingress TLS cannot be {mode}"));
    }
    if !Protocol::parse(port.str("protocol")).is_some_and(Protocol::is_tls) {
        let fact = "only a listener of HTTPS or TLS can have TLS settings";
        tls.kind_error("§5", fact)
            .at_key()
            .related(port.get("protocol"));
    }
    server_tls::check(Some(tls));
    server_tls::unused_certificates(tls);
}

fn unsupported(field: At<'_>) {
    field
        .kind_error("§5", "a sidecar's ingress TLS does not support this field")
        .at_key();
}

pub(super) fn egress(spec: At<'_>) {
    let mut ports: Vec<At<'_>> = Vec::new();
    let mut sockets: Vec<At<'_>> = Vec::new();
    let last = spec.len("egress").saturating_sub(1);
    for (i, listener) in spec.list("egress").enumerate() {
        let Some(port) = listener.field("port") else {
            if i != last {
                let fact =
                    "the egress listener without port takes all traffic, so it must be the last";
                listener.kind_error("§5", fact);
            }
            continue;
        };
        target_port(port);
        port_name(port);
        protocol(port.get("protocol"));
        let bind = listener.get("bind");
        if port.int("number") == 0 {
            egress_socket(listener, bind);
            match sockets.iter().find(|first| first.text() == bind.text()) {
                Some(first) => {
                    bind.kind_error("§5", "two listeners have this socket")
                        .related(*first);
                }
                None => sockets.push(bind),
            }
        } else {
            port.get("number")
                .check("PORT", names::port(port.int("number")));
            bind_to_ip(bind);
            unique(port, &mut ports);
        }
    }
}

fn egress_socket(listener: At<'_>, bind: At<'_>) {
    match bind.text().strip_prefix("unix://") {
        Some(path) => bind.check("UDS", names::unix_path(path)),
        None => {
            let fact = "a listener needs a port number, or port 0 and a bind to unix://<path>";
            listener.get("port").get("number").kind_error("§5", fact);
        }
    }
    if !matches!(listener.str("captureMode"), "" | "DEFAULT" | "NONE") {
        let fact = "nothing is captured for a unix socket: captureMode must be DEFAULT or NONE";
        listener.get("captureMode").kind_error("§5", fact);
    }
}
