//! unknown-extension-provider: a policy names a provider the mesh config does not have (V:R7.1).

use crate::prelude::*;
use meshscope_manifest::Value;
use meshscope_mesh::index::mesh_config_object;

/// The rule.
pub static RULE: Rule = Rule {
    name: "unknown-extension-provider",
    group: Group::Reference,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a policy names an extension provider that the mesh config does not define",
    equivalents: &[],
    page: include_str!("../../pages/unknown-extension-provider.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for policy in objects(db, mesh, namespace, Kind::AuthorizationPolicy).iter() {
        let Some(spec) = policy.authorization_policy() else {
            continue;
        };
        if spec.action == "CUSTOM" && !spec.provider.is_empty() {
            let effect = "the policy denies every request it selects";
            found.extend(unknown(
                db,
                mesh,
                &policy.key,
                "spec.provider.name",
                &spec.provider,
                effect,
            ));
        }
    }
    for telemetry in objects(db, mesh, namespace, Kind::Telemetry).iter() {
        let Some(spec) = telemetry.attached() else {
            continue;
        };
        for (path, provider) in providers(&spec.spec) {
            let effect = "nothing is reported through it";
            found.extend(unknown(db, mesh, &telemetry.key, &path, &provider, effect));
        }
    }
    found
}

/// Every `providers[i].name` of a Telemetry with its path.
fn providers(spec: &Value) -> Vec<(String, Str)> {
    let mut found = Vec::new();
    for kind in ["tracing", "metrics", "accessLogging"] {
        for (i, entry) in spec.list(kind).iter().enumerate() {
            for (j, provider) in entry.list("providers").iter().enumerate() {
                let path = format!("spec.{kind}[{i}].providers[{j}].name");
                found.extend(provider.str("name").map(|n| (path, n)));
            }
        }
    }
    found
}

fn unknown(
    db: &dyn Db,
    mesh: Mesh,
    key: &ResourceKey,
    path: &str,
    provider: &Str,
    effect: &str,
) -> Option<Finding> {
    let facts = facts(db, mesh);
    let known = &facts.config.extension_providers;
    if known.iter().any(|(n, _)| n == provider) || is_unknown(provider) {
        return None;
    }
    let names: Vec<Str> = known.iter().map(|(n, _)| n.clone()).collect();
    let listed = crate::finding::listing(&names, 6);
    let message =
        format!("no extension provider {provider} in the mesh config (it has {listed}): {effect}");
    let mut finding = Finding::new(RULE.name, RULE.severity, key, path, message)
        .help("define it in meshConfig.extensionProviders, or correct the name");
    match mesh_config_object(db, mesh).as_ref() {
        Some(object) => finding = finding.related(object, "", "the mesh config"),
        None if mesh.settings(db).mesh_config.is_empty() => {
            finding.message = format!(
                "no extension provider {provider} in the defaults, and no mesh config in these files: without it {effect}"
            );
            finding = finding.certainty(Certainty::Assumed);
            if key.kind == Kind::Telemetry {
                finding.severity = Severity::Info;
            }
        }
        None => {}
    }
    if let (Some(near), Ok(path)) = (
        nearest(provider, names.iter().map(Str::as_str)),
        path.parse(),
    ) {
        finding = finding.help(format!("did you mean {near}?")).fix(Fix {
            title: format!("replace by {near}"),
            safe: false,
            edits: vec![Edit::Replace {
                path,
                value: near.into(),
            }],
        });
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    const POLICY: &str = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: a}\nspec: {action: CUSTOM, provider: {name: waf}, rules: [{}]}\n";

    #[test]
    fn without_a_mesh_config_it_is_a_warning() {
        let found = |y: &str| check_rule("unknown-extension-provider", y);
        let at = "AuthorizationPolicy a/p spec.provider.name";
        assert_eq!(found(POLICY), [format!("warning {at}")]);
        let config = |p: &str| {
            format!(
                "{POLICY}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: istio-system}}\ndata:\n  mesh: |\n    extensionProviders: [{{name: {p}}}]\n"
            )
        };
        assert_eq!(found(&config("waf2")), [format!("error {at}")]);
        assert!(found(&config("waf")).is_empty());
    }
}
