//! A mesh of a workspace: the questions people ask it, answered as plain values.

mod attachments;
mod egress;
mod findings;
mod fixes;
mod kustomize;
mod merged;
mod place;
mod prime;
mod profile;
mod reach;
mod reasons;
mod resource_ref;
mod rule_findings;
mod suppressions;
mod troubled;
mod visibility;
mod who;

pub use findings::Report;
pub use place::FieldPlace;
pub(crate) use place::range;
pub use profile::{Assumption, Origin, Profile};
pub use reasons::{Explanation, OpenDecision, Overview, SeenObject, SeenService, Step, VisibleTo};
pub use resource_ref::{ResourceRef, ResourceRefError};
pub use visibility::Visibility;
pub use who::{Role, Who, WhoError};

use crate::db::Database;
use crate::workspace::Workspace;
use meshscope_mesh::{Mesh as MeshInput, index};
use std::borrow::Cow;

/// A mesh of a workspace.
#[derive(Clone, Copy)]
pub struct Mesh<'w> {
    workspace: &'w Workspace,
    input: MeshInput,
    reason: &'w str,
    uncertain: Option<&'w str>,
    is_guess: bool,
}

impl<'w> Mesh<'w> {
    pub(crate) fn new(
        workspace: &'w Workspace,
        input: MeshInput,
        (reason, uncertain): (&'w str, Option<&'w str>),
        is_guess: bool,
    ) -> Mesh<'w> {
        Mesh {
            workspace,
            input,
            reason,
            uncertain,
            is_guess,
        }
    }

    /// Why these files are one mesh.
    pub fn reason(&self) -> &'w str {
        self.reason
    }

    /// Why they may not be one after all: what is missing or there twice is no more than a hint then.
    pub fn uncertain(&self) -> Option<Cow<'w, str>> {
        if let Some(why) = self.uncertain {
            return Some(why.into());
        }
        let (key, files) = match self.is_guess {
            true => index::contradiction(self.db(), self.input)?,
            false => return None,
        };
        let files = files.iter().map(|file| format!("`{file}`"));
        let files = files.take(2).collect::<Vec<_>>().join(" and in ");
        let why = format!("{key} is in {files}, and nothing says which is applied");
        Some(why.into())
    }

    /// Its name.
    pub fn name(&self) -> &'w str {
        self.input.name(self.db())
    }

    /// The workspace it is of.
    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// The database, for questions to the engine itself.
    pub fn db(&self) -> &'w Database {
        self.workspace.db()
    }

    /// The mesh as the engine knows it.
    pub fn input(&self) -> MeshInput {
        self.input
    }
}
