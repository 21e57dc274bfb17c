//! `meshscope graph`: the route graph, as text for Graphviz and Mermaid, as JSON, as one page.

use crate::args::Cli;
use crate::output::{Failure, print, print_answer};
use clap::{Args, ValueEnum};
use meshscope::engine::graph::{Focus, dot, mermaid, route_graph};
use std::process::ExitCode;

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Only VirtualServices of this namespace, and what they touch
    #[arg(long, value_name = "NS")]
    pub namespace: Option<String>,
    /// Only VirtualServices for this host
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// How to show the graph
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
}

/// Formats of `graph`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz
    Dot,
    /// A Mermaid flowchart, which GitHub and GitLab draw in Markdown
    Mermaid,
    /// One JSON object
    Json,
    /// One page that needs nothing else
    Html,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &GraphArgs) -> Result<ExitCode, Failure> {
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
    let focus = Focus {
        namespace: args.namespace.as_ref().map(Into::into),
        host: args.host.as_ref().map(Into::into),
    };
    let graph = || route_graph(mesh.db(), mesh.input(), &focus);
    match args.format {
        GraphFormat::Dot => print(&dot(&graph()))?,
        GraphFormat::Mermaid => print(&mermaid(&graph()))?,
        GraphFormat::Json => print_answer(&mesh.route_graph(&focus))?,
        GraphFormat::Html => print(&mesh.route_graph(&focus).page(mesh.name()))?,
    }
    Ok(ExitCode::SUCCESS)
}
