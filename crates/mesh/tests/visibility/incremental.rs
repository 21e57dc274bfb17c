//! What runs again after an edit: counted, because it is what makes answers fast.

use super::support::{Fixture, deployment, namespace, route, service, sidecar};
use meshscope_manifest::Kind;
use meshscope_mesh::db::name;
use meshscope_mesh::index::{namespaces, objects};
use meshscope_mesh::registry::services_in;
use meshscope_mesh::visibility::{destination_rule_tables, scope_of};
use meshscope_mesh::workloads::classes_in;

fn mesh() -> Fixture {
    Fixture::new([
        (
            "namespaces.yaml",
            ["a", "b", "c", "open"].map(namespace).concat(),
        ),
        (
            "a.yaml",
            service("a", "web", 80, "") + &service("a", "inner", 80, ".") + &deployment("a", "app"),
        ),
        ("a-route.yaml", route("a", "web", "web", "web", "")),
        (
            "b.yaml",
            service("b", "web", 80, "") + &deployment("b", "app") + &sidecar("b", "./*"),
        ),
        (
            "c.yaml",
            service("c", "web", 80, "") + &deployment("c", "app") + &sidecar("c", "./*, a/*"),
        ),
        ("open.yaml", deployment("open", "app")),
    ])
}

/// Computes the scopes of every proxy of some namespaces.
fn scopes(f: &Fixture, of: &[&str]) {
    for ns in of {
        for class in classes_in(&f.db, f.mesh, name(&f.db, ns)).iter() {
            scope_of(&f.db, f.mesh, &class.proxy);
        }
    }
}

fn everything(f: &Fixture) {
    let all = namespaces(&f.db, f.mesh);
    let all: Vec<&str> = all.iter().map(|ns| ns.as_str()).collect();
    scopes(f, &all);
}

#[test]
fn a_port_of_a_service_is_no_concern_of_scopes_that_do_not_import_its_namespace() {
    let mut f = mesh();
    everything(&f);
    let edited = f.text("a.yaml").replacen("port: 80", "port: 81", 1);
    f.set("a.yaml", &edited);
    let ran = f.executed(|f| scopes(f, &["b"]));
    assert_eq!(ran.get("scope"), None, "{ran:?}");
    let ran = f.executed(|f| scopes(f, &["c"]));
    assert_eq!(ran.get("scope"), Some(&1), "c imports a: {ran:?}");
}

#[test]
fn a_port_of_a_private_service_stays_at_home() {
    let mut f = mesh();
    everything(&f);
    let text = f.text("a.yaml");
    let (before, inner) = text.split_at(text.rfind("port: 80").unwrap());
    let edited = before.to_owned() + &inner.replacen("port: 80", "port: 81", 1);
    f.set("a.yaml", &edited);
    let ran = f.executed(|f| scopes(f, &["b", "c", "open"]));
    assert_eq!(ran.get("scope"), None, "{ran:?}");
    let ran = f.executed(|f| scopes(f, &["a"]));
    assert_eq!(ran.get("scope"), Some(&1), "{ran:?}");
}

#[test]
fn comments_and_indentation_reach_nothing_but_the_file() {
    let mut f = mesh();
    everything(&f);
    for (path, text) in [
        ("a.yaml", format!("# a comment\n{}", f.text("a.yaml"))),
        (
            "a-route.yaml",
            f.text("a-route.yaml")
                .replace("\nspec: ", "\n# why\nspec:\n      "),
        ),
    ] {
        f.set(path, &text);
        let ran = f.executed(everything);
        let ran: Vec<(&str, usize)> = ran.iter().map(|(k, n)| (k.as_str(), *n)).collect();
        assert_eq!(ran, [("file_summary", 1)]);
    }
}

#[test]
fn a_route_is_no_concern_of_other_namespaces() {
    let mut f = mesh();
    let proxy = f.proxy("b", "app");
    let index_of_b = |f: &Fixture| {
        let b = name(&f.db, "b");
        for kind in [Kind::Service, Kind::VirtualService, Kind::DestinationRule] {
            objects(&f.db, f.mesh, b, kind);
        }
        services_in(&f.db, f.mesh, b);
        destination_rule_tables(&f.db, f.mesh, b);
        scope_of(&f.db, f.mesh, &proxy);
    };
    everything(&f);
    index_of_b(&f);
    let edited = f
        .text("a-route.yaml")
        .replace("destination: {host: web}", "destination: {host: inner}");
    f.set("a-route.yaml", &edited);
    let ran = f.executed(index_of_b);
    for query in ["objects", "services_in", "tables_in", "scope"] {
        assert_eq!(ran.get(query), None, "{query} in {ran:?}");
    }
    let ran = f.executed(|f| scopes(f, &["c"]));
    assert_eq!(ran.get("scope"), Some(&1), "c imports a: {ran:?}");
}

#[test]
fn a_private_route_is_no_concern_of_those_who_import_its_namespace() {
    let mut f = mesh();
    let private = route("a", "web", "web", "web", ", exportTo: [.]");
    f.set("a-route.yaml", &private);
    everything(&f);
    f.set(
        "a-route.yaml",
        &private.replace("destination: {host: web}", "destination: {host: inner}"),
    );
    let ran = f.executed(|f| scopes(f, &["b", "c", "open"]));
    assert_eq!(ran.get("scope"), None, "{ran:?}");
}
