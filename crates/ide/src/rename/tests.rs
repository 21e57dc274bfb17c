//! What is renamed, and what is refused.

use super::*;
use crate::testing::{Fixture, GATEWAY, REVIEWS};

fn renamed(texts: &[&str], new_name: &str) -> Result<Vec<String>, String> {
    let f = Fixture::new(texts);
    let edits = rename(&f.workspace, &f.file, f.offset, new_name);
    let edits = edits.map_err(|error| error.reason)?;
    assert!(edits.iter().all(|edit| edit.new_text == new_name));
    Ok(edits.iter().map(|edit| f.show(&edit.place)).collect())
}

const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  gateways: [infra/public, mesh]
  http:
  - match: [{gateways: [public.infra.svc.cluster.local]}]
    route: [{destination: {host: reviews, subset: v1}}]
  - route: [{destination: {host: reviews, subset: v2}}]
    mirror: {host: reviews.shop.svc.cluster.local, subset: v1}
#- other/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: other, namespace: other}
spec:
  hosts: [other]
  gateways: [public]
  http: [{route: [{destination: {host: other, subset: v1}}]}]
";

#[test]
fn a_subset_with_its_destinations() {
    let expected = [
        "shop/route.yaml:9: v1",
        "shop/route.yaml:11: v1",
        "shop/rule.yaml:7: v1",
    ];
    let rule = REVIEWS.replace("name: v1\n", "name: v$01\n");
    assert_eq!(
        renamed(&[&rule, GATEWAY, ROUTE], "stable").unwrap(),
        expected
    );
    let route = ROUTE.replace(
        "host: reviews, subset: v1}}]\n  -",
        "host: reviews, subset: v1$0}}]\n  -",
    );
    assert_eq!(
        renamed(&[REVIEWS, GATEWAY, &route], "stable").unwrap(),
        expected
    );
}

#[test]
fn a_gateway_in_every_form_of_its_name() {
    let gateway = GATEWAY.replace("{name: public", "{name: $0public");
    assert_eq!(
        renamed(&[REVIEWS, &gateway, ROUTE], "edge").unwrap(),
        [
            "infra/gateway.yaml:3: public",
            "shop/route.yaml:6: public",
            "shop/route.yaml:8: public"
        ]
    );
}

#[test]
fn other_things_are_refused_with_a_reason() {
    let only = "only subsets and Gateways can be renamed";
    let refused = |marked: &str| {
        let route = ROUTE.replacen(&marked.replace("$0", ""), marked, 1);
        let f = Fixture::new(&[REVIEWS, GATEWAY, &route]);
        prepare_rename(&f.workspace, &f.file, f.offset).map_err(|e| e.reason)
    };
    assert_eq!(refused("hosts: [$0reviews]"), Err(only.into()));
    assert_eq!(
        refused("gateways: [infra/public, me$0sh]"),
        Err(only.into())
    );
    assert_eq!(refused("sp$0ec:"), Err(only.into()));
    assert_eq!(
        refused("gateways: [pub$0lic]"),
        Err("nothing of the mesh defines public".into())
    );
    let target = refused("subset: $0v2").unwrap();
    assert_eq!(target.name, "v2");
}

#[test]
fn names_that_are_taken_or_no_names_are_refused() {
    let rule = REVIEWS.replace("name: v1\n", "name: v$01\n");
    let to = |name: &str| renamed(&[&rule, GATEWAY, ROUTE], name).unwrap_err();
    assert_eq!(
        to("v2"),
        "DestinationRule shop/reviews has a subset v2 already"
    );
    for bad in ["", "V1", "-a", "a_b", "a.b", &"a".repeat(64)] {
        assert!(to(bad).contains("is no DNS label"), "{bad}");
    }
    assert_eq!(renamed(&[&rule, GATEWAY, ROUTE], "v1").unwrap(), [""; 0]);
    let two = format!(
        "{}{}",
        GATEWAY.replace("{name: public", "{name: $0public"),
        GATEWAY
            .replace("{name: public", "{name: edge")
            .replace("infra/gateway", "infra/edge")
    );
    assert_eq!(
        renamed(&[&two], "edge").unwrap_err(),
        "there is a Gateway infra/edge already"
    );
}

#[test]
fn a_subset_that_two_namespaces_find_in_rules_of_their_own_is_renamed_in_both() {
    let other = "#- web/rule.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: \
                 {name: r, namespace: web}\nspec: {host: reviews.shop.svc.cluster.local, subsets: [{name: \
                 v1}]}\n#- web/app.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, \
                 namespace: web}\nspec:\n  template:\n    metadata: {labels: {app: a, \
                 sidecar.istio.io/inject: 'true'}}\n    spec: {}\n";
    let rule = REVIEWS.replace("name: v1\n", "name: v$01\n");
    assert_eq!(
        renamed(&[&rule, GATEWAY, ROUTE, other], "stable").unwrap(),
        [
            "shop/route.yaml:9: v1",
            "shop/route.yaml:11: v1",
            "shop/rule.yaml:7: v1",
            "web/rule.yaml:4: v1"
        ]
    );
}

const KUSTOMIZED: &str = "\
#- app/base/kustomization.yaml
resources: [gw.yaml, vs.yaml]
#- app/base/gw.yaml
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec: {selector: {a: b}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
#- app/base/vs.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs}
spec: {hosts: [a.com], gateways: [gw], http: [{redirect: {uri: /}}]}
#- app/one/kustomization.yaml
namespace: one
resources: [../base]
patches:
- path: patch.yaml
- target: {kind: Gateway, name: gw}
  patch: '[{op: add, path: /metadata/labels, value: {x: z}}]'
#- app/one/patch.yaml
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec: {selector: {a: c}}
#- app/two/kustomization.yaml
namespace: two
resources: [../base, extra.yaml]
#- app/two/extra.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: extra}
spec: {hosts: [b.com], gateways: [two/gw], http: [{redirect: {uri: /}}]}
";

#[test]
fn a_base_is_renamed_for_all_its_overlays_and_in_their_patches() {
    let marked = KUSTOMIZED.replace("gateways: [gw]", "gateways: [$0gw]");
    assert_eq!(
        renamed(&[&marked], "edge").unwrap(),
        [
            "app/base/gw.yaml:3: gw",
            "app/base/vs.yaml:4: gw",
            "app/one/kustomization.yaml:5: gw",
            "app/one/patch.yaml:3: gw",
            "app/two/extra.yaml:4: gw",
        ]
    );
}

#[test]
fn a_name_that_a_kustomization_changes_is_refused() {
    let prefixed = KUSTOMIZED.replace("namespace: two\n", "namespace: two\nnamePrefix: x-\n");
    let prefixed = prefixed.replace("[two/gw]", "[two/x-gw]");
    let marked = prefixed.replace("gateways: [gw]", "gateways: [$0gw]");
    let error = renamed(&[&marked], "edge").unwrap_err();
    assert!(error.contains("kustomization"), "{error}");
}

#[test]
fn half_typed_text_can_be_renamed_in() {
    let rule = REVIEWS.replace("name: v1\n", "name: v$01\n    lab\n");
    assert_eq!(
        renamed(&[&rule, GATEWAY, ROUTE], "stable").unwrap().len(),
        3
    );
}
