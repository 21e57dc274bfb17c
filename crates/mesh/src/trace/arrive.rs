//! What gets the bytes a cluster sends: a gateway, an application behind its sidecar, one without,
//! somebody outside (O:11.6, O:14.6, O:17).

use super::bytes::{Bytes, Shown};
use super::capture::escapes_inbound;
use super::hop::{ClientSees, Trace, Verdict};
use super::pass::{Passed, Site, pass};
use super::site::{gateway_site, inbound_site};
use super::upstream::{Target, target};
use super::walk::{Walk, admitted, destination, empty, end, through, with_gateways};
use crate::envoy::Because;
use crate::inbound::{Caller, Decision, Identity, RequestFacts, authorize};
use crate::index::facts;
use crate::outbound::{SentTls, sent_tls};
use crate::registry::{Endpoint, Service};
use crate::workloads::{Proxy, ProxyKind, Workload, find_workload, proxy_of};
use meshscope_manifest::Str;
use meshscope_manifest::spec::traffic::ClientTlsMode;
use std::sync::Arc;

impl Walk<'_> {
    pub fn at_service(
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
                let mut trace = self.at_workload(site, passed, &workload, inner, bytes, &sent);
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

    fn at_workload(
        &mut self,
        site: &Site,
        passed: &Passed,
        workload: &Arc<Workload>,
        port: u32,
        bytes: Bytes,
        sent: &SentTls,
    ) -> Trace {
        let Some(proxy) = proxy_of(workload) else {
            return self.at_bare(passed, workload, sent);
        };
        let answer = match proxy.kind {
            ProxyKind::Router => self.at_gateway(&proxy, port, &bytes),
            ProxyKind::Sidecar => self.at_sidecar(site, workload, proxy, port, &bytes, sent),
        };
        through(answer, passed.http)
    }

    /// A workload without proxy: mutual TLS finds nobody who answers it (O:11.6).
    fn at_bare(&self, passed: &Passed, workload: &Workload, sent: &SentTls) -> Trace {
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

    fn at_gateway(&mut self, proxy: &Proxy, port: u32, bytes: &Bytes) -> Trace {
        match gateway_site(self.db, self.mesh, proxy, "", port) {
            Ok(site) => self.go(&site, bytes),
            Err(hop) => {
                let mut trace = end(Verdict::NoListener, ClientSees::Refused, proxy);
                trace.hops.push(*hop);
                with_gateways(trace)
            }
        }
    }

    fn at_sidecar(
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
        let identity = if terminated && sent.mode == Some(ClientTlsMode::IstioMutual) {
            self.identity(&site.proxy)
        } else {
            Identity::Nobody
        };
        match self.admit(&inbound, &passed, identity) {
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
                trace.assumptions.push(admitted(&proxy));
                trace
            }
        }
    }

    /// What the policies of an inbound side say to a call that got through its listener.
    pub fn admit(&self, site: &Site, passed: &Passed, identity: Identity) -> Decision {
        let request = &passed.bytes.request;
        let caller = Caller {
            identity,
            source_ip: self.source_ip.clone(),
            port: site.port,
            request: passed.http.then(|| RequestFacts {
                host: request.authority.clone(),
                method: if request.method.is_empty() {
                    "GET".into()
                } else {
                    request.method.clone()
                },
                path: request.path.split('?').next().unwrap_or_default().into(),
            }),
        };
        authorize(self.db, self.mesh, &site.proxy, &caller)
    }

    /// The identity a proxy's certificate proves.
    fn identity(&self, from: &Proxy) -> Identity {
        let workload = from
            .workload
            .split_once('/')
            .and_then(|(namespace, name)| find_workload(self.db, self.mesh, namespace, name));
        let Some(workload) = workload else {
            return Identity::Unknown;
        };
        let account = if workload.service_account.is_empty() {
            "default"
        } else {
            &workload.service_account
        };
        let domain = &facts(self.db, self.mesh).config.trust_domain;
        let namespace = workload.namespace().clone();
        Identity::Known {
            principal: format!("{domain}/ns/{namespace}/sa/{account}").into(),
            namespace,
        }
    }
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
