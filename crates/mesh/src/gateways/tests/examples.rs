//! E1 to E20 of the specification.

use super::*;

const PASSTHROUGH: &str = r#"Gateway istio-system/gw {servers: [{port: {number: 443, name: tls, protocol: TLS}, hosts: ["*.ex.com"], tls: {mode: PASSTHROUGH}}]}"#;

fn simple(gateway: &str, hosts: &str) -> String {
    format!(
        r#"Gateway {gateway} {{servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, hosts: [{hosts}], tls: {{mode: SIMPLE, credentialName: c}}}}]}}"#
    )
}

fn http(gateway: &str, hosts: &str) -> String {
    format!(
        r#"Gateway {gateway} {{servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [{hosts}]}}]}}"#
    )
}

fn lines(parts: &[&str]) -> String {
    parts.join("\n")
}

#[test]
fn e1_passthrough() {
    let vs = |port: u32| {
        format!(
            r#"VirtualService app/v {{hosts: [a.ex.com], gateways: [istio-system/gw], tls: [{{match: [{{port: {port}, sniHosts: [a.ex.com]}}], route: [{{destination: {{host: a, port: {{number: 443}}}}}}]}}]}}"#
        )
    };
    let e = Example::new(&lines(&[PASSTHROUGH, &vs(443)]));
    assert_eq!(
        e.chains(),
        ["0.0.0.0_8443 [a.ex.com] -> outbound|443||a.app.svc.cluster.local"]
    );
    assert!(e.config().listeners[0].tls_inspector);
    let e = Example::new(&lines(&[PASSTHROUGH, &vs(8443)]));
    assert!(e.chains().is_empty());
    assert_eq!(e.drops(), [DropReason::NoChain, DropReason::EmptyListener]);
    let reason = UnboundReason::OtherPort {
        server_port: 443,
        written: vec![8443],
    };
    assert_eq!(e.unbound("v"), [reason]);
}

#[test]
fn e2_wrong_kind_of_rules() {
    let vs = "VirtualService app/v {hosts: [a.ex.com], gateways: [istio-system/gw], http: [{route: [{destination: {host: a}}]}]}";
    let e = Example::new(&lines(&[PASSTHROUGH, vs]));
    assert!(e.chains().is_empty());
    let reason = UnboundReason::WrongKind {
        wants: "tls",
        has: vec!["http"],
    };
    assert_eq!(e.unbound("v"), [reason]);
}

