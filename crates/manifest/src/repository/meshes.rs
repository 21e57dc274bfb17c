//! Meshes: the roots that land in one cluster.
//!
//! The rules are those measured over real repositories: a word for an environment or cluster in the
//! path keeps roots apart; Argo CD and Flux say outright what lands together; roots without a word
//! are part of every mesh; two roots that define the same object cannot be one mesh. Settings
//! override all of it.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::layout;
use super::roots::{Applied, Repository, Root, RootKind, roots};
use crate::value::Str;

/// A set of roots that land in one cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// The environment or cluster; empty when the repository is one mesh.
    pub name: Str,
    /// Its roots.
    pub roots: Vec<Root>,
    /// Why these roots and no others.
    pub reason: String,
    /// Why the grouping may be wrong: findings about what is missing or twice are hints then.
    pub uncertain: Option<String>,
}

/// A `meshes:` entry of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshSetting {
    /// The name.
    pub name: Str,
    /// Globs over directories; a directory's subdirectories are meant too.
    pub include: Vec<Str>,
    /// Globs that take directories out again.
    pub exclude: Vec<Str>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovery {
    /// The meshes, by name.
    pub meshes: Vec<Mesh>,
    /// Roots of no mesh, with the part of the path that says so.
    pub aside: Vec<(Root, Str)>,
    /// Settings that cannot be used, with the reason.
    pub faults: Vec<String>,
}

/// The identity of an object as far as clusters care: kind with group, namespace, name.
pub type Identity = (Str, Str, Str);

/// Finds the meshes of a repository. Settings, when there are any, decide alone.
pub fn discover(repository: &Repository, settings: &[MeshSetting]) -> Discovery {
    let found = roots(repository);
    if !settings.is_empty() {
        let mut all: Vec<Root> = found.roots;
        all.extend(found.aside.into_iter().map(|(root, _)| root));
        return by_settings(all, settings);
    }
    Discovery {
        meshes: by_rule(found.roots),
        aside: found.aside,
        faults: Vec::new(),
    }
}

fn by_settings(roots: Vec<Root>, settings: &[MeshSetting]) -> Discovery {
    let mut discovery = Discovery::default();
    for setting in settings {
        let mut globs = |texts: &[Str]| {
            let mut builder = GlobSetBuilder::new();
            for text in texts {
                let text = text.trim_start_matches("./").trim_end_matches('/');
                for glob in [text.to_owned(), format!("{text}/**")] {
                    match Glob::new(&glob) {
                        Ok(glob) => {
                            builder.add(glob);
                        }
                        Err(error) => discovery.faults.push(error.to_string()),
                    }
                }
            }
            builder.build().unwrap_or_else(|_| GlobSet::empty())
        };
        let (include, exclude) = (globs(&setting.include), globs(&setting.exclude));
        let everything = setting.include.is_empty();
        let of_it = |root: &&Root| {
            let dir = if root.dir.is_empty() {
                "."
            } else {
                root.dir.as_str()
            };
            (everything || include.is_match(dir)) && !exclude.is_match(dir)
        };
        discovery.meshes.push(Mesh {
            name: setting.name.clone(),
            roots: roots.iter().filter(of_it).cloned().collect(),
            reason: "the settings say so".to_owned(),
            uncertain: None,
        });
    }
    let claimed = |root: &Root| discovery.meshes.iter().any(|m| m.roots.contains(root));
    let left = roots.iter().filter(|r| !claimed(r)).cloned();
    discovery.aside = left.map(|root| (root, "settings".into())).collect();
    discovery
}

/// The clusters or environments a root belongs to; none means all.
fn keys(root: &Root) -> (BTreeSet<Str>, Option<String>) {
    let mut keys = BTreeSet::new();
    let mut controller = None;
    for applied in &root.applied {
        let (by, cluster, what) = match applied {
            Applied::Argo { by, cluster, .. } => (by, cluster.as_str(), "Argo CD"),
            Applied::Flux { by, .. } => (by, "", "Flux"),
        };
        let dir = by.rsplit_once('/').map_or("", |(dir, _)| dir);
        match (cluster, layout::environment(dir)) {
            ("", Some(environment)) => {
                keys.insert(environment);
            }
            // The controller's own cluster, and nothing says which: whatever it applies is together.
            ("", None) => controller = Some(format!("{what} applies it to its own cluster")),
            (cluster, _) => {
                keys.insert(cluster.into());
            }
        }
    }
    if keys.is_empty() {
        keys.extend(layout::environment(&root.dir));
    }
    (keys, controller)
}

