//! The TLS a proxy sends to the endpoints of a cluster (O:11).
//!
//! Sidecars and gateways decide alike but for one quirk. What an endpoint is able to answer is the
//! business of its inbound side.

use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::inbound::{effective, namespace_mode};
use crate::index::facts;
use crate::registry::{Endpoint, EndpointKind, Resolution, Service, endpoints};
use crate::visibility::{DestinationRuleEntry, destination_rule_for};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use meshscope_manifest::spec::policy::MtlsMode;
use meshscope_manifest::spec::traffic::{ClientTls, ClientTlsMode, TrafficPolicy};

/// The TLS sent to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentTls {
    /// The mode; `None` sends the bytes as they are.
    pub mode: Option<ClientTlsMode>,
    /// The server name; empty sends the Host header of a request, or none.
    pub sni: Str,
    /// What decided.
    pub because: Vec<Because>,
}

impl SentTls {
    fn plain(because: Vec<Because>) -> SentTls {
        SentTls {
            mode: None,
            sni: Str::default(),
            because,
        }
    }
}

/// The TLS `proxy` sends to `endpoint`, port `endpoint_port`, for `subset` of `service` on `port`.
/// `endpoint` is `None` for one nobody knows.
pub fn sent_tls(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Service,
    port: u32,
    subset: &str,
    endpoint: Option<(&Endpoint, u32)>,
) -> SentTls {
    let rule = destination_rule_for(db, mesh, proxy, &service.host, &service.namespace);
    let policy = rule.as_deref().map(|r| Policy::new(r, port, subset));
    if let Some((tls, because)) = policy.as_ref().and_then(|p| p.tls.clone()) {
        let has_selector = rule.as_ref().is_some_and(|r| r.selector.is_some());
        return written(proxy, service, port, subset, &tls, because, has_selector);
    }
    let passthrough = policy.as_ref().is_some_and(|p| p.passthrough);
    automatic(
        db,
        mesh,
        service,
        port,
        subset,
        endpoint,
        passthrough,
        rule.as_deref(),
    )
}

/// What a DestinationRule says about one port and subset (O:10.8).
pub(super) struct Policy {
    tls: Option<(ClientTls, Because)>,
    /// Whether the load balancer keeps the dialled address (O:9.5).
    pub passthrough: bool,
}

impl Policy {
    pub fn new(rule: &DestinationRuleEntry, port: u32, subset: &str) -> Policy {
        let mut policy = Policy {
            tls: None,
            passthrough: false,
        };
        if let Some((top, key)) = &rule.policy {
            // A port's own settings replace the whole policy.
            let of_port = top.port_level.iter().position(|(p, _)| *p == port);
            let (effective, path) = match of_port.and_then(|i| Some((i, top.port_level.get(i)?))) {
                Some((i, (_, own))) => (
                    own,
                    format!("spec.trafficPolicy.portLevelSettings[{i}].tls"),
                ),
                None => (&**top, "spec.trafficPolicy.tls".to_owned()),
            };
            policy.apply(effective, |why| Because::new(key, path.clone(), why), false);
        }
        if let Some((found, key, index)) = rule.subset(subset)
            && let Some(own) = &found.traffic_policy
        {
            let base = format!("spec.subsets[{index}].trafficPolicy");
            policy.apply(
                own,
                |why| Because::new(key, format!("{base}.tls"), why),
                false,
            );
            if let Some(i) = own.port_level.iter().position(|(p, _)| *p == port)
                && let Some((_, of_port)) = own.port_level.get(i)
            {
                let path = format!("{base}.portLevelSettings[{i}].tls");
                policy.apply(of_port, |why| Because::new(key, path.clone(), why), true);
            }
        }
        policy
    }

