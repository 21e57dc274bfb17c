//! What goes wrong in a build, as values: a build always ends with what could be made.

use super::place::Place;
use crate::value::Str;

/// A fault of a kustomization or of what it names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, for the person who wrote it.
    pub message: String,
    /// What, for programs.
    pub kind: ProblemKind,
}

/// The sorts of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A file or directory that is not there.
    Missing,
    /// A base, patch or file that is fetched from elsewhere: what it holds is unknown.
    Remote,
    /// A base that leads back to itself.
    Cycle,
    /// A kustomization, patch or resource that cannot be used as it is.
    Invalid,
    /// A patch, replacement or setting that finds nothing to apply to.
    NoTarget,
    /// Two resources with one identity.
    Conflict,
    /// A generator or transformer only a plugin can run: what it makes is unknown.
    Unsupported,
    /// A file outside of the kustomization's directory, which kustomize refuses by default. It is
    /// used all the same.
    Restricted,
    /// A path that leaves the repository.
    Outside,
    /// Something kustomize does and this does not: a part of the result may differ.
    Limited,
    /// A bound was reached.
    TooLarge,
}

impl ProblemKind {
    /// Whether resources may exist that nobody can see here: absence proves nothing then.
    pub fn hides_resources(self) -> bool {
        matches!(
            self,
            ProblemKind::Missing
                | ProblemKind::Remote
                | ProblemKind::Cycle
                | ProblemKind::Unsupported
                | ProblemKind::Outside
                | ProblemKind::TooLarge
        )
    }
}

/// What a file served as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A kustomization.
    Kustomization,
    /// A component's kustomization.
    Component,
    /// Resources.
    Resource,
    /// A patch: never to be taken for a resource.
    Patch,
    /// `configurations`, `crds`, `openapi`, `replacements` by path.
    Configuration,
    /// Data of a generator.
    Data,
    /// Helm values.
    Values,
    /// `generators`, `transformers`, `validators`.
    Plugin,
}

/// One use of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// The file.
    pub file: Str,
    /// As what.
    pub role: Role,
}
