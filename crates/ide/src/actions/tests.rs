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
fn half_typed_text_has_actions_for_the_rest() {
    let f = Fixture::new(&[REVIEWS, &format!("{ROUTE}    weig\n")]);
    let kinds: Vec<ActionKind> = actions(&f).iter().map(|a| a.kind).collect();
    assert!(
        kinds.len() <= 1,
        "a broken document takes no comment: {kinds:?}"
    );
}
