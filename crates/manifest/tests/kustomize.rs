//! Kustomize on small repositories in memory: where fields come from, what degrades, what is bounded.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use meshscope_manifest::Value;
use meshscope_manifest::kustomize::{
    Bases, Built, Files, Layer, Object, ProblemKind, Role, build, build_one, finish, references,
};
use meshscope_yaml::Stream;

struct Memory(BTreeMap<String, String>);

impl Files for Memory {
    fn documents(&self, path: &str) -> Option<Arc<Stream>> {
        self.0
            .get(path)
            .map(|text| Arc::new(meshscope_yaml::parse(text)))
    }

    fn bytes(&self, path: &str) -> Option<Arc<[u8]>> {
        self.0.get(path).map(|text| Arc::from(text.as_bytes()))
    }

    fn is_dir(&self, path: &str) -> bool {
        let below = format!("{path}/");
        path.is_empty() || self.0.keys().any(|file| file.starts_with(&below))
    }
}

/// Files as `path: |` blocks: a line `== path` starts each.
fn files(text: &str) -> Memory {
    let mut all = BTreeMap::new();
    for part in text.split("== ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        all.insert(path.trim().to_owned(), content.to_owned());
    }
    Memory(all)
}

fn object<'b>(built: &'b Built, kind: &str, name: &str) -> &'b Object {
    let wanted = |o: &&Object| {
        o.value.str_or_empty("kind") == kind && o.value.get("metadata").str_or_empty("name") == name
    };
    let found = built.objects.iter().find(wanted);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {:#?}", built.problems))
}

/// Where the field at `path` is written, as `file path`.
fn written(object: &Object, path: &str) -> String {
    let place = object.origin.place(&path.parse().unwrap());
    match place.inside {
        None => format!("{} {}", place.file, place.path),
        Some(inside) => format!("{} {} > {}", place.file, place.path, inside.path),
    }
}

const SHOP: &str = "
== base/kustomization.yaml
resources: [shop.yaml]
== base/shop.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  http:
    - route: [{destination: {host: shop}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: shop, image: shop:1}]
== overlays/prod/kustomization.yaml
namespace: prod
namePrefix: eu-
labels:
  - pairs: {tier: front}
    includeSelectors: true
images: [{name: shop, newTag: '2'}]
resources: [../../base]
patches:
  - path: sidecar.yaml
  - target: {kind: VirtualService}
    patch: |-
      - op: replace
        path: /spec/hosts
        value: [shop.example.org]
== overlays/prod/sidecar.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers: [{name: proxy, image: envoy}]
";

#[test]
fn every_field_knows_the_place_it_was_written_in() {
    let built = build("overlays/prod", &files(SHOP));
    assert_eq!(built.problems, []);
    let service = object(&built, "Service", "eu-shop");
    let overlay = "overlays/prod/kustomization.yaml";
    assert_eq!(
        written(service, "spec.ports[0].port"),
        "base/shop.yaml spec.ports[0].port"
    );
    assert_eq!(
        written(service, "metadata.name"),
        format!("{overlay} namePrefix")
    );
    assert_eq!(
        written(service, "metadata.namespace"),
        format!("{overlay} namespace")
    );
    let label = format!("{overlay} labels[0].pairs.tier");
    assert_eq!(written(service, "spec.selector.tier"), label);
    // The patch's container goes first; the base's keeps its own place.
    let deployment = object(&built, "Deployment", "eu-shop");
    let containers = "spec.template.spec.containers";
    let patch = format!("overlays/prod/sidecar.yaml {containers}[0].image");
    assert_eq!(
        written(deployment, &format!("{containers}[0].image")),
        patch
    );
    let base = format!("base/shop.yaml {containers}[0].name");
    assert_eq!(written(deployment, &format!("{containers}[1].name")), base);
    assert_eq!(
        written(deployment, &format!("{containers}[1].image")),
        format!("{overlay} images[0]")
    );
    // An inline patch is a place inside a text.
    let route = object(&built, "VirtualService", "eu-shop");
    let inline = format!("{overlay} patches[1].patch > [0].value[0]");
    assert_eq!(written(route, "spec.hosts[0]"), inline);
    let uses: Vec<_> = built
        .uses
        .iter()
        .map(|u| (u.file.as_str(), u.role))
        .collect();
    assert!(
        uses.contains(&("overlays/prod/sidecar.yaml", Role::Patch)),
        "{uses:?}"
    );
}

