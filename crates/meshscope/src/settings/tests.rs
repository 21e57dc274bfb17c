//! What the settings file says is what comes out; what is wrong is pointed at.

use super::file::Surroundings;
use super::*;
use std::sync::Arc;

fn read(text: &str) -> Settings {
    read_beside(text, &[])
}

fn read_beside(text: &str, files: &[(&str, &str)]) -> Settings {
    let text_of = |path: &str| {
        let file = files.iter().find(|(name, _)| *name == path)?;
        Some(Arc::from(file.1))
    };
    let around = Surroundings {
        text_of: &text_of,
        today: Some("2026-06-15"),
    };
    Settings::read("meshscope.yaml", text, &around).unwrap()
}

/// The problems as `text at the place: message (help)`.
fn problems(text: &str) -> Vec<String> {
    let found = read(text).problems.into_iter();
    let shown = found.map(|p| {
        let help = p.help.map(|h| format!(" ({h})")).unwrap_or_default();
        format!("{}: {}{help}", p.span.slice(text), p.message)
    });
    shown.collect()
}

#[test]
fn a_file_that_says_nothing_leaves_the_whole_root_as_one_mesh() {
    for text in ["", "# nothing yet\n", "version: 1\n"] {
        let settings = read(text);
        let meshes = settings.meshes;
        assert!(meshes.is_empty() || (meshes.len() == 1 && meshes[0].name == "default"));
        assert_eq!(settings.problems, []);
    }
}

#[test]
fn every_key_of_a_mesh_arrives() {
    let text = "\
version: 1
domain: corp.local
env: {PILOT_ENABLE_ALPN_FILTER: false, PILOT_X: 1.30}
meshes:
- name: prod
  include: [apps, clusters/prod]
  exclude: ['**/test']
  istio: 1.30
  mesh_config: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
  mesh_config_file: mesh.yaml
  found_mesh_config: false
  istio_config_domain: ''
  root_namespace: istio-config
  default_namespace: apps
  revision: canary
  helm_releases:
  - {release: egress, namespace: egress, chart: istio/gateway, values: values.yaml}
  - {release: ingress, namespace: ingress, values: {labels: {a: b}}}
- name: dev
  domain: dev.local
";
    let files = [
        (
            "mesh.yaml",
            "kind: ConfigMap\ndata: {mesh: 'accessLogFile: /dev/stdout'}\n",
        ),
        ("values.yaml", "labels: {istio: egress}\n"),
    ];
    let settings = read_beside(text, &files);
    assert_eq!(settings.problems, []);
    assert_eq!(settings.reads, ["mesh.yaml", "values.yaml"]);
    let prod = &settings.meshes[0];
    assert_eq!(
        (prod.domain.as_str(), prod.istio.as_str()),
        ("corp.local", "1.30")
    );
    assert_eq!(
        prod.env[0],
        ("PILOT_ENABLE_ALPN_FILTER".into(), "false".into())
    );
    assert_eq!(prod.env[1].1, "1.30");
    let config = &prod.mesh_config;
    assert_eq!(config[0].str_or_empty("accessLogFile"), "/dev/stdout");
    assert!(config[1].has("outboundTrafficPolicy"));
    assert_eq!(config[2].str_or_empty("rootNamespace"), "istio-config");
    assert!(!prod.use_found_mesh_config);
    assert_eq!(prod.istio_config_domain.as_deref(), Some(""));
    assert_eq!(prod.default_namespace.as_deref(), Some("apps"));
    assert_eq!(prod.revision, "canary");
    let values: Vec<&Value> = prod
        .helm_releases
        .iter()
        .map(|r| r.values.get("labels"))
        .collect();
    assert_eq!(values[0].str_or_empty("istio"), "egress");
    assert_eq!(values[1].str_or_empty("a"), "b");
    assert_eq!(settings.meshes[1].domain, "dev.local");
    assert_eq!(settings.meshes[1].env.len(), 2);
}

