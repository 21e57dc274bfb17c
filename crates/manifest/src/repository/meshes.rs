//! Meshes: the roots that land in one cluster.
//!
//! The rules are those measured over real repositories: a word for an environment or cluster in the
//! path keeps roots apart; Argo CD and Flux say outright what lands together; roots without a word
//! are part of every mesh. Settings override all of it; roots that contradict each other are the
//! business of `conflicts`.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::layout::{Environments, dir_of, environment};
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
    /// Roots that would land here but for what another one defines, each with the reason.
    pub aside: Vec<(Root, String)>,
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
    /// Roots of no mesh, with the reason.
    pub aside: Vec<(Root, String)>,
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
    let because = |(root, part): (Root, Str)| (root, format!("`{part}` is in its path"));
    let mut aside: Vec<(Root, String)> = found.aside.into_iter().map(because).collect();
    let (roots, elsewhere) = of_clusters(found.roots);
    aside.extend(elsewhere);
    Discovery {
        meshes: by_rule(roots),
        aside,
        faults: Vec::new(),
    }
}

/// Where documents say which clusters there are, what nobody applies and is for none of them is set
/// aside, with the reason.
fn of_clusters(roots: Vec<Root>) -> (Vec<Root>, Vec<(Root, String)>) {
    let above = appliers(&roots);
    let environments = environments(&roots);
    let applied = roots.iter().flat_map(|root| &root.applied);
    let clusters: BTreeSet<Str> = applied
        .flat_map(|applied| lands(applied, &above, &environments))
        .collect();
    let (mut kept, mut aside) = (Vec::new(), Vec::new());
    for root in roots {
        let word = environment(&root.dir).filter(|word| {
            root.applied.is_empty() && !clusters.is_empty() && !clusters.contains(word)
        });
        match word {
            Some(word) => {
                let reason = format!("`{word}` is in its path, and nothing is applied there");
                aside.push((root, reason));
            }
            None => kept.push(root),
        }
    }
    (kept, aside)
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
            ..Mesh::default()
        });
    }
    let claimed = |root: &Root| discovery.meshes.iter().any(|m| m.roots.contains(root));
    let left = roots.iter().filter(|r| !claimed(r)).cloned();
    discovery.aside = left
        .map(|root| (root, "the settings name it nowhere".to_owned()))
        .collect();
    discovery
}

/// Where one application of a root lands: clusters or environments, or that of the controller when
/// nothing says which that is.
fn lands(applied: &Applied, appliers: &Appliers, environments: &Environments) -> BTreeSet<Str> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![applied];
    while let Some(applied) = open.pop() {
        if !applied.cluster().is_empty() {
            found.insert(applied.cluster().into());
            continue;
        }
        // What is applied itself lands what it applies where it lands.
        let above = applied.built_by.as_ref();
        let above = above.filter(|dir| seen.insert((*dir).clone()));
        match above.and_then(|dir| appliers.get(dir)) {
            Some(appliers) => open.extend(appliers),
            None => {
                let by = applied.by();
                let dir = dir_of(by);
                found.extend(environments.of_applier(dir));
            }
        }
    }
    found
}

/// What the words in the paths of roots mean.
fn environments(roots: &[Root]) -> Environments {
    let manifests = roots.iter().filter(|root| root.kind != RootKind::Chart);
    Environments::of(manifests.map(|root| root.dir.as_str()))
}

/// Who applies the roots that are applied, by directory.
type Appliers = BTreeMap<Str, Vec<Applied>>;

fn appliers(roots: &[Root]) -> Appliers {
    let applied = roots.iter().filter(|root| !root.applied.is_empty());
    applied
        .map(|root| (root.dir.clone(), root.applied.clone()))
        .collect()
}

/// A root with the clusters or environments it belongs to; none means all.
struct Keyed {
    root: Root,
    keys: BTreeSet<Str>,
    /// Whether a controller applies it to its own cluster.
    controlled: bool,
}

fn keyed(mut root: Root, above: &Appliers, environments: &Environments) -> Keyed {
    let mut keys = BTreeSet::new();
    let mut controlled = false;
    for applied in &mut root.applied {
        let own = lands(applied, above, environments);
        applied.is_sure = !own.is_empty();
        // Whatever a controller applies to its own cluster is together.
        controlled |= own.is_empty();
        keys.extend(own);
    }
    if keys.is_empty() {
        keys.extend(environments.of_root(&root.dir));
    }
    Keyed {
        root,
        keys,
        controlled,
    }
}

fn by_rule(roots: Vec<Root>) -> Vec<Mesh> {
    let environments = environments(&roots);
    let above = appliers(&roots);
    let is_controlled = roots.iter().any(|root| !root.applied.is_empty());
    let keyed: Vec<Keyed> = roots
        .into_iter()
        .map(|root| keyed(root, &above, &environments))
        .collect();
    // Words of roots that one controller applies to its own cluster are words for one cluster.
    let together: BTreeSet<Str> = keyed
        .iter()
        .filter(|keyed| keyed.controlled)
        .flat_map(|keyed| keyed.keys.iter().cloned())
        .collect();
    let one = |key: &Str| match together.contains(key) {
        true => together.first().cloned().unwrap_or_default(),
        false => key.clone(),
    };
    let names: BTreeSet<Str> = keyed
        .iter()
        .flat_map(|keyed| keyed.keys.iter().map(one))
        .collect();
    let several = names.len() > 1;
    let slots: Vec<Str> = match names.is_empty() {
        true => vec![Str::default()],
        false => names.into_iter().collect(),
    };
    let mut meshes: BTreeMap<Str, Mesh> = BTreeMap::new();
    for name in &slots {
        meshes.insert(name.clone(), mesh(name, &together, several));
    }
    for Keyed { root, keys, .. } in keyed {
        let own: BTreeSet<Str> = match keys.is_empty() {
            true => slots.iter().cloned().collect(),
            false => keys.iter().map(one).collect(),
        };
        let loose = is_controlled
            && root.applied.is_empty()
            && several
            && keys.is_empty()
            && root.kind != RootKind::Chart;
        for name in own {
            let Some(mesh) = meshes.get_mut(&name) else {
                continue;
            };
            if loose && mesh.uncertain.is_none() {
                let message = format!("nothing says which cluster `{}` is for", root.dir);
                mesh.uncertain = Some(message);
            }
            let mut root = root.clone();
            root.applied.retain(|applied| {
                let own = lands(applied, &above, &environments);
                own.is_empty() || own.iter().any(|key| one(key) == name)
            });
            mesh.roots.push(root);
        }
    }
    let mut meshes: Vec<Mesh> = meshes
        .into_values()
        .filter(|m| !m.roots.is_empty())
        .collect();
    for mesh in &mut meshes {
        let mut manifests = mesh.roots.iter().filter(|r| r.kind != RootKind::Chart);
        let is_plain = |r: &Root| r.kind == RootKind::Plain && r.applied.is_empty();
        let several = manifests.clone().count() > 1;
        if several && manifests.all(is_plain) && mesh.uncertain.is_none() {
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
    let by_word = several && !joined && environment(name).is_some();
    Mesh {
        name: name.clone(),
        roots: Vec::new(),
        reason,
        uncertain: by_word
            .then(|| format!("`{name}` may be a cluster of its own or namespaces of a shared one")),
        aside: Vec::new(),
    }
}