#[test]
fn generated_names_carry_kustomizes_hash_into_references() {
    let built = build(
        "",
        &files(
            "
== kustomization.yaml
configMapGenerator: [{name: settings, literals: [a=b]}]
resources: [pod.yaml]
== pod.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  volumes: [{name: s, configMap: {name: settings}}]
",
        ),
    );
    // `kubectl kustomize` of the same files.
    let name = "settings-4h2mbtbbt6";
    let map = built
        .objects
        .iter()
        .find(|o| o.value.str_or_empty("kind") == "ConfigMap");
    let map_name = map.unwrap().value.get("metadata").str_or_empty("name");
    let pod = object(&built, "Pod", "web");
    let volume = pod.value.get("spec").list("volumes")[0]
        .get("configMap")
        .str_or_empty("name");
    assert_eq!((map_name.as_str(), volume.as_str()), (name, name));
    assert_eq!(
        written(pod, "spec.volumes[0].configMap.name"),
        "kustomization.yaml configMapGenerator[0].name"
    );
}

#[test]
fn what_kustomize_stops_at_is_a_problem_and_the_rest_is_built() {
    let built = build(
        "app",
        &files(
            "
== app/kustomization.yaml
namespace: shop
resources:
  - service.yaml
  - missing.yaml
  - https://github.com/org/repo//base?ref=v1
  - ../../outside
  - ../app
patches: [{path: nothing.yaml}, {path: other.yaml}]
unknown: 1
== app/service.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
== app/other.yaml
apiVersion: v1
kind: Service
metadata: {name: absent}
spec: {type: ClusterIP}
",
        ),
    );
    let kinds: Vec<ProblemKind> = built.problems.iter().map(|p| p.kind).collect();
    for kind in [
        ProblemKind::Missing,
        ProblemKind::Remote,
        ProblemKind::Outside,
        ProblemKind::Cycle,
        ProblemKind::NoTarget,
        ProblemKind::Invalid,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {:#?}", built.problems);
    }
    assert!(built.hides_resources());
    assert_eq!(
        object(&built, "Service", "web")
            .value
            .get("metadata")
            .str_or_empty("namespace"),
        "shop"
    );
    let unread = built
        .read
        .iter()
        .find(|r| r.path == "app/missing.yaml")
        .unwrap();
    assert!(!unread.found);
}

#[test]
fn a_cycle_of_bases_ends() {
    let built = build(
        "a",
        &files(
            "
== a/kustomization.yaml
resources: [../b]
== b/kustomization.yaml
resources: [../a, service.yaml]
== b/service.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
",
        ),
    );
    assert_eq!(built.objects.len(), 1);
    assert_eq!(built.problems[0].kind, ProblemKind::Cycle);
}

#[test]
fn ten_thousand_components_or_bases_inside_each_other_end() {
    for (field, kind) in [("components", "Component"), ("resources", "Kustomization")] {
        let mut all = BTreeMap::new();
        for level in 0..10_000 {
            let version = if kind == "Component" {
                "v1alpha1"
            } else {
                "v1beta1"
            };
            let text = format!(
                "apiVersion: kustomize.config.k8s.io/{version}\nkind: {kind}\n{field}: [../d{}]\n",
                level + 1
            );
            all.insert(format!("d{level}/kustomization.yaml"), text);
        }
        let built = build("d0", &Memory(all));
        let bounded = built
            .problems
            .iter()
            .any(|p| p.kind == ProblemKind::TooLarge);
        assert!(bounded, "{field}: {:?}", built.problems.first());
    }
}

#[test]
fn bases_that_double_with_every_step_end() {
    let mut all = BTreeMap::new();
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    all.insert("l0/s.yaml".to_owned(), service.to_owned());
    all.insert(
        "l0/kustomization.yaml".to_owned(),
        "resources: [s.yaml]\n".to_owned(),
    );
    for level in 1..40 {
        for side in ["a", "b"] {
            let text = format!("namePrefix: {side}-\nresources: [../l{}]\n", level - 1);
            all.insert(format!("l{level}{side}/kustomization.yaml"), text);
        }
        let text = format!("resources: [../l{level}a, ../l{level}b]\n");
        all.insert(format!("l{level}/kustomization.yaml"), text);
    }
    // Twelve steps are 4,096 resources, and no problem.
    assert_eq!(build("l12", &Memory(all.clone())).objects.len(), 4096);
    let built = build("l39", &Memory(all));
    assert!(
        built
            .problems
            .iter()
            .any(|p| p.kind == ProblemKind::TooLarge)
    );
}

/// Remembers layers and counts what was built.
struct Counting<'a> {
    files: &'a Memory,
    known: RefCell<BTreeMap<String, Arc<Layer>>>,
    built: RefCell<Vec<String>>,
}

