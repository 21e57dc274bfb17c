//! `check --format sarif`: what the schema of SARIF 2.1.0 demands of the objects that are written, and
//! what GitHub demands beyond it.
//!
//! The licence of the schema does not let a copy lie here, so its demands are written down.

use crate::repository::{ROUTES, Repository};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a kind of object may hold, and must.
struct Kind<'a> {
    may: &'a [&'a str],
    must: &'a [&'a str],
}

/// Checks an object, and says its place when it is wrong.
fn object(at: &str, value: &Value, kind: &Kind<'_>) {
    let keys: Vec<&str> = match value.as_object() {
        Some(object) => object.keys().map(String::as_str).collect(),
        None => panic!("{at} is no object: {value}"),
    };
    for key in &keys {
        assert!(
            kind.may.contains(key) || kind.must.contains(key),
            "{at} has no {key}"
        );
    }
    for key in kind.must {
        assert!(keys.contains(key), "{at} lacks {key}");
    }
}

fn list<'a>(at: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    let items = value
        .as_array()
        .unwrap_or_else(|| panic!("{at} is no list"));
    items
        .iter()
        .enumerate()
        .map(|(i, item)| (format!("{at}[{i}]"), item))
        .collect()
}

fn message(at: &str, value: &Value) {
    object(
        at,
        value,
        &Kind {
            may: &["markdown"],
            must: &["text"],
        },
    );
    assert!(
        value["text"].as_str().is_some_and(|text| !text.is_empty()),
        "{at}"
    );
}

fn artifact(at: &str, value: &Value) {
    object(
        at,
        value,
        &Kind {
            may: &[],
            must: &["uri", "uriBaseId"],
        },
    );
    let uri = value["uri"].as_str().unwrap();
    assert!(
        !uri.starts_with('/') && !uri.contains([' ', ':', '\\']),
        "{at}: {uri}"
    );
    assert_eq!(value["uriBaseId"], "%SRCROOT%");
}

fn region(at: &str, value: &Value) {
    object(
        at,
        value,
        &Kind {
            may: &[],
            must: &["startLine", "startColumn", "endLine", "endColumn"],
        },
    );
    let number = |key: &str| value[key].as_u64().filter(|n| *n >= 1).unwrap();
    let (start, end) = (
        (number("startLine"), number("startColumn")),
        (number("endLine"), number("endColumn")),
    );
    assert!(start <= end, "{at}: {start:?} {end:?}");
}

fn location(at: &str, value: &Value) {
    object(
        at,
        value,
        &Kind {
            may: &["id", "logicalLocations", "message"],
            must: &["physicalLocation"],
        },
    );
    let physical = &value["physicalLocation"];
    object(
        at,
        physical,
        &Kind {
            may: &[],
            must: &["artifactLocation", "region"],
        },
    );
    artifact(at, &physical["artifactLocation"]);
    region(at, &physical["region"]);
    if let Some(said) = value.get("message") {
        message(at, said);
    }
}

fn rule(at: &str, value: &Value) {
    let must = [
        "id",
        "name",
        "shortDescription",
        "fullDescription",
        "help",
        "defaultConfiguration",
        "properties",
    ];
    object(
        at,
        value,
        &Kind {
            may: &[],
            must: &must,
        },
    );
    message(at, &value["shortDescription"]);
    message(at, &value["fullDescription"]);
    message(at, &value["help"]);
    assert!(
        value["help"]["markdown"]
            .as_str()
            .is_some_and(|page| page.starts_with("# ")),
        "{at}"
    );
    level(at, &value["defaultConfiguration"]["level"]);
    let tags: Vec<&str> = list(at, &value["properties"]["tags"])
        .iter()
        .map(|(_, t)| t.as_str().unwrap())
        .collect();
    assert!(tags.len() <= 20, "{at}: GitHub takes 20 tags");
    assert_eq!(
        tags.iter().collect::<BTreeSet<_>>().len(),
        tags.len(),
        "{at}: tags differ"
    );
}

fn level(at: &str, value: &Value) {
    let known = ["none", "note", "warning", "error"];
    assert!(known.contains(&value.as_str().unwrap()), "{at}: {value}");
}

