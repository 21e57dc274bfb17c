//! Inlay hints: what a short host is completed to.

use crate::symbol::fields::Field;
use crate::symbol::mention::mentions;
use crate::symbol::owner::owners_in;
use crate::symbol::resolve::completed;
use meshscope::Workspace;
use meshscope::engine::index::is_unknown_namespace;
use std::collections::BTreeMap;
use std::ops::Range;

/// A text shown between the characters of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlayHint {
    /// The byte it is shown before.
    pub offset: usize,
    /// The text, such as `.shop.svc.cluster.local`.
    pub text: String,
    /// Markdown about it; may be empty.
    pub tooltip: String,
}

/// The hints of a range of a file, in order. Where meshes complete a host differently, all of them are
/// shown.
pub fn inlay_hints(workspace: &Workspace, file: &str, range: Range<usize>) -> Vec<InlayHint> {
    let Some(file) = workspace.file(file) else {
        return Vec::new();
    };
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for mesh in workspace.meshes() {
        for owner in owners_in(mesh, file, None) {
            if is_unknown_namespace(&owner.namespace) {
                continue;
            }
            for mention in mentions(&owner) {
                let short = matches!(
                    mention.field,
                    Field::ClaimedHost | Field::DestinationHost | Field::RuleHost
                );
                let Some((of, at)) = mention.place(&owner).filter(|_| short) else {
                    continue;
                };
                let host = completed(&owner, &mention);
                if of != file || at.end < range.start || at.start > range.end {
                    continue;
                }
                if let Some(rest) = host.strip_prefix(mention.text.as_str())
                    && !rest.is_empty()
                {
                    let texts = found.entry(at.end).or_default();
                    if !texts.iter().any(|t| t == rest) {
                        texts.push(rest.to_owned());
                    }
                }
            }
        }
    }
    let hints = found.into_iter().map(|(offset, texts)| InlayHint {
        offset,
        text: texts.join(" or "),
        tooltip: "a host without a dot is a Service of the namespace it is written in".into(),
    });
    hints.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, REVIEWS};

    const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews, example.com]
  http: [{route: [{destination: {host: 'reviews'}}]}]
";

    fn shown(f: &Fixture, file: &str) -> Vec<String> {
        let text = f.text(file);
        let hints = inlay_hints(&f.workspace, file, 0..text.len());
        let around = |h: &InlayHint| {
            let before = &text[..h.offset];
            let word = before.rfind([' ', '[', '\'', '{']).map_or(0, |i| i + 1);
            format!("{}|{}", &before[word..], h.text)
        };
        hints.iter().map(around).collect()
    }

    #[test]
    fn short_hosts_are_completed_and_long_ones_left_alone() {
        let f = Fixture::new(&[REVIEWS, ROUTE]);
        let hint = "reviews|.shop.svc.cluster.local";
        assert_eq!(shown(&f, "shop/route.yaml"), [hint, hint]);
        assert_eq!(
            shown(&f, "shop/rule.yaml"),
            [hint],
            "a DestinationRule's, too"
        );
        assert_eq!(inlay_hints(&f.workspace, "shop/route.yaml", 0..20), []);
    }

    #[test]
    fn half_typed_text_keeps_its_hints() {
        let f = Fixture::new(&[REVIEWS, &ROUTE.replace("  http:", "  gatew$0\n  http:")]);
        assert_eq!(shown(&f, "shop/route.yaml").len(), 2);
    }

    #[test]
    fn meshes_that_differ_are_both_shown() {
        let settings = "#- meshscope.yaml\nmeshes: [{name: one}, {name: two, domain: two.local}]\n";
        let f = Fixture::new(&[settings, ROUTE]);
        assert_eq!(
            shown(&f, "shop/route.yaml")[0],
            "reviews|.shop.svc.cluster.local or .shop.svc.two.local"
        );
    }
}
