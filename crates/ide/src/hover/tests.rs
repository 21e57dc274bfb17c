//! What is said, and where nothing is.

use super::*;
use crate::testing::{Fixture, GATEWAY, REVIEWS};

fn said(texts: &[&str]) -> String {
    let f = Fixture::new(texts);
    let found = hover(&f.workspace, &f.file, f.offset);
    found.map(|h| h.markdown).unwrap_or_default()
}

const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  gateways: [infra/public]
  http:
  - match: [{uri: {prefix: /v1}}]
    route:
    - {destination: {host: reviews, subset: v1}, weight: 90}
    - {destination: {host: reviews, subset: v2}, weight: 10}
";

fn at(marked: &str) -> String {
    let route = ROUTE.replace(&marked.replace("$0", ""), marked);
    assert_ne!(route, ROUTE);
    said(&[REVIEWS, GATEWAY, &route])
}

#[test]
fn a_host_is_what_it_means_from_here() {
    assert_eq!(
        at("{host: rev$0iews, subset: v1}"),
        "**`reviews.shop.svc.cluster.local`**: Service shop/reviews\n\n\
         - ports: 9080 http (HTTP)\n\
         - behind it: Deployment shop/reviews-v1\n\
         - DestinationRule shop/reviews, subsets `v1`, `v2`\n\
         - seen by the one proxy of namespace `shop`"
    );
}

#[test]
fn a_host_that_is_hidden_says_by_what() {
    let hidden = "#- a.yaml\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: \
                  ext, namespace: a}\nspec: {hosts: [x.com], exportTo: ['.'], resolution: DNS, ports: \
                  [{number: 443, name: tls, protocol: TLS}]}\n";
    let rule = "#- b.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: \
                r, namespace: b}\nspec: {host: x.c$0om}\n";
    assert_eq!(
        said(&[hidden, rule]),
        "`x.com`: not visible from namespace `b`\n\n\
         - ServiceEntry a/ext is exported to its own namespace only"
    );
}

#[test]
fn a_host_nobody_defines() {
    let rule = "#- b.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: \
                r, namespace: b}\nspec: {host: noth$0ing}\n";
    assert_eq!(
        said(&[rule]),
        "`nothing.b.svc.cluster.local`: no Service or ServiceEntry of the mesh defines it"
    );
}

#[test]
fn a_gateway_is_its_workloads_servers_and_routes() {
    let expected = "**Gateway infra/public**\n\n\
                    - applies to Deployment infra/ingress\n\
                    - HTTP 80: `*.example.com`\n\
                    - VirtualService shop/reviews: `reviews.example.com`";
    assert_eq!(at("[infra/$0public]"), expected);
    let gateway = GATEWAY.replace("{name: public", "{name: pub$0lic");
    assert_eq!(said(&[REVIEWS, &gateway, ROUTE]), expected);
}

#[test]
fn a_gateway_says_what_is_not_bound() {
    let route = ROUTE.replace("reviews.example.com", "reviews.other.org");
    let gateway = GATEWAY.replace("kind: Gateway", "kind: Gate$0way");
    let text = said(&[REVIEWS, &gateway, &route]);
    assert!(
        text.contains("**not** VirtualService shop/reviews:"),
        "{text}"
    );
}

#[test]
fn a_route_says_where_it_goes() {
    assert_eq!(
        at("    rou$0te:"),
        "**http rule 0** of VirtualService shop/reviews\n\n\
         - 90 of 100: `reviews.shop.svc.cluster.local` subset `v1` to Deployment shop/reviews-v1\n\
         - 10 of 100: `reviews.shop.svc.cluster.local` subset `v2` to Service shop/reviews"
    );
}

#[test]
fn an_object_is_whom_it_reaches() {
    let text = at("kind: Virtual$0Service");
    assert!(
        text.starts_with(
            "**VirtualService shop/reviews**\n\n- seen by 1 gateway workload: `infra/ingress`"
        ),
        "{text}"
    );
}

#[test]
fn a_subset_is_the_workloads_it_takes() {
    assert_eq!(
        at("subset: v$01"),
        "subset **`v1`** of DestinationRule shop/reviews: `version=v1` takes Deployment shop/reviews-v1"
    );
    assert_eq!(
        at("subset: v$02"),
        "subset **`v2`** of DestinationRule shop/reviews: `version=v2`, which no workload behind the \
         host has"
    );
}

#[test]
fn selectors_and_service_accounts() {
    let gateway = GATEWAY.replace(
        "{istio: ingress}\n  servers",
        "{is$0tio: ingress}\n  servers",
    );
    assert_eq!(said(&[&gateway]), "takes Deployment infra/ingress");
    let account = REVIEWS.replace(
        "{serviceAccountName: reviews}",
        "{serviceAccountName: rev$0iews}",
    );
    assert_eq!(
        said(&[&account]),
        "**ServiceAccount shop/reviews**: Deployment shop/reviews-v1"
    );
}

#[test]
fn plain_fields_say_nothing_but_have_help() {
    let marked = ROUTE.replace("weight: 90", "wei$0ght: 90");
    assert_eq!(said(&[REVIEWS, &marked]), "");
    let f = Fixture::new(&[&marked]);
    let help = field_help(&f.workspace, &f.file, f.offset).unwrap();
    assert!(
        help.markdown.starts_with("**`weight`**: a whole number"),
        "{}",
        help.markdown
    );
    assert_eq!(
        f.show_range(&f.file, &help.range),
        "shop/route.yaml:10: weight"
    );
}

