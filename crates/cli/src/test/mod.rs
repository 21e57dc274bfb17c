//! `meshscope test`: runs mesh test files and shows what came out.

mod human;
mod junit;

use crate::args::{Cli, TestArgs, TestFormat};
use crate::output::{Failure, print, print_json};
use camino::Utf8PathBuf;
use meshscope_testing::{find_cases, run};
use std::process::ExitCode;

/// Runs the command.
pub fn run_command(cli: &Cli, args: &TestArgs) -> Result<ExitCode, Failure> {
    let dirs = match args.dirs.is_empty() {
        true => vec![cli.root.clone()],
        false => args.dirs.clone(),
    };
    let mut files: Vec<Utf8PathBuf> = Vec::new();
    for dir in &dirs {
        files.extend(find_cases(dir)?);
    }
    let report = run(&files);
    match args.format {
        TestFormat::Human => print(&human::render(&report))?,
        TestFormat::Json => print_json(&report)?,
        TestFormat::Junit => print(&junit::render(&report))?,
    }
    Ok(ExitCode::from(u8::from(!report.is_ok())))
}
