//! Findings reported once per place: files that several roots or meshes use are written once.

use super::{Mesh, Report};
use crate::db::Database;
use crate::finding::{Certainty, Finding, Location, Severity};
use crate::workspace::Workspace;
use meshscope_mesh::index::unit_files;
use meshscope_mesh::{SourceFile, Unit};
use meshscope_rules::{Group, registry};
use std::collections::{BTreeMap, HashSet};

/// Rules whose findings are true only where every mesh with the file has them.
const OF_ALL_MESHES: [&str; 2] = ["unused-suppression", "config-hidden-from-istiod"];

/// What makes two findings one, when they have a place.
type Same = (String, Location, String, String);

fn same(finding: &Finding) -> Option<Same> {
    let location = finding.location.clone()?;
    let (rule, path) = (finding.rule.clone(), finding.path.clone());
    Some((rule, location, path, finding.message.clone()))
}

/// Drops findings that say the same of one place as an earlier one: roots that share a base. They are
/// sorted by place and rule, so an earlier one is near.
pub(super) fn once(findings: &mut Vec<Finding>) {
    findings.dedup();
    let is_first = |(at, finding): (usize, &Finding)| {
        let place = (&finding.location, &finding.rule);
        let earlier = findings[..at].iter().rev();
        let mut of_place = earlier.take_while(|e| (&e.location, &e.rule) == place);
        let says = (&finding.path, &finding.message);
        finding.location.is_none() || of_place.all(|e| (&e.path, &e.message) != says)
    };
    let first: Vec<bool> = findings.iter().enumerate().map(is_first).collect();
    let mut first = first.into_iter();
    findings.retain(|_| first.next().unwrap_or(true));
}

/// The findings of several meshes, those of one place once.
fn merged(reports: impl Iterator<Item = Report>) -> Report {
    let mut merged = Report::default();
    let mut known: BTreeMap<Same, usize> = BTreeMap::new();
    for report in reports {
        merged.suppressed += report.suppressed;
        for finding in report.findings {
            let at = merged.findings.len();
            let first = same(&finding).map(|key| *known.entry(key).or_insert(at));
            match first.filter(|&first| first != at) {
                Some(first) => {
                    let earlier: &mut Finding = &mut merged.findings[first];
                    if earlier.mesh != finding.mesh {
                        earlier.meshes.push(finding.mesh);
                    }
                    earlier.severity = earlier.severity.max(finding.severity);
                }
                None => merged.findings.push(finding),
            }
        }
    }
    merged
}

impl Workspace {
    /// The findings of the meshes whose names are wanted, each once per place, with the names of the
    /// other meshes it holds in.
    pub(crate) fn merged_report(&self, wanted: &dyn Fn(&str) -> bool) -> Report {
        let meshes: Vec<Mesh<'_>> = self.meshes().filter(|m| wanted(m.name())).collect();
        let mut merged = match meshes[..] {
            [only] => only.report(),
            _ => merged(meshes.iter().map(Mesh::report)),
        };
        self.used_elsewhere(&mut merged.findings);
        merged
    }

    /// The same of one file by itself.
    pub(crate) fn merged_report_of_file(&self, file: SourceFile) -> Report {
        merged(self.meshes().map(|mesh| mesh.report_of_file(file)))
    }

    /// A suppression is unused only when no mesh with its file uses it, and an object is hidden only when
    /// no istiod reads it, be it one of a mesh that is not asked about.
    fn used_elsewhere(&self, findings: &mut Vec<Finding>) {
        let holding = |path: &str| {
            let file = self.file(path);
            let holds = |mesh: &Mesh<'_>| file.is_some_and(|file| mesh.files().contains(&file));
            self.meshes().filter(holds).count()
        };
        findings.retain(|finding| {
            !OF_ALL_MESHES.contains(&finding.rule.as_str())
                || finding
                    .location
                    .as_ref()
                    .is_none_or(|at| holding(&at.file) == 1 + finding.meshes.len())
        });
    }
}

/// The files that the objects of some units are made from, each once, in order.
pub(super) fn files_of<'u>(
    db: &Database,
    units: impl Iterator<Item = &'u Unit>,
) -> Vec<SourceFile> {
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for unit in units {
        let own = unit_files(db, unit);
        files.extend(own.iter().filter(|file| seen.insert(**file)));
    }
    files
}

impl Mesh<'_> {
    /// The files that the objects of the mesh are made from, each once, in load order.
    pub fn files(&self) -> Vec<SourceFile> {
        files_of(self.db(), self.input().units(self.db()).iter())
    }

    /// What is missing or there twice is a hint where the mesh itself is uncertain.
    pub(super) fn step_down(&self, findings: &mut [Finding]) {
        let Some(why) = self.uncertain() else {
            return;
        };
        for finding in findings {
            let group = registry::find(&finding.rule).map(|rule| rule.group);
            let rests_on_all =
                group == Some(Group::Reference) || finding.rule == "duplicate-resource";
            if rests_on_all && finding.severity > Severity::Hint {
                finding.severity = Severity::Hint;
                finding.certainty = Certainty::Assumed;
                let note = format!("a hint only, as the mesh is uncertain: {why}");
                finding.help = Some(match finding.help.take() {
                    Some(help) => format!("{help}; {note}"),
                    None => note,
                });
            }
        }
    }
}
