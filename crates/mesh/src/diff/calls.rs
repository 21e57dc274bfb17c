//! Calls that end otherwise.

use super::Pair;
use super::candidates::{Mentioned, calls, hosts_for, mentioned};
use super::objects::ObjectChange;
use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::gateways::service_targets;
use crate::trace::{Call, ClientSees, From, Trace, Verdict, trace};
use crate::workloads::Workload;
use meshscope_manifest::Str;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many calls are traced at most, on each side.
const BUDGET: usize = 20_000;

/// A call whose outcome differs.
#[derive(Clone, Debug, PartialEq)]
pub struct CallChange {
    /// The call; for hosts, ports and paths nobody mentions a representative.
    pub call: Call,
    /// Whether it arrives from outside at these gateway workloads.
    pub at_gateway: bool,
    /// Who makes it, or where it arrives: workloads, `namespace/name`.
    pub workloads: Vec<Str>,
    /// How it ended.
    pub before: Ending,
    /// How it ends.
    pub after: Ending,
}

/// How a call ends, as far as two ends are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The verdict.
    pub verdict: Verdict,
    /// What the caller gets.
    pub client_sees: ClientSees,
    /// The gateway workloads on the way.
    pub through_gateways: Vec<Str>,
    /// The clusters of every hop as (cluster, weight, copy only).
    pub clusters: Vec<(Str, i64, bool)>,
    /// What decided.
    pub because: Vec<Because>,
}

impl Ending {
    fn of(trace: &Trace) -> Ending {
        let mut clusters = Vec::new();
        collect(trace, &mut clusters);
        let hops = trace.hops.iter().flat_map(|h| &h.because);
        Ending {
            verdict: trace.verdict,
            client_sees: trace.client_sees,
            through_gateways: trace.through_gateways.clone(),
            clusters,
            because: trace.because.iter().chain(hops).cloned().collect(),
        }
    }

    /// Whether callers can tell two ends apart; reasons do not count.
    fn differs(&self, other: &Ending) -> bool {
        (
            self.verdict,
            self.client_sees,
            &self.through_gateways,
            &self.clusters,
        ) != (
            other.verdict,
            other.client_sees,
            &other.through_gateways,
            &other.clusters,
        )
    }
}

fn collect(trace: &Trace, clusters: &mut Vec<(Str, i64, bool)>) {
    for branch in trace.hops.iter().flat_map(|h| &h.branches) {
        clusters.push((branch.cluster.clone(), branch.weight, branch.mirror));
        if let Some(other) = &branch.other {
            collect(other, clusters);
        }
    }
}

/// The calls that end otherwise.
pub(super) fn changes(
    db: &dyn Db,
    base: Mesh,
    head: Mesh,
    objects: &[ObjectChange],
    pairs: &[Pair],
    left_out: &mut Vec<Str>,
) -> Vec<CallChange> {
    let mentioned = mentioned(db, [base, head], objects);
    let mut found: Vec<CallChange> = Vec::new();
    let mut spent = 0usize;
    for pair in pairs {
        let sides = [(base, pair.before.as_ref()), (head, pair.after.as_ref())];
        let (hosts, cut) = hosts_for(db, sides, &mentioned);
        if cut {
            left_out.push("hosts beyond the first hundreds of a class".into());
        }
        for host in &hosts {
            for call in calls_of(db, base, head, pair, host, &mentioned) {
                spent += 1;
                if spent > BUDGET {
                    left_out.push(format!("calls beyond the first {BUDGET}").into());
                    return finish(found, left_out);
                }
                let run = |mesh, workload: &Arc<Workload>| {
                    let from = if pair.is_router() {
                        From::Gateway(workload.clone())
                    } else {
                        From::Workload(workload.clone())
                    };
                    Ending::of(&trace(db, mesh, &from, &call))
                };
                let (before, after) = (run(base, &pair.sample.0), run(head, &pair.sample.1));
                if before.differs(&after) {
                    add(&mut found, call, pair, before, after);
                }
            }
        }
    }
    finish(found, left_out)
}

/// At a gateway only the ports of its Services can be called.
fn calls_of(
    db: &dyn Db,
    base: Mesh,
    head: Mesh,
    pair: &Pair,
    host: &Str,
    mentioned: &Mentioned,
) -> Vec<Call> {
    if !pair.is_router() {
        return calls(db, [base, head], host, mentioned);
    }
    let mut ports: BTreeSet<u32> = BTreeSet::new();
    for (mesh, proxy) in [(base, &pair.before), (head, &pair.after)] {
        if let Some(proxy) = proxy {
            let targets = service_targets(db, mesh, proxy);
            ports.extend(targets.iter().map(|t| t.port.number));
        }
    }
    ports.extend(&mentioned.ports);
    let arriving = Mentioned {
        ports,
        ..mentioned.clone()
    };
    calls(db, [base, head], host, &arriving)
}

fn add(found: &mut Vec<CallChange>, call: Call, pair: &Pair, before: Ending, after: Ending) {
    let same = found.iter_mut().find(|c| {
        c.call == call
            && c.at_gateway == pair.is_router()
            && !c.before.differs(&before)
            && !c.after.differs(&after)
    });
    match same {
        Some(known) => known.workloads.extend(pair.workloads.iter().cloned()),
        None => found.push(CallChange {
            call,
            at_gateway: pair.is_router(),
            workloads: pair.workloads.clone(),
            before,
            after,
        }),
    }
}

fn finish(mut found: Vec<CallChange>, left_out: &mut Vec<Str>) -> Vec<CallChange> {
    left_out.sort();
    left_out.dedup();
    for change in &mut found {
        change.workloads.sort();
    }
    found
}
