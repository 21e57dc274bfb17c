//! Gateway API objects end to end: what the gateway workload istiod creates is programmed with.

use super::*;
use crate::db::name;
use crate::gateways::{gateway_listeners, gateway_route_config, rejections};
use crate::testing::{TestDb, mesh_of, objects, proxy};
use crate::visibility::{VirtualService, virtual_services_in as prepared_in};
use crate::workloads::Proxy;
use meshscope_manifest::Str;

const WEB: &str = "K8sGateway infra/gw {gatewayClassName: istio, listeners: [{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}";
const API: &str = "Service app/api {ports: [{name: http, port: 80}]}";

struct Case {
    db: TestDb,
    mesh: Mesh,
}

impl Case {
    fn new(lines: &[&str]) -> Case {
        let (db, mesh) = mesh_of(&objects(&lines.join("\n")));
        Case { db, mesh }
    }

    fn gateway(&self) -> Proxy {
        proxy(&self.db, self.mesh, "infra/gw-istio")
    }

    /// The route config's virtual hosts as `domains: route clusters`.
    fn routes(&self, config: &str) -> Vec<String> {
        let config = gateway_route_config(&self.db, self.mesh, &self.gateway(), config);
        let show = |v: &crate::envoy::VirtualHost| {
            let routes: Vec<String> = v.routes.iter().map(end).collect();
            format!("{}: {}", v.domains.join(" "), routes.join("; "))
        };
        config.virtual_hosts.iter().map(show).collect()
    }

    fn listeners(&self) -> Vec<String> {
        let config = gateway_listeners(&self.db, self.mesh, &self.gateway());
        let mut lines = Vec::new();
        for listener in &config.listeners {
            for chain in &listener.chains {
                let names = chain.matching.server_names.join(" ");
                lines.push(format!("{} [{names}] {:?}", listener.name, chain.filter));
            }
        }
        lines
    }

    fn virtual_services(&self, namespace: &str) -> Vec<Arc<VirtualService>> {
        prepared_in(&self.db, self.mesh, name(&self.db, namespace)).to_vec()
    }

    fn refused(&self, namespace: &str) -> Vec<RefusedReason> {
        let refused = refused_routes(&self.db, self.mesh, name(&self.db, namespace));
        refused.iter().map(|r| r.reason).collect()
    }
}

fn end(route: &crate::envoy::Route) -> String {
    match &route.action {
        crate::envoy::Action::Clusters(clusters) => {
            let names: Vec<Str> = clusters.iter().map(|c| c.cluster.clone()).collect();
            names.join(", ")
        }
        other => format!("{other:?}"),
    }
}

fn route(label: &str, hostnames: &str, rules: &str) -> String {
    format!(
        "HTTPRoute {label} {{parentRefs: [{{name: gw, namespace: infra}}], hostnames: [{hostnames}], rules: [{rules}]}}"
    )
}

const TO_API: &str = "{backendRefs: [{name: api, port: 80}]}";

