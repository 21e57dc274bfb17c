//! Safe repairs applied in memory, round after round, until none is left.
//!
//! Owns which repairs go together: those of one round never touch the same bytes, and each is applied
//! whole or not at all. It must not write files.

use super::Workspace;
use crate::finding::{Edit, Finding};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// A repair may bring up the next one; more rounds than this help nobody.
const ROUNDS: usize = 50;

/// What applying safe repairs did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// The files that are different now, by path.
    pub files: Vec<Repaired>,
    /// What was repaired: the rule, and what was done, in order.
    pub done: Vec<(String, String)>,
}

/// A file that was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// Its path relative to the root.
    pub path: String,
    /// Its text before.
    pub before: Arc<str>,
    /// Its text now.
    pub after: Arc<str>,
}

impl Workspace {
    /// Applies the safe repairs of the findings that `report` gives, asks it again, and so on until there
    /// is none left. Files that were not read as they are stay as they are.
    pub fn repair(&mut self, report: &dyn Fn(&Workspace) -> Vec<Finding>) -> Repairs {
        let mut repairs = Repairs::default();
        let mut before: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let mut states: BTreeMap<String, HashSet<Arc<str>>> = BTreeMap::new();
        for _ in 0..ROUNDS {
            let findings = report(self);
            let (texts, done) = self.one_round(&findings, &states);
            if texts.is_empty() {
                break;
            }
            repairs.done.extend(done);
            for (path, text) in texts {
                let old = self.file(&path).map(|file| file.text(self.db()).clone());
                let old = old.unwrap_or_default();
                before.entry(path.clone()).or_insert_with(|| old.clone());
                states.entry(path.clone()).or_default().insert(old);
                self.set_text(&path, &text);
            }
        }
        let changed = before.into_iter().filter_map(|(path, before)| {
            let after = self.file(&path)?.text(self.db()).clone();
            let repaired = Repaired {
                path,
                before,
                after,
            };
            (repaired.before != repaired.after).then_some(repaired)
        });
        repairs.files = changed.collect();
        repairs
    }

    /// The texts after the repairs that go together, and what those are. A text that was there before is
    /// not gone back to.
    fn one_round(
        &self,
        findings: &[Finding],
        states: &BTreeMap<String, HashSet<Arc<str>>>,
    ) -> (BTreeMap<String, String>, Vec<(String, String)>) {
        let mut chosen: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
        let mut done: Vec<(&str, (String, String))> = Vec::new();
        let mut seen: BTreeSet<(&str, Vec<(u32, u32, &str)>)> = BTreeSet::new();
        for finding in findings {
            let Some(fix) = finding.fix.as_ref().filter(|fix| fix.safe) else {
                continue;
            };
            let Some(first) = fix.edits.first() else {
                continue;
            };
            let free = |edit: &Edit| {
                let others = chosen.get(edit.file.as_str()).into_iter().flatten();
                self.is_as_read(&edit.file) && others.copied().all(|other| !touch(edit, other))
            };
            // Two findings may ask for the same repair.
            let edits = fix.edits.iter().map(|e| {
                let (start, end) = (e.range.start.offset, e.range.end.offset);
                (start, end, e.new_text.as_str())
            });
            if !seen.insert((&first.file, edits.collect())) || !fix.edits.iter().all(free) {
                continue;
            }
            for edit in &fix.edits {
                chosen.entry(&edit.file).or_default().push(edit);
            }
            done.push((&first.file, (finding.rule.clone(), fix.title.clone())));
        }
        let texts = chosen.into_iter().filter_map(|(path, edits)| {
            let old = self.file(path)?.text(self.db()).clone();
            let new = edited(&old, edits)?;
            let known = states
                .get(path)
                .is_some_and(|seen| seen.contains(new.as_str()));
            (*new != *old && !known).then(|| (path.to_owned(), new))
        });
        let texts: BTreeMap<String, String> = texts.collect();
        let done = done
            .into_iter()
            .filter(|(file, _)| texts.contains_key(*file));
        let done = done.map(|(_, what)| what).collect();
        (texts, done)
    }

    /// Whether the text of a file is what is on disk, byte for byte.
    fn is_as_read(&self, path: &str) -> bool {
        !self.problems().iter().any(|problem| problem.path == path)
    }
}

/// Whether two edits of a file touch the same bytes or the same place.
fn touch(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (&a.range, &b.range);
    a.start.offset <= b.end.offset && b.start.offset <= a.end.offset
}

/// The text after edits that do not touch each other; `None` when one does not fit it. New lines end as
/// the lines of the text do.
fn edited(text: &str, mut edits: Vec<&Edit>) -> Option<String> {
    let crlf = text.contains("\r\n");
    edits.sort_by_key(|edit| edit.range.start.offset);
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (
            edit.range.start.offset as usize,
            edit.range.end.offset as usize,
        );
        new.push_str(text.get(at..start)?);
        match crlf {
            true => new.push_str(&edit.new_text.replace("\r\n", "\n").replace('\n', "\r\n")),
            false => new.push_str(&edit.new_text),
        }
        text.get(start..end)?;
        at = end;
    }
    new.push_str(text.get(at..)?);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFileSystem;
    use crate::finding::{Position, Range};
    use camino::Utf8Path;

    fn edit(start: u32, end: u32, new_text: &str) -> Edit {
        let at = |offset| Position {
            line: 1,
            column: 1,
            offset,
        };
        Edit {
            file: "a.yaml".into(),
            range: Range {
                start: at(start),
                end: at(end),
            },
            new_text: new_text.into(),
        }
    }

    #[test]
    fn edits_are_applied_from_the_start_and_lines_end_as_they_did() {
        let edits = [edit(4, 5, "X"), edit(0, 1, "1\n2")];
        assert_eq!(
            edited("a\r\nbcd", edits.iter().collect()).unwrap(),
            "1\r\n2\r\nbXd"
        );
        assert_eq!(edited("ab", vec![&edit(1, 9, "")]), None);
        assert!(touch(&edits[0], &edit(5, 5, "y")));
    }

    #[test]
    fn repairs_go_on_until_none_is_left() {
        let text = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: b}\n\
                    spec:\n  host: c.example.com\n  trafficPolicy:\n    tls:\n      mode: simple\n";
        let fs = MemoryFileSystem::new().with("a.yaml", text);
        let mut workspace = Workspace::open(Utf8Path::new(""), &fs).unwrap();
        let repairs = workspace.repair(&|w| w.report(None).findings);
        assert_eq!(
            repairs.files.len(),
            1,
            "{:?}",
            workspace.report(None).findings
        );
        assert_eq!(*repairs.files[0].after, *text.replace("simple", "SIMPLE"));
        assert_eq!(repairs.done[0].0, "invalid-enum-value");
        let left = workspace.report(None).findings;
        assert!(
            !left
                .iter()
                .any(|f| f.fix.as_ref().is_some_and(|fix| fix.safe)),
            "{left:?}"
        );
    }
}
