//! `check --fix`: the repairs that need nobody to look at them, written to disk, or shown as a diff.

use super::baseline;
use super::outcome::Outcome;
use crate::args::{CheckArgs, Cli};
use crate::disk;
use crate::output::{Failure, note, print};
use crate::words::count;
use camino::Utf8Path;
use meshscope::finding::Finding;
use meshscope::{Repaired, Workspace};
use similar::TextDiff;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

/// Repairs what is asked about; in memory first, and on disk unless only the difference is wanted.
pub fn run(
    cli: &Cli,
    args: &CheckArgs,
    workspace: &mut Workspace,
    start: Instant,
) -> Result<(), Failure> {
    // What is known is not repaired either. A broken file of known findings was said before.
    let report = |workspace: &Workspace| -> Vec<Finding> {
        let mut outcome = Outcome::of(cli, args, workspace, start);
        match baseline::apply(cli, args, &mut outcome) {
            Ok(()) => outcome.findings,
            Err(_) => Vec::new(),
        }
    };
    let repairs = workspace.repair(&report);
    if args.diff {
        let text: String = repairs.files.iter().map(difference).collect();
        print(&text)?;
    } else {
        for file in &repairs.files {
            if let Err(why) = write(workspace.root(), file) {
                return Err(Failure::Said(format!("cannot repair {}: {why}", file.path)));
            }
        }
    }
    note(&said(&repairs.done, repairs.files.len(), args.diff));
    Ok(())
}

/// What was done, by rule.
fn said(done: &[(String, String)], files: usize, only_shown: bool) -> String {
    let lead = if only_shown { "would apply" } else { "applied" };
    let mut text = format!(
        "{lead} {} to {}\n",
        count(done.len(), "repair"),
        count(files, "file")
    );
    let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (rule, title) in done {
        rules.entry(rule).or_default().push(title);
    }
    for (rule, titles) in rules {
        let _ = match titles.as_slice() {
            [] => Ok(()),
            [one] => writeln!(text, "  {rule}: {one}"),
            [first, ..] => writeln!(text, "  {rule}: {} times, first {first}", titles.len()),
        };
    }
    text
}

/// What `git apply` would take.
fn difference(file: &Repaired) -> String {
    let diff = TextDiff::from_lines(&*file.before, &*file.after);
    let (old, new) = (format!("a/{}", file.path), format!("b/{}", file.path));
    diff.unified_diff().header(&old, &new).to_string()
}

/// Writes a repaired file, if it still is what was read and lies under the root without a link between.
fn write(root: &Utf8Path, file: &Repaired) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    let path = root.canonicalize_utf8().map_err(said)?.join(&file.path);
    if path.canonicalize_utf8().map_err(said)? != path {
        return Err("a link leads to it".into());
    }
    if std::fs::read(&path).map_err(said)? != file.before.as_bytes() {
        return Err("it was changed meanwhile".into());
    }
    disk::replace(&path, file.after.as_bytes()).map_err(said)
}