#[test]
fn istiod_makes_workload_service_and_listener() {
    let case = Case::new(&[WEB, API, &route("app/r", "a.com", TO_API)]);
    assert_eq!(
        case.listeners(),
        [r#"0.0.0.0_80 [] Http { route_config: "http.80" }"#]
    );
    assert_eq!(
        case.routes("http.80"),
        ["a.com: outbound|80||api.app.svc.cluster.local"]
    );
}

#[test]
fn the_class_of_the_workload_is_programmed_alike() {
    let case = Case::new(&[WEB]);
    let workload =
        crate::workloads::find_workload(&case.db, case.mesh, "infra", "gw-istio").unwrap();
    let class = crate::workloads::class_proxy(&case.db, case.mesh, &workload).unwrap();
    let config = gateway_listeners(&case.db, case.mesh, &class);
    assert_eq!(config.listeners.len(), 1);
}

#[test]
fn a_gateway_by_address_uses_the_service_written() {
    let manual = WEB.replace(
        "gatewayClassName: istio,",
        "gatewayClassName: istio, addresses: [{type: Hostname, value: ig}],",
    );
    let case = Case::new(&[&manual]);
    let managed = managed_in(&case.db, case.mesh, name(&case.db, "infra"));
    assert!(managed.is_empty());
    let listeners = listeners_in(&case.db, case.mesh, name(&case.db, "infra"));
    let crate::gateways::Selection::Services { hosts, .. } = &listeners[0].gateway.selection else {
        panic!("selects by Service");
    };
    assert_eq!(hosts[..], ["ig.infra.svc.cluster.local"]);
}

#[test]
fn rules_of_all_routes_are_sorted_together() {
    let first =
        "{matches: [{path: {type: PathPrefix, value: /a}}], backendRefs: [{name: short, port: 1}]}";
    let second = "{matches: [{path: {type: PathPrefix, value: /a/b}}, {path: {type: Exact, value: /x}}], backendRefs: [{name: long, port: 1}]}";
    let case = Case::new(&[
        WEB,
        &route("app/r1", "a.com", first),
        &route("other/r2", "a.com", second),
    ]);
    assert_eq!(
        case.routes("http.80"),
        [
            "a.com: outbound|1||long.other.svc.cluster.local; outbound|1||long.other.svc.cluster.local; outbound|1||short.app.svc.cluster.local"
        ]
    );
    let merged = case.virtual_services("app");
    assert_eq!(merged.len(), 1);
    assert_eq!(
        merged[0].name,
        "infra~gw~istio-autogenerated-k8s-gateway~web~a.com"
    );
    assert!(case.virtual_services("other").is_empty());
}

#[test]
fn a_hostname_belongs_to_the_most_specific_listener() {
    let gateway = r#"K8sGateway infra/gw {gatewayClassName: istio, listeners: [{name: any, port: 80, protocol: HTTP, hostname: "*.com", allowedRoutes: {namespaces: {from: All}}}, {name: one, port: 80, protocol: HTTP, hostname: a.com, allowedRoutes: {namespaces: {from: All}}}]}"#;
    let case = Case::new(&[gateway, &route("app/r", "a.com, b.com", TO_API)]);
    let names: Vec<Str> = case
        .virtual_services("app")
        .iter()
        .map(|v| v.name.clone())
        .collect();
    assert_eq!(
        names,
        [
            "infra~gw~istio-autogenerated-k8s-gateway~any~b.com",
            "infra~gw~istio-autogenerated-k8s-gateway~one~a.com",
            "infra~gw~istio-autogenerated-k8s-gateway~one~b.com"
        ]
    );
}

#[test]
fn backends_elsewhere_need_a_grant() {
    let rule = "{backendRefs: [{name: api, namespace: app, port: 80}]}";
    let grant = "ReferenceGrant app/g {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: infra}], to: [{group: \"\", kind: Service}]}";
    let case = Case::new(&[WEB, API, &route("infra/r", "a.com", rule)]);
    assert_eq!(case.routes("http.80"), ["a.com: UnknownService"]);
    assert_eq!(case.refused("infra"), [RefusedReason::Backend]);
    let case = Case::new(&[WEB, API, grant, &route("infra/r", "a.com", rule)]);
    assert_eq!(
        case.routes("http.80"),
        ["a.com: outbound|80||api.app.svc.cluster.local"]
    );
}

#[test]
fn some_errors_cost_the_whole_route() {
    for (rule, fault) in [
        ("{backendRefs: [{name: api}]}", RouteFault::BackendPort),
        (
            "{backendRefs: [{name: api.app, port: 80}]}",
            RouteFault::BackendName,
        ),
        (
            "{filters: [{type: ExtensionRef}], backendRefs: [{name: api, port: 80}]}",
            RouteFault::Filter,
        ),
        (
            "{backendRefs: [{name: api, port: 80, filters: [{type: URLRewrite}]}]}",
            RouteFault::Filter,
        ),
    ] {
        let rules = format!("{TO_API}, {rule}");
        let case = Case::new(&[WEB, &route("app/r", "a.com", &rules)]);
        assert_eq!(case.refused("app"), [RefusedReason::Route(fault)], "{rule}");
        assert_eq!(case.routes("http.80"), ["*: "], "{rule}");
    }
}

#[test]
fn without_backends_requests_are_answered() {
    let table = [
        ("{}", "DirectResponse(404)"),
        (
            "{backendRefs: [{name: api, port: 80, weight: 0}]}",
            "DirectResponse(500)",
        ),
        (
            "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}",
            "Redirect(302)",
        ),
    ];
    for (rule, expected) in table {
        let case = Case::new(&[WEB, &route("app/r", "a.com", rule)]);
        assert_eq!(
            case.routes("http.80"),
            [format!("a.com: {expected}")],
            "{rule}"
        );
    }
}

#[test]
fn denials_say_why() {
    let own = WEB
        .replace("All", "Same")
        .replace("protocol: HTTP", "protocol: HTTP, hostname: a.com");
    let outcome = |lines: &[&str]| {
        let case = Case::new(lines);
        let all = attachments_in(&case.db, case.mesh, name(&case.db, "app"));
        all[0].outcome.clone().err()
    };
    let table = [
        (route("app/r", "a.com", TO_API), Denial::NamespaceNotAllowed),
        (route("app/r", "b.com", TO_API), Denial::NoHostname),
        (
            route("app/r", "a.com", TO_API).replace("name: gw,", "name: gw, port: 81,"),
            Denial::OtherListener,
        ),
        (
            route("app/r", "a.com", TO_API).replace("name: gw,", "name: nowhere,"),
            Denial::NotFound,
        ),
        (
            route("app/r", "a.com", TO_API).replace("HTTPRoute", "TLSRoute"),
            Denial::NamespaceNotAllowed,
        ),
    ];
    for (line, expected) in table {
        assert_eq!(outcome(&[&own, &line]), Some(expected), "{line}");
    }
    let tls = route("app/r", "a.com", TO_API).replace("HTTPRoute", "TLSRoute");
    assert_eq!(outcome(&[WEB, &tls]), Some(Denial::KindNotAllowed));
}

#[test]
fn a_service_as_parent_routes_in_the_mesh() {
    let line = "HTTPRoute app/r {parentRefs: [{group: \"\", kind: Service, name: api, port: 80}], rules: [{backendRefs: [{name: v2, port: 80}]}]}";
    let case = Case::new(&[API, line]);
    let found = case.virtual_services("app");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].hosts[..], ["api.app.svc.cluster.local"]);
    assert_eq!(found[0].gateways[..], ["mesh"]);
    assert_eq!(found[0].http[0].rule.matches[0].port, 80);
    assert!(found[0].gateway_semantics);
}

