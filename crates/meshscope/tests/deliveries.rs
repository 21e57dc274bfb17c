//! What Flux, Argo CD and Helm make of a repository: variables, namespaces, patches, gateways.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use camino::Utf8Path;
use meshscope::finding::{Certainty, Severity};
use meshscope::manifest::{Kind, ResourceKey};
use meshscope::{Finding, MemoryFileSystem, Mesh, Workspace};

fn repository(files: &[(&str, &str)]) -> Workspace {
    let fs = files
        .iter()
        .fold(MemoryFileSystem::new(), |fs, (path, text)| {
            fs.with(format!("/repo/{path}"), *text)
        });
    Workspace::open(Utf8Path::new("/repo"), &fs).unwrap()
}

fn only(workspace: &Workspace) -> Mesh<'_> {
    let mut meshes = workspace.meshes();
    let first = meshes.next().unwrap();
    assert_eq!(
        meshes.map(|m| m.name().to_owned()).collect::<Vec<_>>(),
        [""; 0]
    );
    first
}

/// The objects of a kind, as `namespace/name`, sorted.
fn objects(workspace: &Workspace, kind: Kind) -> Vec<String> {
    let mesh = only(workspace);
    let all = meshscope::engine::index::all_objects(mesh.db(), mesh.input(), kind);
    let mut names: Vec<String> = all
        .iter()
        .map(|r| format!("{}/{}", r.key.namespace, r.key.name))
        .collect();
    names.sort();
    names
}

fn hosts(workspace: &Workspace, namespace: &str, name: &str) -> Vec<String> {
    let mesh = only(workspace);
    let key = ResourceKey::new(Kind::VirtualService, namespace, name);
    let found = meshscope::engine::index::resource(mesh.db(), mesh.input(), &key).unwrap();
    let spec = found.virtual_service().unwrap();
    spec.hosts.iter().map(ToString::to_string).collect()
}

fn flux(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
         metadata: {{name: {name}, namespace: flux-system}}\nspec:\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{spec}"
    )
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, name: http}]}\n";
const HOSTS: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\n\
                     spec:\n  hosts: ['web.${domain}', '${zone:=eu}.web', '${secret}.web']\n  http: [{route: [{destination: {host: web}}]}]\n";

#[test]
fn variables_of_flux_are_put_in_and_followed() {
    let apps = flux(
        "apps",
        "  path: ./apps\n  postBuild:\n    substitute: {domain: example.com}\n    substituteFrom:\n    - {kind: ConfigMap, name: settings}\n",
    );
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\ndata: {zone: us}\n";
    let mut workspace = repository(&[
        ("clusters/one/apps.yaml", &apps),
        ("clusters/one/settings.yaml", settings),
        ("apps/web.yaml", HOSTS),
    ]);
    let expected = ["web.example.com", "us.web", "${secret}.web"];
    assert_eq!(hosts(&workspace, "shop", "web"), expected);
    workspace.set_text(
        "clusters/one/settings.yaml",
        &settings.replace("us", "asia"),
    );
    assert_eq!(hosts(&workspace, "shop", "web")[1], "asia.web");
    workspace.set_text(
        "clusters/one/settings.yaml",
        &settings.replace("zone", "other"),
    );
    assert_eq!(hosts(&workspace, "shop", "web")[1], "eu.web");
    // Without its source a variable may be anything: the default proves nothing.
    workspace.remove("clusters/one/settings.yaml");
    assert_eq!(hosts(&workspace, "shop", "web")[1], "${zone:=eu}.web");
}

#[test]
fn a_target_namespace_holds_for_everything_below_the_path() {
    let apps = flux("apps", "  path: ./apps\n  targetNamespace: shop\n");
    let workspace = repository(&[
        ("clusters/one/apps.yaml", &apps),
        ("apps/plain.yaml", &SERVICE.replace("web", "plain")),
        (
            "apps/built/kustomization.yaml",
            "namespace: other\nresources: [s.yaml]\n",
        ),
        ("apps/built/s.yaml", &SERVICE.replace("web", "built")),
    ]);
    assert_eq!(
        objects(&workspace, Kind::Service),
        ["shop/built", "shop/plain"]
    );
}

