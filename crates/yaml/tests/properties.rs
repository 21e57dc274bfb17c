//! What holds for every tree, over made up texts: positions nest and slice back, paths lead
//! there and back, recovery moves nothing, and values are what another reader says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::checks::{check_document, paths};
use common::texts::{generated, scrambled};
use meshscope_yaml::{Content, Node, Options, Path, Segment, Typed, parse, parse_with, split};
use proptest::prelude::*;

fn same(ours: Node<'_>, theirs: &serde_yaml::Value) -> bool {
    use serde_yaml::Value;
    match (ours.content(), theirs) {
        (Content::Mapping(entries), Value::Mapping(map)) => {
            entries.len() == map.len()
                && ours
                    .entries()
                    .zip(map)
                    .all(|(e, (k, v))| same(e.key, k) && same(e.value, v))
        }
        (Content::Sequence(items), Value::Sequence(list)) => {
            items.len() == list.len() && ours.items().zip(list).all(|(a, b)| same(a, b))
        }
        (Content::Scalar(_), theirs) => match (ours.typed(), theirs) {
            (Some(Typed::Null), Value::Null) => true,
            (Some(Typed::Bool(a)), Value::Bool(b)) => a == *b,
            (Some(Typed::Int(a)), Value::Number(b)) => Some(a) == b.as_i64(),
            (Some(Typed::Uint(a)), Value::Number(b)) => Some(a) == b.as_u64(),
            (Some(Typed::Float(a)), Value::Number(b)) => Some(a) == b.as_f64(),
            (Some(Typed::Str(a)), Value::String(b)) => a == *b,
            _ => false,
        },
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn positions_nest_and_slice_back(text in prop_oneof![generated(), scrambled()]) {
        let stream = parse(&text);
        let mut last = 0;
        for document in &stream.documents {
            prop_assert_eq!(document.span().start, last);
            last = document.span().end;
            check_document(&text, document);
        }
        prop_assert_eq!(last as usize, text.len());
        prop_assert_eq!(split(&text).len(), stream.documents.len());
    }

    #[test]
    fn any_text_is_read(text in any::<String>(), line in 0u32..5) {
        for recover in [false, true] {
            let options = Options { recover, edited_line: Some(line), ..Options::default() };
            for document in &parse_with(&text, &options).documents {
                check_document(&text, document);
            }
        }
    }

    #[test]
    fn paths_lead_there_and_back(text in generated()) {
        for document in &parse(&text).documents {
            let Some(root) = document.root() else { continue };
            let mut found = Vec::new();
            paths(root, &mut Path::root(), &mut found);
            for (path, span) in found {
                let location = document.locate(&path);
                prop_assert_eq!(location.map(|l| l.value), Some(span), "{}", path);
                prop_assert!(location.is_some_and(|l| l.entry.covers(span)));
                prop_assert_eq!(path.to_string().parse(), Ok(path.clone()));
                let back = document.path_at(span.start).unwrap_or_default();
                prop_assert!(back.starts_with(&path), "{} is not above {}", path, back);
            }
        }
    }

    #[test]
    fn recovery_moves_nothing(text in generated(), at in any::<prop::sample::Index>()) {
        // The text as it is while its author is in the middle of one of its lines.
        let cut = at.index(text.len() + 1);
        let cut = (0..=cut).rev().find(|c| text.is_char_boundary(*c)).unwrap();
        let rest = text[cut..].find('\n').map_or("", |n| &text[cut + n..]);
        let typed = format!("{}{rest}", &text[..cut]);
        let line = typed[..cut].matches('\n').count() as u32 + 1;
        let options = Options { recover: true, edited_line: Some(line), ..Options::default() };
        for document in &parse_with(&typed, &options).documents {
            check_document(&typed, document);
            if document.recovered() {
                prop_assert!(document.errors().iter().any(|e| e.kind.is_fatal()));
            }
        }
    }

    #[test]
    fn serde_yaml_reads_the_same(text in generated()) {
        // Where YAML 1.1 (go-yaml) and 1.2 (serde_yaml) differ by design nothing is made up:
        // yes/no/on/off/y/n, 0777, 1_000, 08, and words ending in a colon in brackets.
        let stream = parse(&text);
        for document in &stream.documents {
            let theirs = serde_yaml::from_str(document.text().trim_start_matches('\u{feff}'));
            let theirs: serde_yaml::Value = match theirs {
                Ok(value) => value,
                Err(error) => {
                    prop_assert!(!document.errors().is_empty(), "{error} in {text}");
                    continue;
                }
            };
            prop_assert_eq!(document.errors(), &[], "{}", text);
            match document.root() {
                Some(root) => prop_assert!(same(root, &theirs), "{text}\n{theirs:?}"),
                None => prop_assert_eq!(theirs, serde_yaml::Value::Null),
            }
        }
    }

    #[test]
    fn paths_are_read_back(text in "[a-z\\[\\]\\.\"0-9\\\\ ]{0,12}") {
        if let Ok(path) = text.parse::<Path>() {
            prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
        }
    }

    #[test]
    fn paths_are_written_so_that_they_are_read_back(
        steps in prop::collection::vec(
            prop_oneof![
                any::<String>().prop_map(|k| Segment::Key(k.into())),
                any::<u32>().prop_map(Segment::Index),
            ],
            0..4,
        )
    ) {
        let path: Path = steps.into_iter().collect();
        prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
    }
}
