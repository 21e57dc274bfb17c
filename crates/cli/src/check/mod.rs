//! `meshscope check`: every finding of a repository, in the format asked for.

mod brief;
mod concise;
mod human;
mod json;
mod statistics;
mod stdin;

pub use human::label;

use crate::args::{CheckArgs, CheckFormat, Cli, FailOn};
use crate::output::{Failure, print};
use camino::Utf8Path;
use meshscope::finding::{Finding, Severity};
use meshscope::{MemoryFileSystem, OsFileSystem, Workspace, engine};
use std::process::ExitCode;
use std::time::Instant;

/// What a run found.
pub struct Outcome {
    /// The findings asked for, sorted.
    pub findings: Vec<Finding>,
    /// Files looked at.
    pub files: usize,
    /// YAML documents in them.
    pub documents: usize,
    /// Objects of kinds meshscope knows.
    pub resources: usize,
    /// Findings that suppressions kept back.
    pub suppressed: usize,
    /// How long it took.
    pub duration_ms: u128,
}

impl Outcome {
    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    }
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &CheckArgs) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let from_stdin = args.paths.iter().any(|p| p == "-");
    let workspace = if from_stdin {
        let fs = MemoryFileSystem::new().with("stdin.yaml", stdin::read()?);
        Workspace::open(Utf8Path::new(""), &fs)?
    } else {
        Workspace::open(&cli.root, &OsFileSystem)?
    };
    let progress = crate::progress::Progress::new(workspace.files().count());
    workspace.prime(&|| progress.step());
    progress.done();
    let outcome = collect(cli, args, &workspace, start)?;
    let text = match args.format {
        CheckFormat::Human => human::render(&workspace, &outcome, args.color.enabled()),
        CheckFormat::Concise => concise::render(&outcome),
        CheckFormat::Json => json::render(&outcome)?,
    };
    print(&text)?;
    if args.statistics {
        crate::output::note(&statistics::render(&outcome));
    }
    let worst = outcome.findings.iter().map(|f| f.severity).max();
    let threshold = match args.fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    };
    let failed = threshold.is_some_and(|t| worst.is_some_and(|w| w >= t));
    Ok(ExitCode::from(u8::from(failed)))
}

fn collect(
    cli: &Cli,
    args: &CheckArgs,
    workspace: &Workspace,
    start: Instant,
) -> Result<Outcome, Failure> {
    for rule in args.select.iter().chain(&args.ignore) {
        if meshscope::rules::registry::find(rule).is_none() {
            return Err(Failure::Said(format!(
                "there is no rule {rule}; `meshscope rules` lists them"
            )));
        }
    }
    let wanted = |name: &str| cli.mesh.as_deref().is_none_or(|m| m == name);
    if !workspace.meshes().any(|m| wanted(m.name())) {
        let name = cli.mesh.as_deref().unwrap_or_default();
        return Err(Failure::Said(format!(
            "there is no mesh {name}; `meshscope meshes` lists them"
        )));
    }
    let meshscope::Report {
        mut findings,
        suppressed,
    } = workspace.report(cli.mesh.as_deref());
    findings.retain(|f| {
        (args.select.is_empty() || args.select.contains(&f.rule))
            && !args.ignore.contains(&f.rule)
            && under(&args.paths, f)
    });
    let db = workspace.db();
    let (mut documents, mut resources) = (0, 0);
    for (_, file) in workspace.files() {
        let summary = engine::index::file_summary(db, file);
        documents += summary.documents as usize;
        resources += summary.objects.len();
    }
    Ok(Outcome {
        findings,
        files: workspace.files().count(),
        documents,
        resources,
        suppressed,
        duration_ms: start.elapsed().as_millis(),
    })
}

/// Whether a finding is in one of the paths asked for; all are when none is given.
fn under(paths: &[String], finding: &Finding) -> bool {
    let paths: Vec<&str> = paths
        .iter()
        .map(|p| p.trim_start_matches("./").trim_end_matches('/'))
        .filter(|p| *p != "-" && *p != "." && !p.is_empty())
        .collect();
    paths.is_empty()
        || finding
            .location
            .as_ref()
            .is_some_and(|at| paths.iter().any(|p| Utf8Path::new(&at.file).starts_with(p)))
}
