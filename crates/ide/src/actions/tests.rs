//! Repairs, suppressions, and that a suppression suppresses.

use super::*;
use crate::testing::{Fixture, REVIEWS};

const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination:
        host: reviews
        subset: v$03
";

fn actions(f: &Fixture) -> Vec<CodeAction> {
    code_actions(&f.workspace, &f.file, f.offset..f.offset)
}

/// A text with the edits of a file applied.
fn applied(f: &Fixture, action: &CodeAction) -> String {
    let mut text = f.text(&f.file);
    let mut edits = action.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.place.range.start));
    for edit in edits {
        assert_eq!(edit.place.path, f.file);
        text.replace_range(edit.place.range, &edit.new_text);
    }
    text
}

fn rules(f: &Fixture) -> Vec<String> {
    let report = f.workspace.report(None);
    report
        .findings
        .iter()
        .map(|finding| finding.rule.clone())
        .collect()
}

#[test]
fn a_finding_can_be_suppressed_above_its_line() {
    let mut f = Fixture::new(&[REVIEWS, ROUTE]);
    let all = actions(&f);
    let suppress = all.iter().find(|a| a.kind == ActionKind::Suppress).unwrap();
    assert_eq!(
        suppress.title,
        "suppress subset-unknown here with a comment"
    );
    let text = applied(&f, suppress);
    assert!(
        text.contains("\n        # meshscope: ignore subset-unknown (say why)\n        subset: v3"),
        "{text}"
    );
    f.workspace.set_text(&f.file.clone(), &text);
    assert!(
        !rules(&f)
            .iter()
            .any(|r| r == "subset-unknown" || r == "unused-suppression")
    );
}

#[test]
fn on_the_first_line_the_comment_is_beside_it() {
    let route = "#- v.yaml\nkind: Virtual$0Service\nmetadata: {name: v, namespace: a}\nspec: {hosts: [a.b], \
                 http: [{redirect: {uri: /}}]}\n";
    let mut f = Fixture::new(&[route]);
    let all = actions(&f);
    let suppress = all.iter().find(|a| a.kind == ActionKind::Suppress).unwrap();
    let text = applied(&f, suppress);
    assert!(
        text.starts_with(
            "kind: VirtualService  # meshscope: ignore missing-api-version (say why)\n"
        ),
        "{text}"
    );
    f.workspace.set_text(&f.file.clone(), &text);
    assert!(!rules(&f).iter().any(|r| r == "missing-api-version"));
}

#[test]
fn a_repair_is_offered_and_repairs() {
    let rule = "#- shop/r.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: \
                r, namespace: shop}\nspec:\n  host: reviews\n  trafficPolcy$0: {}\n";
    let mut f = Fixture::new(&[REVIEWS, rule]);
    let all = actions(&f);
    let fix = all.iter().find(|a| a.kind == ActionKind::Fix).unwrap();
    assert_eq!(fix.rule, "unknown-field");
    let text = applied(&f, fix);
    assert!(text.contains("\n  trafficPolicy: {}\n"), "{text}");
    f.workspace.set_text(&f.file.clone(), &text);
    assert!(!rules(&f).iter().any(|r| r == "unknown-field"));
}

#[test]
fn nothing_is_offered_where_there_is_no_finding() {
    let f = Fixture::new(&[
        REVIEWS,
        &ROUTE.replace("v$03", "v3").replace("hosts:", "ho$0sts:"),
    ]);
    assert_eq!(actions(&f), []);
}

#[test]
fn half_typed_text_has_no_comments_but_no_wrong_ones_either() {
    // What is on disk is judged as it is: in a document that does not read, a comment helps nobody.
    let f = Fixture::new(&[REVIEWS, &format!("{ROUTE}    weig\n")]);
    let kinds: Vec<ActionKind> = actions(&f).iter().map(|a| a.kind).collect();
    assert_eq!(kinds, []);
    let other = format!("{ROUTE}---\nkind: Gateway\nmetad\n");
    let f = Fixture::new(&[REVIEWS, &other]);
    let kinds: Vec<ActionKind> = actions(&f).iter().map(|a| a.kind).collect();
    assert_eq!(kinds, [ActionKind::Suppress], "the other document reads");
}

#[test]
fn several_safe_repairs_are_one_action() {
    let rule = |name: &str| {
        format!(
            "kind: DestinationRule\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{host: reviews}}\n"
        )
    };
    let two = format!("#- shop/r.yaml\n$0{}---\n{}", rule("a"), rule("b"));
    let f = Fixture::new(&[REVIEWS, &two]);
    let all = actions(&f);
    let fix_all = all.iter().find(|a| a.kind == ActionKind::FixAll).unwrap();
    assert_eq!(
        fix_all.title,
        "repair all 2 findings of missing-api-version in this file"
    );
    let text = applied(&f, fix_all);
    assert_eq!(
        text.matches("apiVersion: networking.istio.io/v1\n").count(),
        2,
        "{text}"
    );
}

#[test]
fn json_takes_no_comments() {
    let route = "#- v.json\n{\"kind\": \"Virtual$0Service\", \"metadata\": {\"name\": \"v\", \"namespace\": \
                 \"a\"}, \"spec\": {\"hosts\": [\"a.b\"], \"http\": [{\"redirect\": {\"uri\": \"/\"}}]}}\n";
    let f = Fixture::new(&[route]);
    assert!(rules(&f).iter().any(|r| r == "missing-api-version"));
    assert!(actions(&f).iter().all(|a| a.kind != ActionKind::Suppress));
}
