//! Rename: of subsets and Gateways, with everything that means them.
//!
//! A name is renamed in all meshes at once, as their files are shared: what one edit changes in another
//! mesh is followed there, until nothing new comes up.

mod patches;

use crate::place::{Place, TextEdit};
use crate::references::meant;
use crate::symbol::Symbol;
use crate::symbol::cursor::{Hit, hits, owners_at};
use crate::symbol::fields::Field;
use crate::symbol::owner::definitions_of;
use crate::symbol::resolve::resolve;
use crate::symbol::search::mentions_of;
use crate::words::object;
use meshscope::engine::index;
use meshscope::manifest::{Kind, ResourceKey, Str};
use meshscope::{Mesh, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

/// What can be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameTarget {
    /// The bytes of the name.
    pub range: Range<usize>,
    /// The name as it is.
    pub name: String,
}

/// Why something cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameError {
    /// The reason, for people.
    pub reason: String,
}

impl fmt::Display for RenameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for RenameError {}

fn refuse<T>(reason: impl Into<String>) -> Result<T, RenameError> {
    Err(RenameError {
        reason: reason.into(),
    })
}

/// Whether the name at `offset` can be renamed.
///
/// # Errors
/// When it is neither a subset nor a Gateway, or is written where it cannot be changed.
pub fn prepare_rename(
    workspace: &Workspace,
    file: &str,
    offset: usize,
) -> Result<RenameTarget, RenameError> {
    let (_, target) = start(workspace, file, offset)?;
    Ok(target)
}

/// The hits under the cursor and what is renamed there.
fn start<'w>(
    workspace: &'w Workspace,
    file: &str,
    offset: usize,
) -> Result<(Vec<Hit<'w>>, RenameTarget), RenameError> {
    let hits = hits(workspace, file, offset);
    let Some(first) = hits.first() else {
        return refuse("only subsets and Gateways can be renamed");
    };
    if !hits.iter().all(can_be_renamed) {
        return refuse("only subsets and Gateways can be renamed");
    }
    let known = |hit: &Hit<'_>| {
        let symbols = resolve(&hit.owner, &hit.mention);
        symbols
            .iter()
            .any(|symbol| is_defined(hit.owner.mesh, symbol))
    };
    if !hits.iter().any(known) {
        return refuse(format!(
            "nothing of the mesh defines {}",
            first.mention.text
        ));
    }
    let target = RenameTarget {
        range: first.range.clone(),
        name: first.mention.text.to_string(),
    };
    let file = workspace.file(file);
    let text = file.and_then(|file| file.text(workspace.db()).get(target.range.clone()));
    if text != Some(&target.name) {
        return refuse(format!(
            "{} is not written as it reads here: a kustomization, an alias or an escape changes it",
            target.name
        ));
    }
    Ok((hits, target))
}

fn can_be_renamed(hit: &Hit<'_>) -> bool {
    match hit.mention.field {
        Field::Subset | Field::FilterSubset | Field::SubsetName => true,
        Field::GatewayName | Field::QualifiedGateway => hit.mention.text != "mesh",
        Field::Own => hit.owner.kind == Kind::Gateway,
        _ => false,
    }
}

fn is_defined(mesh: Mesh<'_>, symbol: &Symbol) -> bool {
    match symbol {
        Symbol::Object(key) | Symbol::Part { object: key, .. } => {
            index::resource(mesh.db(), mesh.input(), key).is_some()
        }
        Symbol::Host { .. } => false,
    }
}

/// The edits that rename what is named at `offset`, in every mesh and file.
///
/// # Errors
/// As for [`prepare_rename`]; when the new name is no DNS label or is taken; when a place cannot be
/// edited.
pub fn rename(
    workspace: &Workspace,
    file: &str,
    offset: usize,
    new_name: &str,
) -> Result<Vec<TextEdit>, RenameError> {
    let (hits, target) = start(workspace, file, offset)?;
    if target.name == new_name {
        return Ok(Vec::new());
    }
    if !is_dns_label(new_name) {
        return refuse(format!(
            "{new_name:?} is no DNS label: lower-case letters, digits and -, at most 63, beginning and \
             ending with a letter or digit"
        ));
    }
    let mut all = Everything::new(workspace, &target.name);
    all.add(meant(&hits));
    all.follow()?;
    for (mesh, symbols) in &all.symbols {
        let mesh = workspace.mesh(mesh);
        for symbol in symbols {
            if let Some(taken) = mesh.and_then(|mesh| clash(mesh, symbol, new_name)) {
                return refuse(taken);
            }
        }
    }
    let edits = all.places.into_iter().map(|(path, start, end)| TextEdit {
        place: Place {
            path,
            range: start..end,
        },
        new_text: new_name.to_owned(),
    });
    Ok(edits.collect())
}

