//! Every feature at every byte of the corpus: nothing panics, and all ranges lie within their files
//! between characters. Then the same where text is being typed.

#![allow(clippy::unwrap_used)]

use camino::{Utf8Path, Utf8PathBuf};
use meshscope::{MemoryFileSystem, Workspace};
use meshscope_ide::{self as ide, DiagnosticOptions, Place};
use std::ops::Range;

fn corpus() -> Vec<Utf8PathBuf> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let mut found: Vec<Utf8PathBuf> = root
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    assert!(found.len() > 10, "the corpus is at {root}");
    found
}

fn files_below(root: &Utf8Path, fs: &mut MemoryFileSystem, top: &Utf8Path) {
    for entry in root.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            files_below(&path, fs, top);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let own = path.strip_prefix(top).unwrap().to_owned();
            *fs = std::mem::take(fs).with(own, text);
        }
    }
}

fn open(page: &Utf8Path) -> Workspace {
    let mut fs = MemoryFileSystem::new();
    files_below(page, &mut fs, page);
    Workspace::open(Utf8Path::new(""), &fs).unwrap()
}

struct Checked<'w> {
    workspace: &'w Workspace,
}

impl Checked<'_> {
    fn range(&self, path: &str, range: &Range<usize>) {
        let file = self.workspace.file(path).unwrap();
        let text = file.text(self.workspace.db());
        assert!(range.start <= range.end, "{path} {range:?}");
        assert!(text.get(range.clone()).is_some(), "{path} {range:?}");
    }

    fn place(&self, place: &Place) {
        self.range(&place.path, &place.range);
    }

    /// Everything that is asked at a cursor.
    fn at(&self, file: &str, offset: usize) {
        let workspace = self.workspace;
        if let Some(found) = ide::definition(workspace, file, offset) {
            self.range(file, &found.origin);
            for target in &found.targets {
                self.place(&target.place);
                self.range(&target.place.path, &target.whole);
                assert!(target.whole.start <= target.place.range.start);
                assert!(target.place.range.end <= target.whole.end);
            }
        }
        for hover in [
            ide::hover(workspace, file, offset),
            ide::field_help(workspace, file, offset),
        ] {
            for hover in hover.iter() {
                self.range(file, &hover.range);
                assert!(!hover.markdown.is_empty());
            }
        }
        let completions = ide::complete(workspace, file, offset);
        self.range(file, &completions.range);
        assert!(completions.range.start <= offset && offset <= completions.range.end);
        if let Ok(target) = ide::prepare_rename(workspace, file, offset) {
            self.range(file, &target.range);
        }
    }

    /// What is dearer, asked once per name.
    fn at_name(&self, file: &str, offset: usize) {
        let workspace = self.workspace;
        for reference in ide::references(workspace, file, offset, true) {
            self.place(&reference.place);
        }
        for edit in ide::rename(workspace, file, offset, "renamed").unwrap_or_default() {
            self.place(&edit.place);
        }
        for item in ide::call_hierarchy(workspace, file, offset) {
            self.place(&item.place);
            for link in ide::incoming_calls(workspace, &item) {
                link.places.iter().for_each(|place| self.place(place));
            }
            for link in ide::outgoing_calls(workspace, &item) {
                self.place(&link.item.place);
                self.range(&link.item.place.path, &link.item.whole);
            }
        }
        ide::callers(workspace, file, offset);
        for impact in ide::blast_radius(workspace, file, offset) {
            let reasons = impact.sees.iter().flat_map(|proxy| &proxy.because);
            reasons
                .filter_map(|r| r.place.as_ref())
                .for_each(|place| self.place(place));
        }
    }

    fn symbols(&self, file: &str, symbols: &[ide::DocumentSymbol]) {
        for symbol in symbols {
            self.range(file, &symbol.range);
            self.range(file, &symbol.selection);
            assert!(symbol.range.start <= symbol.selection.start);
            assert!(symbol.selection.end <= symbol.range.end);
            self.symbols(file, &symbol.children);
        }
    }

    /// What is asked of a file as a whole.
    fn of_file(&self, file: &str) {
        let workspace = self.workspace;
        let length = workspace.file(file).unwrap().text(workspace.db()).len();
        self.symbols(file, &ide::document_symbols(workspace, file));
        for lens in ide::lenses(workspace, file) {
            self.range(file, &lens.range);
            assert!(ide::resolve_lens(workspace, &lens).is_some(), "{lens:?}");
        }
        for hint in ide::inlay_hints(workspace, file, 0..length) {
            self.range(file, &(hint.offset..hint.offset));
        }
        for action in ide::code_actions(workspace, file, 0..length) {
            self.range(file, &action.finding);
            action.edits.iter().for_each(|edit| self.place(&edit.place));
        }
    }
}

