//! Words for what was dropped, not bound, or would be refused: codes for JSON, sentences for people.

use meshscope::engine::gateways::{DropReason, Rejected, UnboundReason};

/// A code and a sentence.
pub type Words = (&'static str, String);

/// Why something is not programmed.
pub fn dropped(reason: &DropReason) -> Words {
    let list = |hosts: &[meshscope::manifest::Str]| {
        let hosts: Vec<&str> = hosts.iter().map(|h| h.as_str()).collect();
        hosts.join(", ")
    };
    match reason {
        DropReason::DuplicateHosts(hosts) => (
            "duplicate-hosts",
            format!(
                "the whole server is dropped: {} is taken on this port",
                list(hosts)
            ),
        ),
        DropReason::ProtocolConflict => (
            "protocol-conflict",
            "the port already has a plaintext server of another protocol".into(),
        ),
        DropReason::DuplicateRouteConfig(name) => (
            "duplicate-route-config",
            format!("a second HTTPS server with route config {name}"),
        ),
        DropReason::NoServicePort => (
            "no-service-port",
            "the Services of the Gateway do not have this port".into(),
        ),
        DropReason::Privileged => (
            "privileged-port",
            "an unprivileged pod may not bind a port below 1024".into(),
        ),
        DropReason::HostsDiscarded(hosts) => (
            "hosts-discarded",
            format!(
                "*/* discards the other hosts of its server: {}",
                list(hosts)
            ),
        ),
        DropReason::IstiodCrash => (
            "istiod-crash",
            "*/* before another host of every namespace: istiod itself dies".into(),
        ),
        DropReason::NoChain => (
            "no-chain",
            "no route can be used on the server: it has no filter chain".into(),
        ),
        DropReason::EmptyListener => (
            "empty-listener",
            "no server of the port has a filter chain: nothing listens".into(),
        ),
        DropReason::DuplicateSni(names) => (
            "duplicate-sni",
            format!("SNI {} is taken on this port", list(names)),
        ),
    }
}

/// Why a VirtualService is not on a server.
pub fn unbound(reason: &UnboundReason) -> Words {
    match reason {
        UnboundReason::NotExported => (
            "not-exported",
            "it is not exported to the gateway's namespace".into(),
        ),
        UnboundReason::OtherNamespace => (
            "other-namespace",
            "the server is open to other namespaces only".into(),
        ),
        UnboundReason::NoCommonHost { but_for_case: true } => (
            "no-common-host",
            "only letter case keeps its hosts and those of the server apart".into(),
        ),
        UnboundReason::NoCommonHost { .. } => (
            "no-common-host",
            "none of its hosts is a host of the server".into(),
        ),
        UnboundReason::WrongKind { wants, has } => (
            "wrong-kind",
            format!("the server uses {wants} routes, it has {}", has.join(", ")),
        ),
        UnboundReason::OtherPort {
            server_port,
            written,
        } => {
            let written: Vec<String> = written.iter().map(u32::to_string).collect();
            (
                "other-port",
                format!(
                    "its matches want port {}, the server has {server_port}",
                    written.join(", ")
                ),
            )
        }
        UnboundReason::NoMatchApplies => (
            "no-match-applies",
            "none of its matches is for this gateway and this workload".into(),
        ),
        UnboundReason::SniTaken => (
            "sni-taken",
            "every SNI it has is taken by an earlier match".into(),
        ),
        UnboundReason::TcpRuleTaken => (
            "tcp-rule-taken",
            "another VirtualService's TCP rule has the whole server".into(),
        ),
        UnboundReason::AutoPassthrough => (
            "auto-passthrough",
            "AUTO_PASSTHROUGH servers use no VirtualServices".into(),
        ),
        UnboundReason::ServerDropped(reason) => (
            "server-dropped",
            format!("the server itself is dropped: {}", dropped(reason).1),
        ),
    }
}

/// What Envoy would refuse.
pub fn rejected(what: Rejected) -> &'static str {
    match what {
        Rejected::Listener => "listener",
        Rejected::RouteConfig => "route-config",
        Rejected::Cluster => "cluster",
    }
}
