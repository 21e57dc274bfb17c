//! `meshscope check`: every finding of a repository, in the format asked for.

mod baseline;
mod brief;
mod concise;
mod fix;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod outcome;
mod place;
mod sarif;
mod statistics;
mod stdin;
mod watch;

#[cfg(feature = "schema")]
pub use json::CheckOutput;

pub use concise::line;
pub use human::word;
pub use outcome::Outcome;

use crate::args::{CheckArgs, CheckFormat, Cli};
use crate::output::{Failure, print};
use meshscope::Workspace;
use place::Places;
use std::process::ExitCode;
use std::time::Instant;

/// Runs the command.
pub fn run_command(cli: &Cli, args: &CheckArgs) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let from_stdin = args.paths.iter().any(|p| p == "-");
    if from_stdin && (args.fix || args.watch) {
        return Err(Failure::Said("--fix and --watch need files".into()));
    }
    if args.watch {
        return watch::run(cli, args);
    }
    let mut workspace = match from_stdin {
        true => stdin::open(cli)?,
        false => crate::progress::open(&cli.root)?,
    };
    outcome::validate(cli, args, &workspace)?;
    let mut outcome = Outcome::of(cli, args, &workspace, start);
    if args.fix {
        baseline::apply(cli, args, &mut outcome)?;
        fix::run(cli, args, &mut workspace, start)?;
        if args.diff {
            return Ok(args.fail_on.exit_code(outcome.worst()));
        }
        outcome = Outcome::of(cli, args, &workspace, start);
    }
    baseline::apply(cli, args, &mut outcome)?;
    print(&render(args, &workspace, &outcome)?)?;
    baseline::report(args, &outcome);
    if args.statistics {
        crate::output::note(&statistics::render(&outcome));
    }
    Ok(args.fail_on.exit_code(outcome.worst()))
}

fn render(args: &CheckArgs, workspace: &Workspace, outcome: &Outcome) -> Result<String, Failure> {
    Ok(match args.format {
        CheckFormat::Human => human::render(workspace, outcome, args.color.enabled()),
        CheckFormat::Concise => concise::render(outcome),
        CheckFormat::Json => json::render(outcome)?,
        CheckFormat::Sarif => sarif::render(&Places::new(workspace), outcome)?,
        CheckFormat::Github => github::render(&Places::new(workspace), outcome),
        CheckFormat::Gitlab => gitlab::render(&Places::new(workspace), outcome)?,
        CheckFormat::Junit => {
            junit::render(&Places::new(workspace), outcome, args.fail_on.threshold())
        }
    })
}
