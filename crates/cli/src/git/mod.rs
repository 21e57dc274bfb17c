//! Revisions of the git repository around the root, read with the `git` command.
//!
//! Only objects are asked for: the work tree is not touched, and no hook, filter or other program that
//! the repository names is run. The command rather than a library, because it is there wherever a
//! repository is, and reads whatever that is made of: packs, alternates, reftables, worktrees.

mod ignored;
mod objects;
mod revision;

pub use revision::{Revision, SUBMODULE};

use crate::output::Failure;
use camino::{Utf8Path, Utf8PathBuf};
use std::process::{Command, Stdio};

/// The git repository around a root.
pub struct Repository {
    root: Utf8PathBuf,
    /// The root inside the work tree: empty, or with a `/` at the end.
    prefix: String,
    has_work_tree: bool,
}

impl Repository {
    /// Finds it.
    pub fn around(root: &Utf8Path) -> Result<Repository, Failure> {
        if !root.is_dir() {
            return Err(Failure::Said(format!(
                "cannot read {root}: not a directory"
            )));
        }
        let asked = ["rev-parse", "--is-inside-work-tree", "--show-prefix"];
        let answer = ask(root, &asked)?.map_err(|why| {
            Failure::Said(format!(
                "{root} is in no git repository that can be read: {why}"
            ))
        })?;
        let mut lines = answer.lines();
        Ok(Repository {
            root: root.to_owned(),
            has_work_tree: lines.next() == Some("true"),
            prefix: lines.next().unwrap_or_default().to_owned(),
        })
    }

    /// The root.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Whether there is a work tree to compare with.
    pub fn has_work_tree(&self) -> bool {
        self.has_work_tree
    }

    /// A revision, ready to be read.
    pub fn revision(&self, name: &str) -> Result<Revision, Failure> {
        let tree = self.object(name, "tree")?;
        let commit = self.object(name, "commit").ok();
        Revision::read(&self.root, &self.prefix, name, &tree, commit)
    }

    /// The commit at which two revisions parted.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<String, Failure> {
        let (a_commit, b_commit) = (self.object(a, "commit")?, self.object(b, "commit")?);
        let answer = ask(&self.root, &["merge-base", &a_commit, &b_commit])?;
        answer.map(|text| text.trim().to_owned()).map_err(|_| {
            Failure::Said(format!(
                "{a} and {b} have no commit in common{}",
                self.shallow()
            ))
        })
    }

    /// The submodules of the work tree, relative to the root.
    pub fn submodules(&self) -> Result<Vec<Utf8PathBuf>, Failure> {
        let answer = ask(&self.root, &["ls-files", "--stage", "-z"])?.map_err(Failure::Said)?;
        let entries = answer
            .split('\0')
            .filter(|entry| entry.starts_with("160000 "));
        let paths = entries.filter_map(|entry| entry.split_once('\t'));
        Ok(paths.map(|(_, path)| path.into()).collect())
    }

    /// The id of the object of a kind that a name leads to.
    fn object(&self, name: &str, kind: &str) -> Result<String, Failure> {
        let unknown = || Failure::Said(format!("there is no revision {name}{}", self.shallow()));
        // What begins with a dash would be an option.
        if name.is_empty() || name.starts_with('-') || name.contains(['\0', '\n']) {
            return Err(unknown());
        }
        let wanted = format!("{name}^{{{kind}}}");
        let answer = ask(&self.root, &["rev-parse", "--verify", "--quiet", &wanted])?;
        answer.map(|id| id.trim().to_owned()).map_err(|_| unknown())
    }

    /// What to say when history may be missing.
    fn shallow(&self) -> &'static str {
        match ask(&self.root, &["rev-parse", "--is-shallow-repository"]) {
            Ok(Ok(answer)) if answer.trim() == "true" => {
                "; this clone is shallow, so fetch more history (fetch-depth: 0 in GitHub Actions, \
                 GIT_DEPTH: 0 in GitLab CI)"
            }
            _ => "",
        }
    }
}

/// A git command about the repository around a root. It asks nobody anything, fetches nothing, and
/// leaves no lock.
fn command(root: &Utf8Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false", "-c", "protocol.allow=never"])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    // A hook that runs meshscope has these set for itself; the root says which repository is meant.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command
}

/// What git answers, or what it complains of.
fn ask(root: &Utf8Path, args: &[&str]) -> Result<Result<String, String>, Failure> {
    let output = command(root).args(args).output().map_err(not_run)?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(Err(said.trim_start_matches("fatal: ").to_owned()))
}

fn not_run(error: std::io::Error) -> Failure {
    Failure::Said(format!(
        "cannot run git, which revisions are read with: {error}"
    ))
}
