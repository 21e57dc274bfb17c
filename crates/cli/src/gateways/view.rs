//! Gateway workloads as JSON has them.

use super::words;
use crate::reason::{Reason, Reasons, texts};
use meshscope::Mesh;
use meshscope::engine::envoy::{ClientCertificate, Filter, FilterChain, Listener};
use meshscope::engine::gateways::{
    AttachedGateway, Binding, Dropped, GatewayConfig, Rejection, ServiceTarget, bindings,
    gateway_clusters_if, gateway_listeners, rejections, service_targets, unselected_gateways,
};
use meshscope::engine::index::facts;
use meshscope::engine::workloads::{Proxy, Workload, gateway_workloads, proxy_of};
use meshscope::finding::ResourceId;
use meshscope::manifest::spec::gateway::Server;
use meshscope::manifest::spec::meshconfig::Flag;
use serde::Serialize;
use std::sync::Arc;

/// All gateway workloads asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GatewaysView {
    /// The workloads.
    pub gateways: Vec<WorkloadView>,
    /// Gateway resources that no gateway workload has; empty when one workload is asked about.
    pub unselected: Vec<ResourceId>,
}

/// A gateway workload.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "GatewayWorkloadView")
)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadView {
    /// `gateway:NS/NAME`.
    pub workload: String,
    /// The Gateway resources that apply.
    pub attached: Vec<AttachedView>,
    /// What it listens with.
    pub listeners: Vec<ListenerView>,
    /// VirtualServices that are programmed, per server.
    pub bound: Vec<BoundView>,
    /// VirtualServices that are not, per server, and why.
    pub unbound: Vec<UnboundView>,
    /// What was left out.
    pub dropped: Vec<DroppedView>,
    /// What Envoy would refuse.
    pub rejected: Vec<RejectedView>,
    /// How many clusters it is sent.
    pub clusters: ClustersView,
}

/// A Gateway resource.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttachedView {
    /// Its name as VirtualServices use it.
    pub name: String,
    /// The object.
    pub resource: ResourceId,
    /// Why it applies.
    pub because: Reason,
}

/// A listener.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "GatewayListenerView")
)]
#[serde(rename_all = "camelCase")]
pub struct ListenerView {
    /// The name.
    pub name: String,
    /// The address.
    pub address: String,
    /// The port inside the pod.
    pub port: u32,
    /// The ports of Services that lead here.
    pub service_ports: Vec<ServicePortView>,
    /// Its filter chains.
    pub filter_chains: Vec<ChainView>,
}

/// A port of a Service.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServicePortView {
    /// The Service's host.
    pub service: String,
    /// Its port.
    pub port: u32,
    /// The port inside the pod.
    pub target_port: u32,
}

/// A filter chain.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "GatewayChainView")
)]
#[serde(rename_all = "camelCase")]
pub struct ChainView {
    /// The name, when it has one.
    pub name: Option<String>,
    /// Its server names; empty takes every connection.
    pub sni: Vec<String>,
    /// The TLS mode of the server; none for plaintext.
    pub tls_mode: Option<&'static str>,
    /// Whether it answers every request with a redirect to HTTPS.
    pub redirects_to_https: bool,
    /// Whether it ends TLS.
    pub terminates_tls: bool,
    /// `none`, `optional` or `required`.
    pub client_certificate: &'static str,
    /// SDS name of its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The route config, for HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_config: Option<String>,
    /// The clusters, for TCP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// Why it exists.
    pub because: Vec<Reason>,
}

/// A VirtualService on a server.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BoundView {
    /// The VirtualService.
    pub virtual_service: ResourceId,
    /// The Gateway, `NS/NAME`.
    pub gateway: String,
    /// The server.
    pub server: Reason,
    /// The port inside the pod.
    pub listener_port: u32,
    /// The hosts.
    pub hosts: Vec<String>,
    /// The route config, for HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_config: Option<String>,
}