impl Bases for Counting<'_> {
    fn layer(&self, dir: &str) -> Option<Arc<Layer>> {
        if let Some(known) = self.known.borrow().get(dir) {
            return Some(known.clone());
        }
        self.built.borrow_mut().push(dir.to_owned());
        let layer = Arc::new(build_one(dir, self.files, self));
        self.known
            .borrow_mut()
            .insert(dir.to_owned(), layer.clone());
        Some(layer)
    }
}

#[test]
fn a_base_is_built_once_for_all_its_users() {
    let files = files(SHOP);
    let bases = Counting {
        files: &files,
        known: RefCell::default(),
        built: RefCell::default(),
    };
    let first = bases.layer("overlays/prod").unwrap();
    let again = build_one("overlays/prod", &files, &bases);
    assert_eq!(*bases.built.borrow(), ["overlays/prod", "base"]);
    assert_eq!(*first, again);
    assert_eq!(finish(&first), build("overlays/prod", &files));
    let names = references("overlays/prod", &files);
    assert_eq!(names.directories, ["base"]);
    assert_eq!(names.files, ["overlays/prod/sidecar.yaml"]);
}

#[test]
fn the_gateway_chart_of_helm_charts_is_known() {
    let built = build(
        "",
        &files(
            "
== kustomization.yaml
namespace: edge
helmCharts:
  - name: gateway
    repo: https://istio-release.storage.googleapis.com/charts
    releaseName: istio-edge
    valuesInline: {service: {type: ClusterIP}}
  - {name: grafana, repo: https://grafana.github.io/helm-charts}
",
        ),
    );
    let service = object(&built, "Service", "istio-edge");
    assert_eq!(
        service.value.get("metadata").str_or_empty("namespace"),
        "edge"
    );
    assert_eq!(
        service.value.get("spec").get("selector").get("istio"),
        &Value::from("edge")
    );
    assert!(built.charts[0].synthesised && !built.charts[1].synthesised);
    assert!(built.hides_resources());
}

#[test]
fn a_patch_can_delete_replace_and_reach_by_original_name() {
    let built = build(
        "over",
        &files(
            "
== base/kustomization.yaml
namePrefix: a-
resources: [all.yaml]
== base/all.yaml
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: out}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: stay}
spec: {selector: {istio: ingress}, servers: [{port: {number: 80}}]}
== over/kustomization.yaml
resources: [../base]
patches:
  - patch: |
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: out}
      $patch: delete
  - patch: |
      apiVersion: networking.istio.io/v1
      kind: Gateway
      metadata: {name: stay}
      spec: {servers: [{port: {number: 443}}], selector: {$patch: replace, app: edge}}
",
        ),
    );
    assert_eq!(built.problems, []);
    assert_eq!(built.objects.len(), 1);
    let spec = object(&built, "Gateway", "a-stay")
        .value
        .get("spec")
        .clone();
    assert_eq!(spec.list("servers").len(), 1);
    assert_eq!(spec.list("servers")[0].get("port").int("number"), Some(443));
    assert_eq!(spec.get("selector").as_map().unwrap().len(), 1);
}

/// As `kubectl kustomize` merges them: the patch's new ports first, no port twice.
#[test]
fn ports_merge_by_number_and_protocol() {
    let built = build(
        "",
        &files(
            "
== kustomization.yaml
resources: [service.yaml]
patches:
  - patch: |
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec: {ports: [{port: 443, protocol: TCP, targetPort: 1}, {port: 53, protocol: TCP}]}
== service.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{port: 80, name: http}, {port: 443, name: https, protocol: TCP}, {port: 53, protocol: UDP}]
",
        ),
    );
    let service = object(&built, "Service", "web");
    let ports = service.value.get("spec").list("ports");
    let shown = |p: &Value| format!("{} {}", p.int("port").unwrap(), p.str_or_empty("protocol"));
    let shown: Vec<String> = ports.iter().map(shown).collect();
    assert_eq!(shown, ["53 TCP", "80 ", "443 TCP", "53 UDP"]);
    assert_eq!(ports[2].int("targetPort"), Some(1));
    assert_eq!(
        written(service, "spec.ports[1].name"),
        "service.yaml spec.ports[0].name"
    );
    let patch = "kustomization.yaml patches[0].patch > spec.ports[0].targetPort";
    assert_eq!(written(service, "spec.ports[2].targetPort"), patch);
}
