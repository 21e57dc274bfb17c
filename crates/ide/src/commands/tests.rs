//! Commands on a small mesh.

use super::*;
use crate::testing::{Fixture, GATEWAY, REVIEWS};

const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  gateways: [infra/public]
  http: [{route: [{destination: {host: reviews, subset: v1}}]}]
";

fn at(marked: &str) -> Fixture {
    let route = ROUTE.replace(&marked.replace("$0", ""), marked);
    assert_ne!(route, ROUTE);
    Fixture::new(&[REVIEWS, GATEWAY, &route])
}

#[test]
fn a_route_is_called_from_its_gateway_and_the_call_arrives() {
    let f = at("metadata: {name: $0reviews");
    let found = callers(&f.workspace, &f.file, f.offset);
    assert_eq!(
        found,
        [Caller {
            who: "gateway:infra/ingress".into(),
            mesh: "default".into(),
            calls: vec!["http://reviews.example.com:80/".into()],
        }]
    );
    let request = TraceRequest {
        from: found[0].who.clone(),
        url: found[0].calls[0].clone(),
        ..TraceRequest::default()
    };
    let answer = trace(&f.workspace, &request).unwrap();
    assert!(answer.arrives, "{answer:?}");
    assert_eq!(
        answer.summary,
        "Arrives at workload:shop/reviews-v1, through the gateway infra/ingress."
    );
    assert_eq!(answer.steps[0].proxy, "gateway:infra/ingress");
    let places = answer.steps[0]
        .because
        .iter()
        .filter_map(|b| b.place.as_ref());
    assert!(
        places.clone().any(|place| place.path == "shop/route.yaml"),
        "{answer:?}"
    );
}

#[test]
fn a_service_and_a_workload_are_called_from_their_sidecars() {
    let f = at("{host: rev$0iews,");
    let found = callers(&f.workspace, &f.file, f.offset);
    assert_eq!(found[0].who, "workload:shop/reviews-v1");
    assert_eq!(
        found[0].calls,
        ["http://reviews.shop.svc.cluster.local:9080/"]
    );
    let workload = REVIEWS.replace("{name: reviews-v1", "{name: rev$0iews-v1");
    let f = Fixture::new(&[&workload]);
    assert_eq!(
        callers(&f.workspace, &f.file, f.offset)[0].who,
        "workload:shop/reviews-v1"
    );
}

#[test]
fn requests_that_cannot_be_read_say_why() {
    let f = at("metadata: {name: $0reviews");
    let ask = |from: &str, url: &str, mesh: Option<&str>| {
        let request = TraceRequest {
            from: from.into(),
            url: url.into(),
            mesh: mesh.map(Into::into),
            ..TraceRequest::default()
        };
        trace(&f.workspace, &request).unwrap_err().reason
    };
    assert_eq!(ask("a/b", "http://x/", Some("no")), "there is no mesh no");
    assert_eq!(
        ask("a/b", "http://x/", None),
        "no manifest holds a workload a/b"
    );
    assert!(ask("nobody", "http://x/", None).contains("names no proxy"));
    assert!(!ask("shop/reviews-v1", "x", None).is_empty());
}

#[test]
fn the_blast_radius_of_what_is_under_the_cursor() {
    let f = at("[infra/pub$0lic]");
    let found = blast_radius(&f.workspace, &f.file, f.offset);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].resource, "Gateway infra/public");
    assert_eq!(found[0].sees[0].proxy, "gateway:infra/ingress");
    let place = found[0].sees[0].because[0].place.as_ref().unwrap();
    assert_eq!(f.show(place), "infra/gateway.yaml:5: selector");
    let f = at("  ho$0sts:");
    let found = blast_radius(&f.workspace, &f.file, f.offset);
    assert_eq!(found[0].resource, "VirtualService shop/reviews");
    let same = blast_radius_of(&f.workspace, None, "VirtualService shop/reviews").unwrap();
    assert_eq!(found[0], same);
    let gone = blast_radius_of(&f.workspace, None, "Gateway shop/gone").unwrap_err();
    assert_eq!(
        gone.reason,
        "no manifest of mesh default holds Gateway shop/gone"
    );
}

#[test]
fn the_route_graph_in_every_format() {
    let f = at("metadata: {name: $0reviews");
    let draw = |format: GraphFormat| {
        let request = RouteGraphRequest {
            mesh: None,
            namespace: Some("shop".into()),
            host: None,
            format,
        };
        route_graph(&f.workspace, &request).unwrap()
    };
    assert!(draw(GraphFormat::Dot).starts_with("digraph"));
    assert!(draw(GraphFormat::Mermaid).starts_with("flowchart"));
    assert!(draw(GraphFormat::Json).starts_with("{\"nodes\":["));
    assert!(draw(GraphFormat::Html).starts_with("<!DOCTYPE html>"));
}

#[test]
fn meshes_say_whether_they_hold_the_file() {
    let settings = "#- meshscope.yaml\nmeshes: [{name: all}, {name: shop, include: [shop]}]\n";
    let f = Fixture::new(&[settings, REVIEWS, GATEWAY]);
    let here = |file: &str| {
        let listed = meshes(&f.workspace, file).into_iter();
        let listed = listed.map(|mesh| (mesh.name, mesh.here));
        listed.collect::<Vec<_>>()
    };
    let (all, shop) = ("all".to_owned(), "shop".to_owned());
    assert_eq!(
        here("shop/reviews.yaml"),
        [(all.clone(), true), (shop.clone(), true)]
    );
    assert_eq!(
        here("infra/gateway.yaml"),
        [(all.clone(), true), (shop.clone(), false)]
    );
    assert_eq!(here(""), [(all, false), (shop, false)]);
}
