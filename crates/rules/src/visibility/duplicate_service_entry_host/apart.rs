//! Two declarations of one host in different namespaces: who uses which.

use super::{RULE, lost, same_spec, say};
use crate::prelude::*;
use meshscope_mesh::registry::{Service, service_order};
use meshscope_mesh::visibility::{clients, clients_in, is_visible_to};
use std::sync::Arc;

/// Two declarations in different namespaces: each client takes its own, else a Service, else the
/// older one (V:R3.14).
pub(super) fn apart(
    db: &dyn Db,
    mesh: Mesh,
    a: &Arc<Service>,
    b: &Arc<Service>,
) -> Option<Finding> {
    let sees = |s: &Service, ns: &str| is_visible_to(db, mesh, s, ns);
    let has_clients = |ns: &Str| !clients_in(db, mesh, name(db, ns)).is_empty();
    // Whose own declaration hides the other: (hidden, its winner).
    let mut overrides: Vec<(&Arc<Service>, &Arc<Service>)> = Vec::new();
    for (own, other) in [(a, b), (b, a)] {
        let ns = &own.namespace;
        if has_clients(ns) && sees(own, ns) && sees(other, ns) {
            overrides.push((other, own));
        }
    }
    let third = |ns: &Str| *ns != a.namespace && *ns != b.namespace && sees(a, ns) && sees(b, ns);
    let third = clients(db, mesh)
        .iter()
        .find(|c| third(&c.namespace))
        .map(|c| c.namespace.clone());
    if b.is_kubernetes() {
        let seen = third.is_some() || !overrides.is_empty();
        return seen.then(|| {
            say(
                a,
                b,
                Severity::Info,
                "the Service counts where both are seen".into(),
            )
        });
    }
    let short = overrides
        .iter()
        .find(|(hidden, own)| !lost(own, hidden).is_empty());
    if let Some((hidden, own)) = short {
        let text = format!(
            "clients in {} use their own, which lacks port {}",
            own.namespace,
            crate::finding::listing(&lost(own, hidden), 4)
        );
        return Some(say(hidden, own, RULE.severity, text));
    }
    if let Some(third) = third.filter(|_| !same_spec(db, mesh, a, b)) {
        let (winner, loser) = if service_order(b, a).is_gt() {
            (a, b)
        } else {
            (b, a)
        };
        let text = format!(
            "clients elsewhere ({third}, for one) use the older one; at equal age that of {}",
            winner.namespace
        );
        let aged = matches!((a.created, b.created), (Some(x), Some(y)) if x != y);
        let finding = say(loser, winner, RULE.severity, text);
        return Some(if aged {
            finding
        } else {
            finding.certainty(Certainty::Ambiguous)
        });
    }
    let (hidden, own) = overrides.first()?;
    let text = format!(
        "clients in {} use their own, everybody else the other",
        own.namespace
    );
    Some(say(hidden, own, Severity::Info, text))
}
