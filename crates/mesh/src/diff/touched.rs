//! The workloads a change reaches: those istiod pushes to, with the scope before and the scope after
//! (V:R9.8, V:R9.13), and those that come or go.

use super::objects::{Change, ObjectChange};
use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::reach::{subject, why_pushed_as};
use crate::workloads::{ProxyKind, Workload, class_proxy, workloads};
use meshscope_manifest::Str;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many reasons are kept per workload.
const REASONS: usize = 8;

/// A workload that is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// `namespace/name`.
    pub workload: Str,
    /// Its proxy; none for pods without one.
    pub kind: Option<ProxyKind>,
    /// Whether the workload itself is new, gone, or runs other pods: injected or not, other labels.
    pub change: Option<Change>,
    /// Why it is pushed to.
    pub because: Vec<Because>,
}

/// Whether a workload's pods are others: injected or not, with other labels.
fn differs(a: &Workload, b: &Workload) -> bool {
    (a.proxy, &a.labels, &a.metadata) != (b.proxy, &b.labels, &b.metadata)
}

/// The workloads reached, sorted.
pub(super) fn touched(
    db: &dyn Db,
    base: Mesh,
    head: Mesh,
    objects: &[ObjectChange],
) -> Vec<Touched> {
    let mut found: BTreeMap<Str, Touched> = BTreeMap::new();
    let subjects: Vec<_> = objects
        .iter()
        .map(|o| (subject(db, base, &o.object), subject(db, head, &o.object)))
        .collect();
    // Before counts too: whoever had the object is told that it went (V:R9.12).
    for (mesh, is_head) in [(head, true), (base, false)] {
        let other = if is_head { base } else { head };
        let there: BTreeMap<Str, Arc<Workload>> = workloads(db, other)
            .iter()
            .map(|w| (w.label().into(), w.clone()))
            .collect();
        let mut by_class: BTreeMap<usize, Vec<Because>> = BTreeMap::new();
        let mut classes = Vec::new();
        for workload in workloads(db, mesh).iter() {
            let label: Str = workload.label().into();
            let change = match there.get(&label) {
                None if is_head => Some(Change::Added),
                None => Some(Change::Removed),
                Some(twin) if differs(twin, workload) => Some(Change::Changed),
                Some(_) => None,
            };
            let proxy = class_proxy(db, mesh, workload);
            let mut because = Vec::new();
            if let Some(proxy) = &proxy {
                let class = match classes.iter().position(|c| c == proxy) {
                    Some(i) => i,
                    None => {
                        classes.push(proxy.clone());
                        classes.len() - 1
                    }
                };
                because = by_class
                    .entry(class)
                    .or_insert_with(|| {
                        let of_side = subjects.iter().map(|(b, h)| if is_head { h } else { b });
                        of_side
                            .flat_map(|s| why_pushed_as(db, mesh, s, proxy))
                            .take(REASONS)
                            .collect()
                    })
                    .clone();
            }
            if because.is_empty() && change.is_none() {
                continue;
            }
            let entry = found.entry(label.clone()).or_insert_with(|| Touched {
                workload: label,
                kind: proxy.map(|p| p.kind),
                change,
                because: Vec::new(),
            });
            for why in because {
                if entry.because.len() < REASONS && !entry.because.contains(&why) {
                    entry.because.push(why);
                }
            }
        }
    }
    found.into_values().collect()
}
