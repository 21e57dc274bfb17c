//! match-gateway-not-bound: match[].gateways names a gateway that spec.gateways lacks (V:R4.12,
//! V:R4.13, G:VSB-9).

use crate::prelude::*;
use meshscope_mesh::names::gateway_name;

/// The rule.
pub static RULE: Rule = Rule {
    name: "match-gateway-not-bound",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a match is for a gateway the VirtualService is not bound to",
    equivalents: &["IST0101"],
    page: include_str!("../../pages/match-gateway-not-bound.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let Some(spec) = vs.virtual_service().filter(|v| !v.is_delegate()) else {
            continue;
        };
        let resolve = |g: &Str| gateway_name(g, &vs.key.namespace);
        let mut bound: Vec<Str> = spec.gateways.iter().map(resolve).collect();
        if bound.is_empty() {
            bound.push("mesh".into());
        }
        if bound.iter().any(|g| is_unknown(g)) && !vs.key.namespace.starts_with('?') {
            continue;
        }
        let http = spec
            .http
            .iter()
            .map(|r| r.matches.iter().map(|m| &m.gateways[..]).collect());
        let tls = spec
            .tls
            .iter()
            .map(|r| r.matches.iter().map(|m| &m.gateways[..]).collect());
        let tcp = spec
            .tcp
            .iter()
            .map(|r| r.matches.iter().map(|m| &m.gateways[..]).collect());
        let lists: [(&str, Vec<Vec<&[Str]>>); 3] = [
            ("http", http.collect()),
            ("tls", tls.collect()),
            ("tcp", tcp.collect()),
        ];
        for (kind, rules) in lists {
            for (i, matches) in rules.iter().enumerate() {
                for (j, gateways) in matches.iter().enumerate() {
                    for (k, written) in gateways.iter().enumerate() {
                        let meant = resolve(written);
                        if bound.contains(&meant) || written.contains(['$', '{']) {
                            continue;
                        }
                        let alone = !gateways.iter().any(|g| bound.contains(&resolve(g)));
                        let path = format!("spec.{kind}[{i}].match[{j}].gateways[{k}]");
                        found.push(finding(vs, spec.gateways.is_empty(), &path, written, alone));
                    }
                }
            }
        }
    }
    found
}

fn finding(vs: &Resource, unwritten: bool, path: &str, written: &Str, alone: bool) -> Finding {
    let so = if alone {
        "this match never applies"
    } else {
        "it adds nothing to this match"
    };
    let bound = if unwritten {
        "spec.gateways (unwritten: mesh)"
    } else {
        "spec.gateways"
    };
    let mut finding = Finding::new(
        RULE.name,
        RULE.severity,
        &vs.key,
        path,
        format!("{written} is not in {bound}: {so}"),
    )
    .help(format!(
        "add {written} to spec.gateways, or correct the name"
    ))
    .related(&vs.key, "spec.gateways", "the gateways it is bound to");
    if !alone {
        finding.severity = Severity::Warning;
    }
    let count = vs.virtual_service().map_or(0, |v| v.gateways.len());
    // An empty list means mesh: adding to it would drop mesh, which is a person's decision.
    if let (false, Ok(path)) = (unwritten, format!("spec.gateways[{count}]").parse()) {
        finding = finding.fix(Fix {
            title: format!("add {written} to spec.gateways"),
            safe: false,
            edits: vec![Edit::Replace {
                path,
                value: written.as_str().into(),
            }],
        });
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(gateways: &str, matched: &str) -> Vec<String> {
        check_rule(
            "match-gateway-not-bound",
            &format!(
                "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.example.com], gateways: [{gateways}], http: [{{match: [{{gateways: [{matched}]}}], route: []}}]}}\n"
            ),
        )
    }

    #[test]
    fn spellings_of_one_gateway_are_one() {
        assert!(with("gw", "shop/gw").is_empty());
        assert!(with("./gw", "gw").is_empty());
        assert!(with("", "mesh").is_empty());
    }

    #[test]
    fn mesh_must_be_listed_once_something_else_is() {
        let at = "VirtualService shop/v spec.http[0].match[0].gateways[0]";
        assert_eq!(with("gw", "mesh"), [format!("error {at}")]);
        assert_eq!(with("gw", "mesh, gw"), [format!("warning {at}")]);
    }
}
