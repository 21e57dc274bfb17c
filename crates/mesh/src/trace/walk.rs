//! From proxy to proxy until the call arrives, is refused, leaves, or comes back to where it was.

use super::bytes::{Bytes, Shown};
use super::capture::escapes_inbound;
use super::hop::{Branch, ClientSees, Hop, Trace, Verdict};
use super::pass::{Passed, Side, Site, Way, because_of, pass};
use super::upstream::{Target, Upstream, find, target};
use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::gateways::gateway_listeners;
use crate::inbound::{Caller, Decision, RequestFacts, authorize, inbound_listener, inbound_ports};
use crate::index::facts;
use crate::outbound::{SentTls, sent_tls};
use crate::registry::{Endpoint, Service};
use crate::workloads::{Proxy, ProxyKind, Workload, proxy_of};
use meshscope_manifest::Str;
use meshscope_manifest::spec::traffic::ClientTlsMode;
use std::sync::Arc;

/// Proxies a trace may visit, all branches together: every call ends.
const BUDGET: usize = 64;

/// A walk.
pub(super) struct Walk<'db> {
    db: &'db dyn Db,
    mesh: Mesh,
    budget: usize,
    /// Where the call has been on the way to here, and with which bytes.
    visited: Vec<(Str, Str, u32, Bytes)>,
    /// The caller's IP as test files give it.
    source_ip: Option<Str>,
}

