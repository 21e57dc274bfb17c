//! What a tree says about a text: contents, positions, comments.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use meshscope_yaml::{Content, Document, ErrorKind, Node, Style, Typed, parse};

fn document(text: &str) -> Document {
    let stream = parse(text);
    assert_eq!(stream.documents.len(), 1, "{text:?}");
    stream.documents.into_iter().next().unwrap()
}

/// The tree in one line, each node with the piece of text it covers.
fn show(text: &str) -> String {
    let document = document(text);
    assert!(
        document.errors().is_empty(),
        "{text:?}: {:?}",
        document.errors()
    );
    document
        .root()
        .map_or("nothing".into(), |root| show_node(text, root))
}

fn show_node(text: &str, node: Node<'_>) -> String {
    if node.is_alias() {
        return node.span().slice(text).to_owned();
    }
    match node.content() {
        Content::Scalar(_) => format!("<{}>", node.span().slice(text)),
        Content::Mapping(entries) => {
            let entries = entries
                .map(|e| format!("{}: {}", show_node(text, e.key), show_node(text, e.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Content::Sequence(items) => {
            format!(
                "[{}]",
                items
                    .map(|i| show_node(text, i))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
    }
}

fn get<'a>(document: &'a Document, path: &str) -> Node<'a> {
    document
        .node_at(&path.parse().unwrap())
        .unwrap_or_else(|| panic!("{path} is not there"))
}

#[test]
fn spans_cover_scalars_and_nothing_after_them() {
    assert_eq!(show("a: b  # c\nd: 'e' \n"), "{<a>: <b>, <d>: <'e'>}");
    assert_eq!(show("a: \"x # y\" # c\n\n"), "{<a>: <\"x # y\">}");
    assert_eq!(
        show("- a\n-   b: 1\n    c: 2\n"),
        "[<a>, {<b>: <1>, <c>: <2>}]"
    );
    assert_eq!(
        show("{ a: [1, 'two' ] , b: {} }"),
        "{<a>: [<1>, <'two'>], <b>: {}}"
    );
    assert_eq!(show("é: 😀 # ü\nb: ö"), "{<é>: <😀>, <b>: <ö>}");
}

#[test]
fn block_scalars_begin_with_their_header() {
    assert_eq!(
        show("a: |  # why\n  x\n  y\n\nb: 1\n"),
        "{<a>: <|  # why\n  x\n  y>, <b>: <1>}"
    );
    assert_eq!(show("a: >-\n  x\n"), "{<a>: <>-\n  x>}");
    assert_eq!(show("a: |\nb: 1\n"), "{<a>: <|>, <b>: <1>}");
    assert_eq!(show("- !!str &x |-\n  x\n- *x\n"), "[<|-\n  x>, *x]");
    let document = document("a: |\n  x\n   y\n");
    assert_eq!(get(&document, "a").text(), Some("x\n y\n"));
    assert_eq!(get(&document, "a").style(), Style::Literal);
}

#[test]
fn a_missing_value_is_empty_and_after_the_colon() {
    let text = "a:\nb:   # c\nd:\n  -\n  -  \n  - x\n";
    let document = document(text);
    assert_eq!(show(text), "{<a>: <>, <b>: <>, <d>: [<>, <>, <x>]}");
    for (path, before) in [
        ("a", "a:"),
        ("b", "b:"),
        ("d[0]", "d:\n  -"),
        ("d[1]", "-\n  -"),
    ] {
        let span = get(&document, path).span();
        assert!(span.is_empty());
        assert!(text[..span.start as usize].ends_with(before), "{path}");
        assert!(get(&document, path).is_null());
    }
}

#[test]
fn a_block_collection_ends_with_its_last_value() {
    let text = "a:\n  b: 1\n  c:\n    - x\n\n# end\nd: 2\n";
    let document = document(text);
    assert_eq!(
        get(&document, "a").span().slice(text),
        "b: 1\n  c:\n    - x"
    );
    assert_eq!(get(&document, "a.c").span().slice(text), "- x");
    assert_eq!(document.root().unwrap().span().slice(text), text.trim_end());
}

#[test]
fn comments_are_found_and_only_they() {
    let text =
        "# one\na: b#c # two\nb: 'x # y'\nc: |  # three\n  # text\nd: [1, # four\n 2] #five\n";
    let document = document(text);
    let found: Vec<_> = document
        .comments()
        .iter()
        .map(|c| c.span.slice(text))
        .collect();
    assert_eq!(found, ["# one", "# two", "# three", "# four", "#five"]);
    let text = "a: 1 # x\r\n";
    assert_eq!(
        parse(text).documents[0].comments()[0].span.slice(text),
        "# x"
    );
}

#[test]
fn an_address_that_ends_with_colons_is_a_word() {
    let text = "a: [1.2.3.4, 001:db8::]\nb: {x: [a::, 'y'], z:}\n";
    let document = document(text);
    assert_eq!(get(&document, "a[1]").text(), Some("001:db8::"));
    assert_eq!(get(&document, "a[1]").span().slice(text), "001:db8::");
    assert_eq!(get(&document, "a").len(), 2);
    assert!(get(&document, "b").get("z:").unwrap().is_null());
    // A key in quotes needs no blank after its colon.
    assert_eq!(show(r#"{"a":1,"b":}"#), r#"{<"a">: <1>, <"b">: <>}"#);
    assert_eq!(show("[a: 1, 'b': 2]"), "[{<a>: <1>}, {<'b'>: <2>}]");
}

#[test]
fn aliases_and_merges_are_followed() {
    let text = "\
base: &base {a: 1, b: 2}
over:
  <<: *base
  b: 3
late:
  b: 3
  <<: *base
both:
  <<: [{a: x}, *base]
";
    let document = document(text);
    let value = |path| get(&document, path).text().unwrap();
    assert_eq!(value("over.a"), "1");
    assert_eq!(value("over.b"), "3");
    assert_eq!(value("late.b"), "2", "go-yaml lets a later merge win");
    assert_eq!(value("both.a"), "x");
    assert_eq!(value("both.b"), "2");
    let keys = |path| get(&document, path).fields().map(|e| e.key.text().unwrap());
    assert_eq!(keys("over").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(keys("both").collect::<Vec<_>>(), ["b", "a"]);
    assert!(get(&document, "over").get("<<").is_none());
    assert_eq!(get(&document, "over").entries().len(), 2);
}

#[test]
fn bombs_cost_nothing_until_somebody_copies() {
    let mut text = String::from("a0: &a0 {k0: x}\n");
    for i in 1..60 {
        let p = i - 1;
        text += &format!("a{i}: &a{i} {{<<: [*a{p}, *a{p}], l: [*a{p}, *a{p}]}}\n");
    }
    let document = document(&text);
    assert_eq!(document.expanded_size(1_000_000), None);
    assert!(
        document
            .errors()
            .iter()
            .any(|e| e.kind == ErrorKind::AliasBomb)
    );
    assert!(document.size() < 1000);
    assert_eq!(get(&document, "a59.k0").text(), Some("x"));
    assert!(get(&document, "a59").get("none").is_none());
    assert_eq!(get(&document, "a59").fields().count(), 2);
}

#[test]
fn equal_keys_are_kept_and_the_last_wins() {
    let text = "a: 1\nb: 2\na: 3\nyes: x\n'true': y\n";
    let document = document_with_faults(text);
    let faults = document.errors().iter().map(|e| {
        let related = e.related.unwrap().slice(text);
        (e.kind.clone(), related, e.span.start)
    });
    let faults: Vec<_> = faults.collect();
    let key = |k: &str| ErrorKind::DuplicateKey { key: k.into() };
    assert_eq!(faults, [(key("a"), "a", 10), (key("true"), "yes", 22)]);
    assert_eq!(get(&document, "a").text(), Some("3"));
    assert_eq!(document.root().unwrap().entries().len(), 5);
    assert_eq!(document.root().unwrap().fields().len(), 3);
}

fn document_with_faults(text: &str) -> Document {
    parse(text).documents.remove(0)
}

#[test]
fn equal_keys_are_found_among_many() {
    let mut text: String = (0..100).map(|i| format!("key{i}: {i}\n")).collect();
    text += "key7: again\n";
    let document = document_with_faults(&text);
    assert_eq!(document.errors().len(), 1);
    assert_eq!(get(&document, "key7").text(), Some("again"));
}

#[test]
fn unknown_and_cyclic_aliases_read_as_null() {
    let text = "a: *nope\nb: [1, *gone]\nc: &c [*c]\nd: 4\n";
    let document = document_with_faults(text);
    let places: Vec<_> = document
        .errors()
        .iter()
        .map(|e| e.span.slice(text))
        .collect();
    assert_eq!(places, ["*nope", "*gone", "*c"]);
    assert_eq!(
        document.errors()[0].kind,
        ErrorKind::UnknownAlias {
            name: "nope".into()
        }
    );
    assert!(get(&document, "a").is_null() && get(&document, "a").is_dangling());
    assert!(get(&document, "c[0]").is_null());
    assert_eq!(get(&document, "d").text(), Some("4"));
}

#[test]
fn tags_are_kept_in_full() {
    let text = "a: !Ref x\nb: !!str 12\nc: !<tag:x> y\nd: !!map {}\n";
    let document = document(text);
    assert_eq!(get(&document, "a").tag(), Some("!Ref"));
    assert_eq!(get(&document, "b").tag(), Some("tag:yaml.org,2002:str"));
    assert_eq!(get(&document, "b").typed(), Some(Typed::Str("12".into())));
    assert_eq!(get(&document, "c").tag(), Some("tag:x"));
    assert_eq!(show(text), "{<a>: <x>, <b>: <12>, <c>: <y>, <d>: {}}");
}

#[test]
fn documents_without_content_have_no_root() {
    for text in [
        "",
        "# only\n",
        "---\n",
        "--- # c\n...\n",
        "\u{feff}",
        "\n\n",
    ] {
        let document = document(text);
        assert!(
            document.root().is_none() && document.errors().is_empty(),
            "{text:?}"
        );
    }
    assert!(document("--- ~\n").root().unwrap().is_null());
}

#[test]
fn byte_order_mark_and_crlf_count() {
    let text = "\u{feff}a: 1\r\nb:\r\n  - x\r\n  - \"y\"\r\n";
    assert_eq!(show(text), "{<a>: <1>, <b>: [<x>, <\"y\">]}");
    assert_eq!(document(text).root().unwrap().span().start, 3);
    let text = "a: |\r\n  x\r\n  y\r\nb: 1\r\n";
    assert_eq!(get(&document(text), "a").text(), Some("x\ny\n"));
    assert_eq!(
        get(&document(text), "a").span().slice(text),
        "|\r\n  x\r\n  y"
    );
}

#[test]
fn spans_count_in_the_whole_text() {
    let text = "a: 1\n---\nb: 2 # c\nb: 3\n";
    let second = &parse(text).documents[1];
    assert_eq!(
        second.root().unwrap().get("b").unwrap().span().slice(text),
        "3"
    );
    assert_eq!(second.comments()[0].span.slice(text), "# c");
    assert_eq!(second.errors()[0].related.unwrap().start, 9);
    let moved = second.moved(100);
    assert_eq!(moved.root().unwrap().span().start, 104);
    assert_eq!(moved.errors()[0].span.start, 113);
    assert_eq!(moved.moved(5), *second);
}
