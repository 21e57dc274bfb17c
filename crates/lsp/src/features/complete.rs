//! What can be written at the cursor.

use super::documentation;
use crate::world::File;
use meshscope_ide::{self as ide, CompletionKind};
use tower_lsp::ls_types::{
    CompletionItem, CompletionItemKind, CompletionItemLabelDetails, CompletionList,
    CompletionResponse, CompletionTextEdit, TextEdit,
};

/// What can be written at an offset. Fields and values that only the schema knows are left to another
/// YAML server when there is one.
pub fn complete(file: &File<'_>, offset: usize) -> Option<CompletionResponse> {
    let settings = &file.world.settings;
    let with_schema = settings.wants(settings.schema_help);
    let found = ide::complete(file.workspace(), &file.path, offset);
    let range = file.range(&found.range);
    let items = found.items.into_iter();
    let items = items.filter(|item| {
        with_schema || !matches!(item.kind, CompletionKind::Field | CompletionKind::Value)
    });
    let items = items.map(|item| CompletionItem {
        kind: Some(kind(item.kind)),
        label_details: (!item.detail.is_empty()).then(|| CompletionItemLabelDetails {
            detail: None,
            description: Some(item.detail.clone()),
        }),
        detail: (!item.detail.is_empty()).then_some(item.detail),
        documentation: documentation(item.documentation),
        sort_text: Some(format!("{:06}", item.rank)),
        filter_text: Some(item.insert.clone()),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(range, item.insert))),
        label: item.label,
        ..CompletionItem::default()
    });
    Some(CompletionResponse::List(CompletionList {
        is_incomplete: found.incomplete,
        items: items.collect(),
    }))
}

fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Host => CompletionItemKind::REFERENCE,
        CompletionKind::Gateway => CompletionItemKind::INTERFACE,
        CompletionKind::Subset => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Namespace => CompletionItemKind::MODULE,
        CompletionKind::Port => CompletionItemKind::CONSTANT,
        CompletionKind::Object => CompletionItemKind::CLASS,
        CompletionKind::Label => CompletionItemKind::VARIABLE,
        CompletionKind::Field => CompletionItemKind::FIELD,
        CompletionKind::Value => CompletionItemKind::VALUE,
    }
}
