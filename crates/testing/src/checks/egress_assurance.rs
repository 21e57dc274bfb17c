//! `egress_assurance`: which enforcement layers hold in a namespace.

use crate::case::Case;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::egress::{Held, Layer};
use meshscope::manifest::Value;

const KIND: CheckKind = CheckKind::EgressAssurance;

/// One check per layer that a claim gives, and one for the whole.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, claim) in case.value.list("egress_assurance").iter().enumerate() {
        let at = format!("egress_assurance[{i}]");
        let layers = mesh.egress_layers(&claim.str_or_empty("namespace"));
        for (field, expected) in claim.entries("layers") {
            let name = format!("{at}.layers.{field}");
            let layer = layers.all().into_iter().find(|(n, _)| n == field);
            checks.push(match (layer, expected) {
                (Some((_, layer)), Value::Bool(expected)) => of_layer(name, *expected, layer),
                (None, _) => Check::failed(KIND, name, "no such layer"),
                _ => Check::failed(KIND, name, "a layer is true or false"),
            });
        }
        if let Some(expected) = claim.bool("enforced") {
            let (name, actual) = (format!("{at}.enforced"), layers.enforced());
            checks.push(if expected == actual {
                Check::passed(KIND, name)
            } else {
                let words = if actual {
                    "it is enforced"
                } else {
                    "it is not enforced"
                };
                Check::failed(KIND, name, words).with(expected.into(), actual.into())
            });
        }
    }
    checks
}

fn of_layer(name: String, expected: bool, layer: &Layer) -> Check {
    let actual = layer.held == Held::Yes;
    if expected == actual {
        return Check::passed(KIND, name);
    }
    let reasons = layer.parts.iter().flat_map(|p| {
        let because = p.because.iter();
        because.map(move |b| format!("{}: {} {}: {}", p.workload, b.object, b.path, b.why))
    });
    let words: Vec<String> = reasons.take(3).collect();
    Check::failed(KIND, name, words.join("; ")).with(expected.into(), actual.into())
}
