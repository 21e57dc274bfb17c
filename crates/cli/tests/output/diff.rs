//! `diff`: what a change does, between revisions and the working tree.

use crate::repository::{ROUTES, Repository, rules};

/// Gives the unknown host a name that is there, and hides the bank.
fn change(repo: &Repository) {
    repo.edit("routes.yaml", "crat", "cart");
    repo.edit(
        "shop.yaml",
        "spec:\n  hosts: [bank",
        "spec:\n  exportTo: ['~']\n  hosts: [bank",
    );
}

#[test]
fn the_working_tree_is_compared_with_a_revision() {
    let repo = Repository::committed();
    change(&repo);
    let json = repo.json(0, &["diff", "HEAD"]);
    assert_eq!(
        rules(&json["findings"]["fixed"]),
        ["destination-host-unknown"]
    );
    assert_eq!(json["summary"]["findingsAdded"], 0);
    assert_eq!(json["base"]["revision"], "HEAD");
    assert!(json["head"]["revision"].is_null());
    let mesh = &json["meshes"][0];
    assert_eq!(mesh["change"], "changed");
    let lost = &mesh["visibility"][0];
    assert_eq!(lost["workloads"][0], "shop/cart");
    assert_eq!(lost["servicesLost"][0], "shop/bank.example.com");
    let calls = mesh["calls"].as_array().unwrap();
    let call = |start: &str| {
        let mut of_host = calls
            .iter()
            .filter(|c| c["call"].as_str().unwrap().starts_with(start));
        of_host
            .next()
            .unwrap_or_else(|| panic!("{start} in {calls:#?}"))
    };
    let bank = call("https://bank.example.com:443");
    assert_eq!(bank["from"][0], "workload:shop/cart");
    assert_eq!(bank["before"]["verdict"], "routed");
    assert_eq!(bank["after"]["verdict"], "passthrough");
    let cart = call("http://cart.shop.svc.cluster.local:80");
    assert_eq!(cart["before"]["verdict"], "cluster_missing");
    assert_eq!(cart["after"]["verdict"], "routed");
    assert_eq!(mesh["workloads"][0]["workload"], "shop/cart");
    assert_eq!(mesh["objects"].as_array().unwrap().len(), 2);
}

#[test]
fn two_revisions_are_read_without_touching_the_working_tree() {
    let repo = Repository::committed();
    change(&repo);
    repo.commit();
    repo.write("shop.yaml", "not: [yaml");
    repo.write("untracked.txt", "x");
    let before = repo.git(&["status", "--porcelain"]);
    let there = repo.json(0, &["diff", "HEAD~1", "HEAD"]);
    assert_eq!(there["summary"]["findingsFixed"], 1);
    // The other way round the typo comes back, and an added error fails the run.
    let back = repo.json(1, &["diff", "HEAD", "HEAD~1"]);
    assert_eq!(
        rules(&back["findings"]["added"]),
        ["destination-host-unknown"]
    );
    assert_eq!(there["summary"]["calls"], back["summary"]["calls"]);
    repo.says(0, &["diff", "HEAD", "HEAD~1", "--fail-on", "never"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), before);
}

#[test]
fn findings_are_the_same_when_only_lines_move() {
    let repo = Repository::committed();
    let moved = ROUTES.replace(
        "  http:\n",
        "  http:\n  - match: [{uri: {prefix: /new}}]\n    route: [{destination: {host: cart}}]\n",
    );
    repo.write("routes.yaml", format!("# a comment\n\n{moved}"));
    let json = repo.json(0, &["diff", "HEAD"]);
    assert_eq!(json["findings"]["added"].as_array().unwrap().len(), 0);
    assert_eq!(json["findings"]["fixed"].as_array().unwrap().len(), 0);
    assert_eq!(json["findings"]["unchanged"], 1);
}

#[test]
fn nothing_differs_from_itself() {
    let repo = Repository::committed();
    let text = repo.says(0, &["diff", "HEAD"]);
    assert!(
        text.contains("nothing differs; 1 finding as before"),
        "{text}"
    );
}

