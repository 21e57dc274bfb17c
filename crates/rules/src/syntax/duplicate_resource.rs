//! duplicate-resource: several documents define one object (V:R1.18).

use crate::prelude::*;
use meshscope_mesh::index::{Doubled, definitions, doubled_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "duplicate-resource",
    group: Group::Syntax,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "several documents define the same object differently",
    equivalents: &[],
    page: include_str!("../../pages/duplicate-resource.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let doubled = doubled_in(db, mesh, namespace);
    doubled
        .iter()
        .filter_map(|d| finding(db, mesh, d))
        .collect()
}

fn finding(db: &dyn Db, mesh: Mesh, doubled: &Doubled) -> Option<Finding> {
    let places = definitions(db, mesh, &doubled.key);
    // What an install named in the files would make is no second definition.
    if places.len() < 2 {
        return None;
    }
    let mut files: Vec<Str> = places.iter().map(|d| d.file.path(db).clone()).collect();
    files.dedup();
    let (key, times) = (&doubled.key, places.len());
    let places = crate::finding::listing(&files, 4);
    if doubled.identical {
        let message = format!("{key} is defined {times} times, each time alike, in {places}");
        return Some(Finding::new(
            RULE.name,
            Severity::Hint,
            key,
            "metadata.name",
            message,
        ));
    }
    let message = format!(
        "{key} is defined {times} times, in {places}: the last one read counts here, another order gives another mesh"
    );
    let finding = Finding::new(RULE.name, RULE.severity, key, "metadata.name", message)
        .help("keep one of them, or put the alternatives into meshes of their own")
        .certainty(Certainty::Ambiguous);
    if is_unknown(&key.namespace) {
        // Documents without a namespace may be alternatives, or land in different ones.
        let mut finding = finding.certainty(Certainty::Assumed);
        finding.severity = Severity::Info;
        return Some(finding);
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    #[test]
    fn equal_definitions_are_a_hint() {
        let service = |port: u32| {
            format!(
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: s, namespace: a}}\nspec: {{ports: [{{port: {port}}}]}}\n"
            )
        };
        let found = |y: String| check_rule("duplicate-resource", &y);
        assert_eq!(
            found(service(80) + &service(81)),
            ["warning Service a/s metadata.name"]
        );
        assert_eq!(
            found(service(80) + &service(80)),
            ["hint Service a/s metadata.name"]
        );
    }
}
