//! The acceptance suites, as far as they hold: none may fall behind what `suites.txt` says it passes.
//!
//! A suite that passes more than written fails too, so that the file stays true.

use camino::Utf8PathBuf;
use meshscope_testing::{find_cases, run};

/// The folder with the suites, when it is beside the repository.
fn suites() -> Option<Utf8PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("MESHSCOPE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let suites = Utf8PathBuf::from(shared).join("suites");
    suites.is_dir().then_some(suites)
}

#[test]
fn every_suite_passes_what_it_is_said_to_pass() {
    let Some(suites) = suites() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "the suites must be there in CI"
        );
        eprintln!("SKIPPED: no shared/suites beside the repository (set MESHSCOPE_SHARED)");
        return;
    };
    let mut wrong = Vec::new();
    for line in include_str!("suites.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
    {
        let mut words = line.split_whitespace();
        let (Some(suite), Some(passed), Some(checks)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (passed, checks): (usize, usize) = (passed.parse().unwrap(), checks.parse().unwrap());
        let report = run(&find_cases(&suites.join(suite)).unwrap());
        let found = (report.summary.passed, report.summary.checks);
        println!("{suite}: {} of {} checks", found.0, found.1);
        if found != (passed, checks) {
            let failing = report.cases.iter().flat_map(|c| {
                let failed = c
                    .checks
                    .iter()
                    .filter(|k| k.status == meshscope_testing::Status::Failed);
                failed.map(move |k| format!("    {} {}: {}", c.case, k.name, k.message))
            });
            let failing: Vec<String> = failing.take(20).collect();
            wrong.push(format!(
                "{suite}: {} of {} checks pass, suites.txt says {passed} of {checks}\n{}",
                found.0,
                found.1,
                failing.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
