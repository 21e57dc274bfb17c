//! `check --watch`: checks again whenever files change, and says what is new and what is gone.
//!
//! Owns which changes on disk matter. Few changed files are edits of the repository in memory, so only
//! what rests on them is computed again; when much changes, or something that is no manifest, it is
//! opened anew.

use super::outcome::Outcome;
use super::{baseline, concise, human};
use crate::args::{CheckArgs, CheckFormat, Cli};
use crate::output::{Failure, complain, print};
use camino::{Utf8Path, Utf8PathBuf};
use meshscope::finding::Finding;
use meshscope::fs::Found;
use meshscope::identity::{Identity, pair};
use meshscope::manifest::Str;
use meshscope::{FileSystem, OsFileSystem, Workspace};
use notify::{Event, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Changes come in bursts: this long nothing must have happened.
const QUIET: Duration = Duration::from_millis(100);

/// A burst is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// With more changed files than this, opening anew is as good.
const MANY: usize = 100;

/// Runs until it is interrupted.
pub fn run(cli: &Cli, args: &CheckArgs) -> Result<ExitCode, Failure> {
    if !matches!(args.format, CheckFormat::Human | CheckFormat::Concise) {
        return Err(Failure::Said("--watch shows only human and concise".into()));
    }
    let root = cli.root.canonicalize_utf8();
    let root = root.map_err(|e| Failure::Said(format!("cannot read {}: {e}", cli.root)))?;
    let (sender, events) = channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        // Nobody listens any more when the run is over.
        let _ = sender.send(event);
    })?;
    watcher.watch(root.as_std_path(), RecursiveMode::Recursive)?;
    let mut watched = Watched::open(cli, args, root)?;
    let outcome = watched.check()?;
    match args.format {
        CheckFormat::Concise => print(&concise::render(&outcome))?,
        _ => print(&human::render(
            &watched.workspace,
            &outcome,
            args.color.enabled(),
        ))?,
    }
    baseline::report(args, &outcome);
    let mut last = outcome.findings;
    crate::output::note("watching for changes; ctrl-c ends\n");
    while let Some(changes) = burst(&events) {
        if !watched.follow(&changes) {
            continue;
        }
        let outcome = watched.check()?;
        let text = watched.changes(&last, &outcome);
        print(&text)?;
        last = outcome.findings;
    }
    Ok(ExitCode::SUCCESS)
}

/// What changed on disk.
#[derive(Default)]
struct Changes {
    paths: BTreeSet<Utf8PathBuf>,
    /// Something was missed.
    all: bool,
}

impl Changes {
    fn add(&mut self, event: notify::Result<Event>) {
        match event {
            // Reading is no change; it is what a check does.
            Ok(event) if event.kind.is_access() => {}
            Ok(event) => {
                self.all |= event.need_rescan();
                let paths = event.paths.into_iter();
                self.paths
                    .extend(paths.filter_map(|p| Utf8PathBuf::from_path_buf(p).ok()));
            }
            Err(_) => self.all = true,
        }
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.all
    }
}

/// The next changes, once they have come to rest; `None` when there will be none.
fn burst(events: &Receiver<notify::Result<Event>>) -> Option<Changes> {
    let mut changes = Changes::default();
    while changes.is_empty() {
        changes.add(events.recv().ok()?);
    }
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match events.recv_timeout(QUIET) {
            Ok(event) => changes.add(event),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    Some(changes)
}

/// A repository that follows the disk.
struct Watched<'a> {
    cli: &'a Cli,
    args: &'a CheckArgs,
    root: Utf8PathBuf,
    found: Found,
    workspace: Workspace,
}

impl<'a> Watched<'a> {
    fn open(cli: &'a Cli, args: &'a CheckArgs, root: Utf8PathBuf) -> Result<Watched<'a>, Failure> {
        let found = OsFileSystem.walk(&root)?;
        let workspace = crate::progress::open(&cli.root)?;
        super::outcome::validate(cli, args, &workspace)?;
        Ok(Watched {
            cli,
            args,
            root,
            found,
            workspace,
        })
    }

    fn check(&self) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::of(self.cli, self.args, &self.workspace, Instant::now());
        baseline::apply(self.cli, self.args, &mut outcome)?;
        Ok(outcome)
    }

    /// Brings the repository up to date; whether anything in it changed.
    fn follow(&mut self, changes: &Changes) -> bool {
        let Ok(found) = OsFileSystem.walk(&self.root) else {
            complain(&format!("cannot read {}", self.root));
            return false;
        };
        let touched = |path: &Utf8Path| {
            let full = self.root.join(path);
            changes
                .paths
                .iter()
                .any(|changed| full.starts_with(changed))
        };
        let others = self
            .workspace
            .other_files()
            .any(|path| touched(path.into()));
        let known: BTreeSet<&Utf8PathBuf> = self.found.files.iter().collect();
        let here: BTreeSet<&Utf8PathBuf> = found.files.iter().collect();
        let gone: Vec<Utf8PathBuf> = known
            .difference(&here)
            .map(|path| (*path).clone())
            .collect();
        let changed = found
            .files
            .iter()
            .filter(|path| !known.contains(path) || touched(path));
        let changed: Vec<Utf8PathBuf> = changed.cloned().collect();
        let same_shape = found.links == self.found.links && found.skipped == self.found.skipped;
        let anew = changes.all || others || !same_shape || gone.len() + changed.len() > MANY;
        self.found = found;
        if anew {
            return self.reopen();
        }
        if gone.is_empty() && changed.is_empty() {
            return false;
        }
        let mut edits: Vec<(Str, Option<Arc<str>>)> = Vec::new();
        edits.extend(gone.iter().map(|path| (Str::new(path.as_str()), None)));
        for path in changed {
            // What is gone again by now comes with the next change.
            let Ok(bytes) = OsFileSystem.read(&self.root.join(&path)) else {
                continue;
            };
            let Ok(text) = String::from_utf8(bytes) else {
                return self.reopen();
            };
            edits.push((Str::new(path.as_str()), Some(text.into())));
        }
        self.workspace.set_texts(&edits);
        true
    }

    /// Opens the repository anew; as long as that cannot be done it stays as it was.
    fn reopen(&mut self) -> bool {
        match crate::progress::open(&self.cli.root) {
            Ok(workspace) => self.workspace = workspace,
            Err(error) => complain(&error.to_string()),
        }
        true
    }

    /// What differs between two checks, in the format asked for.
    fn changes(&self, last: &[Finding], outcome: &Outcome) -> String {
        let identities = |list: &[Finding]| list.iter().map(Identity::from).collect::<Vec<_>>();
        let pairs = pair(&identities(last), &identities(&outcome.findings));
        let stays: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
        let fresh = outcome
            .findings
            .iter()
            .zip(&pairs)
            .filter(|(_, twin)| twin.is_none());
        let fresh: Vec<Finding> = fresh.map(|(finding, _)| finding.clone()).collect();
        let gone = last.iter().enumerate().filter(|(i, _)| !stays.contains(i));
        let gone = gone.map(|(_, finding)| format!("fixed: {}\n", concise::line(finding)));
        let mut text: String = gone.collect();
        match self.args.format {
            CheckFormat::Concise => {
                let lines = fresh
                    .iter()
                    .map(|finding| format!("new: {}\n", concise::line(finding)));
                text.extend(lines);
            }
            _ => text += &human::findings(&self.workspace, &fresh, self.args.color.enabled()),
        }
        let same = if text.is_empty() { "as before: " } else { "" };
        format!("{text}{same}{}\n", human::summary(outcome))
    }
}
