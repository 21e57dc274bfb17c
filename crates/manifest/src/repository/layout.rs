//! What the paths of a repository tell: environments and clusters, what is set aside, charts.

use crate::value::Str;

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
const HOLDERS: [&str; 9] = [
    "overlays",
    "overlay",
    "clusters",
    "cluster-overlays",
    "environments",
    "environment",
    "envs",
    "env",
    "stages",
];

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

/// The environment or cluster a directory belongs to, by its path; the outermost word counts. `test`
/// is one only below a folder such as `overlays`: elsewhere it holds tests.
pub fn environment(dir: &str) -> Option<Str> {
    let parts: Vec<&str> = dir.split('/').filter(|p| !p.is_empty()).collect();
    for (index, part) in parts.iter().enumerate() {
        let lower = part.to_ascii_lowercase();
        let after_holder = index > 0 && HOLDERS.contains(&parts[index - 1]);
        if after_holder && !HOLDERS.contains(part) {
            return Some((*part).into());
        }
        if ENVIRONMENTS.contains(&lower.as_str()) {
            return Some(lower.into());
        }
    }
    None
}

/// The part of a path that sets a directory aside: archives, examples, documentation, tests and
/// hidden folders.
pub fn set_aside(dir: &str) -> Option<&str> {
    let mut before = "";
    for part in dir.split('/').filter(|p| !p.is_empty()) {
        let lower = part.to_ascii_lowercase();
        let is_environment = HOLDERS.contains(&before);
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

/// The chart directory whose template a file is, given the directories with a `Chart.yaml`. Such
/// files are never checked as YAML: what they hold may exist, no more.
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
        inside.is_some_and(|rest| rest.starts_with("templates/"))
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
