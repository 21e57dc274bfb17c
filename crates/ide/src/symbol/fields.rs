//! Which fields name something, by kind: the one table that all features read.
//!
//! It must not know what a name means; that is [`super::resolve`]'s business.

use meshscope::manifest::Kind;

/// What the text of a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    /// The object itself: `metadata.name`.
    Own,
    /// A namespace; `.` is the object's own, `*` and `~` are none.
    Namespace,
    /// Namespaces in one text, separated by commas.
    Namespaces,
    /// A host a VirtualService claims: short names are completed, wildcards allowed (V:R0.16).
    ClaimedHost,
    /// A host that traffic goes to, with `subset` and `port` beside it: short names are completed.
    DestinationHost,
    /// The host of a DestinationRule: short names are completed.
    RuleHost,
    /// A host that stays as it is written (V:R0.17).
    LiteralHost,
    /// A host a ServiceEntry defines.
    DefinedHost,
    /// `namespace/host` of a Sidecar.
    ImportedHost,
    /// `host` or `namespace/host` of a Gateway server.
    ServedHost,
    /// A Gateway as VirtualServices write it (V:R0.18).
    GatewayName,
    /// `namespace/name` of a Gateway, as EnvoyFilters write it.
    QualifiedGateway,
    /// The name of a delegate, with `namespace` beside it.
    Delegate,
    /// A subset that a destination wants; the host is `host` beside it.
    Subset,
    /// A subset that an EnvoyFilter names; the host is `service` beside it.
    FilterSubset,
    /// The name of a subset in its DestinationRule.
    SubsetName,
    /// A port number of a destination: `port.number` with `host` beside `port`.
    DestinationPort,
    /// A port in its Service, ServiceEntry or container: the number or the name.
    OwnPort,
    /// A listener in its Gateway: the name.
    OwnListener,
    /// An object of Gateway API by `name`, with `group`, `kind`, `namespace` beside it.
    Reference(RefKind),
    /// The listener a parent reference names, with the reference beside it.
    Section,
    /// The port of a backend or parent reference, with the reference beside it.
    ReferencePort,
    /// A principal: `trust-domain/ns/NAMESPACE/sa/ACCOUNT`.
    Principal,
    /// A service account of the object's own namespace, or `namespace/name`.
    ServiceAccount,
    /// A Secret in the namespace of the workloads.
    Credential,
    /// A map of labels that selects workloads.
    Selector,
    /// The labels of pods, which selectors take them by.
    PodLabels,
    /// A port of the pods behind a Service, by number or name.
    TargetPort,
    /// The class of a Gateway.
    GatewayClass,
}

/// What a reference is when it does not write `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RefKind {
    /// A Gateway of Gateway API.
    Parent,
    /// A Service.
    Backend,
    /// What it says.
    Target,
    /// A Secret.
    Certificate,
}

