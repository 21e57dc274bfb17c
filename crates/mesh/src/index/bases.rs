//! Which kustomizations use which: circles among them, and how deep they are.
//!
//! Queries must not call each other in a circle, so circles are found here first, from names alone.

use super::lookup::{real_path, references};
use crate::db::{Db, Name, Repository, name};
use meshscope_manifest::Str;
use meshscope_manifest::kustomize::is_kustomization;
use meshscope_manifest::repository::layout;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a kustomization stands to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The directories that use it and that it uses, itself among them; empty without a circle.
    pub circle: Arc<BTreeSet<Str>>,
    /// How many bases are inside each other below it.
    pub height: u32,
}

/// How the kustomization of one directory stands to others.
#[salsa::tracked]
pub(super) fn standing<'db>(
    db: &'db dyn Db,
    repository: Repository,
    directory: Name<'db>,
) -> Standing {
    let all = standings(db, repository);
    all.get(directory.text(db)).cloned().unwrap_or_default()
}

/// The directories with a kustomization, sorted.
#[salsa::tracked]
pub fn kustomizations(db: &dyn Db, repository: Repository) -> Arc<[Str]> {
    let files = repository.files(db).keys();
    let found: BTreeSet<Str> = files
        .filter(|path| is_kustomization(path))
        .map(|path| layout::dir_of(path).into())
        .collect();
    found.into_iter().collect()
}

/// How all kustomizations stand. Invalidated when one of them names other directories.
#[salsa::tracked]
fn standings(db: &dyn Db, repository: Repository) -> Arc<BTreeMap<Str, Standing>> {
    let links = repository.links(db);
    let directories = kustomizations(db, repository);
    let number = |dir: &str| {
        let real = real_path(links, dir);
        directories.binary_search(&real).ok()
    };
    let edges: Vec<Vec<usize>> = directories
        .iter()
        .map(|dir| {
            let named = references(db, repository, name(db, dir));
            named.directories.iter().filter_map(|d| number(d)).collect()
        })
        .collect();
    let mut standings = BTreeMap::new();
    let mut heights = vec![0; directories.len()];
    for group in groups(&edges) {
        let own = |to: &usize| group.contains(to);
        let below = group.iter().flat_map(|&at| &edges[at]);
        let below = below.filter(|to| !own(to)).map(|&to| heights[to] + 1);
        let height = below.max().unwrap_or(0);
        let in_circle = group.len() > 1 || group.iter().any(|&at| edges[at].contains(&at));
        let members = group.iter().filter(|_| in_circle);
        let circle: Arc<BTreeSet<Str>> =
            Arc::new(members.map(|&at| directories[at].clone()).collect());
        for at in group {
            heights[at] = height;
            let circle = circle.clone();
            standings.insert(directories[at].clone(), Standing { circle, height });
        }
    }
    Arc::new(standings)
}

/// The groups of nodes that lead to each other, those that others lead to first (Tarjan, without
/// recursion: chains can be long).
fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut open = vec![false; edges.len()];
    let (mut stack, mut found, mut count) = (Vec::new(), Vec::new(), 0);
    for start in 0..edges.len() {
        let mut work: Vec<(usize, usize)> = Vec::new();
        if order[start] == NEW {
            work.push((start, 0));
        }
        while let Some((at, next)) = work.pop() {
            if next == 0 {
                order[at] = count;
                low[at] = count;
                count += 1;
                stack.push(at);
                open[at] = true;
            }
            if let Some(&to) = edges[at].get(next) {
                work.push((at, next + 1));
                if order[to] == NEW {
                    work.push((to, 0));
                } else if open[to] {
                    low[at] = low[at].min(order[to]);
                }
                continue;
            }
            if let Some(&(above, _)) = work.last() {
                low[above] = low[above].min(low[at]);
            }
            if low[at] == order[at] {
                let from = stack.iter().rposition(|&n| n == at).unwrap_or(0);
                let group = stack.split_off(from);
                group.iter().for_each(|&n| open[n] = false);
                found.push(group);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn circles_are_groups_and_what_is_used_comes_first() {
        let edges = [vec![1], vec![2, 3], vec![1], vec![], vec![4]];
        let mut found = groups(&edges);
        found.iter_mut().for_each(|g| g.sort_unstable());
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
    }
}