#[test]
fn e3_one_sni_under_two_spellings() {
    for (first, second) in [
        (r#""./*""#, r#""./*""#),
        (r#""./a.com""#, "a.com"),
        ("A.com", "a.com"),
    ] {
        let e = Example::new(&lines(&[&simple("ns1/g", first), &simple("ns2/g", second)]));
        assert_eq!(e.chains().len(), 2, "{first} {second}");
        assert_eq!(e.refused(), ["Listener 0.0.0.0_8443"], "{first} {second}");
    }
}

#[test]
fn e4_plaintext_and_https_on_one_port() {
    let plain = |age: u32| {
        format!(
            r#"Gateway ns1/g1 @{age} {{servers: [{{port: {{number: 443, name: http, protocol: HTTP}}, hosts: ["*"]}}]}}"#
        )
    };
    let https = |age: u32| simple("ns1/g2", "a.com").replace("g2 {", &format!("g2 @{age} {{"));
    let e = Example::new(&lines(&[&plain(10), &https(20)]));
    assert_eq!(e.chains(), ["0.0.0.0_8443 [] -> http.8443"]);
    assert_eq!(e.drops(), [DropReason::ProtocolConflict]);
    let dropped = &e.config().dropped[0];
    assert!(!dropped.ambiguous);
    assert_eq!(dropped.parties[0].object.name, "g2");
    assert_eq!(dropped.parties[1].object.name, "g1");
    let e = Example::new(&lines(&[&plain(20), &https(10)]));
    assert_eq!(
        e.chains(),
        [
            "0.0.0.0_8443 [a.com] -> https.443.https.g2.ns1",
            "0.0.0.0_8443 [] -> http.8443"
        ]
    );
}

#[test]
fn e5_tcp_collision() {
    let gateway = |ns: &str| {
        format!(
            r#"Gateway {ns}/gateway {{servers: [{{port: {{number: 31400, name: tcp, protocol: TCP}}, hosts: ["*"]}}]}}"#
        )
    };
    let vs = "VirtualService app/v {hosts: ['*'], gateways: [istio-system/gateway], tcp: [{route: [{destination: {host: a, port: {number: 1}}}]}]}";
    let e = Example::new(&lines(&[&gateway("alpha"), &gateway("istio-system"), vs]));
    assert!(e.chains().is_empty());
    assert!(e.config().dropped[0].ambiguous);
    assert_eq!(
        e.unbound("v"),
        [UnboundReason::ServerDropped(DropReason::ProtocolConflict)]
    );
    let e = Example::new(&lines(&[&gateway("zeta"), &gateway("istio-system"), vs]));
    assert_eq!(
        e.chains(),
        ["0.0.0.0_31400 [] -> outbound|1||a.app.svc.cluster.local"]
    );
}

const WEB: &str = r#"Gateway istio-system/gw {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}"#;

fn route(name: &str, host: &str, rules: &str) -> String {
    format!(
        r#"VirtualService app/{name} {{hosts: ["{host}"], gateways: [istio-system/gw], http: [{rules}]}}"#
    )
}

fn to(matching: &str, destination: &str) -> String {
    format!(
        "{{match: [{{uri: {{{matching}}}}}], route: [{{destination: {{host: {destination}.org, port: {{number: 1}}}}}}]}}"
    )
}

#[test]
fn e6_a_more_specific_host_shadows_a_wildcard() {
    let e = Example::new(&lines(&[
        WEB,
        &route("v1", "*.ex.com", &to("prefix: /", "a")),
        &route("v2", "a.ex.com", &to("prefix: /v2", "b")),
    ]));
    let table = [
        ("a.ex.com", "/v2", "outbound|1||b.org"),
        ("a.ex.com", "/", "404"),
        ("b.ex.com", "/", "outbound|1||a.org"),
    ];
    for (host, path, expected) in table {
        assert_eq!(e.ask("http.8080", host, path), expected, "{host}{path}");
    }
}

#[test]
fn e7_routes_of_one_host_are_merged_in_order() {
    let everything = "{route: [{destination: {host: c.org, port: {number: 1}}}]}";
    let second = format!("{}, {everything}", to("exact: /a/b", "b"));
    let e = Example::new(&lines(&[
        WEB,
        &route("v1", "x.com", &to("prefix: /a", "a")),
        &route("v2", "x.com", &second),
    ]));
    assert_eq!(e.ask("http.8080", "x.com", "/a/b"), "outbound|1||a.org");
    assert_eq!(e.ask("http.8080", "x.com", "/z"), "outbound|1||c.org");
}

#[test]
fn catch_alls_go_last_whatever_their_age() {
    let e = Example::new(&lines(&[
        WEB,
        &route("v1", "x.com", &to("prefix: /", "a")),
        &route("v2", "x.com", &to("prefix: /b", "b")),
    ]));
    assert_eq!(e.ask("http.8080", "x.com", "/b"), "outbound|1||b.org");
    assert_eq!(e.ask("http.8080", "x.com", "/"), "outbound|1||a.org");
}

#[test]
fn e8_a_redirect_holds_for_every_gateway_of_the_route_config() {
    let redirect = r#"Gateway istio-system/g1 {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.com], tls: {httpsRedirect: true}}]}"#;
    let e = Example::new(&lines(&[
        redirect,
        WEB,
        &route("v", "x.com", &to("prefix: /.well-known/", "acme")),
    ]));
    assert_eq!(e.ask("http.8080", "x.com", "/.well-known/x"), "301");
}

#[test]
fn e9_a_redirect_with_a_namespace_is_no_redirect() {
    let redirect = r#"Gateway istio-system/g1 {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["./x.com"], tls: {httpsRedirect: true}}]}"#;
    let e = Example::new(redirect);
    assert_eq!(e.ask("http.8080", "x.com", "/"), "404");
    let config = gateway_route_config(&e.db, e.mesh, &e.proxy, "http.8080");
    assert_eq!(config.virtual_hosts[0].domains, ["istio-system/x.com"]);
}

#[test]
fn e10_exports_are_checked_against_the_pod() {
    let vs = "VirtualService app/v {hosts: [x.com], gateways: [infra/gw], exportTo: ['.', infra], http: [{route: [{destination: {host: a.org}}]}]}";
    let e = Example::new(&lines(&[&http("infra/gw", "x.com"), vs]));
    assert_eq!(e.ask("http.8080", "x.com", "/"), "404");
    assert_eq!(e.unbound("v"), [UnboundReason::NotExported]);
}

#[test]
fn e11_the_default_port_of_a_destination() {
    let vs = "VirtualService app/v {hosts: [a.com], gateways: [ns1/g], http: [{route: [{destination: {host: api}}]}]}";
    let service = |ports: &str| format!("Service app/api {{ports: [{ports}]}}");
    let ask = |ports: &str| {
        let e = Example::new(&lines(&[&simple("ns1/g", "a.com"), vs, &service(ports)]));
        e.ask("https.443.https.g.ns1", "a.com", "/")
    };
    assert_eq!(
        ask("{name: http, port: 80}, {name: http2, port: 9090}"),
        "outbound|443||api.app.svc.cluster.local"
    );
    assert_eq!(
        ask("{name: http, port: 9090}"),
        "outbound|9090||api.app.svc.cluster.local"
    );
}

#[test]
fn e12_service_ports_of_one_target_collapse() {
    let ports = "- {name: http2, port: 80, targetPort: 8080}";
    let both = format!("{ports}\n  - {{name: http2-alt, port: 81, targetPort: 8080}}");
    let text = POD.replace(ports, &both)
        + &yaml(&lines(&[
            &http("istio-system/a", "a.com"),
            &http("istio-system/b", "b.com").replace("80", "81"),
        ]));
    let (db, mesh) = mesh_of(&text);
    let proxy = proxy(&db, mesh, "istio-system/ig");
    let e = Example { db, mesh, proxy };
    assert_eq!(
        e.chains(),
        ["0.0.0.0_8080 [] -> http.8080", "0.0.0.0_81 [] -> http.81"]
    );
}

#[test]
fn e13_logical_dns_takes_one_endpoint() {
    let text = format!("{POD}{}", yaml("ServiceEntry app/db {hosts: [db.ex.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: a.org}, {address: b.org}]}"))
        .replace("{name: db, namespace: app}", "{name: db, namespace: app, annotations: {istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT}}");
    let (db, mesh) = mesh_of(&text);
    let proxy = proxy(&db, mesh, "istio-system/ig");
    let e = Example { db, mesh, proxy };
    assert_eq!(e.refused(), ["Cluster outbound|80||db.ex.com"]);
}

#[test]
fn e14_one_bad_route_freezes_the_port() {
    let table = [
        "{redirect: {uri: /x, redirectCode: 304}}",
        "{directResponse: {status: 600}}",
        "{headers: {request: {set: {x: \"%NOSUCH%\"}}}, route: [{destination: {host: a.org}}]}",
    ];
    for rule in table {
        let e = Example::new(&lines(&[WEB, &route("v", "x.com", rule)]));
        assert_eq!(e.refused(), ["RouteConfig http.8080"], "{rule}");
    }
    let fine = "{headers: {request: {set: {x: \"%REQ(y)% 100%%\"}}}, route: [{destination: {host: a.org}}]}";
    let e = Example::new(&lines(&[WEB, &route("v", "x.com", fine)]));
    assert!(e.refused().is_empty());
}

#[test]
fn e15_a_hidden_delegate_costs_only_its_rule() {
    let root = route(
        "root",
        "x.com",
        &format!(
            "{{match: [{{uri: {{prefix: /api}}}}], delegate: {{name: d, namespace: team}}}}, {}",
            to("prefix: /", "a")
        ),
    );
    let delegate = "VirtualService team/d {exportTo: ['.'], http: [{route: [{destination: {host: b.org, port: {number: 1}}}]}]}";
    let e = Example::new(&lines(&[WEB, &root, delegate]));
    assert_eq!(e.ask("http.8080", "x.com", "/api"), "outbound|1||a.org");
}

#[test]
fn e17_terminated_tls_takes_tcp_rules() {
    let gateway = r#"Gateway istio-system/gw {servers: [{port: {number: 443, name: tls, protocol: TLS}, hosts: [db.ex.com], tls: {mode: SIMPLE, credentialName: c}}]}"#;
    let vs = |rules: &str| {
        format!("VirtualService app/v {{hosts: [db.ex.com], gateways: [istio-system/gw], {rules}}}")
    };
    let e = Example::new(&lines(&[
        gateway,
        &vs("tls: [{match: [{sniHosts: [db.ex.com]}], route: [{destination: {host: a.org}}]}]"),
    ]));
    assert!(e.chains().is_empty());
    let e = Example::new(&lines(&[
        gateway,
        &vs("tcp: [{match: [{port: 443}], route: [{destination: {host: a.org}}]}]"),
    ]));
    assert_eq!(
        e.chains(),
        ["0.0.0.0_8443 [db.ex.com] -> outbound|443||a.org"]
    );
}

#[test]
fn e20_one_virtual_service_with_http_and_tls() {
    let gateway = r#"Gateway istio-system/gw {servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.ex.com], tls: {mode: SIMPLE, credentialName: c}}, {port: {number: 443, name: tls, protocol: TLS}, hosts: [b.ex.com], tls: {mode: PASSTHROUGH}}]}"#;
    let vs = |sni: &str| {
        format!(
            "VirtualService app/v {{hosts: [a.ex.com, b.ex.com], gateways: [istio-system/gw], http: [{{route: [{{destination: {{host: h.org}}}}]}}], tls: [{{match: [{{sniHosts: [{sni}]}}], route: [{{destination: {{host: t.org}}}}]}}]}}"
        )
    };
    let e = Example::new(&lines(&[gateway, &vs("b.ex.com")]));
    assert_eq!(
        e.chains(),
        [
            "0.0.0.0_8443 [a.ex.com] -> https.443.https.gw.istio-system",
            "0.0.0.0_8443 [b.ex.com] -> outbound|443||t.org"
        ]
    );
    assert!(e.refused().is_empty());
    let e = Example::new(&lines(&[gateway, &vs("b.ex.com, a.ex.com")]));
    assert_eq!(e.refused(), ["Listener 0.0.0.0_8443"]);
}

#[test]
fn hosts_with_namespaces_choose_the_virtual_services() {
    let gateway = http("infra/gw", r#""shop/*.ex.com""#);
    let vs = |label: &str, host: &str, gateway: &str| {
        format!(
            "VirtualService {label} {{hosts: ['{host}'], gateways: [{gateway}], http: [{{route: [{{destination: {{host: a.org}}}}]}}]}}"
        )
    };
    let e = Example::new(&lines(&[
        &gateway,
        &vs("shop/v1", "a.ex.com", "infra/gw"),
        &vs("other/v2", "b.ex.com", "infra/gw"),
        &vs("shop/v3", "*", "infra/gw"),
        &vs("shop/v4", "c.ex.com", "gw"),
    ]));
    let config = gateway_route_config(&e.db, e.mesh, &e.proxy, "http.8080");
    let domains: Vec<&str> = config
        .virtual_hosts
        .iter()
        .flat_map(|v| v.domains.iter().map(|d| d.as_str()))
        .collect();
    assert_eq!(domains, ["*.ex.com", "a.ex.com"]);
    assert_eq!(e.unbound("v2"), [UnboundReason::OtherNamespace]);
}

#[test]
fn a_crash_of_istiod_is_noted() {
    let e = Example::new(&http("ns1/g", r#""*/*", "./foo.com""#));
    assert_eq!(e.drops(), [DropReason::IstiodCrash]);
    let e = Example::new(&http("ns1/g", r#""*/*", "foo.com""#));
    assert!(matches!(&e.drops()[..], [DropReason::HostsDiscarded(_)]));
}

#[test]
fn one_repeated_host_costs_the_whole_server() {
    let e = Example::new(&lines(&[
        &simple("x/a", "a.com, b.com"),
        &simple("x/b", "b.com, c.com"),
    ]));
    assert_eq!(
        e.chains(),
        ["0.0.0.0_8443 [a.com b.com] -> https.443.https.a.x"]
    );
    assert_eq!(
        e.drops(),
        [DropReason::DuplicateHosts(vec!["b.com".into()])]
    );
}

#[test]
fn the_same_address_written_twice_is_refused() {
    let bound = http("ns1/a", "a.com").replace("hosts:", "bind: 0.0.0.0, hosts:");
    let e = Example::new(&lines(&[&bound, &http("ns1/b", "b.com")]));
    assert_eq!(e.chains().len(), 2);
    assert_eq!(e.refused(), ["Listener 0.0.0.0_8080"]);
}
