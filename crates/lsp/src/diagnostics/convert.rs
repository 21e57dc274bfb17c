//! From findings to diagnostics of the protocol.

use crate::client::Traits;
use crate::positions::Lines;
use crate::settings::Settings;
use crate::world::{FolderView, World};
use meshscope::Report;
use meshscope::finding::{Certainty, Severity};
use meshscope_ide::{DiagnosticOptions, Tag, diagnostics_of};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use tower_lsp::ls_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    NumberOrString, Uri,
};

/// Who says it.
const SOURCE: &str = "meshscope";

/// Where the pages of rules are.
const PAGES: &str = "https://github.com/meshscope/meshscope/blob/main/";

/// The findings of a report by the file they are in.
pub fn of_findings(
    world: &World,
    view: &FolderView,
    report: &Report,
) -> BTreeMap<Uri, Vec<Diagnostic>> {
    let files = diagnostics_of(report, &options(&world.settings));
    let shown = files.into_iter().filter_map(|(path, diagnostics)| {
        let lines = world.lines(view, &path)?;
        let shown = diagnostics
            .iter()
            .map(|diagnostic| of(world, view, &lines, diagnostic));
        Some((world.uri(view, &path)?, shown.collect()))
    });
    shown.collect()
}

fn options(settings: &Settings) -> DiagnosticOptions {
    DiagnosticOptions {
        schema: settings.wants(settings.diagnostics.schema_findings),
        ..DiagnosticOptions::default()
    }
}

fn of(
    world: &World,
    view: &FolderView,
    lines: &Lines<'_>,
    diagnostic: &meshscope_ide::Diagnostic,
) -> Diagnostic {
    let traits = &world.traits;
    Diagnostic {
        range: lines.range(&diagnostic.range),
        severity: Some(severity(diagnostic.severity)),
        code: Some(NumberOrString::String(diagnostic.rule.clone())),
        code_description: page(traits, diagnostic),
        source: Some(SOURCE.into()),
        message: message(view, diagnostic),
        related_information: traits.related.then(|| related(world, view, diagnostic)),
        tags: (traits.tags && !diagnostic.tags.is_empty())
            .then(|| diagnostic.tags.iter().map(|tag| of_tag(*tag)).collect()),
        data: serde_json::to_value(&diagnostic.finding).ok(),
    }
}

/// The fact, what to do about it, how sure it is, and the meshes where there is more than one.
fn message(view: &FolderView, diagnostic: &meshscope_ide::Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    let mut line = |words: &str| {
        // Writing to a text does not fail.
        let _ = write!(text, "\n{words}");
    };
    if let Some(help) = &diagnostic.help {
        line(&format!("help: {help}"));
    }
    match diagnostic.certainty {
        Certainty::Certain => {}
        Certainty::Ambiguous => line("istiod decides this by age or order"),
        Certainty::Assumed => line("assumed: rests on what is not in the files"),
    }
    if view.workspace.meshes().nth(1).is_some() && !diagnostic.meshes.is_empty() {
        let noun = if diagnostic.meshes.len() == 1 {
            "mesh"
        } else {
            "meshes"
        };
        line(&format!("in {noun} {}", diagnostic.meshes.join(", ")));
    }
    text
}

fn related(
    world: &World,
    view: &FolderView,
    diagnostic: &meshscope_ide::Diagnostic,
) -> Vec<DiagnosticRelatedInformation> {
    let related = diagnostic.related.iter().filter_map(|related| {
        let location = world.location(view, &related.place.path, &related.place.range)?;
        let message = related.message.clone();
        Some(DiagnosticRelatedInformation { location, message })
    });
    related.collect()
}

fn page(traits: &Traits, diagnostic: &meshscope_ide::Diagnostic) -> Option<CodeDescription> {
    let page = diagnostic.page.as_ref().filter(|_| traits.code_pages)?;
    let href = format!("{PAGES}{page}").parse().ok()?;
    Some(CodeDescription { href })
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Hint => DiagnosticSeverity::HINT,
        Severity::Info => DiagnosticSeverity::INFORMATION,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Error => DiagnosticSeverity::ERROR,
    }
}

fn of_tag(tag: Tag) -> DiagnosticTag {
    match tag {
        Tag::Unnecessary => DiagnosticTag::UNNECESSARY,
        Tag::Deprecated => DiagnosticTag::DEPRECATED,
    }
}

/// The same for the same diagnostics.
pub fn result_id(diagnostics: &[Diagnostic]) -> String {
    let mut hasher = DefaultHasher::new();
    let text = serde_json::to_string(diagnostics).unwrap_or_default();
    text.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}
