//! Whether network policies keep a workload from leaving the cluster except through its gateways
//! (O:16): what turns "configured" into "enforced".
//!
//! Policies see the pod's real packets, after the sidecar, so they also hold for traffic that never
//! meets one. The answer is over all addresses, ports and protocols: one of every class the rules
//! tell apart is judged. It must not know Istio.

mod address;
mod applied;
mod judge;
mod rule;
mod selector;
#[cfg(test)]
mod tests;

pub use address::{Place, place};
pub use applied::{Applied, Tier, tiers};
pub use judge::Judgement;
pub use rule::{Action, Packet, Pod, Rule, To};
pub use selector::Selector;

use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::workloads::Workload;
use address::representatives;
use judge::judge;
use meshscope_manifest::Str;
use rule::Between;
use std::net::IpAddr;

/// How many packets are judged at most; policies with more classes than this are left open.
const BUDGET: usize = 400_000;

/// Whether a workload's pods can leave the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// The answer.
    pub verdict: Confined,
    /// The policies that select the pods, in the order they are judged.
    pub policies: Vec<Because>,
    /// The ways out, one per rule that leaves one.
    pub holes: Vec<Hole>,
    /// What the answer rests on and no file says.
    pub assumptions: Vec<Str>,
}

/// Whether the pods can leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confined {
    /// They cannot.
    Yes,
    /// A rule lets them.
    No,
    /// No policy restricts their egress.
    Unrestricted,
    /// Policies do not hold for pods in the host's network (O:16.3).
    HostNetwork,
    /// It depends on what no file says.
    Unknown,
}

/// A way out of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The rule, or the policy.
    pub because: Because,
    /// An address it lets out to.
    pub address: IpAddr,
    /// The protocol.
    pub protocol: Str,
    /// The port; 0 where the protocol has none.
    pub port: u32,
    /// Whether it is certain: the address is public and the rule certainly applies.
    pub certain: bool,
}

impl Confinement {
    /// Whether it is proved that the pods stay.
    pub fn holds(&self) -> bool {
        self.verdict == Confined::Yes
    }
}

/// Judges the egress of a workload's pods.
pub fn confinement(db: &dyn Db, mesh: Mesh, workload: &Workload) -> Confinement {
    let tiers = tiers(db, mesh, workload);
    let mut policies = Vec::new();
    for policy in tiers.iter().flat_map(|t| &t.policies) {
        let why = if policy.certain {
            "restricts the egress of these pods (O:16.2)"
        } else {
            "may restrict the egress of these pods (O:16.4)"
        };
        policies.push(Because::new(&policy.key, "spec", why));
    }
    let mut confinement = Confinement {
        verdict: Confined::Unrestricted,
        policies,
        holes: Vec::new(),
        assumptions: Vec::new(),
    };
    if workload.host_network {
        confinement.verdict = Confined::HostNetwork;
        return confinement;
    }
    if tiers.is_empty() {
        return confinement;
    }
    confinement
        .assumptions
        .push("the network plugin enforces NetworkPolicy (O:16.3)".into());
    let Some(holes) = holes(&tiers, workload.namespace()) else {
        confinement.verdict = Confined::Unknown;
        let why = "the policies tell more addresses and ports apart than are judged";
        confinement.assumptions.push(why.into());
        return confinement;
    };
    confinement.verdict = if holes.iter().any(|h| h.certain) {
        if tiers_never_deny(&tiers) {
            Confined::Unrestricted
        } else {
            Confined::No
        }
    } else if holes.is_empty() {
        Confined::Yes
    } else {
        confinement
            .assumptions
            .push("which private ranges belong to the cluster".into());
        Confined::Unknown
    };
    confinement.holes = holes;
    confinement
}

/// No policy certainly selects the pod.
fn tiers_never_deny(tiers: &[Tier]) -> bool {
    tiers.iter().flat_map(|t| &t.policies).all(|p| !p.certain)
}

/// The ways out, certain ones first; `None` when there are too many classes to judge.
fn holes(tiers: &[Tier], namespace: &Str) -> Option<Vec<Hole>> {
    let rules = || {
        tiers
            .iter()
            .flat_map(|t| &t.policies)
            .flat_map(|p| &p.rules)
    };
    let networks: Vec<_> = rules().flat_map(Rule::networks).collect();
    let addresses = representatives(&networks);
    let ports = representative_ports(rules().flat_map(Rule::port_ranges));
    let packets = addresses.len() * (ports.len() * 3 + 1);
    if packets.saturating_mul(rules().count().max(1)) > BUDGET * 16 || packets > BUDGET {
        return None;
    }
    let between = Between {
        to: applied::NamespaceLabels {
            labels: Default::default(),
            known: true,
        },
        from: namespace.clone(),
    };
    let mut holes: Vec<Hole> = Vec::new();
    for &address in &addresses {
        let tcp_like = ports
            .iter()
            .flat_map(|&p| [("TCP", p), ("UDP", p), ("SCTP", p)]);
        for (protocol, port) in tcp_like.chain([("ICMP", 0)]) {
            let packet = Packet {
                to: To::Address(address),
                protocol,
                port,
            };
            let judgement = judge(tiers, &packet, &between);
            let Some(by) = &judgement.allowed else {
                continue;
            };
            // Private ranges that a policy opens may be the cluster's own: a hole only as far as
            // they are not.
            let certain = judgement.denied.is_none() && place(address) == Place::Outside;
            let because = match by {
                Some(rule) => rule.clone(),
                None => Because::new(
                    &tiers.first()?.policies.first()?.key,
                    "spec",
                    "passes or may not select the pod, and nothing else restricts it (O:16.4)",
                ),
            };
            match holes.iter_mut().find(|h| h.because == because) {
                Some(hole) if hole.certain || !certain => {}
                Some(hole) => {
                    *hole = Hole {
                        because,
                        address,
                        protocol: protocol.into(),
                        port,
                        certain,
                    };
                }
                None => holes.push(Hole {
                    because,
                    address,
                    protocol: protocol.into(),
                    port,
                    certain,
                }),
            }
        }
    }
    holes.sort_by_key(|h| !h.certain);
    Some(holes)
}

/// One port of every class the ranges tell apart, HTTPS and HTTP first.
fn representative_ports(ranges: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let mut ports = vec![443, 80, 1, 65_535];
    for (low, high) in ranges {
        ports.extend([low, high, low.saturating_sub(1), high.saturating_add(1)]);
    }
    ports.retain(|p| (1..=65_535).contains(p));
    let mut unique = Vec::new();
    for port in ports {
        if !unique.contains(&port) {
            unique.push(port);
        }
    }
    unique
}

/// Whether a workload's pods may reach a pod on a port: what a policy must leave open for the mesh to
/// work (O:16.2 iii).
pub fn reaches_pod(
    db: &dyn Db,
    mesh: Mesh,
    from: &Workload,
    to: &Pod,
    protocol: &'static str,
    port: u32,
) -> Judgement {
    let tiers = tiers(db, mesh, from);
    let between = Between {
        to: applied::namespace_labels(db, mesh, to.namespace),
        from: from.namespace().clone(),
    };
    let packet = Packet {
        to: To::Pod(to.clone()),
        protocol,
        port,
    };
    judge(&tiers, &packet, &between)
}
