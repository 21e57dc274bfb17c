//! Hover: what is under the cursor, in Markdown.
//!
//! `host`, `gateway`, `route` and `object` write one paragraph each for one mesh; here they are chosen
//! and put together. `field` is the schema's own documentation. On plain fields nothing is said, as
//! another YAML server says it better.

mod field;
mod gateway;
mod host;
mod object;
mod route;

pub use field::field_help;
pub(crate) use field::{object_at, shown, text as field_text};
pub(crate) use host::treated_as;

use crate::symbol::Symbol;
use crate::symbol::cursor::{Hit, hits, owners_at};
use crate::symbol::fields::Field;
use crate::symbol::owner::Owner;
use crate::symbol::resolve::resolve;
use meshscope::engine::SourceFile;
use meshscope::engine::reach::{Role, subject};
use meshscope::manifest::{Kind, ResourceKey};
use meshscope::yaml::Path;
use meshscope::{Mesh, Workspace};
use std::ops::Range;

/// Something to show beside the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The bytes it is about.
    pub range: Range<usize>,
    /// Markdown.
    pub markdown: String,
}

/// What the engine knows of the name at `offset`: what a host resolves to from here and who sees it,
/// what a Gateway serves, where a route goes, what an object reaches. `None` on plain fields.
pub fn hover(workspace: &Workspace, file: &str, offset: usize) -> Option<Hover> {
    let hits = hits(workspace, file, offset);
    if let Some(first) = hits.first() {
        let range = first.range.clone();
        let texts = hits
            .iter()
            .filter_map(|hit| Some((hit.owner.mesh.name().to_owned(), of_mention(hit)?)));
        return merged(range, texts.collect());
    }
    let file = workspace.file(file)?;
    let mut range = None;
    let mut texts = Vec::new();
    for owner in owners_at(workspace, file, offset) {
        if let Some((at, text)) = of_key(&owner, file, offset) {
            range.get_or_insert(at);
            texts.push((owner.mesh.name().to_owned(), text));
        }
    }
    merged(range?, texts)
}

/// One text for all meshes where they agree, else one per mesh under its name.
fn merged(range: Range<usize>, mut texts: Vec<(String, String)>) -> Option<Hover> {
    texts.dedup();
    let (_, first) = texts.first()?;
    let markdown = match texts.iter().all(|(_, text)| text == first) {
        true => first.clone(),
        false => {
            let parts = texts
                .iter()
                .map(|(mesh, text)| format!("Mesh `{mesh}`: {text}"));
            parts.collect::<Vec<_>>().join("\n\n---\n\n")
        }
    };
    Some(Hover { range, markdown })
}

fn of_mention(hit: &Hit<'_>) -> Option<String> {
    let (owner, mention) = (&hit.owner, &hit.mention);
    let symbols = resolve(owner, mention);
    match mention.field {
        Field::Own => of_object(owner.mesh, &owner.key()),
        Field::ClaimedHost
        | Field::DestinationHost
        | Field::RuleHost
        | Field::LiteralHost
        | Field::DefinedHost
        | Field::ImportedHost
        | Field::ServedHost => Some(host::of(owner, mention, &symbols)),
        Field::Delegate => match symbols.first()? {
            Symbol::Object(key) => Some(object::of_delegate(owner, key)),
            _ => None,
        },
        Field::Selector => object::selection(owner, &symbols),
        Field::Subset | Field::FilterSubset | Field::SubsetName if symbols.is_empty() => {
            Some(object::missing_subset(mention))
        }
        _ => of_symbol(owner, &symbols),
    }
}

/// What other mentions say: the one thing they mean.
fn of_symbol(owner: &Owner<'_>, symbols: &[Symbol]) -> Option<String> {
    let mesh = owner.mesh;
    match symbols.first()? {
        Symbol::Host { host, .. } => Some(host::of_host(owner, host, symbols)),
        Symbol::Object(key) if key.kind == Kind::Namespace => {
            Some(object::of_namespace(mesh, &key.name))
        }
        Symbol::Object(key) => of_object(mesh, key),
        Symbol::Part { .. } => {
            let parts = symbols.iter().filter_map(|symbol| match symbol {
                Symbol::Part { object, path } => object::of_part(mesh, object, path),
                _ => None,
            });
            let parts: Vec<String> = parts.collect();
            (!parts.is_empty()).then(|| parts.join("\n\n"))
        }
    }
}

/// An object; `None` for one that istiod does not read.
fn of_object(mesh: Mesh<'_>, key: &ResourceKey) -> Option<String> {
    match key.kind {
        Kind::Gateway | Kind::KubernetesGateway => Some(gateway::of(mesh, key)),
        Kind::ServiceAccount => Some(object::of(mesh, key)),
        _ if subject(mesh.db(), mesh.input(), key).is == Role::Nothing => None,
        _ => Some(object::of(mesh, key)),
    }
}

/// What is said on a few keys that stand for something: `kind` for the object, the keys of a route for
/// where it goes.
fn of_key(owner: &Owner<'_>, file: SourceFile, offset: usize) -> Option<(Range<usize>, String)> {
    let touched = |path: &Path, value_too: bool| {
        let place = owner.place(path).filter(|place| place.file == file)?;
        let value = place.value.range();
        let key = place.key?.range();
        let range = match value_too {
            true => key.start..value.end,
            false => key,
        };
        (range.start <= offset && offset <= range.end).then_some(range)
    };
    if let Some(range) = touched(&Path::root().join("kind"), true) {
        return Some((range, of_object(owner.mesh, &owner.key())?));
    }
    for (list, keys) in route::KEYS {
        let all = Path::root().join("spec").join(list);
        for (index, _) in (0u32..).zip(owner.at(&all).as_list()) {
            for key in *keys {
                if let Some(range) = touched(&all.index(index).join(key), false) {
                    return Some((range, route::of(owner, list, index as usize)?));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
