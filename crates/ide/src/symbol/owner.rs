//! Objects with everything needed to read their fields: mesh, kind, namespace, value.

use meshscope::engine::index::{Definition, UnitObject, unit_objects};
use meshscope::engine::{Source, SourceFile, Unit};
use meshscope::manifest::{Kind, ResourceKey, Str, Value};
use meshscope::yaml::{Path, Segment};
use meshscope::{FieldPlace, Mesh};
use std::borrow::Cow;

/// An object of a mesh, as one document or one kustomization makes it.
pub(crate) struct Owner<'w> {
    /// The mesh.
    pub mesh: Mesh<'w>,
    /// Where it is written.
    pub definition: Definition,
    /// The kind.
    pub kind: Kind,
    /// The namespace it has in the mesh.
    pub namespace: Str,
    /// The name; empty while there is none.
    pub name: Str,
    /// The object.
    pub value: Cow<'w, Value>,
}

impl<'w> Owner<'w> {
    /// An object of a unit; `None` for one without a tree or of a kind nobody knows.
    pub(crate) fn of(mesh: Mesh<'w>, unit: &Unit, object: UnitObject) -> Option<Owner<'w>> {
        let value = object.definition.value(mesh.db())?;
        let (kind, namespace, name) = match &object.resource {
            Some(resource) => {
                let key = &resource.key;
                (key.kind, key.namespace.clone(), key.name.clone())
            }
            None => {
                let api = value.str_or_empty("apiVersion");
                let kind = Kind::from_api(&api, &value.str_or_empty("kind"))?;
                let written = value.get("metadata").str("namespace");
                let applied = || unit.namespace.clone().or(unit.default_namespace.clone());
                let namespace = written.or_else(applied);
                (kind, namespace.unwrap_or_default(), Str::default())
            }
        };
        Some(Owner {
            mesh,
            definition: object.definition,
            kind,
            namespace,
            name,
            value,
        })
    }

    /// Its key.
    pub(crate) fn key(&self) -> ResourceKey {
        ResourceKey::new(self.kind, self.namespace.clone(), self.name.clone())
    }

    /// The value at a path of it.
    pub(crate) fn at(&self, path: &Path) -> &Value {
        at(&self.value, path.segments())
    }

    /// Where a field of it is written.
    pub(crate) fn place(&self, path: &Path) -> Option<FieldPlace> {
        self.mesh.field_place(&self.definition, path)
    }
}

/// The value at a path below a value.
pub(crate) fn at<'v>(value: &'v Value, steps: &[Segment]) -> &'v Value {
    static NULL: Value = Value::Null;
    steps.iter().fold(value, |value, step| match step {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => value.as_list().get(*index as usize).unwrap_or(&NULL),
    })
}

/// Whether a unit may hold something that is written in a file.
fn unit_reads(mesh: Mesh<'_>, unit: &Unit, file: SourceFile) -> bool {
    match &unit.source {
        Source::File(own) => *own == file,
        Source::Kustomization(_) | Source::Chart(_) => {
            meshscope::engine::index::unit_files(mesh.db(), unit).contains(&file)
        }
    }
}

/// The objects of a mesh that something of is written in a file; with `document`, of those the file
/// itself defines only the ones of that document.
pub(crate) fn owners_in<'w>(
    mesh: Mesh<'w>,
    file: SourceFile,
    document: Option<u32>,
) -> Vec<Owner<'w>> {
    let db = mesh.db();
    let units = mesh.input().units(db);
    let mut found = Vec::new();
    for unit in units.iter().filter(|unit| unit_reads(mesh, unit, file)) {
        let in_file = matches!(unit.source, Source::File(_));
        let wanted = |object: &UnitObject| {
            let definition = &object.definition;
            match in_file {
                true => document.is_none_or(|wanted| definition.document == wanted),
                false => definition.files(db).contains(&file),
            }
        };
        let objects = unit_objects(db, unit).into_iter().filter(wanted);
        found.extend(objects.filter_map(|object| Owner::of(mesh, unit, object)));
    }
    found
}

/// Every object of a mesh, those of files whose text `may_matter` only. Objects that kustomizations
/// build are always among them: their texts may differ from what files say.
pub(crate) fn owners_of<'w>(
    mesh: Mesh<'w>,
    may_matter: &dyn Fn(&str) -> bool,
    each: &mut dyn FnMut(Owner<'w>),
) {
    let db = mesh.db();
    for unit in mesh.input().units(db).iter() {
        if let Source::File(file) = &unit.source
            && !may_matter(file.text(db))
        {
            continue;
        }
        let objects = unit_objects(db, unit).into_iter();
        objects
            .filter_map(|object| Owner::of(mesh, unit, object))
            .for_each(&mut *each);
    }
}

/// The objects that define `key`, in load order: the last counts.
pub(crate) fn definitions_of<'w>(mesh: Mesh<'w>, key: &ResourceKey) -> Vec<Owner<'w>> {
    let found = meshscope::engine::index::definitions(mesh.db(), mesh.input(), key);
    let owners = found.into_iter().filter_map(|definition| {
        Some(Owner {
            mesh,
            kind: key.kind,
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            value: definition.value(mesh.db())?,
            definition,
        })
    });
    owners.collect()
}
