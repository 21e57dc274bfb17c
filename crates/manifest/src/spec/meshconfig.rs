//! MeshConfig and istiod's environment: the settings of a mesh that decide what proxies get.
//!
//! It must not know where they were found (ConfigMap, IstioOperator, meshscope.yaml).

use super::{
    LabelSelector,
    sidecar::{OutboundMode, OutboundTrafficPolicy},
};
use crate::value::{Str, Value};

/// The effective mesh config: defaults with overrides applied (V:R7.1).
#[derive(Clone, Debug, PartialEq)]
pub struct MeshConfig {
    /// `rootNamespace`.
    pub root_namespace: Str,
    /// `defaultServiceExportTo`; never empty.
    pub default_service_export_to: Vec<Str>,
    /// `defaultVirtualServiceExportTo`; never empty.
    pub default_virtual_service_export_to: Vec<Str>,
    /// `defaultDestinationRuleExportTo`; never empty.
    pub default_destination_rule_export_to: Vec<Str>,
    /// `outboundTrafficPolicy`.
    pub outbound_traffic_policy: OutboundTrafficPolicy,
    /// `inboundTrafficPolicy.mode` is LOCALHOST.
    pub inbound_localhost: bool,
    /// `discoverySelectors`; empty selects every namespace.
    pub discovery_selectors: Vec<LabelSelector>,
    /// `enableAutoMtls`.
    pub enable_auto_mtls: bool,
    /// `trustDomain`.
    pub trust_domain: Str,
    /// `proxyListenPort`.
    pub proxy_listen_port: u32,
    /// `proxyInboundListenPort`.
    pub proxy_inbound_listen_port: u32,
    /// `proxyHttpPort`; 0 means none.
    pub proxy_http_port: u32,
    /// `extensionProviders` as (name, service host as written; empty when it has none).
    pub extension_providers: Vec<(Str, Str)>,
    /// The service and port of the first extension provider that serves certificates by SDS.
    pub sds_provider: Option<(Str, u32)>,
    /// `defaultConfig.proxyMetadata` with string values.
    pub proxy_metadata: Vec<(Str, Str)>,
    /// `defaultConfig.interceptionMode` is NONE.
    pub interception_none: bool,
    /// Whether `localityLbSetting.enabled` is not false.
    pub locality_lb: bool,
    /// `pathNormalization`, undecoded.
    pub path_normalization: Value,
}

impl Default for MeshConfig {
    fn default() -> Self {
        let everyone = || vec![Str::new_static("*")];
        MeshConfig {
            root_namespace: "istio-system".into(),
            default_service_export_to: everyone(),
            default_virtual_service_export_to: everyone(),
            default_destination_rule_export_to: everyone(),
            outbound_traffic_policy: OutboundTrafficPolicy {
                mode: OutboundMode::AllowAny,
                egress_proxy: None,
            },
            inbound_localhost: false,
            discovery_selectors: Vec::new(),
            enable_auto_mtls: true,
            trust_domain: "cluster.local".into(),
            proxy_listen_port: 15001,
            proxy_inbound_listen_port: 15006,
            proxy_http_port: 0,
            extension_providers: ["prometheus", "stackdriver", "envoy"]
                .map(|n| (n.into(), Str::default()))
                .to_vec(),
            sds_provider: None,
            proxy_metadata: Vec::new(),
            interception_none: false,
            locality_lb: true,
            path_normalization: Value::Null,
        }
    }
}

