//! Diagnostics: the findings of a report by file, in the shape editors show.

use crate::place::Place;
use meshscope::finding::{Certainty, Finding, Severity};
use meshscope::rules::Group;
use meshscope::rules::registry;
use meshscope::{Report, Workspace};
use std::collections::BTreeMap;
use std::ops::Range;

/// What to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosticOptions {
    /// Whether findings of the groups `syntax` and `schema` are shown that another YAML server with
    /// the CRD schemas reports too.
    pub schema: bool,
    /// Diagnostics per file, at most; the worst are kept and the last one says how many are left out.
    pub limit: usize,
}

impl Default for DiagnosticOptions {
    fn default() -> Self {
        DiagnosticOptions {
            schema: true,
            limit: 200,
        }
    }
}

/// One finding in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The bytes.
    pub range: Range<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// The rule's name.
    pub rule: String,
    /// What is wrong, as `check` prints it.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How an editor may show it.
    pub tags: Vec<Tag>,
    /// The other parties.
    pub related: Vec<Related>,
    /// The page of the rule, relative to the repository of meshscope, such as
    /// `crates/rules/pages/subset-unknown.md`; none for what is no rule.
    pub page: Option<String>,
    /// The meshes it holds in; empty for what is about a file alone.
    pub meshes: Vec<String>,
    /// The finding as `check --format json` has it.
    pub finding: Finding,
}

/// How an editor may show a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Without effect: shown faded.
    Unnecessary,
    /// Deprecated: shown struck out.
    Deprecated,
}

/// Another party of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What it has to do with it.
    pub message: String,
}

/// The findings of the workspace by file, those of each file sorted by place; files without findings
/// are not among them.
pub fn diagnostics(
    workspace: &Workspace,
    options: &DiagnosticOptions,
) -> BTreeMap<String, Vec<Diagnostic>> {
    diagnostics_of(&workspace.report(None), options)
}

/// The same for a report at hand.
pub fn diagnostics_of(
    report: &Report,
    options: &DiagnosticOptions,
) -> BTreeMap<String, Vec<Diagnostic>> {
    let mut files: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    let shown = report
        .findings
        .iter()
        .filter(|finding| options.schema || !is_schema(&finding.rule));
    for finding in shown {
        if let Some(at) = &finding.location {
            let list = files.entry(at.file.clone()).or_default();
            list.push(diagnostic(finding, &at.range));
        }
    }
    for list in files.values_mut() {
        cut(list, options.limit);
        list.sort_by_key(|d| (d.range.start, d.range.end));
    }
    files
}

/// Whether another YAML server with the CRD schemas finds it, too.
fn is_schema(rule: &str) -> bool {
    match registry::find(rule) {
        Some(found) if found.group == Group::Schema => true,
        Some(found) => found.group == Group::Syntax && rule != "duplicate-resource",
        None => false,
    }
}

/// Keeps the worst, and says on the first of them how many are left out.
fn cut(list: &mut Vec<Diagnostic>, limit: usize) {
    let more = list.len().saturating_sub(limit);
    if more == 0 {
        return;
    }
    list.sort_by_key(|d| std::cmp::Reverse(d.severity));
    list.truncate(limit);
    if let Some(last) = list.last_mut() {
        last.message = format!("{} (and {more} more findings in this file)", last.message);
    }
}

fn diagnostic(finding: &Finding, range: &meshscope::finding::Range) -> Diagnostic {
    let related = finding.related.iter().filter_map(|related| {
        let at = related.location.as_ref()?;
        Some(Related {
            place: Place {
                path: at.file.clone(),
                range: bytes(&at.range),
            },
            message: related.message.clone(),
        })
    });
    let own = Some(finding.mesh.clone()).filter(|mesh| !mesh.is_empty());
    Diagnostic {
        range: bytes(range),
        severity: finding.severity,
        certainty: finding.certainty,
        rule: finding.rule.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        tags: tags(&finding.rule),
        related: related.collect(),
        page: registry::find(&finding.rule)
            .map(|rule| format!("crates/rules/pages/{}.md", rule.name)),
        meshes: own.into_iter().chain(finding.meshes.clone()).collect(),
        finding: finding.clone(),
    }
}

/// The bytes of a range of a finding.
pub(crate) fn bytes(range: &meshscope::finding::Range) -> Range<usize> {
    range.start.offset as usize..range.end.offset as usize
}

fn tags(rule: &str) -> Vec<Tag> {
    match rule {
        "unreachable-route"
        | "match-never-applies"
        | "gateway-route-shadowed"
        | "destination-rule-shadowed"
        | "field-without-effect"
        | "unused-suppression" => vec![Tag::Unnecessary],
        "deprecated-field" => vec![Tag::Deprecated],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, GATEWAY, REVIEWS};

    const BROKEN: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.shop.svc.cluster.local]
  http:
  - route: [{destination: {host: reviews, subset: v3}}]
  - match: [{uri: {prefix: /x}}]
    route: [{destination: {host: reviews}}]
  timeot: 5s
";

    fn all(texts: &[&str], options: &DiagnosticOptions) -> Vec<Diagnostic> {
        let f = Fixture::new(texts);
        let mut files = diagnostics(&f.workspace, options);
        files.remove("shop/route.yaml").unwrap_or_default()
    }

    #[test]
    fn they_are_the_findings_of_check_with_tags_pages_and_others() {
        let f = Fixture::new(&[REVIEWS, GATEWAY, BROKEN]);
        let report = f.workspace.report(None);
        let files = diagnostics(&f.workspace, &DiagnosticOptions::default());
        let placed = report.findings.iter().filter(|x| x.location.is_some());
        let listed: Vec<&Finding> = files.values().flatten().map(|d| &d.finding).collect();
        assert_eq!(placed.count(), listed.len());
        let of = |rule: &str| {
            let mut all = files["shop/route.yaml"].iter();
            all.find(|d| d.rule == rule).unwrap()
        };
        let subset = of("subset-unknown");
        assert_eq!(
            f.show_range("shop/route.yaml", &subset.range),
            "shop/route.yaml:7: v3"
        );
        assert_eq!(
            subset.page.as_deref(),
            Some("crates/rules/pages/subset-unknown.md")
        );
        assert!(
            subset
                .related
                .iter()
                .any(|r| r.place.path == "shop/rule.yaml"),
            "{subset:?}"
        );
        assert_eq!(of("unreachable-route").tags, [Tag::Unnecessary]);
    }

    #[test]
    fn what_a_schema_says_can_be_left_out() {
        let rules = |schema: bool| {
            let options = DiagnosticOptions {
                schema,
                ..DiagnosticOptions::default()
            };
            let all = all(&[REVIEWS, BROKEN], &options);
            all.iter().map(|d| d.rule.clone()).collect::<Vec<_>>()
        };
        assert!(rules(true).iter().any(|r| r == "unknown-field"));
        assert!(!rules(false).iter().any(|r| r == "unknown-field"));
        assert!(rules(false).iter().any(|r| r == "subset-unknown"));
    }

    #[test]
    fn of_too_many_the_worst_are_kept() {
        let options = DiagnosticOptions {
            limit: 1,
            ..DiagnosticOptions::default()
        };
        let all = all(&[REVIEWS, BROKEN], &options);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].severity, Severity::Error);
        assert!(all[0].message.contains("more findings in this file"));
    }
}
