//! The `meshscope` command: arguments in, words out. The only crate that prints.
//!
//! Owns exit codes: 0 nothing at or above the threshold, 1 something, 2 the command could not be
//! carried out. It must not compute anything about a mesh itself.

mod args;
mod ask;
mod blast_radius;
mod check;
mod diff;
mod disk;
mod egress;
mod gateways;
mod git;
mod graph;
mod init;
mod lsp;
mod meshes;
mod output;
mod progress;
mod reason;
mod rules;
#[cfg(feature = "schema")]
mod schema;
mod test;
mod trace;
mod visibility;
mod words;
mod xml;

#[cfg(feature = "schema")]
pub use schema::output_schema;

use args::{Cli, Command};
use clap::Parser;
use output::Failure;
use std::process::ExitCode;

/// Runs the command that the process was started with, and says how it ended.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Check(args) => check::run_command(&cli, args),
        Command::Rules(args) => rules::list(args),
        Command::Explain(args) => rules::explain(args),
        Command::Meshes(args) => meshes::run_command(&cli, args),
        Command::Init(args) => init::run_command(&cli, args),
        Command::Test(args) => test::run_command(&cli, args),
        Command::Trace(args) => trace::run_command(&cli, args),
        Command::Gateways(args) => gateways::run_command(&cli, args),
        Command::BlastRadius(args) => blast_radius::run_command(&cli, args),
        Command::Egress(args) => egress::run_command(&cli, args),
        Command::Graph(args) => graph::run_command(&cli, args),
        Command::Diff(args) => diff::run_command(&cli, args),
        Command::Visibility(args) => visibility::run_command(&cli, args),
        Command::Lsp(_) => lsp::run_command(),
    };
    match outcome {
        Ok(code) => code,
        // Nobody reads any more: `meshscope … | head`.
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Said(message)) => {
            output::complain(&message);
            ExitCode::from(2)
        }
    }
}
