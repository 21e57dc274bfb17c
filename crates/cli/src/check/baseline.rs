//! The file of known findings: what is in it is not reported again.
//!
//! It holds what findings mean, so that it survives edits that only move lines; sorted, a finding in few
//! lines, so that it can be reviewed and merged.

use super::outcome::{Asked, Outcome};
use crate::args::{CheckArgs, Cli};
use crate::disk;
use crate::output::{Failure, note};
use camino::Utf8Path;
use meshscope::identity::{Identity, pair};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// How many entries that no longer occur are named.
const NAMED: usize = 10;

/// What a file of known findings kept back.
pub struct Known {
    /// How many findings.
    pub hidden: usize,
    /// Its entries that are found no more.
    pub gone: Vec<Identity>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    schema_version: u32,
    findings: Vec<Identity>,
}

/// Takes known findings out of an outcome, after writing them down if that is asked for.
pub fn apply(cli: &Cli, args: &CheckArgs, outcome: &mut Outcome) -> Result<(), Failure> {
    let Some(file) = &args.baseline else {
        return Ok(());
    };
    let old = match read(file)? {
        Some(old) => old,
        None if args.write_baseline => Vec::new(),
        None => {
            return Err(Failure::Said(format!(
                "there is no {file}; --write-baseline writes it"
            )));
        }
    };
    // What is not asked about is neither new nor gone.
    let asked = Asked::new(args);
    let (old, elsewhere): (Vec<Identity>, Vec<Identity>) = old.into_iter().partition(|entry| {
        let mesh = cli.mesh.as_deref().is_none_or(|mesh| mesh == entry.mesh);
        mesh && asked.rule(&entry.rule) && asked.file(&entry.file)
    });
    let found: Vec<Identity> = outcome.findings.iter().map(Identity::from).collect();
    if args.write_baseline {
        return write(file, found, elsewhere, outcome);
    }
    let pairs = pair(&old, &found);
    let mut known = pairs.iter();
    outcome
        .findings
        .retain(|_| known.next().is_none_or(Option::is_none));
    let mut gone: Vec<Option<Identity>> = old.into_iter().map(Some).collect();
    for &twin in pairs.iter().flatten() {
        if let Some(entry) = gone.get_mut(twin) {
            *entry = None;
        }
    }
    outcome.known = Some(Known {
        hidden: pairs.iter().flatten().count(),
        gone: gone.into_iter().flatten().collect(),
    });
    Ok(())
}

/// Says what was kept back, and what may go from the file.
pub fn report(args: &CheckArgs, outcome: &Outcome) {
    let (Some(file), Some(known)) = (&args.baseline, &outcome.known) else {
        return;
    };
    if args.write_baseline {
        note(&format!("wrote {} to {file}\n", findings(known.hidden)));
        return;
    }
    let mut text = format!("{} of {file} not shown\n", findings(known.hidden));
    if !known.gone.is_empty() {
        let _ = writeln!(
            text,
            "{} of it no longer found (--write-baseline drops them):",
            known.gone.len()
        );
    }
    for entry in known.gone.iter().take(NAMED) {
        let subject = entry
            .resource
            .as_ref()
            .map_or(entry.file.clone(), ToString::to_string);
        let _ = writeln!(text, "  {} {subject} {}", entry.rule, entry.path);
    }
    if known.gone.len() > NAMED {
        let _ = writeln!(text, "  and {} more", known.gone.len() - NAMED);
    }
    note(&text);
}

fn findings(n: usize) -> String {
    crate::words::count(n, "known finding")
}

fn read(file: &Utf8Path) -> Result<Option<Vec<Identity>>, Failure> {
    let said = |why: &dyn std::fmt::Display| Failure::Said(format!("cannot read {file}: {why}"));
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(said(&error)),
    };
    let read: File = serde_json::from_str(&text).map_err(|error| said(&error))?;
    match read.schema_version {
        1 => Ok(Some(read.findings)),
        other => Err(said(&format!(
            "its schemaVersion is {other}, and 1 is known"
        ))),
    }
}

fn write(
    file: &Utf8Path,
    found: Vec<Identity>,
    elsewhere: Vec<Identity>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    outcome.findings.clear();
    outcome.known = Some(Known {
        hidden: found.len(),
        gone: Vec::new(),
    });
    let mut findings = found;
    findings.extend(elsewhere);
    findings.sort();
    let content = File {
        schema_version: 1,
        findings,
    };
    let mut text = serde_json::to_string_pretty(&content)?;
    text.push('\n');
    disk::replace(file, text.as_bytes())
        .map_err(|error| Failure::Said(format!("cannot write {file}: {error}")))
}
