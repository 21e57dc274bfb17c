//! What is shown beside a text: hovers, hints, lenses.

use super::markdown;
use crate::world::{File, World};
use meshscope_ide as ide;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_lsp::ls_types::{
    CodeLens, Command, Hover, HoverContents, InlayHint, InlayHintLabel, InlayHintTooltip,
    MarkupContent, MarkupKind, Range, Uri,
};

/// What is known of the name at an offset.
pub fn hover(file: &File<'_>, offset: usize) -> Option<Hover> {
    let settings = &file.world.settings;
    let of_schema = || {
        let wanted = settings.wants(settings.schema_help);
        wanted
            .then(|| ide::field_help(file.workspace(), &file.path, offset))
            .flatten()
    };
    let found = ide::hover(file.workspace(), &file.path, offset).or_else(of_schema)?;
    let kind = match file.world.traits.markdown {
        true => MarkupKind::Markdown,
        false => MarkupKind::PlainText,
    };
    let value = found.markdown;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind, value }),
        range: Some(file.range(&found.range)),
    })
}

/// What short hosts are completed to.
pub fn inlay_hints(file: &File<'_>, range: Range) -> Option<Vec<InlayHint>> {
    if !file.world.settings.inlay_hints.enable {
        return None;
    }
    let bytes = file.lines.bytes(range);
    let hints = ide::inlay_hints(file.workspace(), &file.path, bytes).into_iter();
    let shown = hints.map(|hint| InlayHint {
        position: file.lines.position(hint.offset),
        label: InlayHintLabel::String(hint.text),
        kind: None,
        text_edits: None,
        tooltip: (!hint.tooltip.is_empty())
            .then(|| InlayHintTooltip::MarkupContent(markdown(hint.tooltip))),
        padding_left: None,
        padding_right: None,
        data: None,
    });
    Some(shown.collect())
}

/// What a lens is resolved from.
#[derive(Serialize, Deserialize)]
struct LensData {
    uri: Uri,
    lens: ide::Lens,
}

/// The lenses of a file, without their texts.
pub fn lenses(file: &File<'_>, uri: &Uri) -> Option<Vec<CodeLens>> {
    if !file.world.settings.code_lens.enable {
        return None;
    }
    let lenses = ide::lenses(file.workspace(), &file.path).into_iter();
    let shown = lenses.map(|lens| CodeLens {
        range: file.range(&lens.range),
        command: None,
        data: serde_json::to_value(LensData {
            uri: uri.clone(),
            lens,
        })
        .ok(),
    });
    Some(shown.collect())
}

/// The document a lens is of.
pub fn document_of(lens: &CodeLens) -> Option<Uri> {
    let data = lens.data.as_ref()?;
    Uri::deserialize(data.get("uri")?).ok()
}

/// A lens with its text; one whose object is gone has none.
pub fn resolve_lens(world: &World, mut shown: CodeLens) -> CodeLens {
    let data = shown.data.clone();
    let Some(LensData { uri, lens }) = data.and_then(|data| serde_json::from_value(data).ok())
    else {
        return shown;
    };
    let Some(file) = world.file(&uri) else {
        return shown;
    };
    let title = ide::resolve_lens(file.workspace(), &lens);
    shown.command = Some(match title {
        Some(title) => Command {
            title: title.title,
            ..command(&file, &uri, title.command)
        },
        None => command(&file, &uri, None),
    });
    shown
}

fn command(file: &File<'_>, uri: &Uri, command: Option<ide::LensCommand>) -> Command {
    let (name, argument): (&str, Value) = match command {
        Some(ide::LensCommand::BlastRadius { resource, mesh }) => (
            "meshscope.blastRadius",
            json!({"uri": uri, "mesh": mesh, "resource": resource}),
        ),
        Some(ide::LensCommand::References { offset }) => (
            "meshscope.references",
            json!({"uri": uri, "position": file.lines.position(offset)}),
        ),
        Some(ide::LensCommand::RouteGraph { mesh, namespace }) => (
            "meshscope.routeGraph",
            json!({"uri": uri, "mesh": mesh, "namespace": namespace}),
        ),
        // A lens without a command of its own is only read.
        None => ("", Value::Null),
    };
    let argument = Some(argument).filter(|argument| !argument.is_null());
    Command {
        title: String::new(),
        command: name.into(),
        arguments: argument.map(|argument| vec![argument]),
    }
}