impl MeshConfig {
    /// Applies a MeshConfig document over `self`: fields replace; `extensionProviders` merge by name
    /// (V:R7.1). A null or empty default export list means `["*"]` (V:R2.1).
    pub fn apply(&mut self, overlay: &Value) {
        if let Some(v) = overlay.str("rootNamespace").filter(|v| !v.is_empty()) {
            self.root_namespace = v;
        }
        let export = |field: &str, into: &mut Vec<Str>| {
            if overlay.has(field) {
                let list = overlay.strings(field);
                *into = if list.is_empty() {
                    vec!["*".into()]
                } else {
                    list
                };
            }
        };
        export(
            "defaultServiceExportTo",
            &mut self.default_service_export_to,
        );
        export(
            "defaultVirtualServiceExportTo",
            &mut self.default_virtual_service_export_to,
        );
        export(
            "defaultDestinationRuleExportTo",
            &mut self.default_destination_rule_export_to,
        );
        if let Some(policy) = overlay.field("outboundTrafficPolicy") {
            self.outbound_traffic_policy = OutboundTrafficPolicy::decode(policy);
        }
        if let Some(policy) = overlay.field("inboundTrafficPolicy") {
            self.inbound_localhost = policy.str("mode").as_deref() == Some("LOCALHOST");
        }
        if overlay.has("discoverySelectors") {
            self.discovery_selectors = overlay
                .list("discoverySelectors")
                .iter()
                .map(LabelSelector::decode)
                .collect();
        }
        if let Some(v) = overlay.bool("enableAutoMtls") {
            self.enable_auto_mtls = v;
        }
        if let Some(v) = overlay.str("trustDomain") {
            self.trust_domain = v;
        }
        let port = |field: &str, into: &mut u32| {
            if let Some(v) = overlay.port(field).filter(|v| *v != 0) {
                *into = v.into();
            }
        };
        port("proxyListenPort", &mut self.proxy_listen_port);
        port(
            "proxyInboundListenPort",
            &mut self.proxy_inbound_listen_port,
        );
        port("proxyHttpPort", &mut self.proxy_http_port);
        for provider in overlay.list("extensionProviders") {
            let name = provider.str_or_empty("name");
            let service = provider
                .as_map()
                .into_iter()
                .flatten()
                .find_map(|(_, v)| v.str("service"))
                .unwrap_or_default();
            self.extension_providers.retain(|(n, _)| *n != name);
            self.extension_providers.push((name, service));
            if let Some(sds) = provider
                .field("sds")
                .filter(|_| self.sds_provider.is_none())
            {
                let port = sds.port("port").unwrap_or(0);
                self.sds_provider = Some((sds.str_or_empty("service"), port.into()));
            }
        }
        let proxy = overlay.get("defaultConfig");
        for (key, value) in proxy.entries("proxyMetadata") {
            if let Some(value) = value.as_str() {
                self.proxy_metadata.retain(|(k, _)| k != key);
                self.proxy_metadata.push((key.clone(), value.into()));
            }
        }
        if let Some(mode) = proxy.str("interceptionMode") {
            self.interception_none = mode == "NONE";
        }
        if let Some(v) = overlay.get("localityLbSetting").bool("enabled") {
            self.locality_lb = v;
        }
        if let Some(v) = overlay.field("pathNormalization") {
            self.path_normalization = v.clone();
        }
    }

    /// The value of a proxy metadata key in `defaultConfig`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.proxy_metadata
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// istiod's environment variables, with the defaults of 1.30 (V:R7.7, O:20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IstiodEnv {
    /// Variables as set, sorted by name.
    pub variables: Vec<(Str, Str)>,
}

impl IstiodEnv {
    /// The environment with these variables.
    pub fn new(variables: impl IntoIterator<Item = (Str, Str)>) -> IstiodEnv {
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort();
        IstiodEnv { variables }
    }

    /// This environment, and what `base` says beside it: of several values there the last.
    #[must_use]
    pub fn over(&self, base: &[(Str, Str)]) -> IstiodEnv {
        let own = |name: &Str| self.variables.iter().any(|(n, _)| n == name);
        let mut said: Vec<(Str, Str)> = Vec::new();
        for (name, value) in base.iter().rev() {
            if !own(name) && !said.iter().any(|(n, _)| n == name) {
                said.push((name.clone(), value.clone()));
            }
        }
        said.extend(self.variables.iter().cloned());
        IstiodEnv::new(said)
    }

    /// The raw value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .rev()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }

    /// A boolean flag: as Go's `strconv.ParseBool` reads it, the default of 1.30 when unset or
    /// unreadable.
    pub fn flag(&self, flag: Flag) -> bool {
        match self.get(flag.name()) {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
            _ => flag.default_value(),
        }
    }
}

