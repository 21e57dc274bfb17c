//! Where a traced call leaves, in the words of egress: through which gateways, directly, not at all.

use crate::outbound::PASSTHROUGH;
use crate::trace::{Trace, Verdict};
use meshscope_manifest::Str;

/// The path of a call out of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Through these gateway workloads.
    Gateway(Vec<Str>),
    /// By a route of its own, straight from the client.
    Direct,
    /// Unclaimed, to the dialled address.
    Passthrough,
    /// No proxy takes it: straight from the pod.
    NotCaptured,
    /// Refused by policy: BlackHoleCluster, `block_all`, authorization.
    Blocked,
    /// It fails on the way.
    Broken(Verdict),
    /// Parts of it go different ways: weights, or a copy. The heaviest first.
    Split(Vec<Outcome>),
}

impl Outcome {
    /// Whether any part of it leaves without a gateway.
    pub fn leaves_without_gateway(&self) -> bool {
        match self {
            Outcome::Direct | Outcome::Passthrough | Outcome::NotCaptured => true,
            Outcome::Gateway(_) | Outcome::Blocked | Outcome::Broken(_) => false,
            Outcome::Split(parts) => parts.iter().any(Outcome::leaves_without_gateway),
        }
    }

    /// The word for it: `gateway`, `direct`, `passthrough`, `not-captured`, `blocked`, `broken`,
    /// `split`.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Gateway(_) => "gateway",
            Outcome::Direct => "direct",
            Outcome::Passthrough => "passthrough",
            Outcome::NotCaptured => "not-captured",
            Outcome::Blocked => "blocked",
            Outcome::Broken(_) => "broken",
            Outcome::Split(_) => "split",
        }
    }
}

/// The outcome of a trace, splits and copies included.
pub fn outcome(trace: &Trace) -> Outcome {
    let main = single(trace, &trace.through_gateways);
    let mut parts = vec![main];
    let mut passed: Vec<Str> = Vec::new();
    for hop in &trace.hops {
        if hop.is_gateway {
            passed.push(hop.proxy.clone());
        }
        for branch in hop.branches.iter().filter(|b| b.weight > 0 || b.mirror) {
            let Some(other) = &branch.other else { continue };
            let mut through = passed.clone();
            through.extend(other.through_gateways.iter().cloned());
            through.dedup();
            let part = match outcome(other) {
                // A branch behind a gateway has passed it.
                _ if !passed.is_empty() && other.verdict.arrives() => Outcome::Gateway(through),
                part => part,
            };
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    if parts.len() == 1 {
        parts.swap_remove(0)
    } else {
        Outcome::Split(parts)
    }
}

fn single(trace: &Trace, through: &[Str]) -> Outcome {
    match trace.verdict {
        Verdict::NotInMesh => Outcome::NotCaptured,
        verdict if verdict.arrives() && !through.is_empty() => Outcome::Gateway(through.to_vec()),
        Verdict::Passthrough => Outcome::Passthrough,
        Verdict::Routed => {
            let last = trace.hops.last().and_then(|h| h.cluster());
            if last.is_some_and(|c| c == PASSTHROUGH) {
                Outcome::Passthrough
            } else {
                Outcome::Direct
            }
        }
        Verdict::Blackhole | Verdict::Denied => Outcome::Blocked,
        verdict => Outcome::Broken(verdict),
    }
}
