//! Annotations that istiod refuses on its kinds (validation-rules.md §0: META-1 to META-5).
//!
//! Must not know the specs, except which action an AuthorizationPolicy has.

use crate::kind::Kind;
use crate::validate::report::At;

const DRY_RUN: &str = "istio.io/dry-run";
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "META-4",
        "internal.istio.io/webhook-always-reject",
        "it asks the webhook to refuse the object",
    ),
    (
        "META-5",
        "internal.istio.io/parent-namespace",
        "only istiod may set it",
    ),
    (
        "META-5",
        "internal.istio.io/parents",
        "only istiod may set it",
    ),
];

pub(super) fn check(document: At<'_>) {
    let annotations = document.get("metadata").get("annotations");
    if let Some(dry_run) = annotations.field(DRY_RUN) {
        check_dry_run(document, dry_run);
    }
    for (reason, name, why) in REFUSED {
        if let Some(annotation) = annotations.field(name) {
            annotation
                .value_error(reason, format!("the annotation is refused: {why}"))
                .at_key()
                .fix_delete(annotation, false);
        }
    }
}

fn check_dry_run(document: At<'_>, dry_run: At<'_>) {
    if document.report.kind != Kind::AuthorizationPolicy {
        dry_run
            .value_error(
                "META-1",
                "only AuthorizationPolicies can be tried without effect",
            )
            .at_key()
            .fix_delete(dry_run, false);
        return;
    }
    match document.get("spec").str("action") {
        "" | "ALLOW" | "DENY" => {
            // Go's strconv.ParseBool.
            let booleans = [
                "1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False",
            ];
            if !booleans.contains(&dry_run.text()) {
                let fact = format!("\"{}\" is neither \"true\" nor \"false\"", dry_run.text());
                dry_run.value_error("META-2", fact);
            }
        }
        action => {
            let fact = format!("only ALLOW and DENY can be tried without effect, not {action}");
            dry_run.value_error("META-3", fact).at_key();
        }
    }
}