macro_rules! flags {
    ($($(#[$doc:meta])* $variant:ident = ($name:literal, $default:literal),)*) => {
        /// A boolean environment variable of istiod that changes what proxies get.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Flag { $($(#[$doc])* $variant,)* }

        impl Flag {
            /// Every flag.
            pub const ALL: &'static [Flag] = &[$(Flag::$variant,)*];

            /// The variable's name.
            pub fn name(self) -> &'static str {
                match self { $(Flag::$variant => $name,)* }
            }

            /// Its default in Istio 1.30.
            pub fn default_value(self) -> bool {
                match self { $(Flag::$variant => $default,)* }
            }
        }
    };
}

flags! {
    /// Gateways apply only to workloads of their own namespace (V:R6.1).
    ScopeGatewayToNamespace = ("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", false),
    /// Gateway workloads get only clusters they can route to (V:R6.9).
    FilterGatewayClusterConfig = ("PILOT_FILTER_GATEWAY_CLUSTER_CONFIG", false),
    /// One namespace per hostname in a listener prefers Kubernetes services (V:R3.14).
    UnifiedSidecarScope = ("PILOT_UNIFIED_SIDECAR_SCOPE", true),
    /// DestinationRules merge only when their exports agree (V:R5.5).
    EnhancedDestinationRuleMerge = ("ENABLE_ENHANCED_DESTINATIONRULE_MERGE", true),
    /// Route destinations elsewhere: Kubernetes first, then oldest (V:R3.16).
    PickBestServiceNamespace = ("PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE", true),
    /// Sidecar ingress listeners merge with service ports (V:R3.29).
    SidecarInboundListenerMerge = ("PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE", false),
    /// ServiceEntry selectors select pods (V:R1.15).
    ServiceEntrySelectPods = ("PILOT_ENABLE_SERVICEENTRY_SELECT_PODS", true),
    /// Service selectors select WorkloadEntries (V:R1.16).
    KubernetesSelectWorkloadEntries = ("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true),
    /// ServiceEntries without addresses get VIPs (V:R1.14).
    IpAutoallocate = ("PILOT_ENABLE_IP_AUTOALLOCATE", true),
    /// Trailing-dot virtual host domains (O:8.9).
    AbsoluteFqdnVhostDomain = ("PILOT_ENABLE_ABSOLUTE_FQDN_VHOST_DOMAIN", true),
    /// HTTP/1.0 is accepted (O:5.7).
    Http10 = ("PILOT_HTTP10", false),
    /// Headless services get EDS clusters (O:9.5).
    EdsForHeadless = ("PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES", false),
    /// TLS settings of Sidecar ingress are honoured (O:13.11).
    TlsOnSidecarIngress = ("ENABLE_TLS_ON_SIDECAR_INGRESS", false),
    /// Gateway API kinds are read (G:0.1).
    GatewayApi = ("PILOT_ENABLE_GATEWAY_API", true),
    /// TCPRoute and friends are read (G:GWA-5).
    AlphaGatewayApi = ("PILOT_ENABLE_ALPHA_GATEWAY_API", false),
    /// Ambient mode.
    Ambient = ("PILOT_ENABLE_AMBIENT", false),
    /// DestinationRule TLS is preferred for external services (O:20).
    PreferDestinationRuleTlsForExternal = ("PREFER_DESTINATIONRULE_TLS_FOR_EXTERNAL_SERVICES", true),
    /// Dual stack.
    DualStack = ("ISTIO_DUAL_STACK", false),
    /// QUIC listeners on gateways (G:MRG-15).
    QuicListeners = ("PILOT_ENABLE_QUIC_LISTENERS", false),
    /// The Mongo filter (O:20).
    MongoFilter = ("PILOT_ENABLE_MONGO_FILTER", true),
    /// No Istio ALPNs from the metadata exchange (O:20).
    DisableMxAlpn = ("PILOT_DISABLE_MX_ALPN", false),
    /// Route collapse on gateways (G:RT-10).
    RouteCollapse = ("PILOT_ENABLE_ROUTE_COLLAPSE_OPTIMIZATION", true),
}