#[test]
fn people_read_calls_and_reasons() {
    let repo = Repository::committed();
    change(&repo);
    let text = repo.says(0, &["diff", "main"]);
    for line in [
        "-> working tree",
        "0 findings added, 1 fixed, 0 as before",
        "routes.yaml:11:27: error[destination-host-unknown]",
        "  before: routed, by outbound|443||bank.example.com",
        "  after:  passthrough, by PassthroughCluster",
        "    - service shop/bank.example.com",
        "~ ServiceEntry shop/bank  shop.yaml:21",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_comment_has_the_summary_first_and_the_rest_folded() {
    let repo = Repository::committed();
    let rule = "apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec: {host: cart, trafficPolicy: {tls: {mode: '<b>@you `x`'}}}
";
    repo.write("rule.yaml", rule);
    repo.edit("routes.yaml", "crat", "cart");
    let text = repo.says(1, &["diff", "main", "--format", "markdown"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "<!-- meshscope diff -->");
    assert!(lines[1].starts_with("### meshscope: main ("), "{text}");
    assert!(
        lines[3].contains("finding added (1 error)") || lines[3].contains("findings added ("),
        "{text}"
    );
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert!(
        text.contains("<details><summary>Calls that end otherwise ("),
        "{text}"
    );
    // What a manifest holds is shown, not run.
    let outside_of_code = text.split('`').step_by(2).collect::<String>();
    assert!(
        !outside_of_code.contains("<b>") && !outside_of_code.contains("@you"),
        "{text}"
    );
}

#[test]
fn a_comment_stays_within_what_github_takes() {
    let repo = Repository::committed();
    let mut many = String::new();
    for i in 0..700 {
        many += &format!(
            "---\n{}",
            ROUTES
                .replace("name: cart", &format!("name: cart-{i}"))
                .replace("hosts: [cart]", &format!("hosts: [cart-{i}.example.com]"))
        );
    }
    repo.write("many.yaml", many);
    let text = repo.says(1, &["diff", "main", "--format", "markdown"]);
    assert!(text.chars().count() <= 60_000, "{}", text.len());
    assert!(text.contains("more, see the output of `meshscope diff`"));
    assert!(
        text.contains("700 findings added") || text.contains("1400 findings added"),
        "{}",
        &text[..300]
    );
}

#[test]
fn a_root_in_a_folder_of_the_work_tree_is_compared_alone() {
    let repo = Repository::shop();
    repo.git(&["init", "-q", "-b", "main"]);
    repo.write("deploy/mesh/routes.yaml", ROUTES);
    repo.write(".gitignore", "generated/\n");
    repo.commit();
    repo.edit("deploy/mesh/routes.yaml", "crat", "cart");
    repo.edit("routes.yaml", "crat", "elsewhere");
    let json = repo.json(0, &["--root", "deploy/mesh", "diff", "HEAD"]);
    let objects = json["meshes"][0]["objects"].as_array().unwrap().clone();
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert_eq!(objects[0]["location"]["file"], "routes.yaml");
    // A folder that the revision does not have counts as empty.
    repo.write("fresh/routes.yaml", ROUTES);
    let said = repo.notes(
        0,
        &["--root", "fresh", "diff", "HEAD", "--fail-on", "never"],
    );
    assert!(said.contains("HEAD has no folder fresh"), "{said}");
}

#[test]
fn a_mesh_of_one_side_is_said() {
    let repo = Repository::committed();
    repo.write("meshscope.yaml", "meshes: [{name: live}]\n");
    let text = repo.says(0, &["diff", "HEAD", "--fail-on", "never"]);
    assert!(text.contains("Mesh live: new"), "{text}");
    assert!(text.contains("Mesh default: gone"), "{text}");
    let json = repo.json(0, &["diff", "HEAD"]);
    assert_eq!(json["meshes"][0]["change"], "added");
    // The findings are those there were: only the name is new.
    assert_eq!(json["findings"]["unchanged"], 1);
}

#[test]
fn what_the_base_got_since_does_not_count_from_the_merge_base() {
    let repo = Repository::committed();
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.edit("routes.yaml", "crat", "cart");
    repo.commit();
    repo.git(&["checkout", "-q", "feature"]);
    repo.json(1, &["diff", "main"]);
    let json = repo.json(0, &["diff", "main", "--merge-base"]);
    assert_eq!(json["summary"]["objects"], 0);
}

#[test]
fn files_that_git_ignores_and_links_are_read_as_check_reads_them() {
    let repo = Repository::shop();
    repo.git(&["init", "-q", "-b", "main"]);
    repo.write(".gitignore", "/local/\n*.tmp.yaml\n!keep.tmp.yaml\n");
    repo.write("local/routes.yaml", ROUTES);
    repo.write("keep.tmp.yaml", ROUTES.replace("name: cart", "name: keep"));
    repo.git(&["add", "-f", "local/routes.yaml"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("shop.yaml", repo.file("link.yaml")).unwrap();
        symlink("nowhere.yaml", repo.file("dangling.yaml")).unwrap();
        symlink("/etc", repo.file("outside")).unwrap();
    }
    repo.commit();
    let json = repo.json(0, &["diff", "HEAD"]);
    assert_eq!(json["summary"]["objects"], 0, "{json:#}");
    assert_eq!(
        json["findings"]["added"].as_array().unwrap().len(),
        0,
        "{json:#}"
    );
    assert_eq!(
        json["findings"]["fixed"].as_array().unwrap().len(),
        0,
        "{json:#}"
    );
}

#[test]
fn kustomizations_and_their_data_are_read_from_revisions() {
    let repo = Repository::shop();
    repo.git(&["init", "-q", "-b", "main"]);
    repo.write("kustomization.yaml", "resources: [shop.yaml, routes.yaml]\nconfigMapGenerator:\n- {name: istio, namespace: istio-system, files: [mesh=mesh.conf], options: {disableNameSuffixHash: true}}\n");
    repo.write("mesh.conf", "outboundTrafficPolicy: {mode: ALLOW_ANY}\n");
    repo.commit();
    repo.write(
        "mesh.conf",
        "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n",
    );
    let json = repo.json(0, &["diff", "HEAD"]);
    let calls = json["meshes"][0]["calls"].as_array().unwrap();
    let ends = |c: &serde_json::Value| {
        (c["before"]["verdict"] == "passthrough") && c["after"]["verdict"] == "blackhole"
    };
    assert!(calls.iter().any(ends), "{json:#}");
}