#[test]
fn assumed_objects_become_manifests() {
    let text = "\
assume:
  namespaces: [plain, {name: labelled, labels: {istio-injection: enabled}}]
  services:
  - {name: db, namespace: data, ports: [5432]}
  - {host: cache.data.svc.cluster.local, ports: [{number: 80, name: http}]}
  - {host: '*.example.com', ports: [443]}
  workloads:
  - {name: web, namespace: apps, sidecar: true, labels: {app: web}}
  - {name: nowhere}
";
    let settings = read(text);
    let assumed = &settings.meshes[0].assumed;
    let shown: Vec<String> = assumed
        .iter()
        .map(|o| {
            let meta = o.get("metadata");
            let (kind, namespace) = (o.str_or_empty("kind"), meta.str_or_empty("namespace"));
            format!("{kind} {namespace}/{}", meta.str_or_empty("name"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "Namespace /plain",
            "Namespace /labelled",
            "Service data/db",
            "Service data/cache",
            "ServiceEntry istio-system/assumed-any.example.com",
            "Deployment apps/web"
        ]
    );
    assert_eq!(settings.problems.len(), 1);
    assert_eq!(settings.problems[0].span.slice(text), "{name: nowhere}");
}

#[test]
fn unknown_keys_and_wrong_types_are_pointed_at_and_cost_nothing_else() {
    let text = "\
domian: corp.local
include: apps
revision: 5
meshes:
- {name: a, default_namspace: x, root_namespace: here}
- {name: a}
- include: [b]
zebra: 1
";
    assert_eq!(
        problems(text),
        [
            "domian: there is no setting domian here (did you mean domain?)",
            "apps: this must be a list, and is a string",
            "5: this must be a string, and is a number (write \"5\" in quotes)",
            "default_namspace: there is no setting default_namspace here (did you mean \
             default_namespace?)",
            "{name: a}: there are two meshes called a",
            "include: [b]: a mesh needs a name",
            "zebra: there is no setting zebra here; there are version, meshes, rules, suppress, helm, name, \
             include, exclude, istio, mesh_config, mesh_config_file, found_mesh_config, env, domain, \
             istio_config_domain, root_namespace, default_namespace, revision, helm_releases, assume",
        ]
    );
    let names: Vec<Str> = read(text).meshes.into_iter().map(|m| m.name).collect();
    assert_eq!(names, ["a", "mesh-2", "mesh-3"]);
}

#[test]
fn levels_are_words_even_where_yaml_reads_a_boolean() {
    let text = "rules:\n  unknown-field: off\n  invalid-regex: warn\n  invalid-gatway: info\n";
    let settings = read(text);
    assert_eq!(settings.level("unknown-field"), Some(Level::Off));
    assert_eq!(settings.level("invalid-regex"), None);
    assert_eq!(
        problems(text),
        [
            "warn: this must be off, hint, info, warning or error (did you mean warning?)",
            "invalid-gatway: there is no rule invalid-gatway (did you mean invalid-gateway?)"
        ]
    );
}

#[test]
fn suppressions_hold_to_the_end_of_their_last_day() {
    let text = "\
suppress:
- {rule: unknown-field, path: apps/**, resource: VirtualService a/b, reason: known, expires: 2026-06-15}
- {rule: unknown-field, expires: 2026-06-14}
- {rule: unknown-field, expires: someday}
- {path: apps}
";
    let settings = read(text);
    assert_eq!(settings.suppressions.len(), 1);
    assert_eq!(settings.suppressions[0].reason.as_deref(), Some("known"));
    let rules: Vec<&str> = settings.problems.iter().map(|p| p.rule).collect();
    assert_eq!(rules, ["unused-suppression", RULE, RULE]);
    assert!(problems(text)[0].starts_with("2026-06-14: this suppression"));
}

#[test]
fn files_that_are_not_there_and_charts_that_are_not_known_are_said() {
    let text = "\
mesh_config_file: ./nowhere.yaml
helm_releases:
- {release: a, namespace: b, chart: bitnami/nginx}
- {release: c}
";
    let settings = read(text);
    assert_eq!(settings.problems.len(), 3);
    assert!(settings.problems[0].message.contains("nowhere.yaml"));
    assert_eq!(settings.meshes[0].helm_releases, []);
}

#[test]
fn a_file_that_is_no_yaml_is_refused_with_its_place() {
    let around = Surroundings {
        text_of: &|_| None,
        today: None,
    };
    let broken = Settings::read("meshscope.yaml", "version: 1\nmeshes: [\n", &around);
    let said = broken.unwrap_err().to_string();
    assert!(said.starts_with("meshscope.yaml:"), "{said}");
}
