//! `meshscope lsp`: the language server on stdin and stdout.
//!
//! Exits with 0 when the client said goodbye and with 1 when it left without a word. It must not
//! print: stdout belongs to the protocol.

use crate::output::Failure;
use meshscope_lsp::Ended;
use std::process::ExitCode;

/// Runs the command.
pub fn run_command() -> Result<ExitCode, Failure> {
    Ok(match meshscope_lsp::run_stdio()? {
        Ended::Shutdown => ExitCode::SUCCESS,
        Ended::Abandoned => ExitCode::FAILURE,
    })
}
