//! Both readers must build the same tree. Owns that comparison, over texts that are made up
//! and texts that were written by people; only compiled for tests.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::read::Parsed;
use crate::{Limits, fast, saphyr, split, tabs};

/// Which readers took a text.
#[derive(PartialEq)]
enum Taken {
    /// The fast one left it to saphyr.
    Slow,
    Both,
    /// saphyr refuses it; go-yaml does not. The tests of `tests/tree.rs` name such texts.
    FastOnly,
}

fn compare(text: &str, name: &str) -> Taken {
    let limits = Limits::default();
    let Some(fast) = fast::read(text, &limits) else {
        return Taken::Slow;
    };
    let Ok(slow) = saphyr::read(text, &limits) else {
        return Taken::FastOnly;
    };
    assert!(
        tabs::indentation(text, &slow.tree).is_none(),
        "{name}: {text:?}"
    );
    assert_same(&fast, &slow, text, name);
    Taken::Both
}

fn assert_same(fast: &Parsed, slow: &Parsed, text: &str, name: &str) {
    let nodes = fast.tree.nodes.iter().zip(&slow.tree.nodes);
    for (i, (a, b)) in nodes.enumerate() {
        assert_eq!(a, b, "{name}: node {i}, fast and slow, of {text:?}");
    }
    assert_eq!(fast.tree, slow.tree, "{name}: {text:?}");
    assert_eq!(fast.comments, slow.comments, "{name}: {text:?}");
}

fn yaml_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            yaml_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
}

#[test]
fn on_files_people_wrote() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder = std::env::var("MESHSCOPE_SHARED").unwrap_or(here.into());
    let mut files = Vec::new();
    yaml_files(Path::new(&folder), &mut files);
    if files.is_empty() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no YAML files in {folder}"
        );
        println!("SKIPPED: no YAML files in {folder}; set MESHSCOPE_SHARED");
        return;
    }
    let (mut taken, mut all, mut alone) = (0, 0, 0);
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        for span in split(&text) {
            let name = file.display().to_string();
            let document = span.slice(&text);
            // Control characters are refused before either reader sees them.
            all += 1;
            match compare(document, &name) {
                Taken::Slow => {}
                Taken::Both => taken += 1,
                Taken::FastOnly => {
                    println!("{name}: only the fast reader takes a document");
                    alone += 1;
                }
            }
        }
    }
    assert!(
        alone * 200 <= all,
        "saphyr refuses too much of what the fast reader takes"
    );
    println!(
        "{taken} of {all} documents of {} files were read fast",
        files.len()
    );
    assert!(
        taken * 100 > all * 80,
        "the fast reader takes too little: {taken} of {all}"
    );
}

/// Lines that are YAML more often than not when stacked.
fn line() -> impl Strategy<Value = String> {
    let indent = (0usize..5).prop_map(|n| " ".repeat(n * 2 / 2));
    let head = prop_oneof![
        Just(""),
        Just("- "),
        Just("a: "),
        Just("b:"),
        Just("c: "),
        Just("- - "),
        Just("- d: "),
        Just("'e': "),
        Just("\"f\" : "),
        Just("-"),
        Just("g:   "),
    ];
    let tail = prop_oneof![
        Just(""),
        Just("x"),
        Just("x y "),
        Just("'q''s'"),
        Just("\"q\\n\\u00e9\""),
        Just("[1, 2]"),
        Just("{k: v, 'l':w}"),
        Just("[a, {b: c}, ]"),
        Just("|"),
        Just(">-"),
        Just("|+"),
        Just("|2"),
        Just("# c"),
        Just("x # c"),
        Just("x#y"),
        Just("a:b"),
        Just("[x:, y]"),
        Just("é😀"),
        Just("{a, b: , \"c\":1}"),
        Just("\"two"),
        Just("two\""),
        Just("[1,"),
        Just("2]"),
        Just("~"),
        Just("a: b"),
        Just("{"),
        Just("}"),
        Just(">"),
        Just("-x"),
        Just("http://h:80/p?q#f"),
        Just("'x"),
        Just("  indented"),
        Just("x'"),
        Just("..."),
        Just(", y]"),
        Just("\\"),
    ];
    (indent, head, tail).prop_map(|(i, h, t)| format!("{i}{h}{t}"))
}

fn text() -> impl Strategy<Value = String> {
    let end = prop_oneof![
        Just("\n"),
        Just("\n"),
        Just("\n"),
        Just("\r\n"),
        Just("\n\n")
    ];
    let lines = prop::collection::vec((line(), end), 1..9);
    (lines, any::<bool>()).prop_map(|(lines, cut)| {
        let text: String = lines.into_iter().map(|(l, e)| l + e).collect();
        if cut {
            text.trim_end_matches('\n').to_owned()
        } else {
            text
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn on_stacked_lines(text in text()) {
        compare(&text, "");
    }
}
