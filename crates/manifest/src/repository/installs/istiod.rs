//! A release of Istio's `istiod` chart: the mesh config and the environment its values lead to.
//!
//! It must not know who asked for the release.

use crate::edit::object;
use crate::value::{Str, Value};

/// What an istiod is run with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Istiod {
    /// The mesh config it reads.
    pub mesh_config: Value,
    /// Its environment, by name.
    pub env: Vec<(Str, Str)>,
    /// The cluster domain, when the values say one.
    pub domain: Option<Str>,
}

/// The istiod that `helm install … istio/istiod` starts. The chart merges what is under `pilot` over what
/// is beside it.
pub fn istiod_release(values: &Value) -> Istiod {
    let global = values.get("global");
    let namespace = global.str("istioNamespace").filter(|n| !n.is_empty());
    let namespace = namespace.unwrap_or_else(|| "istio-system".into());
    let mut mesh_config = object([("rootNamespace", Value::String(namespace))]);
    mesh_config.overlay(values.get("meshConfig"));
    let mut env = values.get("env").clone();
    env.overlay(values.get("pilot").get("env"));
    let domain = global.get("proxy").str("clusterDomain");
    Istiod {
        mesh_config,
        env: env_of(&env),
        domain: domain.filter(|d| !d.is_empty()),
    }
}

/// A mapping of environment variables.
pub(super) fn env_of(env: &Value) -> Vec<(Str, Str)> {
    let entries = env.as_map().into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.scalar_text()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_mesh_config_and_environment() {
        let flag = |value: bool| object([("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", Value::Bool(value))]);
        let policy = object([("mode", "REGISTRY_ONLY".into())]);
        let values = object([
            ("global", object([("istioNamespace", "mesh".into())])),
            ("meshConfig", object([("outboundTrafficPolicy", policy)])),
            ("env", flag(false)),
            ("pilot", object([("env", flag(true))])),
        ]);
        let istiod = istiod_release(&values);
        assert_eq!(
            istiod.mesh_config.str("rootNamespace").as_deref(),
            Some("mesh")
        );
        assert!(istiod.mesh_config.has("outboundTrafficPolicy"));
        let (name, value) = &istiod.env[0];
        assert_eq!(
            (name.as_str(), value.as_str()),
            ("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "true")
        );
        assert_eq!(istiod.domain, None);
    }
}
