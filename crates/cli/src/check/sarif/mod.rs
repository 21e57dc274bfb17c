//! Findings as SARIF 2.1.0, with what GitHub's code scanning asks for beyond it.

mod model;

use super::Outcome;
use super::place::Places;
use crate::output::Failure;
use meshscope::finding::{Edit, Finding, Location, Range, Related, Severity};
use meshscope::identity::fingerprints;
use meshscope::rules::{self, registry};
use model::*;
use std::collections::BTreeMap;

/// How many results GitHub takes of one run.
const RESULTS: usize = 25_000;

/// How many related locations GitHub takes of one result.
const RELATED: usize = 100;

/// One SARIF log.
pub fn render(places: &Places, outcome: &Outcome) -> Result<String, Failure> {
    let prints = fingerprints(&outcome.findings);
    let mut found: Vec<(&Finding, String)> = outcome.findings.iter().zip(prints).collect();
    let total = found.len();
    if total > RESULTS {
        found.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
        found.truncate(RESULTS);
    }
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut descriptors = Vec::new();
    for (finding, _) in &found {
        if !used.contains_key(finding.rule.as_str()) {
            used.insert(&finding.rule, descriptors.len());
            descriptors.push(descriptor(&finding.rule));
        }
    }
    let of = |(finding, print): &(&Finding, String)| {
        let index = used.get(finding.rule.as_str()).copied().unwrap_or_default();
        result(places, finding, print, index)
    };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "meshscope",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: descriptors,
                },
            },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: left_out(total),
            }],
            column_kind: "unicodeCodePoints",
            original_uri_base_ids: BTreeMap::from([(
                BASE,
                Base {
                    description: text("the top of the repository"),
                },
            )]),
            results: found.iter().map(of).collect(),
        }],
    };
    let mut json = serde_json::to_string_pretty(&log)?;
    json.push('\n');
    Ok(json)
}

/// What is said when there are more results than can be told.
fn left_out(total: usize) -> Vec<Notification> {
    let more = total.saturating_sub(RESULTS);
    let said = (more > 0).then(|| Notification {
        level: "warning",
        message: text(&format!(
            "{more} findings of the least severity are left out"
        )),
    });
    said.into_iter().collect()
}

fn descriptor(rule: &str) -> Descriptor {
    let known = registry::find(rule);
    let summary = known.map_or(rule, |r| r.summary);
    let page = known.map_or(summary, |r| r.page);
    let severity = known.map_or(Severity::Info, |r| r.severity.into());
    let tags = known.map(tags).unwrap_or_default();
    Descriptor {
        id: rule.to_owned(),
        name: rule.to_owned(),
        short_description: text(&sentence(summary)),
        full_description: text(&sentence(summary)),
        help: Help {
            text: page.to_owned(),
            markdown: page.to_owned(),
        },
        default_configuration: Configuration {
            level: level(severity),
        },
        properties: Properties {
            tags,
            problem_severity: match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Hint => "recommendation",
            },
        },
    }
}

fn tags(rule: &rules::Rule) -> Vec<String> {
    let codes = rule.equivalents.iter().map(|code| (*code).to_owned());
    let group = rule.group.name().to_owned();
    ["istio".to_owned(), group]
        .into_iter()
        .chain(codes)
        .collect()
}

/// A summary as a sentence.
fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Hint => "note",
    }
}

fn result(places: &Places, finding: &Finding, print: &str, index: usize) -> ResultItem {
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str("\n\n");
        message.push_str(help);
    }
    let place = places.of(finding).map(|at| Place {
        id: None,
        physical_location: physical(places, &at),
        logical_locations: logical(finding).into_iter().collect(),
        message: None,
    });
    let related = finding.related.iter().take(RELATED).enumerate();
    ResultItem {
        rule_id: finding.rule.clone(),
        rule_index: index,
        level: level(finding.severity),
        message: text(&message),
        locations: place.into_iter().collect(),
        related_locations: related.filter_map(|(i, r)| party(places, i, r)).collect(),
        // GitHub looks at the first name only, and adds hashes of lines where it is missing.
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", format!("{print}:1")),
            ("meshscopeFinding/v1", print.to_owned()),
        ]),
        fixes: fix(places, finding).into_iter().collect(),
    }
}

fn party(places: &Places, index: usize, related: &Related) -> Option<Place> {
    let at = related.location.as_ref()?;
    let who = related
        .resource
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let words = [who.as_str(), related.message.as_str()];
    let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
    let said = words.join(": ");
    Some(Place {
        id: Some(index),
        physical_location: physical(places, at),
        logical_locations: Vec::new(),
        message: Some(text(if said.is_empty() { "related" } else { &said })),
    })
}

fn logical(finding: &Finding) -> Option<Logical> {
    let resource = finding.resource.as_ref()?.to_string();
    let name = match finding.path.as_str() {
        "" => resource,
        path => format!("{resource} {path}"),
    };
    Some(Logical {
        fully_qualified_name: name,
        kind: "resource",
    })
}

fn physical(places: &Places, at: &Location) -> Physical {
    Physical {
        artifact_location: artifact(places, &at.file),
        region: region(at.range),
    }
}

fn artifact(places: &Places, file: &str) -> Artifact {
    Artifact {
        uri: uri(&places.path(file)),
        uri_base_id: BASE,
    }
}

fn region(range: Range) -> Region {
    Region {
        start_line: range.start.line,
        start_column: range.start.column,
        end_line: range.end.line,
        end_column: range.end.column,
    }
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

/// A repair; the edits of each file together.
fn fix(places: &Places, finding: &Finding) -> Option<Repair> {
    let fix = finding.fix.as_ref()?;
    let mut files: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        files.entry(&edit.file).or_default().push(edit);
    }
    let changes = files.into_iter().map(|(file, edits)| ArtifactChange {
        artifact_location: artifact(places, file),
        replacements: edits.into_iter().map(replacement).collect(),
    });
    Some(Repair {
        description: text(&fix.title),
        artifact_changes: changes.collect(),
    })
}

fn replacement(edit: &Edit) -> Replacement {
    Replacement {
        deleted_region: region(edit.range),
        inserted_content: text(&edit.new_text),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_become_uris() {
        assert_eq!(super::uri("a b/ü:1.yaml"), "a%20b/%C3%BC%3A1.yaml");
        assert_eq!(
            super::sentence("a field the kind does not have"),
            "A field the kind does not have."
        );
    }
}
