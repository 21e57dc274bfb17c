//! The command line as types.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use meshscope::{ResourceRef, Who};

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
    /// Show what a proxy sees, why it does or does not see a resource, or who sees a resource
    Visibility(VisibilityArgs),
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

/// Arguments of `visibility`.
#[derive(Debug, Args)]
pub struct VisibilityArgs {
    /// The proxy: workload:NS/NAME, gateway:NS/NAME or NS/NAME
    #[arg(value_name = "WHO", required_unless_present = "of")]
    pub who: Option<Who>,
    /// Explain why WHO has this resource, or why not ("Kind NS/NAME")
    #[arg(long, value_name = "RESOURCE", requires = "who")]
    pub why: Option<ResourceRef>,
    /// List who can see this resource ("Kind NS/NAME")
    #[arg(long, value_name = "RESOURCE", conflicts_with_all = ["who", "why"])]
    pub of: Option<ResourceRef>,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = AnswerFormat::Human)]
    pub format: AnswerFormat,
}

/// Formats of answers to questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
}
