//! The command line as types.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use meshscope::finding::Severity;
use meshscope::{ResourceRef, Who};
use std::process::ExitCode;

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
    /// Every finding of the repository
    Check(CheckArgs),
    /// All rules
    Rules(RulesArgs),
    /// A rule's page: what it finds, why it matters, what istiod does
    Explain(ExplainArgs),
    /// The meshes found in the repository, and what is assumed of each
    Meshes(ListArgs),
    /// Write a commented meshscope.yaml from what is found
    Init(InitArgs),
    /// Run mesh test files: every case.yaml and *.meshtest.yaml under the folders given
    Test(TestArgs),
    /// What happens to one call, hop by hop, with the object and field that decided each step
    Trace(crate::trace::TraceArgs),
    /// What each gateway workload listens with, what is bound to it, and what was left out and why
    Gateways(crate::gateways::GatewaysArgs),
    /// Whom a change of one resource reaches: who sees it, is pushed, changes, or freezes
    BlastRadius(crate::blast_radius::BlastRadiusArgs),
    /// How calls leave the mesh, what enforces it, and every way round the gateway
    Egress(crate::egress::EgressArgs),
    /// The route graph: gateways, VirtualServices and where they lead
    Graph(crate::graph::GraphArgs),
    /// What a change does: findings, who sees what, calls that end otherwise, workloads touched
    Diff(crate::diff::DiffArgs),
    /// Show what a proxy sees, why it does or does not see a resource, or who sees a resource
    Visibility(VisibilityArgs),
    /// The language server, on stdin and stdout: editors start it
    Lsp(LspArgs),
}

/// Arguments of `lsp`.
#[derive(Debug, Args)]
pub struct LspArgs {
    /// What many editors add; there is no other way to talk to it
    #[arg(long)]
    pub stdio: bool,
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
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Report only what is in these files and folders; `-` reads manifests from stdin
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// How to show the findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub format: CheckFormat,
    /// Report only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub fail_on: FailOn,
    /// Report only what is not in this file of known findings
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<Utf8PathBuf>,
    /// Write the findings there are to the file of known findings
    #[arg(long, requires = "baseline", conflicts_with = "fix")]
    pub write_baseline: bool,
    /// Apply the repairs that need nobody to look at them
    #[arg(long)]
    pub fix: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long, requires = "fix")]
    pub diff: bool,
    /// Check again whenever a file changes, and report what is new and what is gone
    #[arg(long, conflicts_with_all = ["fix", "write_baseline", "statistics"])]
    pub watch: bool,
    /// Say how often each rule was reported
    #[arg(long)]
    pub statistics: bool,
    /// Colours in the human format
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// Formats of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// With the text they are about
    Human,
    /// One line each
    Concise,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
    /// JUnit XML, for CI servers
    Junit,
}

/// From which severity on a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// The severity from which on a run fails; none when it never does.
    pub fn threshold(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }

    /// How a run ends whose worst finding has a severity.
    pub fn exit_code(self, worst: Option<Severity>) -> ExitCode {
        let failed = self
            .threshold()
            .is_some_and(|t| worst.is_some_and(|w| w >= t));
        ExitCode::from(u8::from(failed))
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Whether to use them now.
    pub fn enabled(self) -> bool {
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                    && std::io::IsTerminal::is_terminal(&std::io::stdout())
            }
        }
    }
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// How to show them
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule's name
    #[arg(value_name = "RULE")]
    pub rule: String,
}

/// Formats of commands that list something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
}

/// Arguments of commands that only list something.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// How to show it
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Overwrite a file that is there
    #[arg(long)]
    pub force: bool,
}