fn by_rule(roots: Vec<Root>) -> Vec<Mesh> {
    let keyed: Vec<(Root, BTreeSet<Str>, Option<String>)> = roots
        .into_iter()
        .map(|root| {
            let (keys, controller) = keys(&root);
            (root, keys, controller)
        })
        .collect();
    // Words of roots that one controller applies to its own cluster are words for one cluster.
    let together: BTreeSet<Str> = keyed
        .iter()
        .filter(|(_, _, controller)| controller.is_some())
        .flat_map(|(_, keys, _)| keys.iter().cloned())
        .collect();
    let one = |key: &Str| match together.contains(key) {
        true => together.first().cloned().unwrap_or_default(),
        false => key.clone(),
    };
    let names: BTreeSet<Str> = keyed
        .iter()
        .flat_map(|(_, keys, _)| keys.iter().map(one))
        .collect();
    let controlled = keyed.iter().any(|(root, _, _)| !root.applied.is_empty());
    let several = names.len() > 1;
    let mut meshes: BTreeMap<Str, Mesh> = BTreeMap::new();
    let slots: Vec<Str> = match names.is_empty() {
        true => vec![Str::default()],
        false => names.into_iter().collect(),
    };
    for name in &slots {
        meshes.insert(name.clone(), mesh(name, &together, several));
    }
    for (root, keys, _) in keyed {
        let own: BTreeSet<Str> = match keys.is_empty() {
            true => slots.iter().cloned().collect(),
            false => keys.iter().map(one).collect(),
        };
        let loose = controlled && root.applied.is_empty() && several && keys.is_empty();
        for name in own {
            let Some(mesh) = meshes.get_mut(&name) else {
                continue;
            };
            if loose && mesh.uncertain.is_none() {
                let message = format!("nothing says which cluster `{}` is for", root.dir);
                mesh.uncertain = Some(message);
            }
            mesh.roots.push(root.clone());
        }
    }
    let mut meshes: Vec<Mesh> = meshes
        .into_values()
        .filter(|m| !m.roots.is_empty())
        .collect();
    for mesh in &mut meshes {
        let plain = mesh
            .roots
            .iter()
            .all(|r| r.kind == RootKind::Plain && r.applied.is_empty());
        if plain && mesh.roots.len() > 1 && mesh.uncertain.is_none() {
            let message = "plain directories: nothing says that they are applied together";
            mesh.uncertain = Some(message.to_owned());
        }
    }
    meshes
}

fn mesh(name: &Str, together: &BTreeSet<Str>, several: bool) -> Mesh {
    let joined = together.contains(name);
    let reason = if name.is_empty() {
        "no path names an environment or a cluster".to_owned()
    } else if joined && together.len() > 1 {
        let words: Vec<&str> = together.iter().map(Str::as_str).collect();
        format!(
            "one controller applies {} to its own cluster",
            words.join(", ")
        )
    } else {
        format!("`{name}` is in the path of its roots or of what applies them")
    };
    let by_word = several && !joined && layout::environment(name).is_some();
    Mesh {
        name: name.clone(),
        roots: Vec::new(),
        reason,
        uncertain: by_word
            .then(|| format!("`{name}` may be a cluster of its own or namespaces of a shared one")),
    }
}

/// Splits a mesh whose roots define the same object more than once: such roots cannot share a
/// cluster. Roots without a conflict stay part of every piece.
pub fn split(mesh: Mesh, identities: &dyn Fn(&Root) -> Vec<Identity>) -> Vec<Mesh> {
    let mut owners: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
    let mut twice_inside = None;
    for (index, root) in mesh.roots.iter().enumerate() {
        for identity in identities(root) {
            let places = owners.entry(identity).or_default();
            if places.last() == Some(&index) {
                twice_inside.get_or_insert(index);
            } else {
                places.push(index);
            }
        }
    }
    let mut conflicts: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut example = None;
    for (identity, places) in owners.iter().filter(|(_, places)| places.len() > 1) {
        example.get_or_insert_with(|| format!("{} {}/{}", identity.0, identity.1, identity.2));
        for &a in places {
            let others = places.iter().copied().filter(|&b| b != a);
            conflicts.entry(a).or_default().extend(others);
        }
    }
    let mut mesh = mesh;
    if let Some(index) = twice_inside.filter(|_| mesh.uncertain.is_none()) {
        let dir = mesh.roots[index].dir.clone();
        mesh.uncertain = Some(format!(
            "`{dir}` holds alternatives: it defines objects twice"
        ));
    }
    if conflicts.is_empty() {
        return vec![mesh];
    }
    // Roots that somebody applies choose first; each takes the first piece that is free of conflict.
    let mut order: Vec<usize> = conflicts.keys().copied().collect();
    order.sort_by_key(|&i| (mesh.roots[i].applied.is_empty(), mesh.roots[i].dir.clone()));
    let mut pieces: Vec<BTreeSet<usize>> = Vec::new();
    for index in order {
        let against = &conflicts[&index];
        match pieces.iter_mut().find(|piece| piece.is_disjoint(against)) {
            Some(piece) => {
                piece.insert(index);
            }
            None => pieces.push(BTreeSet::from([index])),
        }
    }
    let what = example.unwrap_or_default();
    let all = mesh.roots.iter().enumerate();
    pieces
        .iter()
        .enumerate()
        .map(|(number, piece)| {
            let part = |i: usize| !conflicts.contains_key(&i) || piece.contains(&i);
            let first = piece.iter().next().map(|&i| mesh.roots[i].dir.clone());
            let name = match (number, mesh.name.as_str()) {
                (0, name) => name.into(),
                (_, "") => first.unwrap_or_default(),
                (_, name) => format!("{name}:{}", first.unwrap_or_default()).into(),
            };
            Mesh {
                name,
                roots: all
                    .clone()
                    .filter(|(i, _)| part(*i))
                    .map(|(_, r)| r.clone())
                    .collect(),
                reason: format!(
                    "{}; several roots define {what}, so they are apart",
                    mesh.reason
                ),
                uncertain: Some(format!("several roots define {what}")),
            }
        })
        .collect()
}
