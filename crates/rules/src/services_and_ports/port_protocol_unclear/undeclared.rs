//! Service ports whose protocol istiod finds out by looking at the first bytes.

use super::RULE;
use crate::prelude::*;
use meshscope_manifest::spec::kubernetes::ServicePort;
use meshscope_mesh::registry::Protocol;

/// Ports of protocols in which the server speaks first: a listener that waits for the client to tell
/// what it speaks waits for ever.
const SERVER_FIRST: [u32; 5] = [21, 22, 110, 143, 587];

/// The words a name can begin with.
const WORDS: [&str; 12] = [
    "http",
    "http2",
    "https",
    "grpc",
    "grpc-web",
    "tcp",
    "tls",
    "mongo",
    "mysql",
    "redis",
    "udp",
    "http_proxy",
];

/// A Service port whose protocol is found by looking at the first bytes.
pub(super) fn undeclared(
    service: &ResourceKey,
    index: usize,
    port: &ServicePort,
    only: bool,
) -> Option<Finding> {
    let protocol = Protocol::of_service_port(port.port, &port.name, &port.protocol, None);
    if protocol != Protocol::Unsupported || port.app_protocol.is_some() || is_unknown(&port.name) {
        return None;
    }
    let path = format!("spec.ports[{index}]");
    let sniffed = "HTTP is recognised by its first bytes, everything else is plain TCP";
    if port.name.is_empty() {
        let severity = if only { Severity::Hint } else { RULE.severity };
        let message = format!(
            "port {} has no name, which declares no protocol: {sniffed}",
            port.port
        );
        return Some(
            Finding::new(RULE.name, severity, service, &path, message)
                .help("name it by its protocol: http, grpc, tcp…"),
        );
    }
    let waits = SERVER_FIRST.contains(&port.port);
    let message = if waits {
        format!(
            "port {} declares no protocol, and on {} the server speaks first: the proxy waits for the client and the connection hangs",
            port.name, port.port
        )
    } else {
        format!("port {} declares no protocol: {sniffed}", port.name)
    };
    let severity = if waits {
        Severity::Warning
    } else {
        RULE.severity
    };
    let mut finding = Finding::new(RULE.name, severity, service, &path, message)
        .help("begin the name with the protocol (http-, grpc-, tcp-…), or set appProtocol");
    if waits {
        finding = finding.certainty(Certainty::Assumed);
    }
    let (word, rest) = port.name.split_once('-').unwrap_or((&port.name, ""));
    let Some(meant) = nearest(word, WORDS.into_iter()) else {
        return Some(finding);
    };
    let renamed = match rest {
        "" => meant.to_owned(),
        rest => format!("{meant}-{rest}"),
    };
    finding.help = Some(format!("did you mean {renamed}?"));
    match format!("{path}.name").parse() {
        Ok(path) => Some(finding.fix(Fix {
            title: format!("name it {renamed}"),
            safe: false,
            edits: vec![Edit::Replace {
                path,
                value: renamed.as_str().into(),
            }],
        })),
        Err(_) => Some(finding),
    }
}
