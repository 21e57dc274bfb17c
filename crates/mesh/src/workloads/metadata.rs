//! The metadata a pod's proxy reports, as far as files set it: ProxyConfig objects, annotations and the
//! environment of its containers (O:1.3, O:18.3). The mesh config's part is not in it: who asks falls
//! back to that.

use crate::db::{Db, Mesh, name};
use crate::index::{config_order, facts, objects};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::kubernetes::Workload;
use meshscope_manifest::spec::proxy_config::ProxySettings;
use meshscope_manifest::{Kind, Str};

/// Proxy metadata by key without `ISTIO_META_`, each key once.
///
/// The later of these wins: the ProxyConfig of the root namespace, that of the pod's namespace, the
/// annotation `proxy.istio.io/config`, the ProxyConfig that selects the pod, and what stands in the pod
/// itself.
pub(super) fn metadata(
    db: &dyn Db,
    mesh: Mesh,
    namespace: &Str,
    workload: &Workload,
) -> Vec<(Str, Str)> {
    let root = facts(db, mesh).root();
    let annotations = &workload.pod_annotations;
    let annotation = annotations.get("proxy.istio.io/config");
    let sources = [
        of_namespace(db, mesh, root, None),
        of_namespace(db, mesh, namespace, None),
        annotation.map(|text| ProxySettings::of_annotation(text)),
        of_namespace(db, mesh, namespace, Some(&workload.pod_labels)),
    ];
    let mut found: Vec<(Str, Str)> = Vec::new();
    let mut set = |key: Str, value: &Str| {
        found.retain(|(k, _)| *k != key);
        found.push((key, value.clone()));
    };
    let mode = Str::new_static("INTERCEPTION_MODE");
    for source in sources.iter().flatten() {
        for (key, value) in &source.metadata {
            if let Some(key) = key.strip_prefix("ISTIO_META_") {
                set(key.into(), value);
            }
        }
        if let Some(value) = &source.interception_mode {
            set(mode.clone(), value);
        }
    }
    for (key, value) in workload.containers.iter().flat_map(|c| &c.env) {
        if let Some(key) = key.strip_prefix("ISTIO_META_") {
            set(key.into(), value);
        }
    }
    if let Some(value) = annotations.get("sidecar.istio.io/interceptionMode") {
        set(mode, value);
    }
    found
}

/// The first ProxyConfig of a namespace that selects these labels, or without `labels` the first
/// that has no selector.
fn of_namespace(
    db: &dyn Db,
    mesh: Mesh,
    namespace: &Str,
    labels: Option<&Labels>,
) -> Option<ProxySettings> {
    let all = objects(db, mesh, name(db, namespace), Kind::ProxyConfig);
    let chosen = all
        .iter()
        .filter(|r| {
            let selector = r.attached().map(|a| &a.selector);
            selector.is_some_and(|selector| match labels {
                None => selector.is_empty(),
                Some(labels) => !selector.is_empty() && selector.subset_of(labels),
            })
        })
        .min_by(|a, b| config_order(a, b))?;
    chosen.attached().map(|a| ProxySettings::of_object(&a.spec))
}

#[cfg(test)]
mod tests {
    use crate::testing::{mesh_of, objects, proxy};

    const POD: &str = "
apiVersion: v1
kind: Pod
metadata:
  name: a
  namespace: shop
  labels: {app: a, sidecar.istio.io/inject: 'true'}
  annotations:
    proxy.istio.io/config: |
      proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'annotation', ISTIO_META_HTTP10: '1'}
      interceptionMode: NONE
---
";

    fn dns_capture(configs: &str) -> Option<String> {
        let (db, mesh) = mesh_of(&format!("{POD}{}", objects(configs)));
        let proxy = proxy(&db, mesh, "shop/a");
        assert_eq!(proxy.metadata("HTTP10"), Some("1"));
        assert_eq!(proxy.metadata("INTERCEPTION_MODE"), Some("NONE"));
        proxy.metadata("DNS_CAPTURE").map(str::to_owned)
    }

    #[test]
    fn what_selects_the_pod_beats_its_annotation_and_that_its_namespace() {
        let of_namespace =
            "ProxyConfig shop/all {environmentVariables: {ISTIO_META_DNS_CAPTURE: namespace}}";
        let other = "ProxyConfig shop/b {selector: {matchLabels: {app: b}}, environmentVariables: {ISTIO_META_DNS_CAPTURE: other}}";
        let of_pod = "ProxyConfig shop/a {selector: {matchLabels: {app: a}}, environmentVariables: {ISTIO_META_DNS_CAPTURE: pod}}";
        assert_eq!(dns_capture("").as_deref(), Some("annotation"));
        let weaker = format!("{of_namespace}\n{other}");
        assert_eq!(dns_capture(&weaker).as_deref(), Some("annotation"));
        let stronger = format!("{of_namespace}\n{of_pod}");
        assert_eq!(dns_capture(&stronger).as_deref(), Some("pod"));
    }
}
