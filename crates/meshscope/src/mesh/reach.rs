//! Whom a change of an object reaches (V:9).

use super::Mesh;
use meshscope_manifest::ResourceKey;
use meshscope_mesh::reach::{self, BlastRadius};

impl Mesh<'_> {
    /// Who sees an object, who is pushed when it changes, whose behaviour depends on it, and what
    /// freezes if Envoy refuses what is made of it.
    pub fn blast_radius(&self, object: &ResourceKey) -> BlastRadius {
        reach::blast_radius(self.db(), self.input(), object)
    }
}
