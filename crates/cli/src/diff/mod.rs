//! `meshscope diff`: what a change does to the meshes of a repository: findings, who sees what, calls
//! that end otherwise, workloads touched.

mod human;
mod markdown;
mod view;
mod work_tree;

pub use view::DiffView;

use crate::args::{Cli, FailOn};
use crate::git::{Repository, Revision};
use crate::output::{Failure, note, print, print_answer};
use clap::{Args, ValueEnum};
use meshscope::{Comparison, FileSystem};
use std::process::ExitCode;
use view::Side;
use work_tree::WorkTree;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The revision to compare with: a branch, tag, commit, HEAD~1, origin/main…
    #[arg(value_name = "BASE")]
    pub base: String,
    /// The revision that is compared; default: the working tree
    #[arg(value_name = "HEAD")]
    pub head: Option<String>,
    /// Compare with the commit at which HEAD left BASE, so that what BASE got since does not count
    #[arg(long)]
    pub merge_base: bool,
    /// How to show the difference
    #[arg(long, value_enum, default_value_t = DiffFormat::Human)]
    pub format: DiffFormat,
    /// Exit with 1 from this severity of an added finding on
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub fail_on: FailOn,
}

/// Formats of `diff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// A comment on a pull request
    Markdown,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &DiffArgs) -> Result<ExitCode, Failure> {
    let repository = Repository::around(&cli.root)?;
    let base = match args.merge_base {
        true => repository.merge_base(&args.base, args.head.as_deref().unwrap_or("HEAD"))?,
        false => args.base.clone(),
    };
    let base = repository.revision(&base)?;
    let head = args
        .head
        .as_deref()
        .map(|name| repository.revision(name))
        .transpose()?;
    for revision in [Some(&base), head.as_ref()].into_iter().flatten() {
        if !revision.has_root() {
            let (name, root) = (revision.name(), &cli.root);
            note(&format!(
                "meshscope: {name} has no folder {root}; it counts as empty\n"
            ));
        }
    }
    let work_tree;
    let after: &dyn FileSystem = match &head {
        Some(revision) => revision,
        None if !repository.has_work_tree() => {
            let said = "there is no working tree here to compare with: name two revisions";
            return Err(Failure::Said(said.into()));
        }
        None => {
            work_tree = WorkTree::without(repository.submodules()?);
            &work_tree
        }
    };
    let comparison =
        Comparison::open(repository.root(), &base, after).map_err(|(error, late)| {
            let side = match (late, &head) {
                (false, _) => base.name(),
                (true, Some(revision)) => revision.name(),
                (true, None) => "the working tree",
            };
            Failure::Said(format!("{side}: {error}"))
        })?;
    let wanted = cli.mesh.as_deref();
    if let Some(name) = wanted
        && comparison.base().mesh(name).is_none()
        && comparison.head().mesh(name).is_none()
    {
        return Err(Failure::Said(format!("neither side has a mesh {name}")));
    }
    let sides = (side(Some(&base)), side(head.as_ref()));
    let view = view::of(&comparison, wanted, sides);
    // A file of a revision may be asked for late, so this is known only now.
    for revision in [Some(&base), head.as_ref()].into_iter().flatten() {
        complete(revision)?;
    }
    match args.format {
        DiffFormat::Human => print(&human::render(&view))?,
        DiffFormat::Json => print_answer(&view)?,
        DiffFormat::Markdown => print(&markdown::render(&view))?,
    }
    let worst = view.findings.added.iter().map(|f| f.severity).max();
    Ok(args.fail_on.exit_code(worst))
}

fn side(revision: Option<&Revision>) -> Side {
    Side {
        revision: revision.map(|r| r.name().to_owned()),
        commit: revision.and_then(Revision::commit).map(str::to_owned),
    }
}

/// A difference against half a revision would be wrong in silence.
fn complete(revision: &Revision) -> Result<(), Failure> {
    match revision.missing() {
        None => Ok(()),
        Some(path) => Err(Failure::Said(format!(
            "this clone lacks contents of {}, such as {path}: fetch them first",
            revision.name()
        ))),
    }
}

/// Whether anything at all differs.
fn nothing(view: &DiffView) -> bool {
    view.findings.added.is_empty()
        && view.findings.fixed.is_empty()
        && view.meshes.iter().all(view::MeshView::is_empty)
}
