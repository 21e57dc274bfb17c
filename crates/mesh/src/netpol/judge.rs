//! What becomes of one packet: tiers in order, the first rule that decides wins (O:16.2, O:16.4).

use super::applied::Tier;
use super::rule::{Action, Between, Packet};
use crate::envoy::Because;
use meshscope_manifest::ResourceKey;

/// What becomes of a packet. Both fields filled: it depends on what no file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// It may go: by this rule, or because no policy selects the pod (the inner `None`).
    pub allowed: Option<Option<Because>>,
    /// It may be dropped: by this rule, or for want of a rule in these policies.
    pub denied: Option<Because>,
}

impl Judgement {
    /// `Some` when files settle it.
    pub fn certain(&self) -> Option<bool> {
        match (&self.allowed, &self.denied) {
            (Some(_), None) => Some(true),
            (None, Some(_)) => Some(false),
            _ => None,
        }
    }
}

/// Judges one packet.
pub(super) fn judge(tiers: &[Tier], packet: &Packet, between: &Between) -> Judgement {
    let mut judgement = Judgement::default();
    'tiers: for tier in tiers {
        let mut certainly_selected: Option<&ResourceKey> = None;
        let mut maybe_selected: Option<&ResourceKey> = None;
        for policy in &tier.policies {
            if policy.certain {
                certainly_selected = certainly_selected.or(Some(&policy.key));
            } else {
                maybe_selected = maybe_selected.or(Some(&policy.key));
            }
            for rule in &policy.rules {
                let Some(sure) = certainty(rule.takes(packet, between), policy.certain) else {
                    continue;
                };
                match rule.action {
                    Action::Log => continue,
                    Action::Allow => {
                        judgement
                            .allowed
                            .get_or_insert_with(|| Some(rule.because.clone()));
                    }
                    Action::Deny => {
                        judgement.denied.get_or_insert_with(|| rule.because.clone());
                    }
                    Action::Pass if sure => continue 'tiers,
                    Action::Pass => continue,
                }
                if sure {
                    return judgement;
                }
            }
        }
        let drop = |key: &ResourceKey| {
            Because::new(
                key,
                "spec",
                "selects the pod and no rule allows it (O:16.2)",
            )
        };
        if let Some(key) = certainly_selected {
            judgement.denied.get_or_insert_with(|| drop(key));
            return judgement;
        }
        if let Some(key) = maybe_selected {
            judgement.denied.get_or_insert_with(|| drop(key));
        }
    }
    judgement.allowed.get_or_insert(None);
    judgement
}

/// `None`: the rule does not apply; else whether it certainly does.
fn certainty(takes: Option<bool>, policy_certain: bool) -> Option<bool> {
    match takes {
        Some(false) => None,
        Some(true) => Some(policy_certain),
        None => Some(false),
    }
}
