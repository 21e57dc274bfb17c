//! Edits that a person asks for: repairs of findings, and renaming.

use super::refusal;
use crate::diagnostics::report;
use crate::world::{File, World};
use meshscope_ide::{self as ide, ActionKind};
use std::collections::{BTreeMap, HashMap};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, CodeActionResponse,
    DocumentChanges, NumberOrString, OneOf, OptionalVersionedTextDocumentIdentifier,
    PrepareRenameResponse, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

/// What can be done about the findings that touch a range.
pub fn code_actions(
    file: &File<'_>,
    range: Range,
    context: &CodeActionContext,
) -> Option<CodeActionResponse> {
    if !file.world.traits.actions {
        return None;
    }
    let wanted = |kind: &CodeActionKind| match &context.only {
        Some(only) => only.iter().any(|only| includes(only, kind)),
        None => true,
    };
    let report = report(file.folder);
    let bytes = file.lines.bytes(range);
    let found = ide::actions_for(file.workspace(), &report, &file.path, bytes);
    let mut actions = Vec::new();
    for action in found {
        let kind = match action.kind {
            ActionKind::FixAll if context.only.is_some() => CodeActionKind::SOURCE_FIX_ALL,
            _ => CodeActionKind::QUICKFIX,
        };
        if wanted(&kind)
            && let Some(edit) = edit(file, &action.edits)
        {
            let is_it = file.range(&action.finding);
            let rule = Some(NumberOrString::String(action.rule));
            let diagnostics = context.diagnostics.iter();
            let diagnostics = diagnostics.filter(|d| d.range == is_it && d.code == rule);
            actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                title: action.title,
                is_preferred: (action.kind == ActionKind::Fix).then_some(action.safe),
                kind: Some(kind),
                diagnostics: Some(diagnostics.cloned().collect()),
                edit: Some(edit),
                ..CodeAction::default()
            }));
        }
    }
    Some(actions)
}

/// Kinds are dotted: `source` includes `source.fixAll`.
fn includes(outer: &CodeActionKind, inner: &CodeActionKind) -> bool {
    let rest = inner.as_str().strip_prefix(outer.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What is renamed at an offset. Nothing elsewhere, so that another server may be asked.
pub fn prepare_rename(file: &File<'_>, offset: usize) -> Option<PrepareRenameResponse> {
    let target = ide::prepare_rename(file.workspace(), &file.path, offset).ok()?;
    Some(PrepareRenameResponse::RangeWithPlaceholder {
        range: file.range(&target.range),
        placeholder: target.name,
    })
}

/// Renames what is named at an offset, everywhere.
pub fn rename(file: &File<'_>, offset: usize, name: &str) -> Result<Option<WorkspaceEdit>> {
    let edits = ide::rename(file.workspace(), &file.path, offset, name).map_err(refusal)?;
    match edit(file, &edits) {
        Some(edit) => Ok(Some(edit)),
        None => Err(refusal("a file that is to be edited is gone")),
    }
}

/// Edits of files of a folder; `None` when one of them cannot be named.
fn edit(file: &File<'_>, edits: &[ide::TextEdit]) -> Option<WorkspaceEdit> {
    let world = file.world;
    let mut by_path: BTreeMap<&str, Vec<&ide::TextEdit>> = BTreeMap::new();
    for edit in edits {
        by_path.entry(&edit.place.path).or_default().push(edit);
    }
    let mut changes: Vec<(Uri, Option<i32>, Vec<TextEdit>)> = Vec::new();
    for (path, edits) in by_path {
        let lines = world.lines(file.folder, path)?;
        let document = world.document(file.folder.id, path);
        let edits = edits.into_iter();
        let edits = edits.map(|e| TextEdit::new(lines.range(&e.place.range), e.new_text.clone()));
        let version = document.map(|document| document.version);
        changes.push((world.uri(file.folder, path)?, version, edits.collect()));
    }
    Some(of_changes(world, changes))
}

fn of_changes(world: &World, changes: Vec<(Uri, Option<i32>, Vec<TextEdit>)>) -> WorkspaceEdit {
    if world.traits.versioned_edits {
        let edits = changes
            .into_iter()
            .map(|(uri, version, edits)| TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
                edits: edits.into_iter().map(OneOf::Left).collect(),
            });
        return WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(edits.collect())),
            ..WorkspaceEdit::default()
        };
    }
    let changes: HashMap<_, _> = changes
        .into_iter()
        .map(|(uri, _, edits)| (uri, edits))
        .collect();
    WorkspaceEdit::new(changes)
}
