//! Which lists of which kinds a strategic merge merges. Kinds without a schema replace their lists.

use super::id::Gvk;
use super::schema_table::{Field, KINDS, TYPES};

/// What is known of a node's type.
#[derive(Clone, Copy)]
pub(super) struct Schema {
    fields: &'static [Field],
    /// The keys its items merge by, when it is a list that merges.
    pub merge: Option<&'static [&'static str]>,
}

impl Schema {
    /// The schema of a kind.
    pub(super) fn of(gvk: &Gvk) -> Option<Schema> {
        let api = match gvk.group.as_str() {
            "" => gvk.version.to_string(),
            group => format!("{group}/{}", gvk.version),
        };
        let (_, _, at) = KINDS
            .iter()
            .find(|(version, kind, _)| *kind == gvk.kind && *version == api)?;
        Some(Schema {
            fields: TYPES[*at],
            merge: None,
        })
    }

    /// The schema of a field.
    pub(super) fn field(self, name: &str) -> Option<Schema> {
        let field = self.fields.iter().find(|f| f.name == name)?;
        Some(Schema {
            fields: field.to.map_or(&[], |at| TYPES[at]),
            merge: field.merge,
        })
    }

    /// The schema of the items of this list.
    pub(super) fn items(self) -> Schema {
        Schema {
            merge: None,
            ..self
        }
    }
}