    fn apply(
        &mut self,
        policy: &TrafficPolicy,
        because: impl Fn(&'static str) -> Because,
        replaces: bool,
    ) {
        if policy.tls.is_some() || replaces {
            self.tls = policy
                .tls
                .clone()
                .map(|tls| (tls, because("says the TLS to the endpoints (O:11.2)")));
        }
        if policy.load_balancer.is_some() || replaces {
            self.passthrough = policy.is_passthrough();
        }
    }
}

/// Rows 1 to 5: a DestinationRule says it.
fn written(
    proxy: &Proxy,
    service: &Service,
    port: u32,
    subset: &str,
    tls: &ClientTls,
    because: Because,
    has_selector: bool,
) -> SentTls {
    let credential = !tls.credential_name.is_empty()
        && !tls.credential_name.starts_with("configmap://")
        && matches!(tls.mode, ClientTlsMode::Simple | ClientTlsMode::Mutual);
    if credential && !proxy.is_router() && !has_selector {
        let mut because = because;
        because.why =
            "credentialName works in a sidecar only with a workloadSelector: without one \
                       nothing is encrypted (O:11.2)"
                .into();
        return SentTls::plain(vec![because]);
    }
    let mutual_without_files = tls.mode == ClientTlsMode::Mutual
        && !credential
        && (tls.client_certificate.is_empty() || tls.private_key.is_empty());
    if tls.mode == ClientTlsMode::Disable || mutual_without_files {
        return SentTls::plain(vec![because]);
    }
    let sni = if tls.mode == ClientTlsMode::IstioMutual && tls.sni.is_empty() {
        mutual_sni(service, port, subset)
    } else {
        tls.sni.clone()
    };
    SentTls {
        mode: Some(tls.mode),
        sni,
        because: vec![because],
    }
}

/// Rows 6 to 11: automatic mutual TLS.
#[allow(clippy::too_many_arguments)]
fn automatic(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    port: u32,
    subset: &str,
    endpoint: Option<(&Endpoint, u32)>,
    passthrough: bool,
    rule: Option<&DestinationRuleEntry>,
) -> SentTls {
    if service.mesh_external || !facts(db, mesh).config.enable_auto_mtls {
        return SentTls::plain(Vec::new());
    }
    let mutual = |because| SentTls {
        mode: Some(ClientTlsMode::IstioMutual),
        sni: mutual_sni(service, port, subset),
        because,
    };
    let namespace = namespace_mode(db, mesh, &service.namespace);
    let disabled = |key| {
        let why = "turns mutual TLS off for the service (O:11.2)";
        SentTls::plain(vec![Because::new(key, "spec.mtls", why)])
    };
    if service.resolution == Resolution::Passthrough || passthrough {
        let known = endpoints(db, mesh, service);
        if known.is_empty() || known.iter().any(|e| !e.istio_tls) {
            return SentTls::plain(Vec::new());
        }
        return match &namespace {
            Some((MtlsMode::Disable, key)) => disabled(key),
            _ => mutual(Vec::new()),
        };
    }
    if let Some((MtlsMode::Disable, key)) = &namespace {
        return disabled(key);
    }
    let Some((endpoint, endpoint_port)) = endpoint.filter(|(e, _)| e.istio_tls) else {
        return SentTls::plain(Vec::new());
    };
    if let Some(because) = shadowed(rule, port, subset) {
        return SentTls::plain(vec![because]);
    }
    let policy = match &endpoint.kind {
        EndpointKind::Workload(w) => effective(db, mesh, w.namespace(), &w.labels),
        _ => effective(db, mesh, &service.namespace, &endpoint.labels),
    };
    if policy.on_port(endpoint_port) == MtlsMode::Disable {
        let by = policy.decided_by(endpoint_port);
        return by.map_or_else(|| SentTls::plain(Vec::new()), disabled);
    }
    mutual(Vec::new())
}

/// The endpoint check reads the rule its own way: a top-level mode counts even where a port's own
/// settings, without TLS, replaced it for the cluster (O:11.3).
fn shadowed(rule: Option<&DestinationRuleEntry>, port: u32, subset: &str) -> Option<Because> {
    let rule = rule?;
    let subset_policy = rule
        .subset(subset)
        .and_then(|(s, key, _)| Some((s.traffic_policy.as_ref()?, key)));
    let (policy, key) = match subset_policy {
        Some(found) => found,
        None => rule.policy.as_ref().map(|(p, k)| (p, k))?,
    };
    let of_port = policy.port_level.iter().find(|(p, _)| *p == port);
    let own = of_port.and_then(|(_, p)| p.tls.as_ref());
    let tls = own.or(policy.tls.as_ref())?;
    matches!(tls.mode, ClientTlsMode::Disable | ClientTlsMode::Simple).then(|| {
        Because::new(
            key,
            "spec.trafficPolicy.tls",
            "still marks every endpoint as one without mutual TLS (O:11.3)",
        )
    })
}

fn mutual_sni(service: &Service, port: u32, subset: &str) -> Str {
    format!("outbound_.{port}_.{subset}_.{}", service.host).into()
}
