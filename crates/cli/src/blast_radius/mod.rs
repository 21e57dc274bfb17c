//! `meshscope blast-radius`: whom a change of one resource reaches, in four senses that are often
//! taken for one.

mod human;
mod view;

#[cfg(feature = "schema")]
pub use view::RadiusView;

use crate::args::{Cli, ListFormat};
use crate::output::{Failure, print, print_answer};
use clap::Args;
use meshscope::ResourceRef;
use std::process::ExitCode;

/// Arguments of `blast-radius`.
#[derive(Debug, Args)]
pub struct BlastRadiusArgs {
    /// The resource: "Kind NS/NAME" or Kind/NS/NAME; of the Gateway API
    /// Gateway.gateway.networking.k8s.io
    #[arg(value_name = "RESOURCE", num_args = 1..=2, required = true)]
    pub resource: Vec<String>,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &BlastRadiusArgs) -> Result<ExitCode, Failure> {
    // Kind and name may come as two words, unquoted.
    let wanted: ResourceRef = args.resource.join(" ").parse()?;
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
    let key = crate::ask::object(mesh, &wanted)?;
    let view = view::of(mesh, &key);
    match args.format {
        ListFormat::Human => print(&human::render(&view))?,
        ListFormat::Json => print_answer(&view)?,
    }
    Ok(ExitCode::SUCCESS)
}