#[test]
fn patches_and_components_of_flux_are_applied_and_pointed_at() {
    let apps = flux(
        "apps",
        "  path: ./apps\n  components: [../hosts]\n  patches:\n  - target: {kind: VirtualService}\n    patch: |\n      - op: add\n        path: /spec/http/0/timeout\n        value: never\n",
    );
    let workspace = repository(&[
        ("clusters/one/apps.yaml", &apps),
        ("apps/web.yaml", HOSTS),
        (
            "hosts/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {kind: VirtualService}\n  patch: '[{op: replace, path: /spec/hosts, value: [a.b]}]'\n",
        ),
    ]);
    assert_eq!(hosts(&workspace, "shop", "web"), ["a.b"]);
    let found = workspace.report(None).findings;
    let timeout = found
        .iter()
        .find(|f| f.path == "spec.http[0].timeout")
        .unwrap();
    let at = timeout.location.as_ref().unwrap();
    assert_eq!(
        (at.file.as_str(), at.range.start.line),
        ("clusters/one/apps.yaml", 14)
    );
}

#[test]
fn what_flux_applies_may_patch_what_it_applies_in_turn() {
    let cluster = flux("cluster", "  path: ./clusters/one/apps\n");
    let kustomization = "resources: [web.yaml]\npatches:\n- target: {kind: Kustomization}\n  patch: |\n    - op: add\n      path: /spec/postBuild\n      value: {substitute: {domain: example.com}}\n";
    let workspace = repository(&[
        ("clusters/one/cluster.yaml", &cluster),
        ("clusters/one/apps/kustomization.yaml", kustomization),
        (
            "clusters/one/apps/web.yaml",
            &flux("web", "  path: ./apps\n"),
        ),
        ("apps/web.yaml", HOSTS),
    ]);
    assert_eq!(hosts(&workspace, "shop", "web")[0], "web.example.com");
}

#[test]
fn one_path_may_be_applied_more_than_once() {
    let both = flux("a", "  path: ./apps\n  targetNamespace: a\n")
        + &flux("b", "  path: ./apps\n  targetNamespace: b\n");
    let workspace = repository(&[("clusters/one/apps.yaml", &both), ("apps/s.yaml", SERVICE)]);
    assert_eq!(objects(&workspace, Kind::Service), ["a/web", "b/web"]);
}