fn result(at: &str, value: &Value, rules: &[Value]) {
    let must = [
        "ruleId",
        "ruleIndex",
        "level",
        "message",
        "locations",
        "partialFingerprints",
    ];
    object(
        at,
        value,
        &Kind {
            may: &["relatedLocations", "fixes"],
            must: &must,
        },
    );
    let index = usize::try_from(value["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], value["ruleId"], "{at}");
    level(at, &value["level"]);
    message(at, &value["message"]);
    let places = list(at, &value["locations"]);
    assert!(
        !places.is_empty() && places.len() <= 1000,
        "{at}: GitHub shows what has a place"
    );
    for (at, place) in places.iter().chain(&related(at, value)) {
        location(at, place);
    }
    for print in ["primaryLocationLineHash", "meshscopeFinding/v1"] {
        assert!(value["partialFingerprints"][print].is_string(), "{at}");
    }
    for (at, fix) in value
        .get("fixes")
        .map_or(Vec::new(), |fixes| list(at, fixes))
    {
        object(
            &at,
            fix,
            &Kind {
                may: &["description"],
                must: &["artifactChanges"],
            },
        );
        for (at, change) in list(&at, &fix["artifactChanges"]) {
            object(
                &at,
                change,
                &Kind {
                    may: &[],
                    must: &["artifactLocation", "replacements"],
                },
            );
            artifact(&at, &change["artifactLocation"]);
            for (at, replacement) in list(&at, &change["replacements"]) {
                object(
                    &at,
                    replacement,
                    &Kind {
                        may: &["insertedContent"],
                        must: &["deletedRegion"],
                    },
                );
                region(&at, &replacement["deletedRegion"]);
            }
        }
    }
}

fn related<'a>(at: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    value
        .get("relatedLocations")
        .map_or(Vec::new(), |related| list(at, related))
}

fn log(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    object(
        "log",
        &log,
        &Kind {
            may: &["$schema"],
            must: &["version", "runs"],
        },
    );
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let may = ["invocations", "columnKind", "originalUriBaseIds", "results"];
    object(
        "run",
        run,
        &Kind {
            may: &may,
            must: &["tool"],
        },
    );
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert!(run["originalUriBaseIds"]["%SRCROOT%"].is_object());
    let driver = &run["tool"]["driver"];
    let may = ["version", "semanticVersion", "informationUri", "rules"];
    object(
        "driver",
        driver,
        &Kind {
            may: &may,
            must: &["name"],
        },
    );
    let rules = driver["rules"].as_array().unwrap();
    for (at, descriptor) in list("rules", &driver["rules"]) {
        rule(&at, descriptor);
    }
    for (at, value) in list("results", &run["results"]) {
        result(&at, value, rules);
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    log
}

#[test]
fn a_log_is_what_the_standard_and_github_demand() {
    let repo = Repository::shop();
    // Two parties, a repair, a text that is no object, a name that is no URI.
    repo.write("ü b.yaml", ROUTES.replace("name: cart", "name: other"));
    repo.write("rule.yaml", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: shop}\nspec:\n  host: cart\n  trafficPolicy:\n    tls:\n      mode: simple\n");
    repo.write("broken.yaml", "apiVersion: v1\nkind: [\n");
    let log = log(&repo.says(1, &["check", "--format", "sarif"]));
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(
        results.iter().any(|r| r.get("fixes").is_some()),
        "{results:#?}"
    );
    assert!(
        results.iter().any(|r| r.get("relatedLocations").is_some()),
        "{results:#?}"
    );
    assert!(
        results.iter().any(|r| r["ruleId"] == "yaml-syntax-error"),
        "{results:#?}"
    );
}

#[test]
fn a_log_without_findings_is_one_too() {
    let repo = Repository::shop();
    repo.edit("routes.yaml", "crat", "cart");
    let log = log(&repo.says(0, &["check", "--format", "sarif"]));
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 0);
}

#[test]
fn every_example_mesh_makes_a_log() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus");
    let repo = Repository::shop();
    log(&repo.says(
        0,
        &[
            "--root",
            corpus,
            "check",
            "--format",
            "sarif",
            "--fail-on",
            "never",
        ],
    ));
}
