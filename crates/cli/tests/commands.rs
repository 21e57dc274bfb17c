//! The commands that answer questions, each on a small mesh: the first line people read, and the keys
//! machines do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

const MESH: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: egress, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: out, namespace: egress}
spec:
  selector: {matchLabels: {istio: out}}
  template:
    metadata:
      labels: {istio: out}
      annotations: {inject.istio.io/templates: gateway}
    spec: {containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: v1
kind: Service
metadata: {name: out, namespace: egress}
spec:
  selector: {istio: out}
  ports: [{name: tls, port: 443, targetPort: 8443}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: bank, namespace: shop}
spec:
  hosts: [bank.example.com]
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{name: tls, number: 443, protocol: TLS}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: out, namespace: egress}
spec:
  selector: {istio: out}
  servers:
  - port: {number: 443, name: tls, protocol: TLS}
    hosts: [bank.example.com]
    tls: {mode: PASSTHROUGH}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bank, namespace: shop}
spec:
  hosts: [bank.example.com]
  gateways: [mesh, egress/out]
  tls:
  - match: [{gateways: [mesh], port: 443, sniHosts: [bank.example.com]}]
    route: [{destination: {host: out.egress.svc.cluster.local, port: {number: 443}}}]
  - match: [{gateways: [egress/out], port: 443, sniHosts: [bank.example.com]}]
    route: [{destination: {host: bank.example.com, port: {number: 443}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hidden, namespace: shop}
spec:
  hosts: [bank.example.com]
  exportTo: ["."]
  gateways: [egress/out]
  http: [{route: [{destination: {host: bank.example.com}}]}]
"#;

/// A folder that is there as long as the test.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Repository {
        let folder = format!("meshscope-commands-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("mesh.yaml"), MESH).unwrap();
        Repository(path)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshscope"));
        command.arg("--root").arg(&self.0).args(args);
        command.output().unwrap()
    }

    fn human(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn first_line(&self, args: &[&str]) -> String {
        self.human(args).lines().next().unwrap().to_owned()
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.extend(["--format", "json"]);
        let value: Value = serde_json::from_str(&self.human(&all)).unwrap();
        assert_eq!(value["schemaVersion"], 1);
        value
    }

    /// What is said when a command cannot be carried out.
    fn refusal(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn trace_says_first_whether_the_gateway_was_passed() {
    let repo = Repository::new("trace");
    let call = ["trace", "--from", "shop/cart", "https://bank.example.com/"];
    assert_eq!(
        repo.first_line(&call),
        "Arrives: the client gets the answer of bank.example.com, through the gateway egress/out"
    );
    let json = repo.json(&call);
    assert_eq!(json["verdict"], "routed");
    assert_eq!(json["clientSees"], "upstream");
    assert_eq!(json["throughGateways"][0], "egress/out");
    let hop = &json["hops"][0];
    assert_eq!(hop["proxy"], "workload:shop/cart");
    assert_eq!(hop["cluster"], "outbound|443||out.egress.svc.cluster.local");
    assert_eq!(hop["weight"], 100);
    assert_eq!(hop["filterChain"]["sni"][0], "bank.example.com");
    assert_eq!(hop["filterChain"]["terminatesTls"], false);
    assert_eq!(hop["filterChain"]["clientCertificate"], "none");
    assert!(hop["route"].is_null());
    assert_eq!(hop["because"][0]["location"]["file"], "mesh.yaml");
    assert_eq!(json["hops"][1]["listener"]["port"], 8443);
    let other = [
        "trace",
        "--from",
        "workload:shop/cart",
        "https://other.example.com",
    ];
    assert!(repo.first_line(&other).contains("past every gateway"));
}

#[test]
fn trace_names_the_gateway_that_a_call_bypasses() {
    let repo = Repository::new("bypass");
    // Another SNI than the one the route is for.
    let call = ["trace", "--from", "shop/cart", "https://bank.example.com"];
    let mut call = call.to_vec();
    call.extend(["--sni", "elsewhere.example.com"]);
    assert_eq!(repo.json(&call)["bypasses"][0]["gateways"][0], "egress/out");
    let line = repo.first_line(&call);
    assert!(line.contains("BYPASSES the gateway egress/out"), "{line}");
}

#[test]
fn trace_lists_every_way_of_a_split() {
    let repo = Repository::new("split");
    let split = r#"
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
  - match: [{uri: {prefix: /admin}}]
    route: [{destination: {host: out.egress.svc.cluster.local}}]
  - name: split
    rewrite: {uri: /v2}
    route:
    - {destination: {host: cart}, weight: 90}
    - {destination: {host: nobody}, weight: 10}
"#;
    std::fs::write(repo.0.join("split.yaml"), split).unwrap();
    let call = ["trace", "--from", "shop/cart", "http://cart.shop/items"];
    let hop = &repo.json(&call)["hops"][0];
    assert_eq!(hop["route"]["config"], "80");
    assert_eq!(hop["route"]["name"], "split");
    assert_eq!(hop["route"]["rewrite"]["uri"], "/v2");
    assert_eq!(hop["branches"][0]["weight"], 90);
    assert_eq!(hop["branches"][1]["weight"], 10);
    assert_eq!(hop["branches"][1]["path"]["verdict"], "cluster_missing");
    assert_eq!(hop["nearMisses"][0]["path"], "spec.http[0].match[0]");
    assert_eq!(
        repo.first_line(&call),
        "Arrives: the client gets the answer of workload shop/cart, without passing a gateway; \
         but PART OF THE CALLS FAIL, see the other ways below"
    );
    let text = repo.human(&call);
    assert!(text.contains("another way: weight 10 of 100"), "{text}");
}

#[test]
fn trace_reads_many_calls_from_a_file() {
    let repo = Repository::new("calls");
    let file = repo.0.join("calls.txt");
    let text = "# out\nhttps://bank.example.com --sni bank.example.com\n\n\
                --from gateway:egress/out tls://bank.example.com:443\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let json = repo.json(&["trace", "--from", "shop/cart", "--calls", file]);
    assert_eq!(json["traces"].as_array().unwrap().len(), 2);
    assert_eq!(json["traces"][1]["from"], "gateway:egress/out");
    assert_eq!(json["traces"][1]["verdict"], "routed");
    let refusal = repo.refusal(&["trace", "--calls", file]);
    assert!(refusal.contains("calls.txt:2: say who calls"), "{refusal}");
}

#[test]
fn names_that_lead_nowhere_are_answered_with_the_nearest() {
    let repo = Repository::new("names");
    let refusal = repo.refusal(&["trace", "--from", "shop/card", "https://bank.example.com"]);
    assert!(refusal.contains("did you mean shop/cart?"), "{refusal}");
    let refusal = repo.refusal(&["gateways", "egres/out"]);
    assert!(refusal.contains("did you mean egress/out?"), "{refusal}");
    let refusal = repo.refusal(&["blast-radius", "VirtualService", "shop/bonk"]);
    assert!(refusal.contains("VirtualService shop/bank"), "{refusal}");
}

#[test]
fn settings_that_are_wrong_are_said_beside_the_answer() {
    let repo = Repository::new("settings");
    std::fs::write(repo.0.join("meshscope.yaml"), "version: 1\nistoi: 1.30.0\n").unwrap();
    let output = repo.run(&["gateways", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("meshscope.yaml:2: "), "{said}");
    serde_json::from_slice::<Value>(&output.stdout).unwrap();
}

#[test]
fn gateways_shows_what_is_bound_and_what_is_not() {
    let repo = Repository::new("gateways");
    assert_eq!(
        repo.first_line(&["gateways"]),
        "1 gateway workload, 1 binding, 1 not bound"
    );
    let json = repo.json(&["gateways", "egress/out"]);
    let gateway = &json["gateways"][0];
    assert_eq!(gateway["workload"], "gateway:egress/out");
    assert_eq!(gateway["attached"][0]["name"], "egress/out");
    let listener = &gateway["listeners"][0];
    assert_eq!(listener["port"], 8443);
    assert_eq!(listener["servicePorts"][0]["port"], 443);
    assert_eq!(listener["filterChains"][0]["tlsMode"], "PASSTHROUGH");
    assert_eq!(listener["filterChains"][0]["sni"][0], "bank.example.com");
    assert_eq!(gateway["bound"][0]["virtualService"]["name"], "bank");
    assert_eq!(gateway["bound"][0]["hosts"][0], "bank.example.com");
    assert_eq!(gateway["unbound"][0]["virtualService"]["name"], "hidden");
    assert_eq!(gateway["unbound"][0]["reason"], "not-exported");
    let clusters = &gateway["clusters"];
    assert!(clusters["withSlimming"].as_u64() <= clusters["withoutSlimming"].as_u64());
}

#[test]
fn blast_radius_tells_the_four_senses_apart() {
    let repo = Repository::new("radius");
    let line = repo.first_line(&["blast-radius", "ServiceEntry shop/bank"]);
    assert!(
        line.starts_with("ServiceEntry shop/bank: seen by 1 sidecar and 1 gateway, pushed to"),
        "{line}"
    );
    let json = repo.json(&["blast-radius", "VirtualService/shop/bank"]);
    assert_eq!(json["resource"]["kind"], "VirtualService");
    for key in ["sees", "pushed", "changesBehaviour", "freezes"] {
        assert!(json[key].is_array(), "{key}");
    }
    assert_eq!(json["sees"][0]["proxy"], "workload:shop/cart");
    assert!(json["sees"][0]["because"][0]["why"].is_string());
    assert!(json["freezes"][0]["unit"]["kind"].is_string());
}

#[test]
fn egress_shows_paths_layers_and_ways_round() {
    let repo = Repository::new("egress");
    let line = repo.first_line(&["egress"]);
    assert!(
        line.starts_with("No call bypasses a gateway it is meant to pass: 1 out through a gateway"),
        "{line}"
    );
    let json = repo.json(&["egress"]);
    let shop = &json["namespaces"][0];
    assert_eq!(shop["namespace"], "shop");
    assert_eq!(shop["enforced"], false);
    assert_eq!(shop["layers"]["registryOnly"]["held"], "no");
    let host = &shop["hosts"][0];
    assert_eq!(host["host"], "bank.example.com");
    assert_eq!(host["paths"][0]["out"]["path"], "gateway");
    assert_eq!(host["paths"][0]["out"]["gateways"][0], "egress/out");
    assert!(shop["waysRound"][0]["kind"].is_string());
    assert!(json["isolation"].is_array());
}

#[test]
fn graph_is_drawn_in_four_formats() {
    let repo = Repository::new("graph");
    assert_eq!(repo.first_line(&["graph"]), "flowchart LR");
    let dot = repo.first_line(&["graph", "--format", "dot"]);
    assert_eq!(dot, "digraph routes {");
    let json = repo.json(&["graph"]);
    assert!(json["nodes"][0]["id"].is_string());
    assert!(json["edges"][0]["because"]["location"]["file"].is_string());
    let page = repo.human(&["graph", "--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("bank.example.com"));
    let place = json["nodes"][0]["location"]["file"].as_str();
    let place = place.map(|file| format!("data-file=\"{file}\" data-line=\""));
    assert!(place.is_some_and(|place| page.contains(&place)), "{page}");
    for outside in ["http://", "https://", "src=", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}
