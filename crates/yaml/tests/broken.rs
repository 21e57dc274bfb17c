//! Texts that are wrong: what is said, what is kept, and that nothing falls over.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use meshscope_yaml::{
    Document, ErrorKind, Limits, LineColumn, LineIndex, Options, parse, parse_with,
};

fn fault(text: &str) -> (ErrorKind, String, String) {
    let stream = parse(text);
    let document = &stream.documents[0];
    assert!(document.root().is_none(), "{text:?} has a tree");
    let error = &document.errors()[0];
    assert!(error.kind.is_fatal());
    assert!(error.message.len() < 80, "{}", error.message);
    (
        error.kind.clone(),
        error.span.slice(text).to_owned(),
        error.message.clone(),
    )
}

fn typing(text: &str, line: u32) -> Document {
    let options = Options {
        edited_line: Some(line),
        recover: true,
        ..Options::default()
    };
    let mut stream = parse_with(text, &options);
    stream.documents.remove(0)
}

#[test]
fn a_broken_document_leaves_its_neighbours_alone() {
    let text = "a: 1\n---\nb: [1\n---\nc: 3\n";
    let stream = parse(text);
    let roots: Vec<_> = stream
        .documents
        .iter()
        .map(|d| d.root().is_some())
        .collect();
    assert_eq!(roots, [true, false, true]);
    let error = &stream.documents[1].errors()[0];
    let second = stream.documents[1].span();
    assert!(second.covers(error.span), "{:?} in {second:?}", error.span);
}

#[test]
fn faults_are_named() {
    let kind = |text: &str| fault(text).0;
    assert_eq!(kind("a: 1\n\tb: 2\n"), ErrorKind::Tab);
    assert_eq!(kind("a:\n\tb: 2\n"), ErrorKind::Tab);
    assert_eq!(kind("a:\n  b: 1\n \t c: 2\n"), ErrorKind::Tab);
    assert_eq!(kind("a: {{ .Values.x }}\n"), ErrorKind::Template);
    assert_eq!(
        kind("{{- if .x }}\na: 1\n{{- end }}\n"),
        ErrorKind::Template
    );
    assert_eq!(kind("a: [x, {{ .y }}]\n"), ErrorKind::Template);
    assert_eq!(kind("? [x]\n: y\n"), ErrorKind::Syntax);
    assert_eq!(kind("a: b: c\n"), ErrorKind::Syntax);
    assert_eq!(kind("a: 1\nb\nc: 2\n"), ErrorKind::Syntax);
    assert_eq!(kind("a: \"x\n"), ErrorKind::Syntax);
    let (kind, place, _) = fault("a: \u{1}\n");
    assert_eq!(
        (kind, place.as_str()),
        (ErrorKind::ControlCharacter, "\u{1}")
    );
    let text = String::from("a: x\u{0}y\n");
    assert_eq!(fault(&text).0, ErrorKind::ControlCharacter);
}

#[test]
fn what_kubectl_refuses_is_refused() {
    for text in [
        ": x\n",
        "a:\n  : x\n",
        "null: x\n",
        "a: [::1]\n",
        "a: [x?y]\n",
        "a: \"\\/\"\n",
        "a: @x\n",
        "a: %x\n",
        "a: `x`\n",
    ] {
        fault(text);
    }
}

#[test]
fn positions_are_those_of_the_fault() {
    let text = "spec:\n  hosts: [a, b\n  gateways: x\n";
    let stream = parse(text);
    let error = &stream.documents[0].errors()[0];
    let at = LineIndex::new(text).line_column(error.span.start);
    assert!(at >= LineColumn { line: 2, column: 1 }, "{at:?}");
}

#[test]
fn depth_is_bounded() {
    let deep = |open: &str, close: &str, n| format!("{}x{}\n", open.repeat(n), close.repeat(n));
    for text in [
        deep("[", "]", 10_000),
        deep("{a: ", "}", 10_000),
        deep("- ", "", 10_000),
        deep("? ", "", 10_000),
        (0..3000)
            .map(|i| format!("{}a:\n", " ".repeat(i)))
            .collect(),
    ] {
        assert_eq!(fault(&text).0, ErrorKind::TooDeep, "{:?}", &text[..20]);
        let options = Options {
            recover: true,
            ..Options::default()
        };
        drop(parse_with(&text, &options));
    }
    let fine = parse(&deep("- ", "", 900));
    assert!(fine.documents[0].root().is_some());
    assert_eq!(fine.documents[0].expanded_size(2000), Some(901));
}

#[test]
fn size_is_bounded_per_document() {
    let limits = Limits {
        max_bytes: 20,
        ..Limits::default()
    };
    let text = "a: 1\n---\nb: 'much longer than twenty bytes'\n---\nc: 1\n";
    let stream = parse_with(
        text,
        &Options {
            limits,
            ..Options::default()
        },
    );
    assert_eq!(stream.documents[1].errors()[0].kind, ErrorKind::TooLarge);
    assert!(stream.documents[2].root().is_some());
}

#[test]
fn a_key_being_typed_is_a_key() {
    let text = "spec:\n  hosts: [a]\n  ht\nstatus: x\n";
    let document = typing(text, 3);
    assert!(document.recovered());
    assert_eq!(document.errors().len(), 1);
    let root = document.root().unwrap();
    let typed = root.get("spec").unwrap().entry("ht").unwrap();
    assert_eq!(typed.key.span().slice(text), "ht");
    assert_eq!(
        typed.value.span().start as usize,
        text.find("ht\n").unwrap() + 2
    );
    assert_eq!(root.get("status").unwrap().span().slice(text), "x");
}

#[test]
fn a_line_that_cannot_be_a_key_is_passed_over() {
    let text = "a: 1\nb: \"unclosed\nc: é # see\nd: 4\n";
    let document = typing(text, 2);
    let root = document.root().unwrap();
    assert!(root.get("b").is_none());
    assert_eq!(root.get("c").unwrap().span().slice(text), "é");
    assert_eq!(document.comments()[0].span.slice(text), "# see");
    assert_eq!(root.get("d").unwrap().span().slice(text), "4");
}

#[test]
fn lines_count_in_the_whole_text() {
    let text = "a: 1\n---\nb: 1\nc\n---\nd: 1\n";
    let options = Options {
        edited_line: Some(4),
        recover: true,
        ..Options::default()
    };
    let stream = parse_with(text, &options);
    let recovered: Vec<_> = stream.documents.iter().map(Document::recovered).collect();
    assert_eq!(recovered, [false, true, false]);
    let key = stream.documents[1].root().unwrap().entry("c").unwrap().key;
    assert_eq!(key.span().slice(text), "c");
}

#[test]
fn without_an_edited_line_faults_are_blanked() {
    let text = "a: 1\n  b: 2\nc: [3\nd: 4\n";
    let options = Options {
        recover: true,
        ..Options::default()
    };
    let document = &parse_with(text, &options).documents[0];
    assert!(document.recovered());
    assert_eq!(
        document
            .root()
            .unwrap()
            .get("d")
            .unwrap()
            .span()
            .slice(text),
        "4"
    );
    assert!(parse(text).documents[0].root().is_none());
}
