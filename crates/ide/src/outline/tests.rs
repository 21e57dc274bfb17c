//! Outlines and searches, in finished and half-typed text.

use super::*;
use crate::testing::{Fixture, GATEWAY, REVIEWS};

fn tree(f: &Fixture, file: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for symbol in document_symbols(&f.workspace, file) {
        let at = f.show_range(file, &symbol.selection);
        lines.push(format!("{} ({}) {at}", symbol.name, symbol.detail));
        for child in &symbol.children {
            assert!(symbol.range.start <= child.range.start && child.range.end <= symbol.range.end);
            lines.push(format!(
                "  {} ({}) {:?}",
                child.name, child.detail, child.kind
            ));
        }
    }
    lines
}

const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  http:
  - name: first
    route: [{destination: {host: reviews}}]
  - route: [{destination: {host: reviews}}]
";

#[test]
fn a_file_is_its_objects_with_their_parts() {
    let f = Fixture::new(&[REVIEWS, GATEWAY, ROUTE]);
    assert_eq!(
        tree(&f, "shop/route.yaml"),
        [
            "reviews (VirtualService in shop) shop/route.yaml:3: reviews",
            "  reviews.example.com () Host",
            "  first () Rule",
            "  http 1 () Rule",
        ]
    );
    assert_eq!(
        tree(&f, "infra/gateway.yaml"),
        [
            "public (Gateway in infra) infra/gateway.yaml:3: public",
            "  servers 0 (HTTP 80 *.example.com) Server",
            "ingress (Deployment in infra) infra/gateway.yaml:12: ingress",
        ]
    );
    assert_eq!(tree(&f, "shop/rule.yaml")[1], "  v1 () Subset");
}

#[test]
fn half_typed_objects_are_there() {
    let f = Fixture::new(&[&ROUTE.replace("  http:", "  gat$0\n  http:")]);
    assert_eq!(tree(&f, "shop/route.yaml").len(), 4);
}

#[test]
fn the_workspace_is_searched_by_name_and_host() {
    let f = Fixture::new(&[REVIEWS, GATEWAY, ROUTE]);
    let found = |query: &str| {
        let all = workspace_symbols(&f.workspace, query, 3);
        all.iter()
            .map(|s| format!("{} ({}) {}", s.name, s.container, f.show(&s.place)))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found("PUB"),
        ["public (Gateway in infra) infra/gateway.yaml:3: public"]
    );
    assert_eq!(
        found("v1"),
        [
            "v1 (DestinationRule shop/reviews) shop/rule.yaml:7: v1",
            "reviews-v1 (Deployment in shop) shop/reviews.yaml:11: reviews-v1",
        ]
    );
    assert_eq!(
        found("rexc"),
        [
            "reviews.example.com (VirtualService shop/reviews) shop/route.yaml:5: reviews.example.com"
        ]
    );
    assert_eq!(found("").len(), 3, "no more than asked for");
}

#[test]
fn templates_of_charts_are_no_manifests() {
    let chart = "#- c/Chart.yaml\nname: c\nversion: 1.0.0\n#- c/templates/vs.yaml\napiVersion: \
                 networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n";
    let f = Fixture::new(&[chart]);
    assert_eq!(tree(&f, "c/templates/vs.yaml"), [""; 0]);
}
