//! What the paths of a repository tell: environments and clusters, what is set aside, charts.

use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet};

/// The directory of a file; empty at the root.
pub fn dir_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Whether a path is a directory or below it; everything is below the root.
pub fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|r| r.starts_with('/'))
}

/// Words that name an environment when they are a folder of their own.
const ENVIRONMENTS: [&str; 29] = [
    "dev",
    "develop",
    "development",
    "int",
    "integration",
    "qa",
    "uat",
    "sit",
    "stage",
    "staging",
    "preprod",
    "pre-prod",
    "prod",
    "production",
    "prd",
    "stg",
    "nonprod",
    "non-prod",
    "live",
    "sandbox",
    "canary",
    "perf",
    "local",
    "dr",
    "lab",
    "ci",
    "acceptance",
    "acc",
    "preview",
];

/// Folders whose subfolders are environments or clusters.
const HOLDERS: [&str; 6] = [
    "clusters",
    "environments",
    "environment",
    "envs",
    "env",
    "stages",
];

/// Folders whose subfolders are environments or variants: those that several places have are
/// environments.
const VARIANTS: [&str; 3] = ["overlays", "overlay", "cluster-overlays"];

/// Folders that hold no part of a cluster unless somebody opens them.
const ASIDE: [&str; 22] = [
    "archive",
    "archived",
    "archives",
    "old",
    "deprecated",
    "attic",
    "backup",
    "backups",
    "example",
    "examples",
    "sample",
    "samples",
    "doc",
    "docs",
    "documentation",
    "fixtures",
    "e2e",
    "mocks",
    "node_modules",
    "demo",
    "demos",
    "tutorial",
];

/// Which words of the paths of a repository name environments or clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environments {
    words: BTreeSet<Str>,
}

impl Environments {
    /// Learns the words from the directories of all roots. A word that several places have is an
    /// environment; one that a single place has is a variant of what is there, unless such words are
    /// what the repository is divided by. Words nobody knows count only when there are several.
    pub fn of<'d>(dirs: impl IntoIterator<Item = &'d str>) -> Environments {
        let (mut all, mut divided) = (0, 0);
        let mut places: BTreeMap<Str, BTreeSet<&str>> = BTreeMap::new();
        let (mut holders, mut variants) = (BTreeSet::new(), BTreeSet::new());
        for dir in dirs {
            all += 1;
            if let Some(found) = candidate(dir) {
                match found.may_be_variant {
                    true => _ = variants.insert(found.word.clone()),
                    false => divided += 1,
                }
                places.entry(found.word).or_default().insert(found.above);
                holders.insert(found.above);
            }
        }
        // One word in a few of very many places is a variant that has become a habit.
        let recurs = |above: &BTreeSet<&str>| above.len() > 1 && above.len() * 10 >= holders.len();
        // One environment divides nothing: a lone word below `overlays` is a variant of several apps.
        let recurring = places
            .iter()
            .filter(|(word, above)| variants.contains(*word) && recurs(above));
        let variants_divide = recurring.count() > 1;
        let is_divided = divided * 4 >= all;
        let stands = |word: &Str, above: &BTreeSet<&str>| match variants.contains(word) {
            true => variants_divide && recurs(above),
            false => is_divided || recurs(above),
        };
        let words = places.iter().filter(|(word, above)| stands(word, above));
        Environments {
            words: words.map(|(word, _)| word.clone()).collect(),
        }
    }

    /// The environment or cluster a root belongs to, by its path.
    pub fn of_root(&self, dir: &str) -> Option<Str> {
        let word = environment(dir)?;
        self.words.contains(&word).then_some(word)
    }

    /// The same for the directory of a document that applies roots: a folder such as `clusters` says it
    /// there, whatever else is in the repository.
    pub fn of_applier(&self, dir: &str) -> Option<Str> {
        let found = candidate(dir)?;
        (found.is_held || self.words.contains(&found.word)).then_some(found.word)
    }
}

/// A word of a path that may name an environment.
struct Candidate<'d> {
    word: Str,
    above: &'d str,
    /// Whether it is below a folder such as `clusters`.
    is_held: bool,
    /// Whether it may as well name a variant: it is below `overlays` and no word that is known.
    may_be_variant: bool,
}

/// The environment or cluster a directory belongs to, by its path; the outermost word counts. `test` is
/// one only below a folder such as `overlays`: elsewhere it holds tests.
pub fn environment(dir: &str) -> Option<Str> {
    candidate(dir).map(|found| found.word)
}