#[test]
fn half_typed_text_has_hovers_too() {
    let route = ROUTE.replace("weight: 90}", "weight: 90}\n    timeo");
    let route = route.replace("[infra/public]", "[infra/pub$0lic]");
    assert!(said(&[REVIEWS, GATEWAY, &route]).starts_with("**Gateway infra/public**"));
}

#[test]
fn meshes_that_differ_are_told_apart() {
    let settings = "#- meshscope.yaml\nmeshes: [{name: one, include: [a, both]}, {name: two, include: \
                    [both]}]\n";
    let service = "#- a/s.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: ns}\nspec: \
                   {ports: [{port: 80}]}\n";
    let rule = "#- both/r.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: \
                {name: r, namespace: ns}\nspec: {host: $0s}\n";
    let text = said(&[settings, service, rule]);
    assert!(
        text.starts_with("Mesh `one`: **`s.ns.svc.cluster.local`**: Service ns/s"),
        "{text}"
    );
    assert!(
        text.ends_with(
            "Mesh `two`: `s.ns.svc.cluster.local`: no Service or ServiceEntry of the mesh defines it"
        ),
        "{text}"
    );
}

#[test]
fn a_namespace_no_file_names_is_not_made_up() {
    let rule = "#- b.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: \
                r}\nspec: {host: noth$0ing}\n";
    assert_eq!(
        said(&[rule]),
        "`nothing`: no Service or ServiceEntry of the mesh defines it"
    );
}

const GATEWAY_API: &str = "\
#- infra/gw.yaml
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: istio
  listeners:
  - {name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
#- shop/http.yaml
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{name: gw, namespace: infra}]
  hostnames: [shop.example.com]
  rules:
  - backendRefs:
    - {name: reviews, port: 9080}
";

#[test]
fn gateway_api_gateways_and_routes_say_the_same_as_istio_ones() {
    let at = |marked: &str| {
        let text = GATEWAY_API.replace(&marked.replace("$0", ""), marked);
        assert_ne!(text, GATEWAY_API);
        said(&[REVIEWS, &text])
    };
    let text = at("{name: $0gw, namespace: infra}]");
    assert!(text.contains("- HTTP 80: `*`"), "{text}");
    assert!(
        text.contains("- HTTPRoute shop/r: `shop.example.com`"),
        "{text}"
    );
    assert_eq!(
        at("backend$0Refs"),
        "**rule 0** of HTTPRoute shop/r\n\n\
         - `reviews.shop.svc.cluster.local` port 9080 to Deployment shop/reviews-v1"
    );
}

#[test]
fn a_delegate_that_is_none_says_so() {
    let root = "#- a/root.yaml\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: \
                root, namespace: a}\nspec: {hosts: [a.b], http: [{delegate: {name: le$0af, namespace: \
                b}}]}\n";
    let leaf = |spec: &str| {
        format!(
            "#- b/leaf.yaml\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: \
             leaf, namespace: b}}\nspec: {{http: [{{redirect: {{uri: /}}}}]{spec}}}\n"
        )
    };
    let ends = |spec: &str, end: &str| {
        let text = said(&[root, &leaf(spec)]);
        assert!(text.ends_with(end), "{text}");
    };
    ends("", "pushed to no proxy");
    ends(
        ", exportTo: ['.']",
        "**not** exported to `a`: the rule that delegates to it is dropped",
    );
    ends(
        ", hosts: [c.d]",
        "**no** delegate, as it has hosts: the rule that names it is dropped",
    );
}

#[test]
fn a_host_that_a_sidecar_leaves_out_is_not_seen() {
    let entry = "#- e.yaml\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, \
                 namespace: far}\nspec: {hosts: [one.com, two.com], resolution: DNS, ports: [{number: 443, \
                 name: tls, protocol: TLS}]}\n";
    let sidecar = "#- s.yaml\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, \
                   namespace: shop}\nspec: {egress: [{hosts: ['far/one.com']}]}\n";
    let rule = |host: &str| {
        format!(
            "#- d.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, \
             namespace: shop}}\nspec: {{host: $0{host}}}\n"
        )
    };
    let text = said(&[REVIEWS, entry, sidecar, &rule("one.com")]);
    assert!(
        text.ends_with("seen by the one proxy of namespace `shop`"),
        "{text}"
    );
    let text = said(&[REVIEWS, entry, sidecar, &rule("two.com")]);
    assert!(
        text.ends_with(
            "seen by 0 of 1 proxy of namespace `shop`; not by `shop/reviews-v1`: its Sidecar does not \
             import it"
        ),
        "{text}"
    );
}

#[test]
fn what_istiod_does_not_read_has_no_hover() {
    let policy = "#- n.yaml\napiVersion: networking.k8s.io/v1\nkind: Network$0Policy\nmetadata: {name: n, \
                  namespace: shop}\nspec: {podSelector: {}}\n";
    assert_eq!(said(&[REVIEWS, policy]), "");
}