#[test]
fn options_of_argo_and_applications_of_a_set_are_applied() {
    let app = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  destination: {namespace: shop}\n  \
               source: {path: apps/web, kustomize: {namePrefix: my-, patches: [{target: {kind: Service}, patch: '[{op: add, path: /metadata/labels, value: {a: b}}]'}]}}\n";
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: teams}\nspec:\n  generators: [{git: {directories: [{path: teams/*}]}}]\n  \
               template: {spec: {source: {path: '{{path}}'}, destination: {namespace: 'team-{{path.basename}}'}}}\n";
    let workspace = repository(&[
        ("argo/web.yaml", app),
        ("argo/teams.yaml", set),
        ("apps/web/kustomization.yaml", "resources: [s.yaml]\n"),
        ("apps/web/s.yaml", SERVICE),
        ("teams/red/s.yaml", SERVICE),
        ("teams/blue/s.yaml", SERVICE),
    ]);
    let expected = ["shop/my-web", "team-blue/web", "team-red/web"];
    assert_eq!(objects(&workspace, Kind::Service), expected);
}

const GATEWAY: &str = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: shop}\n\
                       spec: {selector: {istio: front}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.example.com]}]}\n";
const ISTIO: &str = "https://istio-release.storage.googleapis.com/charts";

/// The workloads that carry the Gateway, and the file that asks for the first of them.
fn carriers(workspace: &Workspace) -> (Vec<String>, String) {
    let mesh = only(workspace);
    let workloads = mesh.attachments("shop", "gw").unwrap();
    let workloads: Vec<String> = workloads.iter().map(ToString::to_string).collect();
    let place = workloads.first().and_then(|first| {
        let (namespace, name) = first.split_once('/')?;
        let key = ResourceKey::new(Kind::Deployment, namespace, name);
        Some(mesh.locate(&key, "")?.file)
    });
    (workloads, place.unwrap_or_default())
}

#[test]
fn releases_of_the_gateway_chart_are_gateway_workloads() {
    let helm_release = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {{name: charts, namespace: flux-system}}\nspec: {{url: {ISTIO}}}\n---\n\
         apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: gw, namespace: flux-system}}\nspec:\n  releaseName: istio-front\n  targetNamespace: edge\n  \
         chart: {{spec: {{chart: gateway, sourceRef: {{kind: HelmRepository, name: charts}}}}}}\n"
    );
    let application = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: front}}\nspec:\n  destination: {{namespace: edge}}\n  \
         source: {{chart: gateway, repoURL: '{ISTIO}', helm: {{releaseName: istio-front}}}}\n"
    );
    let helmfile = format!(
        "repositories: [{{name: istio, url: '{ISTIO}'}}]\nreleases: [{{name: istio-front, namespace: edge, chart: istio/gateway}}]\n"
    );
    for (path, text) in [
        ("infra/release.yaml", &helm_release),
        ("infra/app.yaml", &application),
        ("infra/helmfile.yaml", &helmfile),
    ] {
        let workspace = repository(&[(path, text), ("mesh/gw.yaml", GATEWAY)]);
        let expected = (vec!["edge/istio-front".to_owned()], path.to_owned());
        assert_eq!(carriers(&workspace), expected);
    }
}

#[test]
fn a_chart_around_the_gateway_chart_brings_its_gateway() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: front}\nspec:\n  destination: {namespace: edge}\n  source: {path: charts/front}\n";
    let chart = format!(
        "apiVersion: v2\nname: front\nversion: 1.0.0\ndependencies: [{{name: gateway, alias: gw, version: 1.30.0, repository: '{ISTIO}'}}]\n"
    );
    let workspace = repository(&[
        ("argo/front.yaml", application),
        ("charts/front/Chart.yaml", &chart),
        (
            "charts/front/values.yaml",
            "gw: {name: edge-gw, labels: {istio: front}}\n",
        ),
        ("mesh/gw.yaml", GATEWAY),
    ]);
    let expected = (
        vec!["edge/edge-gw".to_owned()],
        "charts/front/Chart.yaml".to_owned(),
    );
    assert_eq!(carriers(&workspace), expected);
}

#[test]
fn what_an_operator_installs_is_found_where_it_is_asked_for() {
    let operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: istio}\nspec:\n  profile: empty\n  \
                    components:\n    ingressGateways:\n    - name: front\n      label: {istio: front}\n";
    let workspace = repository(&[("istio.yaml", operator), ("gw.yaml", GATEWAY)]);
    let key = ResourceKey::new(Kind::Deployment, "istio-system", "front");
    let at = only(&workspace).locate(&key, "spec.replicas").unwrap();
    assert_eq!((at.file.as_str(), at.range.start.line), ("istio.yaml", 8));
}

#[test]
fn a_release_of_istiod_says_mesh_config_and_environment() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: istiod, namespace: mesh}\nspec:\n  \
                   chart: {spec: {chart: istiod, sourceRef: {kind: HelmRepository, name: istio}}}\n  \
                   values: {global: {istioNamespace: mesh}, meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}, env: {PILOT_SCOPE_GATEWAY_TO_NAMESPACE: true}}\n";
    let workspace = repository(&[("istiod.yaml", release)]);
    let mesh = only(&workspace);
    let facts = meshscope::engine::index::facts(mesh.db(), mesh.input());
    assert_eq!(facts.root(), "mesh");
    assert_eq!(
        facts.env.get("PILOT_SCOPE_GATEWAY_TO_NAMESPACE"),
        Some("true")
    );
    let profile = mesh.profile();
    let said = profile
        .assumptions
        .iter()
        .find(|a| a.key == "mesh_config.outboundTrafficPolicy");
    let said = said.unwrap();
    assert_eq!(said.value, "REGISTRY_ONLY");
    assert!(
        format!("{:?}", said.origin).contains("istiod.yaml"),
        "{:?}",
        said.origin
    );
}

/// A namespace that files describe in full, with a route to a host that none of them declares.
const SHOP: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n---\n\
                    apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  \
                    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}\n---\n\
                    apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{name: http, port: 80}]}\n---\n\
                    apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\n\
                    spec: {hosts: [web], http: [{route: [{destination: {host: backend}}]}]}\n";

fn missing_host(workspace: &Workspace) -> Finding {
    let found = workspace.report(None).findings;
    let mut missing = found
        .into_iter()
        .filter(|f| f.rule == "destination-host-unknown");
    let first = missing.next().unwrap();
    assert!(missing.next().is_none());
    first
}

#[test]
fn what_a_chart_may_bring_is_not_missing() {
    let template = "{{- if .Values.enabled }}\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n{{- end }}\n";
    let without = missing_host(&repository(&[("shop.yaml", SHOP)]));
    assert_eq!(without.severity, Severity::Error);
    let workspace = repository(&[
        ("shop.yaml", SHOP),
        (
            "charts/backend/Chart.yaml",
            "apiVersion: v2\nname: backend\nversion: 1.0.0\n",
        ),
        ("charts/backend/templates/service.yaml", template),
    ]);
    let with = missing_host(&workspace);
    assert_eq!(
        (with.severity, with.certainty),
        (Severity::Hint, Certainty::Assumed)
    );
    assert!(
        with.help
            .as_deref()
            .unwrap_or_default()
            .contains("Helm chart")
    );
    let found = workspace.report(None).findings;
    let in_chart = |f: &Finding| {
        f.location
            .as_ref()
            .is_some_and(|at| at.file.starts_with("charts/"))
    };
    assert!(!found.iter().any(in_chart), "{found:?}");
    // A chart that makes no Service brings none.
    let other = repository(&[
        ("shop.yaml", SHOP),
        (
            "charts/backend/Chart.yaml",
            "apiVersion: v2\nname: backend\nversion: 1.0.0\n",
        ),
        (
            "charts/backend/templates/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .x }}}\n",
        ),
    ]);
    assert_eq!(missing_host(&other).severity, Severity::Error);
}

#[test]
fn a_release_of_another_chart_may_bring_anything_to_its_namespace() {
    let release = |namespace: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: backend, namespace: {namespace}}}\nspec: {{chart: {{spec: {{chart: backend, sourceRef: {{kind: HelmRepository, name: x}}}}}}}}\n"
        )
    };
    let severity = |namespace: &str| {
        missing_host(&repository(&[
            ("shop.yaml", SHOP),
            ("r.yaml", &release(namespace)),
        ]))
        .severity
    };
    assert_eq!(
        (severity("shop"), severity("elsewhere")),
        (Severity::Hint, Severity::Error)
    );
}

#[test]
fn files_that_contradict_each_other_make_a_mesh_uncertain_and_it_says_so() {
    let workspace = repository(&[
        ("shop.yaml", SHOP),
        (
            "other.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{name: tcp, port: 81}]}\n",
        ),
    ]);
    let why = only(&workspace).uncertain().unwrap().into_owned();
    assert!(
        why.contains("Service shop/web") && why.contains("other.yaml"),
        "{why}"
    );
    let found = workspace.report(None).findings;
    for rule in ["destination-host-unknown", "duplicate-resource"] {
        let finding = found.iter().find(|f| f.rule == rule).unwrap();
        assert_eq!(finding.severity, Severity::Hint, "{rule}");
        let help = finding.help.as_deref().unwrap_or_default();
        assert!(
            help.contains("the mesh is uncertain: Service shop/web"),
            "{rule}: {help}"
        );
    }
}

#[test]
fn the_order_of_namespaces() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n  destination: {namespace: argo}\n  source: {path: applied}\n";
    let written = SERVICE.replace("{name: web}", "{name: written, namespace: own}");
    let only_namespace =
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: beside}}\n---\n{SERVICE}");
    let files = [
        ("argo.yaml", application),
        ("applied/a.yaml", &format!("{written}---\n{only_namespace}")),
        ("beside/b.yaml", &only_namespace),
        ("nowhere/c.yaml", SERVICE),
    ];
    let expected = ["?nowhere/web", "argo/web", "beside/web", "own/written"];
    assert_eq!(objects(&repository(&files), Kind::Service), expected);
    let mut stated = files.to_vec();
    stated.push(("meshscope.yaml", "default_namespace: stated\n"));
    let expected = ["argo/web", "own/written", "stated/web"];
    let mut found = objects(&repository(&stated), Kind::Service);
    found.dedup();
    assert_eq!(found, expected);
}