fn candidate(dir: &str) -> Option<Candidate<'_>> {
    let mut before = "";
    let mut end = 0;
    for part in dir.split('/') {
        let above = &dir[..end.min(dir.len())];
        end += part.len() + 1;
        let lower = part.to_ascii_lowercase();
        let is_known = ENVIRONMENTS.contains(&lower.as_str());
        let held = HOLDERS.contains(&before);
        let variant = VARIANTS.contains(&before);
        if (held || variant) && !part.is_empty() && !is_folder(part) {
            let is_test = lower.starts_with("test");
            return Some(Candidate {
                word: part.into(),
                above,
                is_held: held,
                may_be_variant: variant && !is_known && !is_test,
            });
        }
        if is_known {
            return Some(Candidate {
                word: lower.into(),
                above,
                is_held: false,
                may_be_variant: false,
            });
        }
        before = part;
    }
    None
}

fn is_folder(part: &str) -> bool {
    HOLDERS.contains(&part) || VARIANTS.contains(&part)
}

/// The part of a path that sets a directory aside: archives, examples, documentation, tests and
/// hidden folders.
pub fn set_aside(dir: &str) -> Option<&str> {
    let mut before = "";
    for part in dir.split('/').filter(|p| !p.is_empty()) {
        let lower = part.to_ascii_lowercase();
        let is_environment = is_folder(before);
        let is_test = lower.starts_with("test")
            && (lower.len() <= 5
                || lower.starts_with("test-")
                || lower.starts_with("testdata")
                || lower.starts_with("testing")
                || lower.starts_with("test_"));
        if !is_environment && (ASIDE.contains(&lower.as_str()) || is_test || part.starts_with('.'))
        {
            return Some(part);
        }
        before = part;
    }
    None
}

/// The chart directory a file or directory is a part of (a template, a chart inside of it), given the
/// directories with a `Chart.yaml`. Such files are never checked as YAML: what they hold may exist, no
/// more.
pub fn chart_of_template<'c>(
    file: &str,
    charts: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    charts.into_iter().find(|chart| {
        let inside = match *chart {
            "" => Some(file),
            chart => file
                .strip_prefix(chart)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        let parts = ["templates/", "charts/", "crds/"];
        inside.is_some_and(|rest| parts.iter().any(|part| rest.starts_with(part)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_read_from_paths() {
        let of = |dir: &str| environment(dir).map(|e| e.to_string());
        assert_eq!(of("apps/web/overlays/dev"), Some("dev".into()));
        assert_eq!(of("clusters/eu-1/apps"), Some("eu-1".into()));
        assert_eq!(of("k8s/whispr/preprod"), Some("preprod".into()));
        assert_eq!(of("apps/overlays/test"), Some("test".into()));
        assert_eq!(of("infrastructure/istio"), None);
    }

    #[test]
    fn a_word_of_one_place_is_a_variant_unless_words_divide_the_repository() {
        let words = |dirs: &[&str]| {
            let environments = Environments::of(dirs.iter().copied());
            let found = dirs.iter().filter_map(|dir| environments.of_root(dir));
            found.map(|word| word.to_string()).collect::<Vec<_>>()
        };
        let two = [
            "a/overlays/okd",
            "b/overlays/okd",
            "a/overlays/k3s",
            "b/overlays/k3s",
        ];
        assert_eq!(words(&two), ["okd", "okd", "k3s", "k3s"]);
        assert!(words(&["a/overlays/istio", "b/overlays/istio", "b/overlays/mtls"]).is_empty());
        assert_eq!(
            words(&["apps/overlays/dev", "apps/overlays/prod", "infra"]),
            ["dev", "prod"]
        );
        let components = [
            "a",
            "b",
            "c",
            "d",
            "e",
            "pipeline/env/dev",
            "istio/overlays/ambient",
        ];
        assert!(words(&components).is_empty());
    }

    #[test]
    fn archives_examples_and_tests_are_set_aside() {
        assert_eq!(set_aside("archive/kubernetes/istio"), Some("archive"));
        assert_eq!(set_aside("pkg/testdata/mesh"), Some("testdata"));
        assert_eq!(set_aside(".archive/x"), Some(".archive"));
        assert_eq!(set_aside("apps/overlays/test"), None);
        assert_eq!(set_aside("apps/testimonials"), None);
    }

    #[test]
    fn a_template_belongs_to_the_chart_above_it() {
        let charts = ["charts/web"];
        let of = |file: &str| chart_of_template(file, charts.iter().copied());
        assert_eq!(of("charts/web/templates/gateway.yaml"), Some("charts/web"));
        assert_eq!(of("charts/web/values.yaml"), None);
        assert_eq!(chart_of_template("templates/x.yaml", [""]), Some(""));
    }
}
