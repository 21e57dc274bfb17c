//! From proxy to proxy until the call arrives, is refused, leaves, or comes back to where it was.

use super::bytes::Bytes;
use super::hop::{Branch, ClientSees, Trace, Verdict};
use super::pass::{Passed, Side, Site, Way, because_of, pass};
use super::unapplied::unapplied;
use super::upstream::{Upstream, find};
use crate::db::{Db, Mesh};
use crate::inbound::{Decision, Identity};
use crate::outbound::SentTls;
use crate::workloads::Proxy;
use meshscope_manifest::Str;

/// Proxies a trace may visit, all branches together: every call ends.
const BUDGET: usize = 64;

/// A walk.
pub(super) struct Walk<'db> {
    pub db: &'db dyn Db,
    pub mesh: Mesh,
    budget: usize,
    /// Where the call has been on the way to here, and with which bytes.
    visited: Vec<(Str, Str, u32, Bytes)>,
    /// The caller's IP as test files give it.
    pub source_ip: Option<Str>,
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

    /// What happens from here on.
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
        let mut passed = pass(self.db, self.mesh, site, bytes);
        let unapplied = unapplied(self.db, self.mesh, site, &passed);
        passed.assumptions.extend(unapplied);
        if passed.ways.is_empty() {
            let mut trace = end(passed.hop.verdict, passed.hop.client_sees, &site.proxy);
            trace.assumptions = passed.assumptions;
            trace.hops.push(passed.hop);
            return with_gateways(trace);
        }
        let mut admission = None;
        if matches!(site.side, Side::Inbound(_)) {
            let mutual = passed.hop.chain.as_ref().is_some_and(|c| c.terminates_tls);
            let identity = if mutual {
                Identity::Unknown
            } else {
                Identity::Nobody
            };
            match self.admit(site, &passed, identity) {
                Decision::Denied(because) => {
                    let sees = if passed.http {
                        ClientSees::Status(403)
                    } else {
                        ClientSees::Reset
                    };
                    passed = passed.ends(Verdict::Denied, sees);
                    passed.hop.because.extend(because);
                    let mut trace = end(Verdict::Denied, sees, &site.proxy);
                    trace.assumptions = passed.assumptions;
                    trace.hops.push(passed.hop);
                    return trace;
                }
                Decision::Undecided(because) => admission = Some(because),
                Decision::Allowed => {}
            }
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
        if let Some(because) = admission {
            trace.because.extend(because);
            trace.assumptions.push(admitted(&site.proxy));
        }
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
                let (trace, sent) = self.reach_service(site, passed, &service, port, &subset);
                (trace, sent, own)
            }
        }
    }

    /// The address a call that is not redirected anywhere goes to.
    pub fn dialled(&self, site: &Site, passed: &Passed) -> Str {
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
pub(super) fn through(mut trace: Trace, http: bool) -> Trace {
    trace.client_sees = match (trace.client_sees, http) {
        (ClientSees::Reset | ClientSees::Refused, true) => ClientSees::Status(503),
        (ClientSees::Refused, false) => ClientSees::Reset,
        (sees, _) => sees,
    };
    trace
}

/// The assumption behind a call that policies may or may not let in.
pub(super) fn admitted(proxy: &Proxy) -> Str {
    format!(
        "the AuthorizationPolicies of {} let the call in",
        proxy.workload
    )
    .into()
}

pub(super) fn plain() -> SentTls {
    SentTls {
        mode: None,
        sni: Str::default(),
        because: Vec::new(),
    }
}

pub(super) fn destination(proxy: &Proxy) -> Str {
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

pub(super) fn with_gateways(mut trace: Trace) -> Trace {
    let gateways = trace.hops.iter().filter(|h| h.is_gateway);
    trace.through_gateways = gateways.map(|h| h.proxy.clone()).collect();
    trace
}