/// Everything a rename changes: what is meant, mesh by mesh, and where it is written.
struct Everything<'w> {
    workspace: &'w Workspace,
    name: &'w str,
    symbols: BTreeMap<String, BTreeSet<Symbol>>,
    /// Symbols whose mentions were not looked for yet.
    open: Vec<(Mesh<'w>, Symbol)>,
    places: BTreeSet<(String, usize, usize)>,
}

impl<'w> Everything<'w> {
    fn new(workspace: &'w Workspace, name: &'w str) -> Everything<'w> {
        Everything {
            workspace,
            name,
            symbols: BTreeMap::new(),
            open: Vec::new(),
            places: BTreeSet::new(),
        }
    }

    fn add(&mut self, found: Vec<(Mesh<'w>, Vec<Symbol>)>) {
        for (mesh, symbols) in found {
            let known = self.symbols.entry(mesh.name().to_owned()).or_default();
            for symbol in symbols {
                if known.insert(symbol.clone()) {
                    self.open.push((mesh, symbol));
                }
            }
        }
    }

    /// Looks for mentions until nothing new is meant.
    fn follow(&mut self) -> Result<(), RenameError> {
        while let Some((mesh, symbol)) = self.open.pop() {
            let mut found: Vec<(String, Range<usize>)> = Vec::new();
            let mut unwritten: Option<String> = None;
            mentions_of(
                mesh,
                std::slice::from_ref(&symbol),
                &mut |owner, mention| match mention.place(owner) {
                    Some((file, range)) => {
                        found.push((file.path(mesh.db()).to_string(), range));
                    }
                    None => unwritten = Some(format!("{} {}", object(&owner.key()), mention.path)),
                },
            );
            if let Symbol::Object(key) = &symbol {
                found.extend(patches::names(mesh, key));
            }
            if let Some(place) = unwritten {
                return refuse(format!("{place} has no place of its own in a file"));
            }
            for (path, range) in found {
                self.place(path, range)?;
            }
        }
        Ok(())
    }

    /// Refuses the name of a Gateway that some kustomization builds under another one: who refers to that
    /// one would have to follow.
    fn built_otherwise(&self, path: &str, range: &Range<usize>) -> Result<(), RenameError> {
        let Some(file) = self.workspace.file(path) else {
            return Ok(());
        };
        for owner in owners_at(self.workspace, file, range.start) {
            let definition = &owner.definition;
            let base = definition.file == file && owner.kind == Kind::Gateway;
            let document = index::document(self.workspace.db(), file, definition.document);
            let path_of_name = definition.prefix.join("metadata").join("name");
            let found = document.as_ref().and_then(|d| d.node_at(&path_of_name));
            let here = found.is_some_and(|node| node.span().range().contains(&range.start));
            if base && here && owner.name != self.name {
                return refuse(format!(
                    "a kustomization makes {} of {} in {path}",
                    owner.name, self.name
                ));
            }
        }
        Ok(())
    }

    /// A place that is to be changed, and what else it means in other meshes.
    fn place(&mut self, path: String, range: Range<usize>) -> Result<(), RenameError> {
        let file = self.workspace.file(&path);
        let text = file.and_then(|file| file.text(self.workspace.db()).get(range.clone()));
        if text != Some(self.name) {
            return refuse(format!(
                "{path} writes {} for {}: a kustomization, an alias or an escape changes it",
                text.unwrap_or_default(),
                self.name
            ));
        }
        if self.places.insert((path.clone(), range.start, range.end)) {
            self.built_otherwise(&path, &range)?;
            let hits = hits(self.workspace, &path, range.start);
            let hits: Vec<Hit<'w>> = hits.into_iter().filter(can_be_renamed).collect();
            self.add(meant(&hits));
        }
        Ok(())
    }
}

/// What has the new name already.
fn clash(mesh: Mesh<'_>, symbol: &Symbol, new_name: &str) -> Option<String> {
    match symbol {
        Symbol::Object(key) => {
            let other = ResourceKey::new(key.kind, key.namespace.clone(), new_name);
            let taken = index::resource(mesh.db(), mesh.input(), &other).is_some();
            taken.then(|| format!("there is a {} already", object(&other)))
        }
        Symbol::Part { object: rule, .. } => {
            let owner = definitions_of(mesh, rule).pop()?;
            let subsets = owner.value.get("spec").list("subsets");
            let taken = subsets
                .iter()
                .any(|s| s.str_or_empty("name") == Str::new(new_name));
            taken.then(|| format!("{} has a subset {new_name} already", object(rule)))
        }
        Symbol::Host { .. } => None,
    }
}

/// RFC 1123.
fn is_dns_label(text: &str) -> bool {
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

#[cfg(test)]
mod tests;
