//! The namespace of an object that is applied somewhere: who may say it, and in what order.

use crate::value::Str;

/// What says something about the namespace of an object. Empty texts say nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NamespaceSources<'a> {
    /// `spec.targetNamespace` of the Flux Kustomization that applies it.
    pub flux_target: &'a str,
    /// `namespace:` of the outermost kustomization, when it has one.
    pub kustomize: &'a str,
    /// `metadata.namespace` as built or written.
    pub written: &'a str,
    /// `spec.destination.namespace` of the Argo CD Application.
    pub argo_destination: &'a str,
    /// The namespace of the Helm release.
    pub helm_release: &'a str,
    /// The only Namespace object of the same kustomization or file.
    pub only_namespace: &'a str,
    /// The default that settings give the folder.
    pub folder_default: &'a str,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamespaceFrom {
    /// Flux.
    FluxTarget,
    /// Kustomize.
    Kustomize,
    /// The object.
    Written,
    /// Argo CD.
    ArgoDestination,
    /// Helm.
    HelmRelease,
    /// The only Namespace object beside it: likely, not certain.
    OnlyNamespace,
    /// Settings.
    FolderDefault,
}

/// The effective namespace and who says so; `None` when nobody does. Unknown is never `default`: it
/// equals the unknown of the same directory and nothing else.
pub fn effective_namespace(sources: &NamespaceSources<'_>) -> Option<(Str, NamespaceFrom)> {
    let order = [
        (sources.flux_target, NamespaceFrom::FluxTarget),
        (sources.kustomize, NamespaceFrom::Kustomize),
        (sources.written, NamespaceFrom::Written),
        (sources.argo_destination, NamespaceFrom::ArgoDestination),
        (sources.helm_release, NamespaceFrom::HelmRelease),
        (sources.only_namespace, NamespaceFrom::OnlyNamespace),
        (sources.folder_default, NamespaceFrom::FolderDefault),
    ];
    let said = order.into_iter().find(|(text, _)| !text.is_empty());
    said.map(|(text, from)| (text.into(), from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_fits_the_data() {
        let mut sources = NamespaceSources {
            written: "a",
            argo_destination: "b",
            ..NamespaceSources::default()
        };
        let from = |s: &NamespaceSources<'_>| effective_namespace(s).map(|(_, from)| from);
        assert_eq!(from(&sources), Some(NamespaceFrom::Written));
        sources.flux_target = "c";
        assert_eq!(from(&sources), Some(NamespaceFrom::FluxTarget));
        assert_eq!(from(&NamespaceSources::default()), None);
    }
}
