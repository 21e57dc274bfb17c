//! Rules that are decided while files and settings are read, kustomizations built and documents decoded
//! (`manifest::document`, `manifest::validate`), and by suppressions. Their metadata and pages are here, their code and tests
//! are there.

use crate::rule::{Check, Group, Rule, Tier};
use meshscope_manifest::validate::Severity;

macro_rules! rules {
    ($($name:literal, $group:ident, $tier:ident, $severity:ident, [$($code:literal),*], $summary:literal;)*) => {
        /// All of them, in the order of the catalogue.
        pub static ALL: &[Rule] = &[$(Rule {
            name: $name,
            group: Group::$group,
            tier: Tier::$tier,
            severity: Severity::$severity,
            summary: $summary,
            equivalents: &[$($code),*],
            page: include_str!(concat!("../pages/", $name, ".md")),
            check: Check::Decoding,
        },)*];
    };
}

rules! {
    "yaml-syntax-error", Syntax, Second, Error, [], "a document is not valid YAML, or holds a key twice";
    "unreadable-file", Syntax, Third, Info, [], "a file that could not be read as it is";
    "settings", Syntax, Third, Error, [], "a fault of meshscope.yaml";
    "kustomize", Syntax, Third, Info, [], "a kustomization that cannot be built as it is written";
    "missing-api-version", Syntax, Second, Error, [], "an object without apiVersion, kind or name";
    "unknown-field", Schema, Second, Error, [], "a field the kind does not have";
    "invalid-field-type", Schema, Third, Error, [], "a field of the wrong type";
    "invalid-enum-value", Schema, Second, Error, [], "a value that is none of the allowed ones";
    "invalid-field-value", Schema, Second, Error, ["IST0106"], "a value out of its range or pattern";
    "invalid-regex", Schema, Second, Error, ["IST0106"], "a regular expression that Envoy cannot read";
    "invalid-export-to", Schema, Second, Error, ["IST0106"], "an exportTo the webhook refuses";
    "invalid-gateway", Schema, Second, Error, ["IST0106"], "a Gateway the webhook refuses";
    "invalid-virtual-service", Schema, Second, Error, ["IST0106"], "a VirtualService the webhook refuses";
    "http-rule-without-action", Schema, Second, Error, ["IST0106"], "an HTTP rule that does nothing";
    "invalid-destination-rule", Schema, Second, Error, ["IST0106"], "a DestinationRule the webhook refuses";
    "invalid-service-entry", Schema, Second, Error, ["IST0106"], "a ServiceEntry the webhook refuses";
    "invalid-sidecar", Schema, Second, Error, ["IST0106"], "a Sidecar the webhook refuses";
    "invalid-sidecar-egress-host", Schema, Second, Error, ["IST0106"], "a Sidecar egress host that imports nothing or is refused";
    "invalid-authorization-policy", Schema, Second, Error, ["IST0106"], "an AuthorizationPolicy the webhook refuses";
    "invalid-resource", Schema, Third, Error, ["IST0106"], "any other object the webhook refuses";
    "invalid-annotation", Schema, Third, Warning, ["IST0107", "IST0108", "IST0125"], "an Istio annotation that is unknown or has a value nobody reads";
    "field-without-effect", Schema, Third, Warning, ["IST0133", "IST0157", "KIA1104", "KIA1105"], "a field that is accepted and ignored";
    "deprecated-field", Schema, Third, Warning, ["IST0002", "IST0133", "IST0135", "KIA1108"], "a field that has a successor";
    "unused-suppression", Hygiene, Third, Hint, [], "a suppression that suppresses nothing";
}