impl<'db> Walk<'db> {
    pub fn new(db: &'db dyn Db, mesh: Mesh, source_ip: Option<Str>) -> Walk<'db> {
        Walk {
            db,
            mesh,
            budget: BUDGET,
            visited: Vec::new(),
            source_ip,
        }
    }

    /// What happens from here on. `identity` is the workload the proxy acts for.
    pub fn go(&mut self, site: &Site, bytes: &Bytes) -> Trace {
        let here = (
            site.proxy.workload.clone(),
            site.listener.name.clone(),
            site.port,
            bytes.clone(),
        );
        if self.budget == 0 || self.visited.contains(&here) {
            return end(Verdict::Loop, ClientSees::Reset, &site.proxy);
        }
        self.budget -= 1;
        self.visited.push(here);
        let trace = self.at(site, bytes);
        self.visited.pop();
        trace
    }

    fn at(&mut self, site: &Site, bytes: &Bytes) -> Trace {
        let passed = pass(self.db, self.mesh, site, bytes);
        if passed.ways.is_empty() {
            let mut trace = end(passed.hop.verdict, passed.hop.client_sees, &site.proxy);
            trace.assumptions = passed.assumptions;
            trace.hops.push(passed.hop);
            return with_gateways(trace);
        }
        let main = heaviest(&passed.ways);
        let mut followed = None;
        let mut branches: Vec<Branch> = Vec::new();
        let ways = passed.ways.clone();
        for (index, way) in ways.iter().enumerate() {
            let (trace, sent, own) = self.follow(site, &passed, way);
            let branch = Branch {
                cluster: way.to.cluster.clone(),
                weight: way.to.weight,
                mirror: way.mirror,
                upstream_tls: sent.mode,
                other: None,
            };
            if index == main {
                branches.insert(0, branch);
                followed = Some((trace, sent, own, way.clone()));
            } else {
                branches.push(Branch {
                    other: Some(Box::new(trace)),
                    ..branch
                });
            }
        }
        let Passed {
            mut hop,
            assumptions,
            ..
        } = passed;
        hop.branches = branches;
        let Some((mut trace, sent, own, way)) = followed else {
            return end(Verdict::NoRoute, ClientSees::Reset, &site.proxy);
        };
        (hop.verdict, hop.client_sees) = own;
        hop.because.extend(because_of(&way));
        hop.because.extend(sent.because);
        trace.hops.insert(0, hop);
        trace.assumptions.splice(0..0, assumptions);
        with_gateways(trace)
    }

    /// Follows one way: what comes of it, the TLS added, and the proxy's own answer when everything
    /// behind it is well.
    fn follow(
        &mut self,
        site: &Site,
        passed: &Passed,
        way: &Way,
    ) -> (Trace, SentTls, (Verdict, ClientSees)) {
        let own = |verdict, status| {
            let sees = match (status, passed.http) {
                (0, _) => ClientSees::Upstream,
                (status, true) => ClientSees::Status(status),
                (_, false) => ClientSees::Reset,
            };
            (verdict, sees)
        };
        let done = |(verdict, sees): (Verdict, ClientSees)| {
            let trace = end(verdict, sees, &site.proxy);
            (trace, plain(), (verdict, sees))
        };
        match find(self.db, self.mesh, &site.proxy, &way.to.cluster) {
            Upstream::Passthrough => {
                let (mut trace, sent, own) = done(own(Verdict::Passthrough, 0));
                trace.destinations.push(self.dialled(site, passed));
                (trace, sent, own)
            }
            Upstream::BlackHole => done(own(Verdict::Blackhole, 503)),
            Upstream::Application => {
                let (mut trace, sent, own) = done(own(Verdict::Routed, 0));
                trace.destinations.push(destination(&site.proxy));
                (trace, sent, own)
            }
            Upstream::Missing(why) => {
                let status = if way.missing_is_500 { 500 } else { 503 };
                let (mut trace, sent, own) = done(own(Verdict::ClusterMissing, status));
                match because_of(way) {
                    Some(mut because) => {
                        because.why = why;
                        trace.because.push(because);
                    }
                    None => trace.assumptions.push(why),
                }
                (trace, sent, own)
            }
            Upstream::Service {
                service,
                port,
                subset,
            } => {
                let own = own(Verdict::Routed, 0);
                let (trace, sent) = self.to_service(site, passed, &service, port, &subset);
                (trace, sent, own)
            }
        }
    }

    fn to_service(
        &mut self,
        site: &Site,
        passed: &Passed,
        service: &Arc<Service>,
        port: u32,
        subset: &str,
    ) -> (Trace, SentTls) {
        let (db, mesh) = (self.db, self.mesh);
        let tls_to = |endpoint: Option<(&Endpoint, u32)>| {
            sent_tls(db, mesh, &site.proxy, service, port, subset, endpoint)
        };
        let target = target(db, mesh, &site.proxy, service, port, subset, &site.address);
        let arrived = |destination: Str| {
            let mut trace = end(Verdict::Routed, ClientSees::Upstream, &site.proxy);
            trace.destinations.push(destination);
            trace
        };
        match target {
            Target::Outside(host) => (arrived(host), tls_to(None)),
            Target::Dialled => (arrived(self.dialled(site, passed)), tls_to(None)),
            Target::Unknown => {
                let mut trace = arrived(service.host.clone());
                trace
                    .assumptions
                    .push(format!("no workload in the files is behind {}", service.host).into());
                (trace, tls_to(None))
            }
            Target::Nobody => {
                let sees = if passed.http {
                    ClientSees::Status(503)
                } else {
                    ClientSees::Reset
                };
                let mut trace = end(Verdict::NoEndpoints, sees, &site.proxy);
                let why = if subset.is_empty() {
                    "has no endpoints (O:9.4)"
                } else {
                    "has endpoints, but none with the labels of the subset (O:9.4)"
                };
                trace.because.push(Because::new(&service.object, "", why));
                (trace, tls_to(None))
            }
            Target::Workload {
                workload,
                endpoint,
                port: inner,
                others,
            } => {
                let sent = tls_to(Some((&endpoint, inner)));
                let mut bytes = passed.bytes.clone();
                wrap(&mut bytes, &sent, passed.http);
                let mut trace = self.to_workload(site, passed, &workload, inner, bytes, &sent);
                if others > 0 {
                    trace.assumptions.push(
                        format!(
                            "{} is one of {} workloads behind {}",
                            workload.label(),
                            others + 1,
                            service.host
                        )
                        .into(),
                    );
                }
                (trace, sent)
            }
        }
    }

    fn to_workload(
        &mut self,
        site: &Site,
        passed: &Passed,
        workload: &Arc<Workload>,
        port: u32,
        bytes: Bytes,
        sent: &SentTls,
    ) -> Trace {
        let Some(proxy) = proxy_of(workload) else {
            return self.to_bare(passed, workload, sent);
        };
        let answer = match proxy.kind {
            ProxyKind::Router => self.to_gateway(&proxy, port, &bytes),
            ProxyKind::Sidecar => self.to_sidecar(site, workload, proxy, port, &bytes, sent),
        };
        through(answer, passed.http)
    }

    /// A workload without proxy: mutual TLS finds nobody who answers it (O:11.6).
    fn to_bare(&self, passed: &Passed, workload: &Workload, sent: &SentTls) -> Trace {
        let label: Str = workload.label().into();
        if sent.mode == Some(ClientTlsMode::IstioMutual) {
            let mut trace = empty(Verdict::MtlsError, ClientSees::Reset);
            trace.stops_at = Some(label);
            let why = "has no proxy that could answer mutual TLS (O:11.6)";
            trace.because.push(Because::new(&workload.object, "", why));
            return through(trace, passed.http);
        }
        let mut trace = empty(Verdict::Routed, ClientSees::Upstream);
        trace.destinations.push(format!("workload:{label}").into());
        trace
    }

    fn to_gateway(&mut self, proxy: &Proxy, port: u32, bytes: &Bytes) -> Trace {
        match gateway_site(self.db, self.mesh, proxy, "", port) {
            Ok(site) => self.go(&site, bytes),
            Err(hop) => {
                let mut trace = end(Verdict::NoListener, ClientSees::Refused, proxy);
                trace.hops.push(*hop);
                with_gateways(trace)
            }
        }
    }

    fn to_sidecar(
        &mut self,
        site: &Site,
        workload: &Arc<Workload>,
        proxy: Proxy,
        port: u32,
        bytes: &Bytes,
        sent: &SentTls,
    ) -> Trace {
        let arrived = |because: Option<Because>| {
            let mut trace = empty(Verdict::Routed, ClientSees::Upstream);
            trace.destinations.push(destination(&proxy));
            trace.because.extend(because);
            trace
        };
        if let Some(because) = escapes_inbound(workload, port) {
            return arrived(Some(because));
        }
        let Some(inbound) = inbound_site(self.db, self.mesh, &proxy, "", port) else {
            return arrived(None);
        };
        let passed = pass(self.db, self.mesh, &inbound, bytes);
        if passed.ways.is_empty() {
            let mut trace = end(passed.hop.verdict, passed.hop.client_sees, &proxy);
            trace.because = passed.hop.because;
            trace.because.extend(passed.hop.near_misses);
            return trace;
        }
        let terminated = passed.hop.chain.as_ref().is_some_and(|c| c.terminates_tls);
        let mutual = terminated && sent.mode == Some(ClientTlsMode::IstioMutual);
        let caller = self.caller(&site.proxy, mutual, port, &passed);
        match authorize(self.db, self.mesh, &proxy, &caller) {
            Decision::Allowed => arrived(None),
            Decision::Denied(because) => {
                let sees = if passed.http {
                    ClientSees::Status(403)
                } else {
                    ClientSees::Reset
                };
                let mut trace = end(Verdict::Denied, sees, &proxy);
                trace.because = because;
                trace
            }
            Decision::Undecided(because) => {
                let mut trace = arrived(None);
                trace.because = because;
                trace.assumptions.push(
                    format!(
                        "the AuthorizationPolicies of {} let the call in",
                        proxy.workload
                    )
                    .into(),
                );
                trace
            }
        }
    }

    /// What the called side knows of the caller.
    pub fn caller(&self, from: &Proxy, mutual: bool, port: u32, passed: &Passed) -> Caller {
        let identity = mutual.then(|| self.principal(from)).flatten();
        Caller {
            namespace: identity.as_ref().map(|_| from.namespace.clone()),
            principal: identity,
            source_ip: self.source_ip.clone(),
            port,
            request: passed.http.then(|| RequestFacts {
                host: passed.bytes.request.authority.clone(),
                method: if passed.bytes.request.method.is_empty() {
                    "GET".into()
                } else {
                    passed.bytes.request.method.clone()
                },
                path: passed
                    .bytes
                    .request
                    .path
                    .split('?')
                    .next()
                    .unwrap_or_default()
                    .into(),
            }),
        }
    }

    fn principal(&self, from: &Proxy) -> Option<Str> {
        let (namespace, workload) = from.workload.split_once('/')?;
        let found = crate::workloads::find_workload(self.db, self.mesh, namespace, workload)?;
        let account = if found.service_account.is_empty() {
            "default"
        } else {
            &found.service_account
        };
        let domain = &facts(self.db, self.mesh).config.trust_domain;
        Some(format!("{domain}/ns/{namespace}/sa/{account}").into())
    }

    /// The address a call that is not redirected anywhere goes to.
    fn dialled(&self, site: &Site, passed: &Passed) -> Str {
        if !site.address.is_empty() {
            return site.address.clone();
        }
        let host = &passed.bytes.request.authority;
        if host.is_empty() {
            passed.bytes.sni()
        } else {
            host.clone()
        }
    }
}

/// The listener of a gateway workload on a port; without one the hop that says so.
pub(super) fn gateway_site(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    address: &str,
    port: u32,
) -> Result<Site, Box<Hop>> {
    let config = gateway_listeners(db, mesh, proxy);
    let exact = config
        .listeners
        .iter()
        .find(|l| l.port == port && !address.is_empty() && l.address == address);
    let wildcard = |l: &&crate::envoy::Listener| {
        l.port == port && (l.address == "0.0.0.0" || l.address == "::")
    };
    match exact.or_else(|| config.listeners.iter().find(wildcard)) {
        Some(listener) => Ok(Site {
            proxy: proxy.clone(),
            listener: Arc::new(listener.clone()),
            address: address.into(),
            port,
            side: Side::Gateway,
        }),
        None => {
            let others = config.listeners.iter().flat_map(|l| {
                l.because.first().cloned().map(|mut b| {
                    b.why = format!("listens on port {}, not on {port} (O:12)", l.port).into();
                    b
                })
            });
            let dropped = config
                .dropped
                .iter()
                .filter(|d| d.port == port)
                .flat_map(|d| d.parties.clone());
            Err(Box::new(Hop {
                is_gateway: true,
                proxy: proxy.workload.clone(),
                listener: None,
                chain: None,
                route: None,
                branches: Vec::new(),
                verdict: Verdict::NoListener,
                client_sees: ClientSees::Refused,
                because: Vec::new(),
                near_misses: dropped.chain(others).take(5).collect(),
            }))
        }
    }
}

/// The inbound side of a sidecar; `None` where nothing is redirected.
pub(super) fn inbound_site(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    address: &str,
    port: u32,
) -> Option<Site> {
    Some(Site {
        proxy: proxy.clone(),
        listener: inbound_listener(db, mesh, proxy)?,
        address: address.into(),
        port,
        side: Side::Inbound(inbound_ports(db, mesh, proxy).into()),
    })
}

/// Puts the TLS a proxy adds around the bytes.
fn wrap(bytes: &mut Bytes, sent: &SentTls, http: bool) {
    let Some(mode) = sent.mode else { return };
    let host = &bytes.request.authority;
    let sni = if sent.sni.is_empty() && http {
        // Envoy takes the Host header (O:11.2).
        host.clone()
    } else {
        sent.sni.clone()
    };
    let shown = match mode {
        ClientTlsMode::IstioMutual => Shown::Istio,
        ClientTlsMode::Mutual => Shown::Own,
        ClientTlsMode::Simple | ClientTlsMode::Disable => Shown::Nothing,
    };
    bytes.wrap(sni, shown);
}

/// The index of the way the trace follows: the heaviest that is no copy.
fn heaviest(ways: &[Way]) -> usize {
    let mut best = 0;
    for (index, way) in ways.iter().enumerate() {
        let heavier = ways
            .get(best)
            .is_none_or(|b| b.mirror || way.to.weight > b.to.weight);
        if !way.mirror && heavier {
            best = index;
        }
    }
    best
}

/// What the caller sees of an answer that comes back through a proxy (O:12).
fn through(mut trace: Trace, http: bool) -> Trace {
    trace.client_sees = match (trace.client_sees, http) {
        (ClientSees::Reset | ClientSees::Refused, true) => ClientSees::Status(503),
        (ClientSees::Refused, false) => ClientSees::Reset,
        (sees, _) => sees,
    };
    trace
}

fn plain() -> SentTls {
    SentTls {
        mode: None,
        sni: Str::default(),
        because: Vec::new(),
    }
}

fn destination(proxy: &Proxy) -> Str {
    format!("workload:{}", proxy.workload).into()
}

pub(super) fn empty(verdict: Verdict, client_sees: ClientSees) -> Trace {
    Trace {
        verdict,
        client_sees,
        through_gateways: Vec::new(),
        hops: Vec::new(),
        stops_at: None,
        destinations: Vec::new(),
        because: Vec::new(),
        assumptions: Vec::new(),
    }
}

/// The end of a call at a proxy.
pub(super) fn end(verdict: Verdict, client_sees: ClientSees, at: &Proxy) -> Trace {
    let mut trace = empty(verdict, client_sees);
    if !verdict.arrives() {
        trace.stops_at = Some(at.workload.clone());
    }
    trace
}

fn with_gateways(mut trace: Trace) -> Trace {
    let gateways = trace.hops.iter().filter(|h| h.is_gateway);
    trace.through_gateways = gateways.map(|h| h.proxy.clone()).collect();
    trace
}
