//! The keys of the settings file, with the words that explain them: what is read and the JSON Schema
//! are both made from these types, so neither can have a key that the other lacks.
//!
//! It must not know what a key does.

use super::read::{Either, Free, Keys, Named, Problems, Read, Spanned, Text, wrong};
use super::{Level, SettingsProblem};
use meshscope_manifest::Str;
use meshscope_manifest::validate::nearest;
use meshscope_yaml::Node;

#[cfg(feature = "schema")]
use schemars::JsonSchema;

/// Types of mappings: every key may be absent. `over` fills what is absent from another one.
macro_rules! keys {
    ($(
        $(#[$about:meta])*
        $name:ident { $( $(#[$key_about:meta])* $key:ident: $type:ty, )* $( ..$rest:ident: $rest_type:ty )? }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[cfg_attr(feature = "schema", derive(JsonSchema), schemars(deny_unknown_fields))]
        pub(super) struct $name {
            $( $(#[$key_about])* pub $key: Option<$type>, )*
            $( #[cfg_attr(feature = "schema", schemars(flatten))] pub $rest: $rest_type, )?
        }

        impl Keys for $name {
            fn names() -> Vec<&'static str> {
                #[allow(unused_mut)]
                let mut names = vec![$(stringify!($key)),*];
                $( names.extend(<$rest_type>::names()); )?
                names
            }

            fn set(&mut self, key: &str, value: Node<'_>, problems: &mut Problems) -> bool {
                match key {
                    $( stringify!($key) => self.$key = Read::read(value, problems), )*
                    _ => return false $( || self.$rest.set(key, value, problems) )?,
                }
                true
            }
        }

        impl $name {
            /// What this says, and where it says nothing what `base` says.
            #[allow(dead_code)]
            pub(super) fn over(self, base: &Self) -> Self {
                Self {
                    $( $key: self.$key.or_else(|| base.$key.clone()), )*
                    $( $rest: self.$rest.over(&base.$rest), )?
                }
            }

            /// The keys that are there.
            #[allow(dead_code)]
            pub(super) fn written(&self) -> Vec<&'static str> {
                #[allow(unused_mut)]
                let mut names = Vec::new();
                $( if self.$key.is_some() { names.push(stringify!($key)); } )*
                $( names.extend(self.$rest.written()); )?
                names
            }
        }
    )*};
}

keys! {
    /// Settings of meshscope: which files make which mesh, what holds there, and which findings
    /// count. The keys of a mesh may also stand at the top: for the only mesh, or for every mesh that
    /// does not say otherwise.
    SettingsFile {
        /// The version of this format: 1.
        version: Spanned<i64>,
        /// The meshes. Without this key everything under the root is one mesh called `default`.
        meshes: Vec<Spanned<MeshKeys>>,
        /// How much each rule counts: `off`, `hint`, `info`, `warning` or `error`.
        rules: Named<Level>,
        /// Findings that are known and accepted.
        suppress: Vec<Spanned<SuppressKeys>>,
        /// What may be done with Helm charts of the repository.
        helm: HelmKeys,
        ..mesh: MeshKeys
    }

    /// What may be done with Helm charts of the repository.
    HelmKeys {
        /// Whether `helm template` may be run on charts that an Argo CD Application or a Flux
        /// HelmRelease installs, with the `helm` on the path and without a network.
        render: bool,
    }

    /// One mesh: the files that land in one cluster, and what holds there.
    MeshKeys {
        /// The name it is called by.
        name: Str,
        /// Files and folders that belong to it, as globs relative to the root. Files load in the order
        /// of these. Without it: everything.
        include: Vec<Str>,
        /// Files and folders that do not belong to it after all.
        exclude: Vec<Str>,
        /// The version of Istio.
        istio: Spanned<Text>,
        /// MeshConfig that goes over Istio's defaults and over what is found in the repository.
        mesh_config: Free,
        /// A file with MeshConfig: bare, a ConfigMap with a `mesh` key, or an IstioOperator.
        mesh_config_file: Spanned<Str>,
        /// Whether mesh config found in the mesh's files (ConfigMap `istio`, IstioOperator) counts.
        found_mesh_config: bool,
        /// Environment variables of istiod.
        env: Named<Text>,
        /// The cluster domain.
        domain: Str,
        /// The domain that completes short names in Istio resources, when it is another one.
        istio_config_domain: Str,
        /// The root namespace of the mesh.
        root_namespace: Str,
        /// The namespace of objects that write none. Without it their namespace is unknown.
        default_namespace: Str,
        /// The revision of istiod. Without it every object counts, whatever revision it asks for.
        revision: Str,
        /// Releases of Istio's gateway chart that the repository only names.
        helm_releases: Vec<Spanned<ReleaseKeys>>,
        /// Objects that exist in the cluster, but not in the repository.
        assume: AssumeKeys,
    }

    /// A release of Istio's gateway chart.
    ReleaseKeys {
        /// Its name.
        release: Str,
        /// The namespace it is installed into.
        namespace: Str,
        /// The chart.
        chart: Spanned<Str>,
        /// The values it is installed with: inline, or the path of a values file.
        values: Spanned<Either<Str, Free>>,
    }

    /// Objects that exist in the cluster, but not in the repository.
    AssumeKeys {
        /// Namespaces: names, or names with labels.
        namespaces: Vec<Either<Str, NamespaceKeys>>,
        /// Services of the cluster, and external hosts.
        services: Vec<Spanned<ServiceKeys>>,
        /// Workloads.
        workloads: Vec<Spanned<WorkloadKeys>>,
    }

    /// A namespace.
    NamespaceKeys {
        /// Its name.
        name: Str,
        /// Its labels.
        labels: Named<Text>,
    }

    /// A service: `name` and `namespace` for one of the cluster, `host` for one outside of it.
    ServiceKeys {
        /// The host. One below `svc.` and the cluster domain is a service of the cluster.
        host: Str,
        /// The name.
        name: Str,
        /// The namespace.
        namespace: Str,
        /// The ports: numbers, or numbers with name and protocol. A bare 80 is HTTP, 443 is TLS, any
        /// other TCP.
        ports: Vec<Either<i64, PortKeys>>,
        /// The labels of the pods behind it.
        selector: Named<Text>,
    }

    /// A port of a service.
    PortKeys {
        /// The number.
        number: i64,
        /// The name; its prefix says the protocol, as in Istio.
        name: Str,
        /// The protocol: HTTP, HTTP2, GRPC, TLS, HTTPS, TCP, …
        protocol: Str,
    }

    /// A workload.
    WorkloadKeys {
        /// The kind: Deployment, if nothing is said.
        kind: Str,
        /// The name.
        name: Str,
        /// The namespace.
        namespace: Str,
        /// The labels of its pods.
        labels: Named<Text>,
        /// Whether its pods have a sidecar; without a word the namespace's labels decide.
        sidecar: bool,
        /// The service account.
        service_account: Str,
    }

    /// Findings that are known and accepted. All conditions given must hold.
    SuppressKeys {
        /// The rule.
        rule: Spanned<Str>,
        /// The files, as a glob relative to the root.
        path: Str,
        /// The object: `Kind namespace/name`; `*` stands for any text.
        resource: Str,
        /// Why.
        reason: Str,
        /// The last day it holds, as YYYY-MM-DD.
        expires: Spanned<Text>,
    }
}

impl Read for Level {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Level> {
        let Some(text) = node.text() else {
            return wrong(node, "off, hint, info, warning or error", problems);
        };
        let level = Level::ALL.iter().find(|level| level.name() == text);
        if level.is_none() {
            let mut names = Level::ALL.iter().map(|level| level.name());
            let near = nearest(text, names.clone())
                .or_else(|| names.find(|name| text.len() > 1 && name.starts_with(text)));
            let message = "this must be off, hint, info, warning or error";
            problems.push(SettingsProblem::new(node.span(), message).meant(near));
        }
        level.copied()
    }
}