/// A VirtualService that is not on a server.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UnboundView {
    /// The VirtualService.
    pub virtual_service: ResourceId,
    /// The Gateway, `NS/NAME`.
    pub gateway: String,
    /// The server's index; none when it is about no single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<usize>,
    /// The kind of reason.
    pub reason: &'static str,
    /// The reason in words.
    pub message: String,
    /// Whether it is on another server of the same Gateway.
    pub bound_elsewhere: bool,
    /// Whom it concerns.
    pub because: Vec<Reason>,
}

/// Something left out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DroppedView {
    /// The kind of reason.
    pub reason: &'static str,
    /// The reason in words.
    pub message: String,
    /// The listener port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u32>,
    /// Whether age decides and files do not say it.
    pub ambiguous: bool,
    /// The loser first, then whom it lost to.
    pub parties: Vec<Reason>,
}

/// Something Envoy would refuse.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RejectedView {
    /// `listener`, `route-config` or `cluster`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
    /// Everyone involved.
    pub parties: Vec<Reason>,
}

/// Counts of clusters.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClustersView {
    /// With PILOT_FILTER_GATEWAY_CLUSTER_CONFIG on.
    pub with_slimming: usize,
    /// With it off.
    pub without_slimming: usize,
    /// Whether it is on.
    pub slimming_on: bool,
}

/// All gateway workloads, or the one asked for.
pub fn of(mesh: Mesh<'_>, only: Option<Arc<Workload>>) -> GatewaysView {
    let (db, input) = (mesh.db(), mesh.input());
    let reasons = Reasons::new(mesh);
    let (workloads, unselected) = match only {
        Some(one) => (vec![one], Vec::new()),
        None => {
            let unselected = unselected_gateways(db, input);
            let unselected = unselected.iter().map(|g| (&g.object).into()).collect();
            (gateway_workloads(db, input).to_vec(), unselected)
        }
    };
    let proxies = workloads.iter().filter_map(|w| proxy_of(w));
    GatewaysView {
        gateways: proxies.map(|p| workload(mesh, &reasons, &p)).collect(),
        unselected,
    }
}

fn workload(mesh: Mesh<'_>, reasons: &Reasons<'_>, proxy: &Proxy) -> WorkloadView {
    let (db, input) = (mesh.db(), mesh.input());
    let config = gateway_listeners(db, input, proxy);
    let targets = service_targets(db, input, proxy);
    let bindings = bindings(db, input, proxy);
    let clusters = |slim| gateway_clusters_if(db, input, proxy, slim).len();
    WorkloadView {
        workload: format!("gateway:{}", proxy.workload),
        attached: config
            .gateways
            .iter()
            .map(|a| attached(reasons, a))
            .collect(),
        listeners: config
            .listeners
            .iter()
            .map(|l| listener(reasons, &config, &targets, l))
            .collect(),
        bound: bindings.iter().flat_map(|b| bound(reasons, b)).collect(),
        unbound: bindings.iter().flat_map(|b| unbound(reasons, b)).collect(),
        dropped: config.dropped.iter().map(|d| dropped(reasons, d)).collect(),
        rejected: rejections(db, input, proxy)
            .iter()
            .map(|r| rejected(reasons, r))
            .collect(),
        clusters: ClustersView {
            with_slimming: clusters(true),
            without_slimming: clusters(false),
            slimming_on: facts(db, input).flag(Flag::FilterGatewayClusterConfig),
        },
    }
}

fn attached(reasons: &Reasons<'_>, attached: &AttachedGateway) -> AttachedView {
    AttachedView {
        name: attached.gateway.label().to_string(),
        resource: (&attached.gateway.object).into(),
        because: reasons.one(&attached.because),
    }
}

fn listener(
    reasons: &Reasons<'_>,
    config: &GatewayConfig,
    targets: &[ServiceTarget],
    listener: &Listener,
) -> ListenerView {
    let leading = targets.iter().filter(|t| t.target_port == listener.port);
    let chains = listener.chains.iter().chain(&listener.default_chain);
    ListenerView {
        name: listener.name.to_string(),
        address: listener.address.to_string(),
        port: listener.port,
        service_ports: leading
            .map(|t| ServicePortView {
                service: t.service.host.to_string(),
                port: t.port.number,
                target_port: t.target_port,
            })
            .collect(),
        filter_chains: chains.map(|c| chain(reasons, config, c)).collect(),
    }
}

