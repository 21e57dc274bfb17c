//! What may be set for the proxies of single pods: the annotation `proxy.istio.io/config` and ProxyConfig
//! objects. Only what changes configuration istiod sends is kept.

use crate::value::{Str, Value};

/// The settings of a pod's proxy that one source names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProxySettings {
    /// `proxyMetadata`, or `environmentVariables` of a ProxyConfig, as written.
    pub metadata: Vec<(Str, Str)>,
    /// `interceptionMode`.
    pub interception_mode: Option<Str>,
}

impl ProxySettings {
    /// Reads the annotation, which is the YAML of a mesh config's `defaultConfig`. What is no YAML
    /// says nothing; the validator reports it.
    pub fn of_annotation(text: &str) -> ProxySettings {
        let stream = meshscope_yaml::parse(text);
        let value = stream.documents.first().and_then(crate::read::document);
        let value = value.unwrap_or(Value::Null);
        ProxySettings {
            metadata: strings(&value, "proxyMetadata"),
            interception_mode: value.str("interceptionMode"),
        }
    }

    /// Reads the `spec` of a ProxyConfig.
    pub fn of_object(spec: &Value) -> ProxySettings {
        ProxySettings {
            metadata: strings(spec, "environmentVariables"),
            interception_mode: None,
        }
    }
}

fn strings(value: &Value, key: &str) -> Vec<(Str, Str)> {
    let entries = value.entries(key);
    entries
        .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.into())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_yaml_in_a_string() {
        let text = "proxyMetadata:\n  ISTIO_META_DNS_CAPTURE: \"true\"\ninterceptionMode: NONE\n";
        let settings = ProxySettings::of_annotation(text);
        assert_eq!(
            settings.metadata,
            [("ISTIO_META_DNS_CAPTURE".into(), "true".into())]
        );
        assert_eq!(settings.interception_mode.as_deref(), Some("NONE"));
        for broken in ["", "text", "a: [b", "- proxyMetadata"] {
            assert_eq!(
                ProxySettings::of_annotation(broken),
                ProxySettings::default()
            );
        }
    }
}
