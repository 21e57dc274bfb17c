//! The `meshscope` command: arguments in, words out. The only crate that prints.
//!
//! Owns exit codes: 0 nothing at or above the threshold, 1 something, 2 the command could not be
//! carried out. It must not compute anything about a mesh itself.

mod args;
mod check;
mod init;
mod meshes;
mod output;
mod progress;
mod rules;
mod test;
mod visibility;

use args::{Cli, Command};
use clap::Parser;
use output::Failure;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Check(args) => check::run_command(&cli, args),
        Command::Rules(args) => rules::list(args),
        Command::Explain(args) => rules::explain(args),
        Command::Meshes(args) => meshes::run_command(&cli, args),
        Command::Init(args) => init::run_command(&cli, args),
        Command::Test(args) => test::run_command(&cli, args),
        Command::Visibility(args) => visibility::run_command(&cli, args),
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
