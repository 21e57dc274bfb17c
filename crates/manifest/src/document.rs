//! From one parsed YAML document to the objects in it: the one entrance of the engine.
//!
//! Owns what makes a document an object (`apiVersion`, `kind`, `metadata.name`), the unpacking of
//! Lists, and the guess where one of the three is missing. Must not know files, meshes or defaults
//! for the namespace: an unwritten namespace stays unwritten.

use crate::kind::Kind;
use crate::read;
use crate::resource::Resource;
use crate::validate::{self, Context, Edit, Fix, Problem, Severity};
use crate::value::{Str, Value};
use memchr::memmem::Finder;
use meshscope_yaml::{Document, Path};
use std::sync::LazyLock;

mod guess;
mod syntax;

pub use syntax::{SyntaxProblem, syntax_problems};

/// Lists inside lists are unpacked this deep.
const LIST_DEPTH: usize = 4;

/// One object of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Its kind.
    pub kind: Kind,
    /// Its `apiVersion` as written; empty when there is none.
    pub api_version: Str,
    /// Where the object is inside the document: the root, or `items[3]` of a List. Paths of findings
    /// start behind it.
    pub prefix: Path,
    /// Whether the kind is a guess, because `apiVersion` or `kind` is missing.
    pub assumed: bool,
    /// The object, with an empty namespace where none is written; `None` without a name.
    pub resource: Option<Resource>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Whether a text may hold an object at all: one look instead of a parse for files that cannot.
pub fn may_hold_resources(text: &str) -> bool {
    static KIND: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("kind"));
    static VERSION: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("apiVersion"));
    let has = |needle: &Finder<'_>| needle.find(text.as_bytes()).is_some();
    if has(&KIND) {
        return has(&VERSION) || text.contains("metadata");
    }
    has(&VERSION) && (text.contains("istio.io/") || text.contains("gateway.networking.k8s.io/"))
}

/// The objects of known kinds in a document, each with what is wrong with it. Unknown kinds and
/// documents that are no objects give nothing, whatever they hold.
pub fn decode_document(document: &Document, context: &Context) -> Vec<Decoded> {
    if !may_hold_resources(document.text()) {
        return Vec::new();
    }
    let Some(value) = read::document(document) else {
        return Vec::new();
    };
    let mut decoded = decode_value(&value, context);
    // ytt writes its templates into comments; what they will make of the values nobody knows.
    if document.text().contains("#@ ") {
        decoded
            .iter_mut()
            .for_each(|object| object.problems.clear());
    }
    decoded
}

/// The same for a document that was built and not read.
pub fn decode_value(value: &Value, context: &Context) -> Vec<Decoded> {
    let mut decoded = Vec::new();
    objects(value, Path::root(), LIST_DEPTH, &mut |prefix, object| {
        decoded.extend(decode_object(object, prefix, context));
    });
    decoded
}

/// Calls `each` with every object of a document: itself, or the items of a `List`.
fn objects<'v>(
    value: &'v Value,
    prefix: Path,
    depth: usize,
    each: &mut dyn FnMut(Path, &'v Value),
) {
    let is_list = value
        .get("kind")
        .as_str()
        .is_some_and(|k| k.ends_with("List"));
    match value.get("items") {
        Value::Seq(items) if is_list && depth > 0 => {
            for (i, item) in items.iter().enumerate() {
                let prefix = prefix
                    .join("items")
                    .index(u32::try_from(i).unwrap_or(u32::MAX));
                objects(item, prefix, depth - 1, each);
            }
        }
        _ => each(prefix, value),
    }
}

