//! config-hidden-from-istiod: Istio objects that no control plane reads, because of the labels of their
//! namespace or their own (V:R7.3, V:R7.4, V:R7.6, G:SEL-13).

use crate::prelude::*;
use meshscope_mesh::index::{
    ConfigSource, Unread, discovery_source, may_run, namespace_object, unread_in,
};

/// The rule.
pub static RULE: Rule = Rule {
    name: "config-hidden-from-istiod",
    group: Group::Visibility,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "istiod does not read an object: discovery selectors or its revision label leave it out",
    equivalents: &[],
    page: include_str!("../../pages/config-hidden-from-istiod.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let unread = unread_in(db, mesh, namespace);
    match &unread[..] {
        [] => Vec::new(),
        [(first, Unread::Namespace), others @ ..] => {
            let finding = unselected(db, mesh, namespace, first, others.len());
            finding.into_iter().collect()
        }
        of_revisions => {
            let each = of_revisions.iter();
            each.filter_map(|(object, why)| match why {
                Unread::Revision(revision) => other_revision(db, mesh, object, revision),
                Unread::Namespace => None,
            })
            .collect()
        }
    }
}

/// One finding for all objects of a namespace that no discovery selector takes.
fn unselected(
    db: &dyn Db,
    mesh: Mesh,
    namespace: Name<'_>,
    first: &ResourceKey,
    others: usize,
) -> Option<Finding> {
    let source = discovery_source(db, mesh)?;
    let own = namespace.text(db);
    let object = namespace_object(db, mesh, namespace).as_ref()?.clone();
    let mut labels = object.meta.labels.0.iter();
    if labels.any(|(label, value)| is_unknown(label) || is_unknown(value)) {
        return None;
    }
    let others = match others {
        0 => String::new(),
        1 => format!(" and 1 other Istio object of namespace {own}"),
        n => format!(" and {n} other Istio objects of namespace {own}"),
    };
    let message = format!(
        "istiod does not read {first}{others}: no selector of discoverySelectors takes the labels of the namespace{}",
        lost_with_root(db, mesh, own)
    );
    let finding = Finding::new(
        RULE.name,
        RULE.severity,
        first,
        "metadata.namespace",
        message,
    )
    .help("give the Namespace a label that a selector takes, or add a selector")
    .related(&object.key, "metadata.labels", "its labels");
    Some(match source {
        ConfigSource::Object(map) if map.kind == Kind::ConfigMap => {
            finding.related(&map, "data.mesh", "the selectors")
        }
        ConfigSource::Object(operator) => {
            let at = "spec.meshConfig.discoverySelectors";
            finding.related(&operator, at, "the selectors")
        }
        ConfigSource::Settings | ConfigSource::Release(..) => finding,
    })
}

/// An object whose label names a revision that nothing in files or settings runs.
fn other_revision(
    db: &dyn Db,
    mesh: Mesh,
    object: &ResourceKey,
    revision: &Str,
) -> Option<Finding> {
    if is_unknown(revision) || may_run(db, mesh, revision) {
        return None;
    }
    let message = format!(
        "istiod does not read {object}: its istio.io/rev is {revision}, the control plane is of revision {}{}",
        mesh.settings(db).revision,
        lost_with_root(db, mesh, &object.namespace)
    );
    let path = "metadata.labels[\"istio.io/rev\"]";
    let finding = Finding::new(RULE.name, RULE.severity, object, path, message)
        .help("remove the label: an object without it is for every revision");
    Some(finding)
}

fn lost_with_root(db: &dyn Db, mesh: Mesh, namespace: &Str) -> &'static str {
    match namespace == facts(db, mesh).root() {
        true => "; what the root namespace says for the whole mesh is lost",
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::evaluate::findings;
    use crate::testing::{TestDb, check_rule, line};
    use meshscope_manifest::Str;
    use meshscope_mesh::db::{Mesh, MeshSettings, SourceFile, Unit};
    use std::sync::Arc;

    fn config_map(name: &str) -> String {
        format!(
            "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: istio-system}}\ndata: {{mesh: 'discoverySelectors: [{{matchLabels: {{mesh: a}}}}]'}}\n"
        )
    }

    fn namespace(labels: &str) -> String {
        format!(
            "\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{labels}}}}}\n"
        )
    }

    fn objects(labels: &str) -> String {
        let object = |kind: &str, name: &str, spec: &str| {
            format!(
                "\n---\napiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}\nspec: {spec}\n"
            )
        };
        object(
            "ServiceEntry",
            "e",
            "{hosts: [a.org], ports: [{number: 80, name: http}]}",
        ) + &object("Sidecar", "s", "{egress: [{hosts: ['./*']}]}")
            + "\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{name: http, port: 80}]}\n"
    }

    #[test]
    fn a_namespace_that_no_selector_takes_is_reported_once() {
        let found = |rest: &str| check_rule(RULE.name, &(objects("") + rest));
        let selectors = config_map("istio");
        let at = "warning ServiceEntry shop/e metadata.namespace";
        assert_eq!(found(&(namespace("team: a") + &selectors)), [at]);
        assert!(found(&(namespace("mesh: a") + &selectors)).is_empty());
        assert!(found(&namespace("team: a")).is_empty());
        // Labels that nobody wrote down, or not in full.
        assert!(found(&selectors).is_empty());
        assert!(found(&(namespace("mesh: '${MESH}'") + &selectors)).is_empty());
        // Another control plane may read it.
        let canary = config_map("istio-canary");
        assert!(found(&(namespace("team: a") + &selectors + &canary)).is_empty());
    }

    #[test]
    fn objects_of_a_revision_that_nobody_runs() {
        let found = |revision: &str, rest: &str| {
            let db = TestDb::default();
            let yaml = objects("istio.io/rev: old") + rest;
            let file = SourceFile::new(&db, "test.yaml".into(), Arc::from(yaml), None);
            let settings = MeshSettings {
                revision: revision.into(),
                ..MeshSettings::default()
            };
            let units = Arc::from([Unit::file(file, Some(Str::new("default")))]);
            let mesh = Mesh::new(&db, "test".into(), units, Arc::new(settings));
            let all = findings(&db, mesh).iter();
            let own = all.filter(|f| f.rule == RULE.name);
            own.map(|f| line(f)).collect::<Vec<_>>()
        };
        let of = |object: &str| format!("warning {object} metadata.labels[\"istio.io/rev\"]");
        assert_eq!(
            found("new", ""),
            [of("ServiceEntry shop/e"), of("Sidecar shop/s")]
        );
        assert!(found("", "").is_empty());
        assert!(found("old", "").is_empty());
        assert!(found("new", &config_map("istio-old")).is_empty());
    }
}
