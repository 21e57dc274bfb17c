//! Development tasks: `cargo run -p meshscope-xtask -- <task> [--check]`.
//!
//! Owns the generators of committed files. With `--check` nothing is written and a difference is a
//! failure. Must not be needed to build or run meshscope.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line tool

mod annotations;
mod crds;
mod editor_settings;
mod output_schema;
mod schema;
mod settings_schema;
mod table;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p meshscope-xtask -- schema|settings-schema|editor-settings|output-schema [--check]";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let task = args.next().unwrap_or_default();
    let check = args.any(|arg| arg == "--check");
    let result = match task.as_str() {
        "schema" => schema::run(check),
        "settings-schema" => settings_schema::run(check),
        "editor-settings" => editor_settings::run(check),
        "output-schema" => output_schema::run(check),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
