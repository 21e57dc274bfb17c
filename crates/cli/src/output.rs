//! Writing to stdout and stderr; a closed pipe is an end, not a fault.

use std::fmt::Display;
use std::io::{self, Write};

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// The reader went away.
    Closed,
    /// It could not be carried out, and why.
    Said(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Said(error.to_string())
    }
}

/// Writes a text to stdout as it is.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Closed),
        Err(error) => Err(Failure::Said(format!("cannot write: {error}"))),
    }
}

/// Writes a JSON value to stdout.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print(&text)
}

/// An answer as JSON has it.
#[derive(serde::Serialize)]
struct Versioned<'a, T> {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// Writes an answer to stdout as JSON, with the version of its schema in front.
pub fn print_answer(answer: &impl serde::Serialize) -> Result<(), Failure> {
    print_json(&Versioned {
        schema_version: 1,
        answer,
    })
}

/// Says on stderr why a command could not be carried out.
pub fn complain(message: &dyn Display) {
    let mut err = io::stderr().lock();
    // Nothing can be done when even this fails.
    let _ = writeln!(err, "meshscope: {message}");
}

/// Says something on stderr that is no fault.
pub fn note(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}");
}
