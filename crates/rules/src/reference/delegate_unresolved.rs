//! delegate-unresolved: a rule delegates to nothing, and disappears (V:R4.5-R4.7).

use crate::prelude::*;
use meshscope_manifest::spec::virtual_service::{HttpMatch, HttpRule};
use meshscope_mesh::index::resource;
use meshscope_mesh::names::gateway_name;
use meshscope_mesh::visibility::delegate::{DelegateError, conflicts, find};

/// The rule.
pub static RULE: Rule = Rule {
    name: "delegate-unresolved",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "an http rule delegates to a VirtualService istiod does not take",
    equivalents: &[],
    page: include_str!("../../pages/delegate-unresolved.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for root in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let Some(spec) = root.virtual_service().filter(|v| !v.is_delegate()) else {
            continue;
        };
        for (i, rule) in spec.http.iter().enumerate() {
            let Some(reference) = &rule.delegate else {
                continue;
            };
            found.extend(of_rule(db, mesh, root, i, rule, reference));
        }
    }
    found
}

fn of_rule(
    db: &dyn Db,
    mesh: Mesh,
    root: &Resource,
    index: usize,
    rule: &HttpRule,
    reference: &(Str, Str),
) -> Vec<Finding> {
    let (delegate, ns) = reference;
    let ns = if ns.is_empty() {
        &root.key.namespace
    } else {
        ns
    };
    if is_unknown(delegate) || (is_unknown(ns) && *ns != root.key.namespace) {
        return Vec::new();
    }
    let key = ResourceKey::new(Kind::VirtualService, ns.clone(), delegate.clone());
    let path = format!("spec.http[{index}].delegate.name");
    let reason = match find(db, mesh, &root.key, reference) {
        Ok(found) => return conflicting(root, index, rule, &found),
        Err(DelegateError::NotExported) => format!("it is not exported to {}", root.key.namespace),
        Err(DelegateError::Missing) if resource(db, mesh, &key).is_some() => {
            "it has hosts of its own, so it is no delegate".to_owned()
        }
        Err(DelegateError::Missing) => "it does not exist".to_owned(),
    };
    let message = format!(
        "delegate {ns}/{delegate}: {reason}; the rule disappears, its requests go to later rules"
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &root.key, &path, message);
    if resource(db, mesh, &key).is_some() {
        return vec![finding.related(&key, "", "the VirtualService it names")];
    }
    finding = finding.missing(&[Kind::VirtualService], ns);
    let listed = objects(db, mesh, name(db, ns), Kind::VirtualService);
    let near = nearest(delegate, listed.iter().map(|v| v.key.name.as_str()));
    if let Some(near) = near {
        finding = finding.help(format!("did you mean {near}?"));
    } else if is_unknown(ns) || (listed.is_empty() && described(db, mesh, ns) == Described::No) {
        finding.severity = Severity::Info;
        finding.message =
            format!("delegate {ns}/{delegate} is not in these files: it has to exist elsewhere");
        finding = finding.certainty(Certainty::Assumed);
    } else {
        finding = finding.help("correct the name, or add the delegate");
    }
    vec![finding]
}

/// Delegate rules whose matches exclude the root's: they are dropped (V:R4.6).
fn conflicting(
    root: &Resource,
    index: usize,
    rule: &HttpRule,
    delegate: &Resource,
) -> Vec<Finding> {
    let resolved = |m: &HttpMatch, ns: &str| {
        let mut m = m.clone();
        m.gateways.iter_mut().for_each(|g| *g = gateway_name(g, ns));
        m
    };
    let roots: Vec<HttpMatch> = rule
        .matches
        .iter()
        .map(|m| resolved(m, &root.key.namespace))
        .collect();
    let rules = delegate.virtual_service().map_or(&[][..], |v| &v.http);
    let dropped: Vec<(usize, usize)> = rules
        .iter()
        .enumerate()
        .filter_map(|(i, d)| {
            let lost = d.matches.iter().position(|m| {
                let leaf = resolved(m, &delegate.key.namespace);
                !roots.is_empty() && roots.iter().all(|r| conflicts(r, &leaf))
            })?;
            Some((i, lost))
        })
        .collect();
    let all = dropped.len() == rules.len();
    dropped
        .into_iter()
        .map(|(i, j)| {
            let what = if all { "every rule" } else { "this rule" };
            let path = format!("spec.http[{i}].match[{j}]");
            let message = format!(
                "no request can meet both {path} of {} and the match here: istiod drops {what} of the delegate",
                delegate.key
            );
            Finding::new(
                RULE.name,
                if all { RULE.severity } else { Severity::Warning },
                &root.key,
                &format!("spec.http[{index}].delegate.name"),
                message,
            )
            .related(&delegate.key, &path, "the conflicting match")
            .help("a delegate's matches must narrow the root's: a prefix below its prefix, an exact path under it")
        })
        .take(if all { 1 } else { usize::MAX })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(delegate: &str) -> Vec<String> {
        let root = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: root, namespace: a}\nspec: {hosts: [h.example.com], http: [{match: [{uri: {prefix: /shop}}], delegate: {name: d, namespace: b}}]}\n---\nkind: Namespace\napiVersion: v1\nmetadata: {name: b}\n---\n";
        let delegate = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: d, namespace: b}}\nspec: {delegate}\n"
        );
        check_rule("delegate-unresolved", &format!("{root}{delegate}"))
    }
    const AT: &str = "error VirtualService a/root spec.http[0].delegate.name";

    #[test]
    fn the_examples_of_the_specification() {
        assert!(with("{http: [{match: [{uri: {exact: /shop/x}}], route: []}]}").is_empty());
        assert_eq!(with("{exportTo: ['.'], http: [{route: []}]}"), [AT]);
        assert_eq!(
            with("{http: [{match: [{uri: {prefix: /}}], route: []}]}"),
            [AT]
        );
        assert_eq!(with("{hosts: [x.example.com], http: [{route: []}]}"), [AT]);
    }
}
