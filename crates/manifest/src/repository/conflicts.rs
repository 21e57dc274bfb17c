//! Roots of one mesh that define the same object: alternatives, of which a cluster can have one.
//!
//! What somebody applies stays, and what nobody applies gives way to it; alternatives that are all alike
//! in this make meshes of their own. It must not know what an object is.

use std::collections::{BTreeMap, BTreeSet};

use super::meshes::{Identity, Mesh};
use super::roots::{Root, RootKind};
use crate::value::Str;

/// How much a root has to say in a conflict, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Somebody applies it.
    Applied,
    /// It is built, and an example or a test uses it.
    Usual,
    /// It is built.
    Built,
    /// It is a directory of manifests.
    Plain,
}

fn rank(root: &Root) -> Rank {
    match root.kind {
        _ if !root.applied.is_empty() => Rank::Applied,
        RootKind::Kustomize if root.usual => Rank::Usual,
        RootKind::Kustomize => Rank::Built,
        _ => Rank::Plain,
    }
}

/// Which roots of a mesh contradict which.
#[derive(Clone, Debug, Default, PartialEq)]
struct Conflicts {
    /// By index in the mesh's roots: the roots that define the same.
    against: BTreeMap<usize, BTreeSet<usize>>,
    /// An object of each pair, as words.
    example: BTreeMap<(usize, usize), String>,
    /// A root that defines an object twice itself.
    twice_inside: Option<usize>,
}

impl Conflicts {
    /// Finds them.
    fn of(roots: &[Root], identities: &dyn Fn(&Root) -> Vec<Identity>) -> Conflicts {
        let mut owners: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
        let mut conflicts = Conflicts::default();
        for (index, root) in roots.iter().enumerate() {
            for identity in identities(root) {
                let places = owners.entry(identity).or_default();
                if places.last() == Some(&index) {
                    conflicts.twice_inside.get_or_insert(index);
                } else {
                    places.push(index);
                }
            }
        }
        for ((kind, namespace, name), places) in owners {
            for &a in &places {
                for &b in places.iter().filter(|&&b| b != a) {
                    conflicts.against.entry(a).or_default().insert(b);
                    let example = conflicts.example.entry((a, b));
                    example.or_insert_with(|| match namespace.as_str() {
                        "" => format!("{kind} {name}"),
                        _ => format!("{kind} {namespace}/{name}"),
                    });
                }
            }
        }
        conflicts
    }

    fn drop(&mut self, root: usize) {
        for other in self.against.remove(&root).into_iter().flatten() {
            if let Some(against) = self.against.get_mut(&other) {
                against.remove(&root);
            }
        }
        self.against.retain(|_, against| !against.is_empty());
    }
}

/// Resolves the conflicts of a mesh: sets aside roots that give way, and splits it where alternatives are
/// left. `identities` are the objects of a root that other roots define differently.
/// There are at most `limit` pieces: of more alternatives, the first stand for all.
pub fn split(
    mut mesh: Mesh,
    limit: usize,
    identities: &dyn Fn(&Root) -> Vec<Identity>,
) -> Vec<Mesh> {
    let mut conflicts = Conflicts::of(&mesh.roots, identities);
    if let Some(index) = conflicts.twice_inside.filter(|_| mesh.uncertain.is_none()) {
        let dir = mesh.roots[index].dir.clone();
        mesh.uncertain = Some(format!(
            "`{dir}` holds alternatives: it defines objects twice"
        ));
    }
    let mut lost = give_way(&mesh.roots, &mut conflicts);
    agree(&mesh.roots, &mut conflicts);
    let (pieces, left) = pieces(&mesh.roots, &conflicts, limit);
    for root in left {
        let reason = format!("it is one of more than {limit} alternatives");
        lost.insert(root, reason);
    }
    let set_aside = |mesh: &mut Mesh| {
        for (index, reason) in &lost {
            mesh.aside
                .push((mesh.roots[*index].clone(), reason.clone()));
        }
        let mut index = 0;
        mesh.roots.retain(|_| {
            index += 1;
            !lost.contains_key(&(index - 1))
        });
    };
    if pieces.len() < 2 {
        set_aside(&mut mesh);
        return vec![mesh];
    }
    let what = example(&conflicts);
    let all = 0..mesh.roots.len();
    let made = pieces.iter().enumerate().map(|(number, piece)| {
        let others = |i: &usize| {
            conflicts.against.contains_key(i) && !piece.contains(i) && !lost.contains_key(i)
        };
        let first = piece.first().map(|&i| mesh.roots[i].dir.clone());
        let name = match (number, mesh.name.as_str()) {
            (0, name) => name.into(),
            (_, "") => first.unwrap_or_default(),
            (_, name) => Str::from(format!("{name}:{}", first.unwrap_or_default())),
        };
        let mut part = Mesh {
            name,
            reason: format!(
                "{}; several roots define {what}, so they are apart",
                mesh.reason
            ),
            uncertain: Some(format!("several roots define {what}")),
            ..Mesh::default()
        };
        for index in all.clone().filter(|i| !others(i)) {
            let root = mesh.roots[index].clone();
            match lost.get(&index) {
                Some(reason) => part.aside.push((root, reason.clone())),
                None => part.roots.push(root),
            }
        }
        part
    });
    made.collect()
}