/// A pattern of field paths: `[]` is every item, `@exportTo` the annotation of that name.
type Row = (&'static str, Field);

const METADATA: &[Row] = &[
    ("metadata.name", Field::Own),
    ("metadata.namespace", Field::Namespace),
];

const VIRTUAL_SERVICE: &[Row] = &[
    ("spec.hosts[]", Field::ClaimedHost),
    ("spec.gateways[]", Field::GatewayName),
    ("spec.exportTo[]", Field::Namespace),
    ("spec.http[].match[].gateways[]", Field::GatewayName),
    ("spec.http[].match[].sourceNamespace", Field::Namespace),
    (
        "spec.http[].route[].destination.host",
        Field::DestinationHost,
    ),
    ("spec.http[].route[].destination.subset", Field::Subset),
    (
        "spec.http[].route[].destination.port.number",
        Field::DestinationPort,
    ),
    ("spec.http[].mirror.host", Field::DestinationHost),
    ("spec.http[].mirror.subset", Field::Subset),
    ("spec.http[].mirror.port.number", Field::DestinationPort),
    (
        "spec.http[].mirrors[].destination.host",
        Field::DestinationHost,
    ),
    ("spec.http[].mirrors[].destination.subset", Field::Subset),
    (
        "spec.http[].mirrors[].destination.port.number",
        Field::DestinationPort,
    ),
    ("spec.http[].delegate.name", Field::Delegate),
    ("spec.http[].delegate.namespace", Field::Namespace),
    ("spec.tls[].match[].gateways[]", Field::GatewayName),
    ("spec.tls[].match[].sourceNamespace", Field::Namespace),
    ("spec.tls[].match[].sniHosts[]", Field::LiteralHost),
    (
        "spec.tls[].route[].destination.host",
        Field::DestinationHost,
    ),
    ("spec.tls[].route[].destination.subset", Field::Subset),
    (
        "spec.tls[].route[].destination.port.number",
        Field::DestinationPort,
    ),
    ("spec.tcp[].match[].gateways[]", Field::GatewayName),
    ("spec.tcp[].match[].sourceNamespace", Field::Namespace),
    (
        "spec.tcp[].route[].destination.host",
        Field::DestinationHost,
    ),
    ("spec.tcp[].route[].destination.subset", Field::Subset),
    (
        "spec.tcp[].route[].destination.port.number",
        Field::DestinationPort,
    ),
];

const DESTINATION_RULE: &[Row] = &[
    ("spec.host", Field::RuleHost),
    ("spec.subsets[].name", Field::SubsetName),
    ("spec.exportTo[]", Field::Namespace),
    ("spec.workloadSelector", Field::Selector),
    ("spec.trafficPolicy.tls.credentialName", Field::Credential),
    (
        "spec.trafficPolicy.portLevelSettings[].tls.credentialName",
        Field::Credential,
    ),
    (
        "spec.subsets[].trafficPolicy.tls.credentialName",
        Field::Credential,
    ),
];

const SERVICE_ENTRY: &[Row] = &[
    ("spec.hosts[]", Field::DefinedHost),
    ("spec.ports[].number", Field::OwnPort),
    ("spec.ports[].name", Field::OwnPort),
    ("spec.exportTo[]", Field::Namespace),
    ("spec.workloadSelector", Field::Selector),
    ("spec.endpoints[].serviceAccount", Field::ServiceAccount),
];

const SIDECAR: &[Row] = &[
    ("spec.egress[].hosts[]", Field::ImportedHost),
    ("spec.workloadSelector", Field::Selector),
    (
        "spec.outboundTrafficPolicy.egressProxy.host",
        Field::LiteralHost,
    ),
    (
        "spec.outboundTrafficPolicy.egressProxy.subset",
        Field::Subset,
    ),
    (
        "spec.outboundTrafficPolicy.egressProxy.port.number",
        Field::DestinationPort,
    ),
];

const GATEWAY: &[Row] = &[
    ("spec.servers[].hosts[]", Field::ServedHost),
    ("spec.servers[].tls.credentialName", Field::Credential),
    ("spec.servers[].tls.credentialNames[]", Field::Credential),
    ("spec.selector", Field::Selector),
];

const SERVICE: &[Row] = &[
    ("metadata.annotations.@exportTo", Field::Namespaces),
    ("spec.selector", Field::Selector),
    ("spec.externalName", Field::LiteralHost),
    ("spec.ports[].port", Field::OwnPort),
    ("spec.ports[].targetPort", Field::TargetPort),
    ("spec.ports[].name", Field::OwnPort),
];

const AUTHORIZATION_POLICY: &[Row] = &[
    ("spec.selector", Field::Selector),
    ("spec.targetRef.name", Field::Reference(RefKind::Target)),
    ("spec.targetRefs[].name", Field::Reference(RefKind::Target)),
    ("spec.rules[].from[].source.principals[]", Field::Principal),
    (
        "spec.rules[].from[].source.notPrincipals[]",
        Field::Principal,
    ),
    ("spec.rules[].from[].source.namespaces[]", Field::Namespace),
    (
        "spec.rules[].from[].source.notNamespaces[]",
        Field::Namespace,
    ),
    (
        "spec.rules[].from[].source.serviceAccounts[]",
        Field::ServiceAccount,
    ),
    (
        "spec.rules[].from[].source.notServiceAccounts[]",
        Field::ServiceAccount,
    ),
    ("spec.rules[].to[].operation.hosts[]", Field::LiteralHost),
    ("spec.rules[].to[].operation.notHosts[]", Field::LiteralHost),
];

const POLICY: &[Row] = &[
    ("spec.selector", Field::Selector),
    ("spec.targetRef.name", Field::Reference(RefKind::Target)),
    ("spec.targetRefs[].name", Field::Reference(RefKind::Target)),
];

const ENVOY_FILTER: &[Row] = &[
    ("spec.workloadSelector", Field::Selector),
    ("spec.targetRefs[].name", Field::Reference(RefKind::Target)),
    (
        "spec.configPatches[].match.cluster.service",
        Field::LiteralHost,
    ),
    (
        "spec.configPatches[].match.cluster.subset",
        Field::FilterSubset,
    ),
    (
        "spec.configPatches[].match.routeConfiguration.gateway",
        Field::QualifiedGateway,
    ),
];

const WORKLOAD_ENTRY: &[Row] = &[
    ("spec.serviceAccount", Field::ServiceAccount),
    ("spec.labels", Field::PodLabels),
];
const WORKLOAD_GROUP: &[Row] = &[("spec.template.serviceAccount", Field::ServiceAccount)];

const POD: &[Row] = &[
    ("metadata.labels", Field::PodLabels),
    ("spec.serviceAccountName", Field::ServiceAccount),
    ("spec.containers[].ports[].containerPort", Field::OwnPort),
    ("spec.containers[].ports[].name", Field::OwnPort),
];

const CRON_JOB: &[Row] = &[
    (
        "spec.jobTemplate.spec.template.metadata.labels",
        Field::PodLabels,
    ),
    (
        "spec.jobTemplate.spec.template.spec.serviceAccountName",
        Field::ServiceAccount,
    ),
];

const CONTROLLER: &[Row] = &[
    ("spec.template.metadata.labels", Field::PodLabels),
    (
        "spec.template.spec.serviceAccountName",
        Field::ServiceAccount,
    ),
    (
        "spec.template.spec.containers[].ports[].containerPort",
        Field::OwnPort,
    ),
    (
        "spec.template.spec.containers[].ports[].name",
        Field::OwnPort,
    ),
];

const ROUTE: &[Row] = &[
    ("spec.hostnames[]", Field::LiteralHost),
    ("spec.parentRefs[].name", Field::Reference(RefKind::Parent)),
    ("spec.parentRefs[].namespace", Field::Namespace),
    ("spec.parentRefs[].sectionName", Field::Section),
    (
        "spec.rules[].backendRefs[].name",
        Field::Reference(RefKind::Backend),
    ),
    ("spec.rules[].backendRefs[].namespace", Field::Namespace),
    ("spec.rules[].backendRefs[].port", Field::ReferencePort),
    (
        "spec.rules[].filters[].requestMirror.backendRef.name",
        Field::Reference(RefKind::Backend),
    ),
    (
        "spec.rules[].filters[].requestMirror.backendRef.namespace",
        Field::Namespace,
    ),
    (
        "spec.rules[].filters[].requestMirror.backendRef.port",
        Field::ReferencePort,
    ),
];

const KUBERNETES_GATEWAY: &[Row] = &[
    ("spec.gatewayClassName", Field::GatewayClass),
    ("spec.listeners[].name", Field::OwnListener),
    ("spec.listeners[].hostname", Field::LiteralHost),
    (
        "spec.listeners[].tls.certificateRefs[].name",
        Field::Reference(RefKind::Certificate),
    ),
    (
        "spec.listeners[].tls.certificateRefs[].namespace",
        Field::Namespace,
    ),
];

const LISTENER_SET: &[Row] = &[
    ("spec.parentRef.name", Field::Reference(RefKind::Parent)),
    ("spec.parentRef.namespace", Field::Namespace),
    ("spec.listeners[].name", Field::OwnListener),
    ("spec.listeners[].hostname", Field::LiteralHost),
    (
        "spec.listeners[].tls.certificateRefs[].name",
        Field::Reference(RefKind::Certificate),
    ),
];

const REFERENCE_GRANT: &[Row] = &[("spec.from[].namespace", Field::Namespace)];

/// The fields of a kind that name something.
pub(crate) fn of_kind(kind: Kind) -> impl Iterator<Item = Row> {
    let own = match kind {
        Kind::VirtualService => VIRTUAL_SERVICE,
        Kind::DestinationRule => DESTINATION_RULE,
        Kind::ServiceEntry => SERVICE_ENTRY,
        Kind::Sidecar => SIDECAR,
        Kind::Gateway => GATEWAY,
        Kind::Service => SERVICE,
        Kind::AuthorizationPolicy => AUTHORIZATION_POLICY,
        Kind::PeerAuthentication
        | Kind::RequestAuthentication
        | Kind::ProxyConfig
        | Kind::Telemetry
        | Kind::WasmPlugin
        | Kind::TrafficExtension => POLICY,
        Kind::EnvoyFilter => ENVOY_FILTER,
        Kind::WorkloadEntry => WORKLOAD_ENTRY,
        Kind::WorkloadGroup => WORKLOAD_GROUP,
        Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute => ROUTE,
        Kind::KubernetesGateway => KUBERNETES_GATEWAY,
        Kind::ListenerSet => LISTENER_SET,
        Kind::ReferenceGrant => REFERENCE_GRANT,
        Kind::Pod => POD,
        Kind::CronJob => CRON_JOB,
        kind if kind.is_workload() => CONTROLLER,
        _ => &[],
    };
    METADATA.iter().chain(own).copied()
}

/// The annotation that `@exportTo` stands for (V:R1.4).
pub(crate) const EXPORT_TO: &str = "networking.istio.io/exportTo";
