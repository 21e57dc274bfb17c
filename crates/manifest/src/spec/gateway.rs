//! Istio Gateway: selector and servers.

use super::{Labels, enum_index, lacks_mode, virtual_service::number};
use crate::value::{Str, Value};

/// A Gateway spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gateway {
    /// `selector`; empty selects every gateway workload (G:SEL-3).
    pub selector: Labels,
    /// `servers` in order.
    pub servers: Vec<Server>,
}

/// One `servers[]` element.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// `name`.
    pub name: Str,
    /// `port.number`.
    pub port: u32,
    /// `port.protocol` as written.
    pub protocol: Str,
    /// `port.name`.
    pub port_name: Str,
    /// `bind`.
    pub bind: Str,
    /// `hosts` as written.
    pub hosts: Vec<Str>,
    /// `tls`, when present.
    pub tls: Option<ServerTls>,
    /// Whether `tls` says no `mode`.
    pub tls_without_mode: bool,
}

/// `servers[].tls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServerTls {
    /// `mode`; absent means PASSTHROUGH, the zero value (G:0).
    pub mode: TlsMode,
    /// `httpsRedirect`.
    pub https_redirect: bool,
    /// `credentialName`.
    pub credential_name: Str,
    /// `credentialNames`.
    pub credential_names: Vec<Str>,
    /// `caCertCredentialName`.
    pub ca_credential_name: Str,
    /// `serverCertificate`.
    pub server_certificate: Str,
    /// `privateKey`.
    pub private_key: Str,
    /// `caCertificates`.
    pub ca_certificates: Str,
    /// Number of `tlsCertificates`.
    pub tls_certificates: usize,
}

/// The TLS mode of a Gateway server or Sidecar ingress listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// SNI routing without termination.
    #[default]
    Passthrough,
    /// Terminates TLS.
    Simple,
    /// Terminates TLS and requires a client certificate.
    Mutual,
    /// SNI routing to the service the SNI names.
    AutoPassthrough,
    /// Terminates Istio mutual TLS with the workload certificate.
    IstioMutual,
    /// Terminates TLS and asks for a client certificate.
    OptionalMutual,
}

impl TlsMode {
    const NAMES: &'static [(&'static str, usize)] = &[
        ("PASSTHROUGH", 0),
        ("SIMPLE", 1),
        ("MUTUAL", 2),
        ("AUTO_PASSTHROUGH", 3),
        ("ISTIO_MUTUAL", 4),
        ("OPTIONAL_MUTUAL", 5),
    ];

    /// Decodes `mode`.
    pub fn decode(value: &Value) -> TlsMode {
        match enum_index(value, Self::NAMES) {
            Some(1) => TlsMode::Simple,
            Some(2) => TlsMode::Mutual,
            Some(3) => TlsMode::AutoPassthrough,
            Some(4) => TlsMode::IstioMutual,
            Some(5) => TlsMode::OptionalMutual,
            _ => TlsMode::Passthrough,
        }
    }

    /// Whether the mode forwards TLS unopened (G:0, "passthrough server").
    pub fn is_passthrough(self) -> bool {
        matches!(self, TlsMode::Passthrough | TlsMode::AutoPassthrough)
    }

    /// The name as written in YAML.
    pub fn name(self) -> &'static str {
        match self {
            TlsMode::Passthrough => "PASSTHROUGH",
            TlsMode::Simple => "SIMPLE",
            TlsMode::Mutual => "MUTUAL",
            TlsMode::AutoPassthrough => "AUTO_PASSTHROUGH",
            TlsMode::IstioMutual => "ISTIO_MUTUAL",
            TlsMode::OptionalMutual => "OPTIONAL_MUTUAL",
        }
    }
}

impl Gateway {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> Gateway {
        Gateway {
            selector: Labels::decode(spec.get("selector")),
            servers: spec.list("servers").iter().map(Server::decode).collect(),
        }
    }
}

impl Server {
    fn decode(value: &Value) -> Server {
        let port = value.get("port");
        Server {
            name: value.str_or_empty("name"),
            port: number(port.get("number")).unwrap_or(0),
            protocol: port.str_or_empty("protocol"),
            port_name: port.str_or_empty("name"),
            bind: value.str_or_empty("bind"),
            hosts: value.strings("hosts"),
            tls: value.field("tls").map(ServerTls::decode),
            tls_without_mode: lacks_mode(value.get("tls")),
        }
    }
}

impl ServerTls {
    /// Decodes `tls` of a server or of a Sidecar ingress listener.
    pub fn decode(value: &Value) -> ServerTls {
        ServerTls {
            mode: TlsMode::decode(value.get("mode")),
            https_redirect: value.bool("httpsRedirect").unwrap_or(false),
            credential_name: value.str_or_empty("credentialName"),
            credential_names: value.strings("credentialNames"),
            ca_credential_name: value.str_or_empty("caCertCredentialName"),
            server_certificate: value.str_or_empty("serverCertificate"),
            private_key: value.str_or_empty("privateKey"),
            ca_certificates: value.str_or_empty("caCertificates"),
            tls_certificates: value.list("tlsCertificates").len(),
        }
    }
}