/// Roots that nobody applies give way to applied ones, plain directories to what is built, and of
/// versions the older to the newest. Each with the reason.
fn give_way(roots: &[Root], conflicts: &mut Conflicts) -> BTreeMap<usize, String> {
    let mut lost = BTreeMap::new();
    let yields = |index: usize, other: usize| {
        let (own, rival) = (rank(&roots[index]), rank(&roots[other]));
        let applied = rival == Rank::Applied && own != Rank::Applied;
        let built = own == Rank::Plain && rival != Rank::Plain;
        applied || built || is_older(&roots[index], &roots[other])
    };
    for index in 0..roots.len() {
        let Some(against) = conflicts.against.get(&index) else {
            continue;
        };
        let winner = against.iter().copied().find(|&other| yields(index, other));
        if let Some(winner) = winner {
            let what = conflicts.example.get(&(index, winner));
            let what = what.cloned().unwrap_or_default();
            let dir = &roots[winner].dir;
            lost.insert(index, format!("`{dir}` defines {what}, too"));
        }
    }
    for index in lost.keys() {
        conflicts.drop(*index);
    }
    lost
}

/// Whether two directories beside each other are versions, the first the older one.
fn is_older(root: &Root, other: &Root) -> bool {
    let parts = |root: &Root| {
        let (above, name) = root.dir.rsplit_once('/')?;
        Some((Str::new(above), version(name)?))
    };
    match (parts(root), parts(other)) {
        (Some((above, own)), Some((beside, rival))) => {
            root.applied.is_empty() && above == beside && own < rival
        }
        _ => false,
    }
}

/// The numbers of a name such as `v1.2.3` or `0.15.0-rc1`.
fn version(name: &str) -> Option<Vec<u64>> {
    let name = name.strip_prefix('v').unwrap_or(name);
    let (numbers, rest) = match name.find(|c: char| !c.is_ascii_digit() && c != '.') {
        Some(end) => name.split_at(end),
        None => (name, ""),
    };
    let mut version = Vec::new();
    for part in numbers.trim_end_matches('.').split('.') {
        version.push(part.parse().ok()?);
    }
    // A release comes after its candidates.
    version.push(u64::from(rest.is_empty()));
    (version.len() > 2).then_some(version)
}

/// What is applied by documents that say one cluster is there together, whatever it defines.
fn agree(roots: &[Root], conflicts: &mut Conflicts) {
    let stated = |index: &usize| roots[*index].applied.iter().any(|a| a.is_sure);
    let sure: BTreeSet<usize> = conflicts.against.keys().copied().filter(stated).collect();
    for index in &sure {
        if let Some(against) = conflicts.against.get_mut(index) {
            against.retain(|other| !sure.contains(other));
        }
    }
    conflicts.against.retain(|_, against| !against.is_empty());
}

/// Roots that contradict none in the same piece; each root takes the first piece that is free for it. And
/// those for which there is none.
fn pieces(
    roots: &[Root],
    conflicts: &Conflicts,
    limit: usize,
) -> (Vec<BTreeSet<usize>>, Vec<usize>) {
    let mut order: Vec<usize> = conflicts.against.keys().copied().collect();
    order.sort_by_key(|&i| (rank(&roots[i]), roots[i].dir.clone()));
    let mut pieces: Vec<BTreeSet<usize>> = Vec::new();
    let mut left = Vec::new();
    for index in order {
        let against = &conflicts.against[&index];
        let is_full = pieces.len() == limit;
        match pieces.iter_mut().find(|piece| piece.is_disjoint(against)) {
            Some(piece) => {
                piece.insert(index);
            }
            None if !is_full => pieces.push(BTreeSet::from([index])),
            None => left.push(index),
        }
    }
    (pieces, left)
}

/// An object that alternatives which are left define.
fn example(conflicts: &Conflicts) -> String {
    let left = |a: &usize, b: &usize| {
        conflicts
            .against
            .get(a)
            .is_some_and(|against| against.contains(b))
    };
    let mut examples = conflicts.example.iter();
    let found = examples.find(|((a, b), _)| left(a, b));
    found.map(|(_, what)| what.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_told_from_names() {
        assert!(version("v0.5.0") < version("v0.15.0"));
        assert!(version("0.15.0-rc1") < version("0.15.0"));
        assert_eq!(version("v1"), None);
        assert_eq!(version("web"), None);
    }
}
