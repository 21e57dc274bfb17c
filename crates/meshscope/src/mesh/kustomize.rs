//! What goes wrong when a kustomization is built, as findings.

use super::Mesh;
use crate::finding::{Certainty, Finding, Severity};
use meshscope_manifest::kustomize::{Place, Problem, ProblemKind};
use meshscope_mesh::db::{Kustomization, name};
use meshscope_mesh::index::{file_at, file_summary};

/// The name these findings go by; the catalogue has no rule for them.
const RULE: &str = "kustomize";

impl Mesh<'_> {
    /// A problem of a build; `None` where the syntax of the file says it already.
    pub(super) fn of_build(&self, root: &Kustomization, problem: &Problem) -> Option<Finding> {
        let db = self.db();
        let place = &problem.place;
        let file = file_at(db, root.repository, name(db, &place.file));
        let broken = file.is_some_and(|f| file_summary(db, f).broken.contains(&place.document));
        if problem.kind == ProblemKind::Invalid && broken {
            return None;
        }
        let hides = problem.kind.hides_resources();
        Some(Finding {
            rule: RULE.into(),
            severity: Severity::Info,
            certainty: Certainty::Certain,
            mesh: self.name().into(),
            meshes: Vec::new(),
            resource: None,
            path: String::new(),
            location: file.and_then(|file| self.place_in(file, place)),
            message: match file {
                Some(_) => problem.message.clone(),
                None => format!("{}: {}", place.file, problem.message),
            },
            help: hides.then(|| "objects may exist that are not seen here".to_owned()),
            related: Vec::new(),
            reach: None,
            equivalents: Vec::new(),
            fix: None,
        })
    }

    fn place_in(
        &self,
        file: meshscope_mesh::SourceFile,
        place: &Place,
    ) -> Option<crate::finding::Location> {
        self.places().of_spot(
            &meshscope_mesh::index::Spot {
                file,
                document: place.document,
                path: place.path.clone(),
                inside: place.inside.clone(),
            },
            false,
        )
    }
}
