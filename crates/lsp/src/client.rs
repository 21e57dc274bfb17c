//! What the client can do, read once from its capabilities.

use crate::positions::Encoding;
use tower_lsp::ls_types::{ClientCapabilities, MarkupKind};

/// What the client can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// How it counts columns.
    pub encoding: Encoding,
    /// It shows the other parties of a diagnostic.
    pub related: bool,
    /// It shows tags of a diagnostic.
    pub tags: bool,
    /// It leads to the page of a code.
    pub code_pages: bool,
    /// It shows Markdown in hovers.
    pub markdown: bool,
    /// It shows the origin of a definition.
    pub links: bool,
    /// It takes symbols as a tree.
    pub symbol_tree: bool,
    /// It takes actions, not only commands.
    pub actions: bool,
    /// It applies edits of a version of a document.
    pub versioned_edits: bool,
    /// It shows progress that the server starts.
    pub progress: bool,
    /// It can be asked for settings.
    pub configuration: bool,
    /// It watches files when asked to.
    pub watches: bool,
    /// It tells changed settings when asked to.
    pub tells_settings: bool,
    /// It asks for lenses again when told to.
    pub refreshes_lenses: bool,
    /// It asks for hints again when told to.
    pub refreshes_hints: bool,
    /// It asks for diagnostics again when told to.
    pub refreshes_diagnostics: bool,
    /// It asks for diagnostics.
    pub pulls: bool,
}

impl Traits {
    /// Reads capabilities.
    pub fn of(capabilities: &ClientCapabilities) -> Traits {
        let general = capabilities.general.as_ref();
        let offered = general.and_then(|g| g.position_encodings.as_deref());
        let mut traits = Traits {
            encoding: Encoding::negotiate(offered),
            ..Traits::default()
        };
        if let Some(window) = &capabilities.window {
            traits.progress = window.work_done_progress == Some(true);
        }
        if let Some(text) = &capabilities.text_document {
            if let Some(publish) = &text.publish_diagnostics {
                traits.related = publish.related_information == Some(true);
                traits.tags = publish.tag_support.is_some();
                traits.code_pages = publish.code_description_support == Some(true);
            }
            let hover = text.hover.as_ref().and_then(|h| h.content_format.as_ref());
            traits.markdown = hover.is_some_and(|kinds| kinds.contains(&MarkupKind::Markdown));
            let definition = text.definition.as_ref();
            traits.links = definition.is_some_and(|d| d.link_support == Some(true));
            let symbols = text.document_symbol.as_ref();
            traits.symbol_tree =
                symbols.is_some_and(|s| s.hierarchical_document_symbol_support == Some(true));
            let actions = text.code_action.as_ref();
            traits.actions = actions.is_some_and(|a| a.code_action_literal_support.is_some());
            traits.pulls = text.diagnostic.is_some();
        }
        if let Some(workspace) = &capabilities.workspace {
            traits.configuration = workspace.configuration == Some(true);
            let watched = workspace.did_change_watched_files.as_ref();
            traits.watches = watched.is_some_and(|w| w.dynamic_registration == Some(true));
            let settings = workspace.did_change_configuration.as_ref();
            traits.tells_settings = settings.is_some_and(|s| s.dynamic_registration == Some(true));
            let edit = workspace.workspace_edit.as_ref();
            traits.versioned_edits = edit.is_some_and(|e| e.document_changes == Some(true));
            let lens = workspace.code_lens.as_ref();
            traits.refreshes_lenses = lens.is_some_and(|l| l.refresh_support == Some(true));
            let hint = workspace.inlay_hint.as_ref();
            traits.refreshes_hints = hint.is_some_and(|h| h.refresh_support == Some(true));
            let pull = workspace.diagnostics.as_ref();
            traits.refreshes_diagnostics = pull.is_some_and(|d| d.refresh_support == Some(true));
        }
        traits
    }
}
