//! `check --baseline`: known findings stay out, and are found again after edits.

use crate::repository::{ROUTES, Repository, rules};

#[test]
fn what_is_known_is_not_reported_until_it_is_something_else() {
    let repo = Repository::shop();
    let known = ["check", "--baseline", "known.json"];
    let said = repo.refusal(&known);
    assert!(said.contains("--write-baseline"), "{said}");
    let said = repo.notes(
        0,
        &["check", "--baseline", "known.json", "--write-baseline"],
    );
    assert_eq!(said, "wrote 1 known finding to known.json\n");
    assert_eq!(
        repo.notes(0, &known),
        "1 known finding of known.json not shown\n"
    );

    // Lines move, and a route in front of it.
    let route =
        "  http:\n  - match: [{uri: {prefix: /new}}]\n    route: [{destination: {host: cart}}]\n";
    repo.write(
        "routes.yaml",
        format!("# moved\n\n{}", ROUTES.replace("  http:\n", route)),
    );
    let json = repo.json(0, &known);
    assert_eq!(json["summary"]["baseline"]["hidden"], 1);
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);

    // A second one of its kind is news.
    repo.write(
        "more.yaml",
        ROUTES
            .replace("name: cart", "name: more")
            .replace("[cart]", "[more.example.com]"),
    );
    let json = repo.json(1, &known);
    assert_eq!(json["summary"]["baseline"]["hidden"], 1);
    assert!(rules(&json["findings"]).contains(&"destination-host-unknown"));
}

#[test]
fn entries_that_no_longer_occur_are_said_and_dropped_by_writing() {
    let repo = Repository::shop();
    let write = ["check", "--baseline", "known.json", "--write-baseline"];
    repo.says(0, &write);
    repo.edit("routes.yaml", "crat", "cart");
    let said = repo.notes(0, &["check", "--baseline", "known.json"]);
    assert!(said.contains("1 of it no longer found"), "{said}");
    assert!(
        said.contains("destination-host-unknown VirtualService shop/cart spec.http[1]"),
        "{said}"
    );
    repo.says(0, &write);
    let said = repo.notes(0, &["check", "--baseline", "known.json"]);
    assert_eq!(said, "0 known findings of known.json not shown\n");
}

#[test]
fn what_is_not_asked_about_stays_in_the_file() {
    let repo = Repository::shop();
    let write = ["check", "--baseline", "known.json", "--write-baseline"];
    repo.says(0, &write);
    let before = repo.read("known.json");
    repo.says(
        0,
        &[
            "check",
            "shop.yaml",
            "--baseline",
            "known.json",
            "--write-baseline",
        ],
    );
    assert_eq!(repo.read("known.json"), before);
    repo.edit("routes.yaml", "crat", "cart");
    let said = repo.notes(
        0,
        &[
            "check",
            "--ignore",
            "destination-host-unknown",
            "--baseline",
            "known.json",
        ],
    );
    assert!(!said.contains("no longer"), "{said}");
}

#[test]
fn a_file_that_is_something_else_is_said() {
    let repo = Repository::shop();
    for (text, why) in [
        ("{", "EOF"),
        (
            "{\"schemaVersion\":2,\"findings\":[]}",
            "schemaVersion is 2",
        ),
    ] {
        repo.write("known.json", text);
        let said = repo.refusal(&["check", "--baseline", "known.json"]);
        assert!(
            said.contains("cannot read known.json") && said.contains(why),
            "{said}"
        );
    }
}
