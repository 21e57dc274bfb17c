//! unreachable-route: earlier rules of the same VirtualService take everything a rule matches
//! (G:RT-6, G:RT-9, V:R4.14, O:8.13).

mod covers;

use crate::prelude::*;
use covers::{covers_http, covers_l4, same_sni};
use meshscope_manifest::spec::virtual_service::{HttpMatch, L4Match, VirtualService};

/// The rule.
pub static RULE: Rule = Rule {
    name: "unreachable-route",
    group: Group::Routes,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "an earlier rule of the same VirtualService takes every request a rule matches",
    equivalents: &["IST0130", "IST0131"],
    page: include_str!("../../pages/unreachable-route.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let Some(spec) = vs.virtual_service() else {
            continue;
        };
        let http: Vec<Written<HttpMatch>> = spec
            .http
            .iter()
            // A rule that delegates takes only what its delegate takes.
            .map(|r| (&r.matches[..], r.delegate.is_none()))
            .collect();
        unreachable(vs, "http", &http, covers_http, &mut found);
        let (tls, tcp) = l4(spec);
        unreachable(
            vs,
            "tls",
            &tls,
            |a, b, ns| same_sni(a, b) && covers_l4(a, b, ns),
            &mut found,
        );
        unreachable(vs, "tcp", &tcp, covers_l4, &mut found);
    }
    found
}

/// The matches of a rule, and whether it takes all they match.
type Written<'v, M> = (&'v [M], bool);

fn l4(spec: &VirtualService) -> (Vec<Written<'_, L4Match>>, Vec<Written<'_, L4Match>>) {
    let tls = spec.tls.iter().map(|r| (&r.matches[..], true)).collect();
    let tcp = spec.tcp.iter().map(|r| (&r.matches[..], true)).collect();
    (tls, tcp)
}

fn unreachable<M: Default>(
    vs: &Resource,
    kind: &str,
    rules: &[Written<'_, M>],
    covers: impl Fn(&M, &M, &str) -> bool,
    found: &mut Vec<Finding>,
) {
    let ns = vs.key.namespace.as_str();
    let everything = M::default();
    // Earlier matches in order, with their paths. A rule without match is one that takes all.
    let mut earlier: Vec<(String, &M)> = Vec::new();
    for (i, (matches, takes)) in rules.iter().enumerate() {
        let rule = format!("spec.{kind}[{i}]");
        if matches.is_empty() {
            let by = earlier.iter().find(|(_, e)| covers(e, &everything, ns));
            found.extend(by.map(|(by, _)| finding(vs, &rule, by, true)));
        }
        let before = earlier.len();
        let mut dead: Vec<(usize, String)> = Vec::new();
        for (j, matching) in matches.iter().enumerate() {
            if let Some((by, _)) = earlier.iter().find(|(_, e)| covers(e, matching, ns)) {
                dead.push((j, by.clone()));
            }
            if *takes {
                earlier.push((format!("{rule}.match[{j}]"), matching));
            }
        }
        let whole = !matches.is_empty() && dead.len() == matches.len();
        match dead.first() {
            // Alternatives of one rule that repeat each other are not dead rules.
            Some((_, by)) if whole => found.push(finding(vs, &rule, by, true)),
            _ => {
                let own = |by: &str| earlier.iter().skip(before).any(|(p, _)| p == by);
                for (j, by) in dead.iter().filter(|(_, by)| !own(by)) {
                    found.push(finding(vs, &format!("{rule}.match[{j}]"), by, false));
                }
            }
        }
        if matches.is_empty() && *takes {
            earlier.push((rule, &everything));
        }
    }
}

fn finding(vs: &Resource, path: &str, by: &str, whole: bool) -> Finding {
    let message = format!("never reached: {by} takes every request it matches");
    let severity = if whole { RULE.severity } else { Severity::Info };
    Finding::new(RULE.name, severity, &vs.key, path, message)
        .help(format!("move it before {by}, or remove it"))
        .related(&vs.key, by, "takes the requests")
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(http: &str) -> Vec<String> {
        check_rule(
            "unreachable-route",
            &format!(
                "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: a}}\nspec: {{hosts: [h], http: [{http}]}}\n"
            ),
        )
    }

    #[test]
    fn only_earlier_and_wider_matches_take() {
        let rule = "VirtualService a/v spec.http[1]";
        assert_eq!(
            with("{route: []}, {match: [{uri: {prefix: /a}}]}"),
            [format!("warning {rule}")]
        );
        assert_eq!(
            with("{match: [{uri: {prefix: /}}]}, {match: [{uri: {exact: /a}}]}"),
            [format!("warning {rule}")]
        );
        assert!(with("{match: [{uri: {prefix: /a}}]}, {match: [{uri: {prefix: /}}]}").is_empty());
        assert!(with("{match: [{port: 80}]}, {match: [{port: 81}]}").is_empty());
        assert!(with("{match: [{gateways: [mesh]}]}, {match: [{uri: {prefix: /}}]}").is_empty());
        assert!(with("{match: [{sourceLabels: {a: b}}]}, {}").is_empty());
    }

    #[test]
    fn a_dead_alternative_is_advice() {
        assert_eq!(
            with(
                "{match: [{uri: {prefix: /a}}]}, {match: [{uri: {prefix: /a/b}}, {uri: {prefix: /c}}]}"
            ),
            ["info VirtualService a/v spec.http[1].match[0]"]
        );
    }
}
