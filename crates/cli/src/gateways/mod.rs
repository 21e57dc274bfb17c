//! `meshscope gateways`: what every gateway workload listens with, what is bound to it, what was left
//! out and why.

mod human;
mod view;
mod words;

#[cfg(feature = "schema")]
pub use view::GatewaysView;

use crate::args::{Cli, ListFormat};
use crate::output::{Failure, print, print_answer};
use clap::Args;
use meshscope::{Role, Who};
use std::process::ExitCode;

/// Arguments of `gateways`.
#[derive(Debug, Args)]
pub struct GatewaysArgs {
    /// Only this gateway workload: gateway:NS/NAME or NS/NAME
    #[arg(value_name = "WHO")]
    pub who: Option<Who>,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &GatewaysArgs) -> Result<ExitCode, Failure> {
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
    let only = match &args.who {
        None => None,
        Some(who) => Some(crate::ask::workload(
            mesh,
            &Who {
                role: Role::Gateway,
                ..who.clone()
            },
        )?),
    };
    let view = view::of(mesh, only);
    match args.format {
        ListFormat::Human => print(&human::render(&view))?,
        ListFormat::Json => print_answer(&view)?,
    }
    Ok(ExitCode::SUCCESS)
}
