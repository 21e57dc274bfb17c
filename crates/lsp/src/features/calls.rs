//! The route graph as a call hierarchy.

use super::symbols::kind;
use crate::world::{File, FolderView, World};
use meshscope_ide as ide;
use serde_json::Value;
use tower_lsp::ls_types::{
    CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, Range,
};

/// What is at an offset, once per mesh.
pub fn prepare_call_hierarchy(file: &File<'_>, offset: usize) -> Option<Vec<CallHierarchyItem>> {
    let items = ide::call_hierarchy(file.workspace(), &file.path, offset).into_iter();
    let shown = items.filter_map(|found| item(file.world, file.folder, found));
    Some(shown.collect::<Vec<_>>()).filter(|shown| !shown.is_empty())
}

/// What leads to an item.
pub fn incoming_calls(
    world: &World,
    to: &CallHierarchyItem,
) -> Option<Vec<CallHierarchyIncomingCall>> {
    let (file, known) = known(world, to)?;
    let links = ide::incoming_calls(file.workspace(), &known).into_iter();
    let calls = links.filter_map(|link| {
        let from_ranges = ranges(&file, &link, &link.item.place.path);
        let from = labelled(world, file.folder, link)?;
        Some(CallHierarchyIncomingCall { from, from_ranges })
    });
    Some(calls.collect())
}

/// Where an item leads.
pub fn outgoing_calls(
    world: &World,
    from: &CallHierarchyItem,
) -> Option<Vec<CallHierarchyOutgoingCall>> {
    let (file, known) = known(world, from)?;
    let links = ide::outgoing_calls(file.workspace(), &known).into_iter();
    let calls = links.filter_map(|link| {
        let from_ranges = ranges(&file, &link, &known.place.path);
        let to = labelled(world, file.folder, link)?;
        Some(CallHierarchyOutgoingCall { to, from_ranges })
    });
    Some(calls.collect())
}

fn known<'w>(world: &'w World, item: &CallHierarchyItem) -> Option<(File<'w>, ide::CallItem)> {
    let known = serde_json::from_value(item.data.clone().unwrap_or(Value::Null)).ok()?;
    Some((world.file(&item.uri)?, known))
}

/// Where the edges are written in one file: the protocol has no name for other files here.
fn ranges(file: &File<'_>, link: &ide::CallLink, path: &str) -> Vec<Range> {
    let Some(lines) = file.world.lines(file.folder, path) else {
        return Vec::new();
    };
    let places = link.places.iter().filter(|place| place.path == path);
    places.map(|place| lines.range(&place.range)).collect()
}

fn labelled(world: &World, folder: &FolderView, link: ide::CallLink) -> Option<CallHierarchyItem> {
    let mut item = item(world, folder, link.item)?;
    if !link.label.is_empty() {
        let detail = item.detail.unwrap_or_default();
        item.detail = Some(format!("{}, {detail}", link.label));
    }
    Some(item)
}

fn item(world: &World, folder: &FolderView, found: ide::CallItem) -> Option<CallHierarchyItem> {
    let lines = world.lines(folder, &found.place.path)?;
    Some(CallHierarchyItem {
        uri: world.uri(folder, &found.place.path)?,
        range: lines.range(&found.whole),
        selection_range: lines.range(&found.place.range),
        data: serde_json::to_value(&found).ok(),
        kind: kind(found.kind),
        name: found.name,
        detail: Some(found.detail),
        tags: None,
    })
}
