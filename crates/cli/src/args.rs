//! The command line as types.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Static analysis of Istio config in git, in agreement with istiod.
#[derive(Debug, Parser)]
#[command(name = "meshscope", version, max_term_width = 100)]
pub struct Cli {
    /// The repository
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub root: Utf8PathBuf,
    /// The mesh, when the repository holds more than one
    #[arg(long, global = true, value_name = "NAME")]
    pub mesh: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run mesh test files: every case.yaml and *.meshtest.yaml under the folders given
    Test(TestArgs),
}

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Folders with cases, or case files; default: the root
    #[arg(value_name = "DIR")]
    pub dirs: Vec<Utf8PathBuf>,
    /// How to show the outcome
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub format: TestFormat,
}

/// Formats of `test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// JUnit XML, for CI servers
    Junit,
}
