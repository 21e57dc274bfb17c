//! Two states of one repository side by side: which findings came and went, and what differs in each
//! mesh.
//!
//! Both are in one database, so what they share is computed once. It must not know where states come
//! from, nor how a difference is shown.

use crate::Mesh;
use crate::finding::Finding;
use crate::fs::FileSystem;
use crate::identity::{Identity, pair};
use crate::workspace::{OpenError, Workspace};
use camino::Utf8Path;
use meshscope_mesh::diff::{MeshDiff, diff};

/// Two states of a repository.
pub struct Comparison {
    base: Workspace,
    head: Workspace,
}

/// The findings that only one state has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingChanges {
    /// Those of the later state that the earlier one does not have.
    pub added: Vec<Finding>,
    /// Those of the earlier state that the later one does not have.
    pub fixed: Vec<Finding>,
    /// How many both have.
    pub unchanged: usize,
}

/// A mesh of one state or of both.
pub enum MeshChange<'c> {
    /// Only the later state has it.
    Added(Mesh<'c>),
    /// Only the earlier state has it.
    Removed(Mesh<'c>),
    /// Both have it: as it was, as it is, and what differs.
    Both(Mesh<'c>, Mesh<'c>, Box<MeshDiff>),
}

impl MeshChange<'_> {
    /// The name of the mesh.
    pub fn name(&self) -> &str {
        match self {
            MeshChange::Added(mesh) | MeshChange::Removed(mesh) => mesh.name(),
            MeshChange::Both(_, mesh, _) => mesh.name(),
        }
    }
}

impl Comparison {
    /// Opens two states of a root, each with its own settings.
    ///
    /// # Errors
    /// When one of them cannot be read; the flag says whether it is the later one.
    pub fn open(
        root: &Utf8Path,
        base: &dyn FileSystem,
        head: &dyn FileSystem,
    ) -> Result<Comparison, (OpenError, bool)> {
        let base = Workspace::open(root, base).map_err(|error| (error, false))?;
        let head = base.open_beside(head).map_err(|error| (error, true))?;
        Ok(Comparison { base, head })
    }

    /// The earlier state.
    pub fn base(&self) -> &Workspace {
        &self.base
    }

    /// The later state.
    pub fn head(&self) -> &Workspace {
        &self.head
    }

    /// The findings that came and went; of one mesh only when `mesh` names it.
    pub fn findings(&self, mesh: Option<&str>) -> FindingChanges {
        let [old, new] = [&self.base, &self.head].map(|side| side.report(mesh).findings);
        let identities = |list: &[Finding]| list.iter().map(Identity::from).collect::<Vec<_>>();
        let pairs = pair(&identities(&old), &identities(&new));
        let mut stays = vec![false; old.len()];
        for &twin in pairs.iter().flatten() {
            if let Some(slot) = stays.get_mut(twin) {
                *slot = true;
            }
        }
        let fresh = new
            .into_iter()
            .zip(&pairs)
            .filter(|(_, twin)| twin.is_none());
        let gone = old.into_iter().zip(&stays).filter(|(_, stays)| !**stays);
        FindingChanges {
            unchanged: pairs.iter().flatten().count(),
            added: fresh.map(|(finding, _)| finding).collect(),
            fixed: gone.map(|(finding, _)| finding).collect(),
        }
    }

    /// The meshes of both states, matched by name: those of the later one in its order, then those that
    /// are gone.
    pub fn meshes(&self, wanted: Option<&str>) -> Vec<MeshChange<'_>> {
        let wanted = |mesh: &Mesh<'_>| wanted.is_none_or(|name| name == mesh.name());
        let here = self.head.meshes().filter(wanted);
        let here = here.map(|head| match self.base.mesh(head.name()) {
            None => MeshChange::Added(head),
            Some(base) => {
                let difference = diff(head.db(), base.input(), head.input());
                MeshChange::Both(base, head, Box::new(difference))
            }
        });
        let gone = self.base.meshes().filter(wanted);
        let gone = gone.filter(|base| self.head.mesh(base.name()).is_none());
        here.chain(gone.map(MeshChange::Removed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFileSystem;

    const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
";

    fn route(host: &str) -> String {
        format!(
            "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: cart, namespace: shop}}
spec:
  hosts: [cart]
  http: [{{route: [{{destination: {{host: {host}}}}}]}}]
"
        )
    }

    fn state(host: &str, comment: &str) -> MemoryFileSystem {
        let routes = format!("{comment}{}", route(host));
        MemoryFileSystem::new()
            .with("shop.yaml", SHOP)
            .with("routes.yaml", routes)
    }

    fn compare(base: &MemoryFileSystem, head: &MemoryFileSystem) -> Comparison {
        Comparison::open(Utf8Path::new(""), base, head).unwrap_or_else(|(e, _)| panic!("{e}"))
    }

    #[test]
    fn unchanged_files_are_one_input() {
        let both = compare(&state("cart", ""), &state("crat", ""));
        assert_eq!(both.base().file("shop.yaml"), both.head().file("shop.yaml"));
        assert_ne!(
            both.base().file("routes.yaml"),
            both.head().file("routes.yaml")
        );
    }

    #[test]
    fn a_typo_adds_a_finding_and_its_repair_fixes_it() {
        let (good, bad) = (state("cart", ""), state("crat", "# moved down\n\n"));
        let there = compare(&good, &bad).findings(None);
        assert_eq!(there.added.len(), 1, "{:?}", there.added);
        assert_eq!(there.added[0].rule, "destination-host-unknown");
        assert_eq!(there.fixed, []);
        let back = compare(&bad, &good).findings(None);
        assert_eq!((back.added.len(), back.fixed.len()), (0, 1));
        let same = compare(&bad, &state("crat", ""));
        assert_eq!(same.findings(None).unchanged, 1);
        assert!(matches!(&same.meshes(None)[..], [MeshChange::Both(_, _, d)] if d.is_empty()));
    }

    #[test]
    fn a_mesh_that_one_state_has_is_said() {
        let settings = "meshes: [{name: one}, {name: two}]\n";
        let (base, head) = (state("cart", ""), state("cart", ""));
        let both = compare(&base, &head.with("meshscope.yaml", settings));
        let meshes = both.meshes(None);
        let names: Vec<&str> = meshes.iter().map(MeshChange::name).collect();
        assert_eq!(names, ["one", "two", "default"]);
        assert!(matches!(meshes[0], MeshChange::Added(_)));
        assert!(matches!(meshes[2], MeshChange::Removed(_)));
    }
}