/// Offsets at which a name may begin or end, and every other one between characters.
fn offsets(text: &str) -> Vec<usize> {
    let mut all: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    all.push(text.len());
    all
}

/// The starts of words.
fn words(text: &str) -> Vec<usize> {
    let part = |c: char| c.is_alphanumeric();
    let mut before = ' ';
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        if part(c) && !part(before) {
            found.push(at);
        }
        before = c;
    }
    found
}

fn manifests(workspace: &Workspace) -> Vec<(String, String)> {
    let db = workspace.db();
    let files = workspace.files();
    files
        .map(|(path, file)| (path.to_string(), file.text(db).to_string()))
        .collect()
}

/// Calls a test with every page, on all cores.
fn for_each_page(test: impl Fn(&Utf8Path) + Sync) {
    let pages = corpus();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    match pages.get(at) {
                        Some(page) => test(page),
                        None => break,
                    }
                }
            });
        }
    });
}

#[test]
fn every_feature_at_every_byte_of_the_corpus() {
    for_each_page(|page| {
        let workspace = open(page);
        let checked = Checked {
            workspace: &workspace,
        };
        for (file, text) in manifests(&workspace) {
            checked.of_file(&file);
            for offset in offsets(&text) {
                checked.at(&file, offset);
            }
            for offset in words(&text) {
                checked.at_name(&file, offset);
            }
            // Beyond the end there is nothing, and no panic.
            assert_eq!(ide::hover(&workspace, &file, text.len() + 10), None);
            assert_eq!(ide::definition(&workspace, &file, text.len() + 10), None);
        }
        for diagnostics in ide::diagnostics(&workspace, &DiagnosticOptions::default()) {
            for diagnostic in &diagnostics.1 {
                checked.range(&diagnostics.0, &diagnostic.range);
            }
        }
        for symbol in ide::workspace_symbols(&workspace, "", 1000) {
            checked.place(&symbol.place);
        }
    });
}

/// What somebody types at a cut, in turn.
const TYPED: [&str; 5] = ["", "\n", ": ", "[\"", "\u{e9}\u{1f600}"];

#[test]
fn text_that_is_typed_anywhere() {
    for_each_page(|page| {
        let mut workspace = open(page);
        for (file, text) in manifests(&workspace) {
            // A prime, so that cuts fall on every part of a line; every one would take minutes.
            for (cut, rest) in offsets(&text)
                .into_iter()
                .step_by(61)
                .zip(TYPED.iter().cycle())
            {
                let line_end = text[cut..].find('\n').map_or(text.len(), |i| cut + i);
                let typed = format!("{}{rest}{}", &text[..cut], &text[line_end..]);
                let line = text[..cut].matches('\n').count() + 1;
                workspace.set_edited(&file, &typed, u32::try_from(line).ok());
                let checked = Checked {
                    workspace: &workspace,
                };
                checked.at(&file, cut + rest.len());
                checked.at(&file, cut);
                checked.symbols(&file, &ide::document_symbols(&workspace, &file));
            }
            workspace.set_text(&file, &text);
        }
    });
}

#[test]
fn offsets_inside_characters_and_files_that_are_not_there() {
    let text = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: \
                shop}\nspec:\n  host: \"\u{1f600}.example.com\" # \u{e9}\n  subsets: [{name: \u{4e2d}}]\n";
    let fs = MemoryFileSystem::new().with("r.yaml", text);
    let workspace = Workspace::open(Utf8Path::new(""), &fs).unwrap();
    let checked = Checked {
        workspace: &workspace,
    };
    checked.of_file("r.yaml");
    for offset in 0..text.len() + 3 {
        if text.is_char_boundary(offset) {
            checked.at("r.yaml", offset);
            checked.at_name("r.yaml", offset);
        } else {
            ide::hover(&workspace, "r.yaml", offset);
            ide::complete(&workspace, "r.yaml", offset);
            ide::definition(&workspace, "r.yaml", offset);
            ide::references(&workspace, "r.yaml", offset, true);
        }
    }
    assert_eq!(ide::hover(&workspace, "gone.yaml", 0), None);
    assert!(ide::lenses(&workspace, "gone.yaml").is_empty());
    assert!(ide::complete(&workspace, "gone.yaml", 3).items.is_empty());
}
