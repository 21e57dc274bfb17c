//! What is asked of every namespace, in groups of namespaces.
//!
//! Whoever gathers a value over all namespaces rests on a query for each. After an edit all of those
//! are looked through, though one has changed at most: so they are asked in groups, and only the group
//! of the edited namespace is looked through one by one. It must not know what is asked.

use crate::db::{Db, Mesh};
use crate::index::namespaces;
use meshscope_manifest::Str;

/// How many namespaces are asked together.
const GROUP: usize = 24;

/// The numbers of the groups of namespaces.
pub fn groups(db: &dyn Db, mesh: Mesh) -> std::ops::Range<usize> {
    0..namespaces(db, mesh).len().div_ceil(GROUP)
}

/// The namespaces of one group, in order.
pub fn namespaces_of(db: &dyn Db, mesh: Mesh, group: usize) -> impl Iterator<Item = &Str> {
    let all = namespaces(db, mesh).iter();
    all.skip(group * GROUP).take(GROUP)
}

/// Declares the iterator over what a query gives for every namespace, in order, and the query that
/// asks for those of a group.
#[macro_export]
macro_rules! across {
    ($(#[$doc:meta])* $vis:vis fn $each:ident($($arg:ident: $arg_type:ty)?) -> $type:ty
        = $one:ident in $group:ident;) => {
        #[allow(clippy::needless_lifetimes, reason = "arguments may have it")]
        #[salsa::tracked]
        fn $group<'db>(
            db: &'db dyn $crate::db::Db,
            mesh: $crate::db::Mesh,
            group: usize,
            $($arg: $arg_type,)?
        ) -> ::std::sync::Arc<[(::meshscope_manifest::Str, $type)]> {
            let namespaces = $crate::across::namespaces_of(db, mesh, group);
            let asked = namespaces.map(|ns| {
                let part = $one(db, mesh, $crate::db::name(db, ns) $(, $arg)?);
                (ns.clone(), part.clone())
            });
            asked.collect()
        }

        $(#[$doc])*
        $vis fn $each<'db>(
            db: &'db dyn $crate::db::Db,
            mesh: $crate::db::Mesh,
            $($arg: $arg_type,)?
        ) -> impl Iterator<Item = (&'db ::meshscope_manifest::Str, &'db $type)> {
            let groups = $crate::across::groups(db, mesh);
            groups
                .flat_map(move |group| $group(db, mesh, group $(, $arg)?).iter())
                .map(|(ns, part)| (ns, part))
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::db::{MeshSettings, name};
    use crate::registry::{host_namespaces, public_services};
    use crate::testing::mesh_of_files;

    fn service(namespace: usize) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s, namespace: n{namespace:03}}}\nspec: {{ports: [{{port: 80, name: http}}]}}\n"
        )
    }

    #[test]
    fn every_namespace_is_asked_once_whatever_its_group() {
        let texts: Vec<String> = (0..60).map(service).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (mut db, mesh, files) = mesh_of_files(&texts, MeshSettings::default());
        let owners = |db: &_| {
            let all = public_services(db, mesh).iter();
            all.map(|s| s.namespace.to_string()).collect::<Vec<_>>()
        };
        let expected: Vec<String> = (0..60).map(|n| format!("n{n:03}")).collect();
        assert_eq!(owners(&db), expected);
        // Another namespace in front moves each into another place of its group.
        db.edit(files[30], "n030", "a");
        let mut moved = expected.clone();
        moved.remove(30);
        moved.insert(0, "a".into());
        assert_eq!(owners(&db), moved);
        let host = name(&db, "s.a.svc.cluster.local");
        assert_eq!(host_namespaces(&db, mesh, host)[..], ["a"]);
    }

    #[test]
    fn an_edit_asks_only_the_group_of_its_namespace() {
        let texts: Vec<String> = (0..60).map(service).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (mut db, mesh, files) = mesh_of_files(&texts, MeshSettings::default());
        public_services(&db, mesh);
        db.ran();
        db.edit(files[30], "port: 80", "port: 81");
        public_services(&db, mesh);
        assert_eq!(db.count("public_of_group"), 1);
        assert_eq!(db.count("public_of"), 1);
    }
}
