//! The filter chains of one inbound port by protocol and mutual TLS mode (O:17.3).

use crate::envoy::{
    Because, ChainMatch, ClientCertificate, ClusterWeight, Filter, FilterChain, ServerTls,
    Transport,
};
use crate::outbound::http_alpn;
use crate::registry::ProtocolClass;
use meshscope_manifest::Str;
use meshscope_manifest::spec::policy::MtlsMode;

/// One row of the table.
struct Row {
    alpn: Alpn,
    transport: Transport,
    http: bool,
    tls: bool,
}

/// Which application protocols a row takes.
#[derive(Clone, Copy)]
enum Alpn {
    Any,
    /// HTTP over Istio mutual TLS.
    MutualHttp,
    /// Other bytes over it.
    MutualTcp,
    /// All of Istio's.
    Mutual,
    /// What the HTTP inspector recognises.
    Plain,
}

const MUTUAL_HTTP: [&str; 3] = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
const MUTUAL_TCP: [&str; 2] = ["istio-peer-exchange", "istio"];
const MUTUAL: [&str; 5] = [
    "istio",
    "istio-peer-exchange",
    "istio-http/1.0",
    "istio-http/1.1",
    "istio-h2",
];

impl Alpn {
    fn values(self, http10: bool) -> Vec<Str> {
        let fixed = |list: &[&str]| list.iter().map(Str::new).collect();
        match self {
            Alpn::Any => Vec::new(),
            Alpn::MutualHttp => fixed(&MUTUAL_HTTP),
            Alpn::MutualTcp => fixed(&MUTUAL_TCP),
            Alpn::Mutual => fixed(&MUTUAL),
            Alpn::Plain => http_alpn(http10),
        }
    }
}

fn row(alpn: Alpn, transport: Transport, http: bool, tls: bool) -> Row {
    Row {
        alpn,
        transport,
        http,
        tls,
    }
}

fn rows(class: ProtocolClass, mode: MtlsMode) -> Vec<Row> {
    use Alpn::{Any, Mutual, MutualHttp, MutualTcp, Plain};
    use Transport::{Raw, Tls};
    match (class, mode) {
        (ProtocolClass::Http, MtlsMode::Strict) => vec![row(Any, Tls, true, true)],
        (ProtocolClass::Http, MtlsMode::Permissive) => {
            vec![row(Mutual, Tls, true, true), row(Any, Raw, true, false)]
        }
        (ProtocolClass::Http, _) => vec![row(Any, Raw, true, false)],
        (ProtocolClass::Auto, MtlsMode::Strict) => {
            vec![row(MutualHttp, Tls, true, true), row(Any, Tls, false, true)]
        }
        (ProtocolClass::Auto, MtlsMode::Permissive) => vec![
            row(MutualHttp, Tls, true, true),
            row(Plain, Raw, true, false),
            row(MutualTcp, Tls, false, true),
            row(Any, Raw, false, false),
            row(Any, Tls, false, false),
        ],
        (ProtocolClass::Auto, _) => {
            vec![row(Plain, Raw, true, false), row(Any, Raw, false, false)]
        }
        (_, MtlsMode::Strict) => vec![row(Any, Tls, false, true)],
        (_, MtlsMode::Permissive) => vec![
            row(Mutual, Tls, false, true),
            row(Any, Tls, false, false),
            row(Any, Raw, false, false),
        ],
        (_, _) => vec![row(Any, Raw, false, false)],
    }
}

/// A port chains are made for.
pub(super) struct Inbound<'a> {
    /// The names of TCP and HTTP chains.
    pub names: (Str, Str),
    /// The port inside the pod; 0 for all that nobody declares.
    pub port: u32,
    /// How its protocol is treated.
    pub class: ProtocolClass,
    /// The cluster.
    pub cluster: Str,
    /// The effective mode.
    pub mode: MtlsMode,
    /// TLS that a Sidecar ends itself, when it may (O:13.11).
    pub own_tls: Option<ServerTls>,
    /// Whether HTTP/1.0 is accepted.
    pub http10: bool,
    /// Why it exists.
    pub because: &'a [Because],
}

/// The chains of a port.
pub(super) fn of_port(inbound: &Inbound<'_>) -> Vec<FilterChain> {
    let rows = match &inbound.own_tls {
        Some(_) => vec![row(
            Alpn::Any,
            Transport::Tls,
            inbound.class == ProtocolClass::Http,
            true,
        )],
        None => rows(inbound.class, inbound.mode),
    };
    rows.into_iter()
        .map(|row| FilterChain {
            name: if row.http {
                inbound.names.1.clone()
            } else {
                inbound.names.0.clone()
            },
            matching: ChainMatch {
                destination_port: inbound.port,
                transport: Some(row.transport),
                alpn: row.alpn.values(inbound.http10),
                ..ChainMatch::default()
            },
            tls: row
                .tls
                .then(|| inbound.own_tls.clone().unwrap_or_else(mutual)),
            filter: if row.http {
                // Inbound routes are written into the listener; the cluster names them.
                Filter::Http {
                    route_config: inbound.cluster.clone(),
                }
            } else {
                Filter::Tcp(vec![ClusterWeight::all(inbound.cluster.clone())])
            },
            because: inbound.because.to_vec(),
        })
        .collect()
}

fn mutual() -> ServerTls {
    ServerTls {
        client_certificate: ClientCertificate::Required,
        certificate: "default".into(),
        sds_cluster: Str::default(),
        istio_mutual: true,
    }
}
