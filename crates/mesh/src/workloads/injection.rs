//! Whether a pod template gets a proxy (V:R7.8-R7.11, O:1.1).

use crate::db::{Db, Mesh, Name};
use crate::index::namespace_object;
use meshscope_manifest::Str;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::kubernetes::Workload;

/// The injection decision and what led to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Injection {
    /// Whether a proxy is injected.
    pub injected: bool,
    /// Why, in words and with the rule.
    pub why: Str,
    /// The injection templates asked for; empty means the default, a sidecar.
    pub templates: Vec<Str>,
    /// Whether the decision rests on a namespace that no manifest describes.
    pub assumed: bool,
}

impl Injection {
    /// Whether the gateway template is asked for.
    pub fn is_gateway_template(&self) -> bool {
        self.templates.iter().any(|t| t == "gateway")
    }
}

const NEVER: [&str; 4] = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "local-path-storage",
];

/// Decides injection for a pod template in `namespace`.
pub fn injection<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    workload: &Workload,
) -> Injection {
    let object = namespace_object(db, mesh, namespace);
    let labels = object.as_ref().map(|r| r.meta.labels.clone());
    decide(
        namespace.text(db),
        labels.as_ref(),
        &workload.pod_labels,
        &workload.pod_annotations,
        workload.host_network,
    )
}

/// The pure decision. `namespace_labels` is `None` for a namespace without a manifest.
fn decide(
    namespace: &str,
    namespace_labels: Option<&Labels>,
    pod_labels: &Labels,
    pod_annotations: &Labels,
    host_network: bool,
) -> Injection {
    let templates: Vec<Str> = pod_annotations
        .get("inject.istio.io/templates")
        .map(|t| t.split(',').map(|x| Str::new(x.trim())).collect())
        .unwrap_or_default();
    let no_labels = Labels::default();
    let of_namespace = namespace_labels.unwrap_or(&no_labels);
    let ns_inject = of_namespace.get("istio-injection").map(Str::as_str);
    let ns_rev = of_namespace.get("istio.io/rev").map(Str::as_str);
    let pod_inject = pod_labels.get("sidecar.istio.io/inject").map(Str::as_str);
    let pod_rev = pod_labels.get("istio.io/rev").map(Str::as_str);
    let answer = |injected: bool, why: &str| Injection {
        injected,
        why: why.into(),
        templates: templates.clone(),
        assumed: namespace_labels.is_none(),
    };

    // Stage 1: is any webhook called (V:R7.8)? The revision does not matter: the control plane that
    // owns it is taken to exist.
    let called = match (ns_inject, ns_rev) {
        (None, Some(_)) => pod_inject != Some("false"),
        (Some("enabled"), _) => pod_inject != Some("false"),
        (None, None) => {
            (pod_rev.is_some() && pod_inject != Some("false"))
                || (pod_inject == Some("true") && pod_rev.is_none())
        }
        (Some(_), _) => false,
    };
    if !called {
        return match (ns_inject, pod_inject) {
            (Some(value), _) if value != "enabled" => answer(
                false,
                &format!("namespace label istio-injection: {value} (V:R7.8)"),
            ),
            (_, Some("false")) => answer(
                false,
                "pod label sidecar.istio.io/inject: \"false\" (V:R7.8)",
            ),
            _ => answer(
                false,
                "neither namespace nor pod asks for injection (V:R7.8)",
            ),
        };
    }
    // Stage 2: does the injector agree (V:R7.9)?
    if host_network {
        return answer(false, "hostNetwork: true (V:R7.9)");
    }
    if NEVER.contains(&namespace) {
        return answer(false, "system namespace (V:R7.9)");
    }
    match pod_inject.or(pod_annotations
        .get("sidecar.istio.io/inject")
        .map(Str::as_str))
    {
        Some("true") => answer(
            true,
            "sidecar.istio.io/inject: \"true\" on the pod (V:R7.9)",
        ),
        Some("false") => answer(
            false,
            "sidecar.istio.io/inject: \"false\" on the pod (V:R7.9)",
        ),
        _ => answer(true, "the namespace asks for injection (V:R7.8)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(ns_inj: &str, ns_rev: &str, pod_inj: &str, pod_rev: &str) -> bool {
        let set = |pairs: &[(&str, &str)]| -> Labels {
            pairs
                .iter()
                .filter(|(_, v)| !v.is_empty())
                .collect::<Vec<_>>()
                .iter()
                .fold(Labels::default(), |mut labels, (k, v)| {
                    labels.set(k, v);
                    labels
                })
        };
        let namespace = set(&[("istio-injection", ns_inj), ("istio.io/rev", ns_rev)]);
        let pod = set(&[
            ("sidecar.istio.io/inject", pod_inj),
            ("istio.io/rev", pod_rev),
        ]);
        decide("app", Some(&namespace), &pod, &Labels::default(), false).injected
    }

    #[test]
    fn the_table_of_the_specification() {
        assert!(injected("enabled", "", "", ""));
        assert!(injected("enabled", "canary", "", ""));
        assert!(!injected("enabled", "", "false", ""));
        assert!(injected("", "canary", "", ""));
        assert!(injected("", "canary", "true", "default"));
        assert!(injected("", "", "true", ""));
        assert!(injected("", "", "", "canary"));
        assert!(injected("", "", "true", "canary"));
        assert!(!injected("disabled", "canary", "true", "canary"));
        assert!(!injected("", "", "", ""));
    }

    #[test]
    fn the_annotation_alone_prevents_but_never_causes() {
        let annotations: Labels = [("sidecar.istio.io/inject", "true")].into_iter().collect();
        let none = Labels::default();
        assert!(!decide("app", Some(&none), &none, &annotations, false).injected);
        let enabled: Labels = [("istio-injection", "enabled")].into_iter().collect();
        let annotations: Labels = [("sidecar.istio.io/inject", "false")].into_iter().collect();
        assert!(!decide("app", Some(&enabled), &none, &annotations, false).injected);
    }
}
