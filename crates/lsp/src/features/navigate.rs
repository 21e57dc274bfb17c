//! From a name to what it means, and to everything that means the same.

use crate::world::File;
use meshscope_ide as ide;
use tower_lsp::ls_types::{
    DocumentHighlight, DocumentHighlightKind, GotoDefinitionResponse, Location, LocationLink,
};

/// Where what is named at an offset is written.
pub fn definition(file: &File<'_>, offset: usize) -> Option<GotoDefinitionResponse> {
    let found = ide::definition(file.workspace(), &file.path, offset)?;
    let origin = file.range(&found.origin);
    let targets = found.targets.into_iter().filter_map(|target| {
        let lines = file.world.lines(file.folder, &target.place.path)?;
        Some(LocationLink {
            origin_selection_range: Some(origin),
            target_uri: file.world.uri(file.folder, &target.place.path)?,
            target_range: lines.range(&target.whole),
            target_selection_range: lines.range(&target.place.range),
        })
    });
    if file.world.traits.links {
        return Some(GotoDefinitionResponse::Link(targets.collect()));
    }
    let places = targets.map(|link| Location::new(link.target_uri, link.target_selection_range));
    Some(GotoDefinitionResponse::Array(places.collect()))
}

/// Everything that means what is named at an offset.
pub fn references(file: &File<'_>, offset: usize, definitions: bool) -> Option<Vec<Location>> {
    let found = ide::references(file.workspace(), &file.path, offset, definitions);
    let places = found.into_iter().filter_map(|reference| {
        let place = reference.place;
        file.world.location(file.folder, &place.path, &place.range)
    });
    Some(places.collect::<Vec<_>>()).filter(|places| !places.is_empty())
}

/// The same in the file itself.
pub fn highlights(file: &File<'_>, offset: usize) -> Option<Vec<DocumentHighlight>> {
    let found = ide::highlights(file.workspace(), &file.path, offset);
    let shown = found.into_iter().map(|(bytes, defines)| DocumentHighlight {
        range: file.range(&bytes),
        kind: Some(match defines {
            true => DocumentHighlightKind::WRITE,
            false => DocumentHighlightKind::READ,
        }),
    });
    Some(shown.collect::<Vec<_>>()).filter(|shown| !shown.is_empty())
}