fn decode_object(object: &Value, prefix: Path, context: &Context) -> Option<Decoded> {
    let written = |key: &str| object.get(key).as_str().filter(|s| !s.is_empty());
    let (api_version, kind_name) = (written("apiVersion"), written("kind"));
    let (kind, assumed) = match (api_version, kind_name) {
        (Some(api), Some(name)) => (Kind::from_api(api, name)?, false),
        _ => (guess::kind(object, api_version, kind_name)?, true),
    };
    let name = object.get("metadata").str("name").filter(|n| !n.is_empty());
    let mut problems = Vec::new();
    if assumed {
        problems.push(missing(
            object,
            kind,
            api_version.is_none(),
            kind_name.is_none(),
        ));
    }
    let generated = object.get("metadata").field("generateName").is_some();
    let is_istio = kind.is_istio() && kind != Kind::IstioOperator;
    let api_group_is_ours = is_istio || kind.group() == "gateway.networking.k8s.io";
    if name.is_none() && !generated && !assumed && api_group_is_ours {
        problems.push(nameless(kind));
    }
    let version = api_version.unwrap_or_default();
    if object.has("$patch") {
        // A patch of kustomize that says how to merge: no object of its own.
        return None;
    }
    problems.extend(validate::validate(kind, version, object, context));
    Some(Decoded {
        kind,
        api_version: version.into(),
        prefix,
        assumed,
        resource: Resource::decode(kind, object, ""),
        problems,
    })
}

/// Rule missing-api-version.
fn missing(object: &Value, kind: Kind, no_version: bool, no_kind: bool) -> Problem {
    let name = object.get("metadata").str_or_empty("name");
    let api = api_version(kind);
    let shown = kind.name();
    let mut edits = Vec::new();
    let mut insert = |key: &str, value: &str| {
        edits.push(Edit::Insert {
            path: Path::root(),
            key: key.into(),
            value: value.into(),
        });
    };
    if no_version {
        insert("apiVersion", api);
    }
    if no_kind {
        insert("kind", shown);
    }
    let (message, title) = match (no_version, no_kind) {
        (true, false) => (
            format!("{shown} {name} has no apiVersion: the API server rejects it; write {api}"),
            format!("insert apiVersion: {api}"),
        ),
        (false, _) => (
            format!("{name} has no kind: the API server rejects it; its spec is that of a {shown}"),
            format!("insert kind: {shown}"),
        ),
        (true, true) => (
            format!(
                "{name} has no apiVersion and no kind: the API server rejects it; its spec is that \
                 of a {shown}"
            ),
            format!("insert apiVersion: {api} and kind: {shown}"),
        ),
    };
    Problem {
        rule: "missing-api-version",
        reason: "",
        severity: Severity::Error,
        path: Path::root(),
        at_key: false,
        message,
        help: None,
        rejected: true,
        related: Vec::new(),
        // The kind's group is certain when the kind is written; a guessed kind is for a person.
        fix: Some(Fix {
            title,
            safe: !no_kind,
            edits,
        }),
    }
}

/// Rule missing-api-version, for an object without a name.
fn nameless(kind: Kind) -> Problem {
    Problem {
        rule: "missing-api-version",
        reason: "",
        severity: Severity::Error,
        path: Path::root().join("metadata").join("name"),
        at_key: false,
        message: format!(
            "this {} has no metadata.name: the API server rejects it",
            kind.name()
        ),
        help: Some("name it".into()),
        rejected: true,
        related: Vec::new(),
        fix: None,
    }
}

