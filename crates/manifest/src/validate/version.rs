//! Versions that no API server serves. Rule invalid-field-value at `apiVersion`.
//!
//! Must not know what the versions of a kind differ in.

use super::report::At;
use super::schema::Schema;
use crate::kind::Kind;

/// Reports an `apiVersion` that Istio's CRDs do not serve. Versions of the Gateway API depend on what
/// somebody installed, and those of core kinds on the cluster: silence.
pub(super) fn check(schema: &Schema, kind: Kind, api_version: &str, document: At<'_>) {
    if !kind.is_istio() || kind == Kind::IstioOperator || api_version.is_empty() {
        return;
    }
    let Some((group, version)) = api_version.split_once('/') else {
        return;
    };
    let served: Vec<&str> = schema.versions(kind).collect();
    let Some(preferred) = served.first().filter(|_| !served.contains(&version)) else {
        return;
    };
    let at = document.get("apiVersion");
    let message = format!(
        "apiVersion: there is no {} of version {version}; Istio 1.30 has {} (rejected by the API server)",
        kind.name(),
        served.join(", ")
    );
    at.report(
        "invalid-field-value",
        super::Severity::Error,
        "CRD",
        message,
    )
    .fix_replace(at, format!("{group}/{preferred}").as_str(), false);
}
