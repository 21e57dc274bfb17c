//! unreachable-route: earlier rules of the same VirtualService take everything a rule matches
//! (G:RT-6, G:RT-9, V:R4.14, O:8.13).

use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::virtual_service::{HttpMatch, L4Match, StringMatch, VirtualService};
use meshscope_mesh::names::gateway_name;

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

fn covers_http(a: &HttpMatch, b: &HttpMatch, ns: &str) -> bool {
    let fold = |text: &Str| Str::new(text.to_lowercase());
    let uri = match (&a.uri, &b.uri) {
        (None | Some(StringMatch::Present), _) => true,
        (Some(a), _) if is_all(a) => true,
        // A case-insensitive match is wider than a sensitive one, never the reverse.
        (Some(_), Some(_)) if b.ignore_uri_case && !a.ignore_uri_case => false,
        (Some(x), Some(y)) if a.ignore_uri_case => text(&lower(x, fold), &lower(y, fold)),
        (Some(x), Some(y)) => text(x, y),
        (Some(_), None) => false,
    };
    let map = |a: &[(Str, StringMatch)], b: &[(Str, StringMatch)]| {
        a.iter()
            .all(|(k, x)| b.iter().any(|(l, y)| k == l && text(x, y)))
    };
    let exact =
        |a: &[(Str, StringMatch)], b: &[(Str, StringMatch)]| a.iter().all(|x| b.contains(x));
    let one = |a: &Option<StringMatch>, b: &Option<StringMatch>| match (a, b) {
        (None, _) => true,
        (Some(a), Some(b)) => text(a, b),
        (Some(_), None) => false,
    };
    uri && one(&a.scheme, &b.scheme)
        && one(&a.method, &b.method)
        && one(&a.authority, &b.authority)
        && map(&a.headers, &b.headers)
        && exact(&a.without_headers, &b.without_headers)
        && map(&a.query_params, &b.query_params)
        && (a.port == 0 || a.port == b.port)
        && gateways(&a.gateways, &b.gateways, ns)
        // With gateways, source conditions are not looked at (V:R4.12).
        && (!a.gateways.is_empty()
            || source(&a.source_labels, &b.source_labels, &a.source_namespace, &b.source_namespace))
}

fn same_sni(a: &L4Match, b: &L4Match) -> bool {
    b.sni_hosts.iter().all(|h| a.sni_hosts.contains(h))
        && (!b.sni_hosts.is_empty() || a.sni_hosts.is_empty())
}

fn covers_l4(a: &L4Match, b: &L4Match, ns: &str) -> bool {
    (a.destination_subnets.is_empty() || a.destination_subnets == b.destination_subnets)
        && (a.port == 0 || a.port == b.port)
        && gateways(&a.gateways, &b.gateways, ns)
        && source(
            &a.source_labels,
            &b.source_labels,
            &a.source_namespace,
            &b.source_namespace,
        )
}

fn gateways(a: &[Str], b: &[Str], ns: &str) -> bool {
    let has = |g: &Str| a.iter().any(|x| gateway_name(x, ns) == gateway_name(g, ns));
    a.is_empty() || (!b.is_empty() && b.iter().all(has))
}

fn source(a: &Labels, b: &Labels, a_ns: &str, b_ns: &str) -> bool {
    a.subset_of(b) && (a_ns.is_empty() || a_ns == b_ns)
}

fn lower(matching: &StringMatch, fold: impl Fn(&Str) -> Str) -> StringMatch {
    match matching {
        StringMatch::Exact(s) => StringMatch::Exact(fold(s)),
        StringMatch::Prefix(s) => StringMatch::Prefix(fold(s)),
        other => other.clone(),
    }
}

fn is_all(a: &StringMatch) -> bool {
    match a {
        StringMatch::Prefix(p) => p == "/",
        StringMatch::Regex(r) => r == ".*" || r == "/.*",
        StringMatch::Exact(_) | StringMatch::Present => false,
    }
}

fn text(a: &StringMatch, b: &StringMatch) -> bool {
    match (a, b) {
        (StringMatch::Present, _) => true,
        (StringMatch::Exact(x), StringMatch::Exact(y))
        | (StringMatch::Regex(x), StringMatch::Regex(y)) => x == y,
        (StringMatch::Prefix(x), StringMatch::Exact(y) | StringMatch::Prefix(y)) => {
            y.starts_with(x.as_str())
        }
        _ => false,
    }
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