fn chain(reasons: &Reasons<'_>, config: &GatewayConfig, chain: &FilterChain) -> ChainView {
    let tls = chain.tls.as_ref();
    let written = server(config, chain).and_then(|s| s.tls.as_ref());
    let plaintext = tls.is_none() && matches!(chain.filter, Filter::Http { .. });
    let (route_config, clusters) = match &chain.filter {
        Filter::Http { route_config } => (Some(route_config.to_string()), Vec::new()),
        Filter::Tcp(to) => (None, to.iter().map(|c| c.cluster.to_string()).collect()),
    };
    ChainView {
        name: (!chain.name.is_empty()).then(|| chain.name.to_string()),
        sni: texts(&chain.matching.server_names),
        // A plaintext server may write `tls` all the same, to redirect.
        tls_mode: written.filter(|_| !plaintext).map(|t| t.mode.name()),
        redirects_to_https: plaintext && written.is_some_and(|t| t.https_redirect),
        terminates_tls: tls.is_some(),
        client_certificate: match tls.map(|t| t.client_certificate).unwrap_or_default() {
            ClientCertificate::None => "none",
            ClientCertificate::Optional => "optional",
            ClientCertificate::Required => "required",
        },
        certificate: tls.map(|t| t.certificate.to_string()),
        route_config,
        clusters,
        because: reasons.all(&chain.because),
    }
}

/// The server a chain is made of.
fn server<'a>(config: &'a GatewayConfig, chain: &FilterChain) -> Option<&'a Server> {
    let servers = config.gateways.iter().flat_map(|a| {
        let servers = a.gateway.servers.iter().enumerate();
        servers.map(move |(i, server)| (&a.gateway, i, server))
    });
    let mut made = servers.filter(|(gateway, i, _)| {
        let path = gateway.server_path(*i);
        let mut because = chain.because.iter();
        because.any(|b| b.object == gateway.object && b.path.starts_with(path.as_str()))
    });
    made.next().map(|(_, _, server)| server)
}

fn bound(reasons: &Reasons<'_>, binding: &Binding) -> Vec<BoundView> {
    let bound = binding.bound.iter();
    bound
        .map(|b| BoundView {
            virtual_service: (&binding.virtual_service.object).into(),
            gateway: binding.gateway.to_string(),
            server: reasons.one(&b.gateway.because(b.server, "the server")),
            listener_port: b.listener_port,
            hosts: texts(&b.hosts),
            route_config: b.route_config.as_ref().map(|r| r.to_string()),
        })
        .collect()
}

fn unbound(reasons: &Reasons<'_>, binding: &Binding) -> Vec<UnboundView> {
    let unbound = binding.unbound.iter();
    unbound
        .map(|u| {
            let (reason, message) = words::unbound(&u.reason);
            UnboundView {
                virtual_service: (&binding.virtual_service.object).into(),
                gateway: binding.gateway.to_string(),
                server: u.server,
                reason,
                message,
                bound_elsewhere: !binding.bound.is_empty(),
                because: reasons.all(&u.because),
            }
        })
        .collect()
}

fn dropped(reasons: &Reasons<'_>, dropped: &Dropped) -> DroppedView {
    let (reason, message) = words::dropped(&dropped.reason);
    DroppedView {
        reason,
        message,
        port: (dropped.port != 0).then_some(dropped.port),
        ambiguous: dropped.ambiguous,
        parties: reasons.all(&dropped.parties),
    }
}

fn rejected(reasons: &Reasons<'_>, rejection: &Rejection) -> RejectedView {
    RejectedView {
        what: words::rejected(rejection.what),
        name: rejection.name.to_string(),
        why: rejection.why.to_string(),
        parties: reasons.all(&rejection.parties),
    }
}
