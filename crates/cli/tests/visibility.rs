//! `meshscope visibility` on the bundled bookshop: words, JSON and exit codes.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    let bookshop = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/bookshop");
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshscope"));
    command.args(["--root", bookshop, "visibility"]).args(args);
    command.output().unwrap()
}

fn text(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(args: &[&str]) -> serde_json::Value {
    let text = text(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_a_sidecar_sees() {
    let said = text(&["storefront/web"]);
    assert!(
        said.starts_with("workload:storefront/web under Sidecar storefront/default\n"),
        "{said}"
    );
    assert!(said.contains(
        "  catalog/search.catalog.svc.cluster.local port 8080, DestinationRule catalog/search\n"
    ));
    assert!(
        said.contains("search.catalog.svc.cluster.local (O4)"),
        "{said}"
    );
    let answer = json(&["workload:storefront/web"]);
    assert_eq!(answer["schemaVersion"], 1);
    assert_eq!(answer["sidecar"]["name"], "default");
    let services = answer["services"].as_array().unwrap();
    assert_eq!(services.len(), 6);
    assert!(
        services
            .iter()
            .all(|s| !s["because"].as_array().unwrap().is_empty())
    );
    let first = &answer["ambiguities"][0];
    assert_eq!(first["id"], "O4");
    assert_eq!(first["resources"][0]["namespace"], "catalog");
}

#[test]
fn why_something_is_not_there() {
    let said = text(&["payments/checkout", "--why", "Service catalog/inventory"]);
    assert!(
        said.starts_with("payments/checkout does not have Service catalog/inventory\n"),
        "{said}"
    );
    assert!(
        said.contains("not visible in payments (V:R2.2)\n     catalog/inventory.yaml:"),
        "{said}"
    );
    let answer = json(&["orders/api", "--why", "ServiceEntry/payments/cards"]);
    assert_eq!(answer["present"], false);
    let last = answer["because"].as_array().unwrap().last().unwrap();
    assert_eq!(last["resource"]["namespace"], "orders");
    assert_eq!(last["location"]["file"], "orders/orders.yaml");
    assert!(last["why"].as_str().unwrap().ends_with("(V:R3.14)"));
}

#[test]
fn why_something_is_there() {
    let answer = json(&["orders/api", "--why", "VirtualService payments/cards"]);
    assert_eq!(answer["present"], true);
    let last = answer["because"].as_array().unwrap().last().unwrap();
    assert_eq!(last["path"], "spec.egress[0].hosts[3]");
}

#[test]
fn what_a_gateway_sees() {
    let answer = json(&["gateway:istio-system/egress"]);
    assert_eq!(answer["virtualServices"][0]["resource"]["name"], "cards");
    assert_eq!(answer["ambiguities"][0]["id"], "O2");
}

#[test]
fn who_sees_a_resource() {
    let answer = json(&["--of", "Service payments/checkout"]);
    assert_eq!(
        answer["namespaces"],
        serde_json::json!(["orders", "payments"])
    );
    assert_eq!(
        answer["sidecars"],
        serde_json::json!(["orders/api", "payments/checkout"])
    );
    assert_eq!(answer["gateways"], serde_json::json!([]));
}

#[test]
fn questions_that_cannot_be_asked_exit_2() {
    for args in [
        &["nowhere/nobody"][..],
        &["storefront/web", "--why", "nonsense"],
        &["gateway:storefront/web"],
        &[],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{args:?}"
        );
    }
}
