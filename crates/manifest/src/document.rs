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
use memchr::memmem;
use meshscope_yaml::{Document, Path};

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
    let has = |needle: &str| memmem::find(text.as_bytes(), needle.as_bytes()).is_some();
    if has("kind") {
        return has("apiVersion") || has("metadata");
    }
    has("apiVersion") && (has("istio.io/") || has("gateway.networking.k8s.io/"))
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
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::ReferenceGrant => "gateway.networking.k8s.io/v1",
    }
}
