//! The findings of a repository: those of its meshes, as settings level and suppress them, and those
//! about its settings and files themselves.

use super::Workspace;
use crate::finding::{Certainty, Edit, Finding, Fix, Location, Position, Range, Severity};
use crate::mesh::{Report, range};
use crate::settings::RULE as SETTINGS;
use meshscope_rules::{Check, registry};
use meshscope_yaml::LineIndex;

/// What files that cannot be read as they are are reported as.
const UNREADABLE: &str = "unreadable-file";

/// What suppressions that keep nothing back are reported as.
const UNUSED: &str = "unused-suppression";

impl Finding {
    /// Whether it is among those of [`Workspace::report_of_file`]: it rests on the text of its file and
    /// the settings, not on what else is in the mesh.
    pub fn rests_on_file(&self) -> bool {
        let rule = self.rule.as_str();
        let decoding = registry::find(rule).is_some_and(|r| matches!(r.check, Check::Decoding));
        (decoding && rule != UNUSED) || rule == SETTINGS || rule == UNREADABLE
    }
}

impl Workspace {
    /// Every finding, sorted; of one mesh only when `mesh` names it. Findings that several meshes
    /// share are reported once, for the first of them, with the names of the others.
    pub fn report(&self, mesh: Option<&str>) -> Report {
        let mut report = self.merged_report(&|name| mesh.is_none_or(|wanted| wanted == name));
        let used = self.suppress(&mut report);
        if mesh.is_none() {
            self.settings_problems(&mut report.findings);
            self.unused_suppressions(&used, &mut report.findings);
        }
        self.about_files(&mut report.findings);
        self.finish(&mut report.findings);
        report
    }

    /// What is wrong with one file by itself, sorted: its syntax, what API server and webhook say of its
    /// objects, and the settings if it is their file. These are the findings of [`Workspace::report`]
    /// in that file whose rules are evaluated while reading; they cost little.
    pub fn report_of_file(&self, path: &str) -> Vec<Finding> {
        let Some(file) = self.file(path) else {
            return Vec::new();
        };
        let mut report = self.merged_report_of_file(file);
        self.suppress(&mut report);
        let mut findings = report.findings;
        self.settings_problems(&mut findings);
        self.about_files(&mut findings);
        findings.retain(|f| f.location.as_ref().is_some_and(|at| at.file == path));
        self.finish(&mut findings);
        findings
    }

    /// Levels as the settings say, and the order.
    fn finish(&self, findings: &mut Vec<Finding>) {
        self.set_levels(findings);
        findings.sort_by(|a, b| {
            (&a.location, &a.rule, &a.resource, &a.path, &a.message).cmp(&(
                &b.location,
                &b.rule,
                &b.resource,
                &b.path,
                &b.message,
            ))
        });
    }

    /// Takes out what the settings suppress; which suppressions kept something back.
    fn suppress(&self, report: &mut Report) -> Vec<bool> {
        let matchers: Vec<_> = self
            .settings
            .suppressions
            .iter()
            .map(|s| s.matcher())
            .collect();
        let mut used = vec![false; matchers.len()];
        let before = report.findings.len();
        report.findings.retain(|finding| {
            let mut kept = true;
            for (matcher, used) in matchers.iter().zip(&mut used) {
                if matcher.matches(finding) {
                    *used = true;
                    kept = false;
                }
            }
            kept
        });
        report.suppressed += before - report.findings.len();
        used
    }

    /// Severities as the settings say; rules that are off are left out.
    fn set_levels(&self, findings: &mut Vec<Finding>) {
        if self.settings.levels.is_empty() {
            return;
        }
        findings.retain_mut(|finding| match self.settings.level(&finding.rule) {
            None => true,
            Some(level) => match level.severity() {
                Some(severity) => {
                    finding.severity = severity;
                    true
                }
                None => false,
            },
        });
    }

    /// The settings file, and the ranges of its text.
    fn settings_lines(&self) -> Option<(&str, LineIndex)> {
        let path = self.settings.file.as_deref()?;
        let file = self.file(path)?;
        Some((path, LineIndex::new(file.text(&self.db))))
    }

    /// Faults of the settings file.
    fn settings_problems(&self, findings: &mut Vec<Finding>) {
        let Some((path, lines)) = self.settings_lines() else {
            return;
        };
        let range = |span| range(&lines, span);
        for problem in &self.settings.problems {
            let mut finding = plain(problem.rule, problem.severity, problem.message.clone());
            finding.location = Some(Location {
                file: path.into(),
                range: range(problem.span),
            });
            finding.help.clone_from(&problem.help);
            finding.fix = problem.replacement.as_ref().map(|text| Fix {
                title: format!("write {text}"),
                safe: false,
                edits: vec![Edit {
                    file: path.into(),
                    range: range(problem.span),
                    new_text: text.to_string(),
                }],
            });
            findings.push(finding);
        }
    }

    /// Suppressions of the settings file that keep nothing back.
    fn unused_suppressions(&self, used: &[bool], findings: &mut Vec<Finding>) {
        let Some((path, lines)) = self.settings_lines() else {
            return;
        };
        let all = self.settings.suppressions.iter().zip(used);
        for (suppression, _) in all.filter(|(_, used)| !**used) {
            let message = format!(
                "{} is not reported here: the suppression is unused",
                suppression.rule
            );
            let mut finding = plain(UNUSED, Severity::Hint, message);
            finding.location = Some(Location {
                file: path.into(),
                range: range(&lines, suppression.span),
            });
            finding.help = Some("remove the entry".into());
            findings.push(finding);
        }
    }

    /// Files that could not be read as they are.
    fn about_files(&self, findings: &mut Vec<Finding>) {
        for problem in self.problems() {
            let severity = if problem.skipped {
                Severity::Info
            } else {
                Severity::Hint
            };
            let mut finding = plain(UNREADABLE, severity, problem.message.clone());
            let start = Position {
                line: 1,
                column: 1,
                offset: 0,
            };
            finding.location = Some(Location {
                file: problem.path.to_string(),
                range: Range { start, end: start },
            });
            findings.push(finding);
        }
    }
}

fn plain(rule: &str, severity: Severity, message: String) -> Finding {
    Finding {
        rule: rule.into(),
        severity,
        certainty: Certainty::Certain,
        mesh: String::new(),
        meshes: Vec::new(),
        resource: None,
        path: String::new(),
        location: None,
        message,
        help: None,
        related: Vec::new(),
        reach: None,
        equivalents: Vec::new(),
        fix: None,
    }
}