/// The `apiVersion` to write for a kind: the newest that its API server serves.
pub fn api_version(kind: Kind) -> &'static str {
    match kind {
        Kind::Namespace
        | Kind::Service
        | Kind::Pod
        | Kind::ServiceAccount
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::Endpoints => "v1",
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet => "apps/v1",
        Kind::Job | Kind::CronJob => "batch/v1",
        Kind::EndpointSlice => "discovery.k8s.io/v1",
        Kind::NetworkPolicy => "networking.k8s.io/v1",
        Kind::CalicoNetworkPolicy | Kind::CalicoGlobalNetworkPolicy => "projectcalico.org/v3",
        Kind::Gateway
        | Kind::VirtualService
        | Kind::DestinationRule
        | Kind::ServiceEntry
        | Kind::Sidecar
        | Kind::WorkloadEntry
        | Kind::WorkloadGroup => "networking.istio.io/v1",
        Kind::EnvoyFilter => "networking.istio.io/v1alpha3",
        Kind::ProxyConfig => "networking.istio.io/v1beta1",
        Kind::AuthorizationPolicy | Kind::PeerAuthentication | Kind::RequestAuthentication => {
            "security.istio.io/v1"
        }
        Kind::Telemetry => "telemetry.istio.io/v1",
        Kind::WasmPlugin | Kind::TrafficExtension => "extensions.istio.io/v1alpha1",
        Kind::IstioOperator => "install.istio.io/v1alpha1",
        Kind::TcpRoute => "gateway.networking.k8s.io/v1alpha2",
        Kind::GatewayClass
        | Kind::KubernetesGateway
        | Kind::ListenerSet
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::ReferenceGrant => "gateway.networking.k8s.io/v1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Vec<Decoded> {
        let stream = meshscope_yaml::parse(text);
        let context = Context::default();
        stream
            .documents
            .iter()
            .flat_map(|d| decode_document(d, &context))
            .collect()
    }

    fn rules(decoded: &Decoded) -> Vec<&str> {
        decoded.problems.iter().map(|p| p.rule).collect()
    }

    #[test]
    fn lists_are_unpacked_with_their_place() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: \
                    {name: a}}\n- {apiVersion: x/v1, kind: Other}\n- apiVersion: v1\n  kind: Service\n  \
                    metadata: {name: s, namespace: n}\n";
        let found = decode(text);
        let places: Vec<String> = found.iter().map(|d| d.prefix.to_string()).collect();
        assert_eq!(places, ["items[0]", "items[2]"]);
    }

    #[test]
    fn a_missing_api_version_is_guessed_from_the_kind_and_the_shape() {
        let spec = "metadata: {name: a}\nspec: {servers: [{hosts: [a.b], port: {number: 80, name: http, \
                    protocol: HTTP}}]}\n";
        for head in ["kind: Gateway\n", "apiVersion: networking.istio.io/v1\n"] {
            let found = decode(&format!("{head}{spec}"));
            assert_eq!(found[0].kind, Kind::Gateway, "{head}");
            assert!(found[0].assumed && found[0].resource.is_some());
            assert_eq!(rules(&found[0]), ["missing-api-version"]);
        }
        let knative = "kind: Service\nmetadata: {name: a}\nspec: {template: {}}\n";
        assert!(decode(knative).is_empty());
    }

    #[test]
    fn an_unwritten_namespace_stays_open() {
        let found = decode("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {}\n");
        let service = found[0].resource.clone().unwrap();
        assert!(service.key.namespace.is_empty() && !service.namespace_written);
        assert_eq!(service.with_default_namespace("shop").key.namespace, "shop");
    }

    #[test]
    fn what_is_no_object_is_silent() {
        for text in [
            "a: 1\n",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]\n",
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g}\n$patch: delete\n",
            "kind: Deployment\nvalues: {metadata: 1}\n",
        ] {
            assert_eq!(decode(text), [], "{text}");
        }
        assert!(!may_hold_resources("replicaCount: 1\nimage: {tag: x}\n"));
    }

    #[test]
    fn a_version_that_is_not_served_is_an_error_at_the_api_version() {
        let text = "apiVersion: networking.istio.io/v1\nkind: EnvoyFilter\nmetadata: {name: e}\nspec: {}\n";
        let problem = &decode(text)[0].problems[0];
        assert_eq!(
            (problem.rule, problem.path.to_string().as_str()),
            ("invalid-field-value", "apiVersion")
        );
        assert!(problem.rejected);
    }

    #[test]
    fn one_fault_is_one_finding_and_a_wrong_field_hides_no_other() {
        let text = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec:\n  \
                    hosts: [v]\n  http:\n  - rout: [{destination: {host: v}}]\n  - timeout: 5 s\n    route: \
                    [{destination: {host: v, port: {number: '80'}}}]\n";
        let found = decode(text);
        let seen: Vec<String> = found[0]
            .problems
            .iter()
            .map(|p| format!("{} {}", p.rule, p.path))
            .collect();
        assert_eq!(
            seen,
            [
                "unknown-field spec.http[0].rout",
                "invalid-field-type spec.http[1].route[0].destination.port.number",
                "invalid-field-value spec.http[1].timeout",
            ]
        );
        assert!(
            found[0].problems[0].rejected,
            "without the field the rule does nothing"
        );
    }
}