#[test]
fn tls_routes_pass_through_or_end_tls() {
    let gateway = |mode: &str| {
        format!(
            r#"K8sGateway infra/gw {{gatewayClassName: istio, listeners: [{{name: tls, port: 443, protocol: TLS, hostname: "*.a.com", tls: {{mode: {mode}, certificateRefs: [{{name: cert}}]}}}}]}}"#
        )
    };
    let line = "TLSRoute infra/r {parentRefs: [{name: gw}], hostnames: [x.a.com, y.b.com], rules: [{backendRefs: [{name: db, port: 443}]}]}";
    let case = Case::new(&[&gateway("Passthrough"), line]);
    assert!(case.listeners()[0].starts_with("0.0.0.0_443 [x.a.com] Tcp"));
    let case = Case::new(&[&gateway("Terminate"), line]);
    assert!(case.listeners()[0].starts_with("0.0.0.0_443 [*.a.com] Tcp"));
}

/// E18: the namespace prefixes of two tenants hide that their SNI is the same.
#[test]
fn one_hostname_for_two_tenants_is_refused() {
    let gateway = "K8sGateway infra/gw {gatewayClassName: istio, allowedListeners: {namespaces: {from: All}}, listeners: [{name: web, port: 80, protocol: HTTP}]}";
    let set = |namespace: &str| {
        format!(
            "ListenerSet {namespace}/shop {{parentRef: {{name: gw, namespace: infra}}, listeners: [{{name: a, protocol: HTTPS, hostname: shop.com, tls: {{certificateRefs: [{{name: c}}]}}}}]}}"
        )
    };
    let case = Case::new(&[gateway, &set("t1"), &set("t2")]);
    assert_eq!(case.listeners().len(), 3);
    let refused = rejections(&case.db, case.mesh, &case.gateway());
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].name, "0.0.0.0_443");
    let closed = gateway.replace("All", "None");
    let case = Case::new(&[&closed, &set("t1"), &set("t2")]);
    assert_eq!(case.listeners().len(), 1);
}

#[test]
fn listeners_with_errors_do_not_exist() {
    let line = "K8sGateway infra/gw {gatewayClassName: istio, listeners: [{name: a, port: 1, protocol: TCP}, {name: b, port: 2, protocol: UDP}, {name: c, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: x, namespace: other}]}}, {name: d, port: 80, protocol: HTTP}]}";
    let case = Case::new(&[line]);
    assert_eq!(case.listeners().len(), 1);
    let refused = refused_listeners(&case.db, case.mesh, name(&case.db, "infra"));
    let faults: Vec<RefusedReason> = refused.iter().map(|r| r.reason).collect();
    let expected = [
        ListenerFault::Protocol,
        ListenerFault::Protocol,
        ListenerFault::NotGranted,
    ];
    assert_eq!(faults, expected.map(RefusedReason::Listener));
    let foreign = line.replace("gatewayClassName: istio", "gatewayClassName: nginx");
    let case = Case::new(&[&foreign]);
    assert!(gateways_in(&case.db, case.mesh, name(&case.db, "infra")).is_empty());
}

#[test]
fn an_edit_of_a_route_runs_only_its_own_hosts() {
    let lines = [
        WEB,
        &route("app/one", "a.com", "{backendRefs: [{name: x, port: 1}]}"),
        &route("other/two", "b.com", "{backendRefs: [{name: y, port: 1}]}"),
    ];
    let texts: Vec<String> = lines.iter().map(|l| objects(l)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (mut db, mesh, files) = crate::testing::mesh_of_files(&texts, Default::default());
    let ask = |db: &TestDb| {
        let pod = proxy(db, mesh, "infra/gw-istio");
        gateway_listeners(db, mesh, &pod);
        gateway_route_config(db, mesh, &pod, "http.80");
    };
    ask(&db);
    db.ran();
    db.edit(files[1], "name: x", "name: z");
    ask(&db);
    assert_eq!(db.count("of_key"), 1);
    assert_eq!(db.count("routes_in"), 1);
    for query in [
        "listeners_in",
        "contributors",
        "managed_in",
        "attached",
        "config",
    ] {
        assert_eq!(db.count(query), 0, "{query}");
    }
}
