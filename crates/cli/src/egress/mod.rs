//! `meshscope egress`: how calls leave the mesh, what holds them to the gateway, and how well egress
//! gateways are kept apart.

mod human;
mod view;

#[cfg(feature = "schema")]
pub use view::EgressView;

use crate::args::{Cli, ListFormat};
use crate::output::{Failure, print, print_answer};
use clap::Args;
use std::process::ExitCode;

/// Arguments of `egress`.
#[derive(Debug, Args)]
pub struct EgressArgs {
    /// Only the clients of this namespace
    #[arg(long, value_name = "NS")]
    pub namespace: Option<String>,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &EgressArgs) -> Result<ExitCode, Failure> {
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
    let view = view::of(mesh, args.namespace.as_deref());
    if let (Some(namespace), true) = (&args.namespace, view.namespaces.is_empty()) {
        return Err(Failure::Said(format!(
            "no workload of namespace {namespace} calls out"
        )));
    }
    match args.format {
        ListFormat::Human => print(&human::render(&view))?,
        ListFormat::Json => print_answer(&view)?,
    }
    Ok(ExitCode::SUCCESS)
}
