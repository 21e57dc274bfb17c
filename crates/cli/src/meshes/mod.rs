//! `meshscope meshes`: which meshes the repository holds, and what is assumed of each.

mod human;
mod json;

#[cfg(feature = "schema")]
pub use json::MeshList;

use crate::args::{Cli, ListArgs, ListFormat};
use crate::output::{Failure, print, print_json};
use meshscope::{Mesh, OsFileSystem, Workspace};
use std::process::ExitCode;

/// Runs the command.
pub fn run_command(cli: &Cli, args: &ListArgs) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(&cli.root, &OsFileSystem)?;
    let wanted = |mesh: &Mesh<'_>| cli.mesh.as_deref().is_none_or(|name| name == mesh.name());
    let meshes: Vec<_> = workspace
        .meshes()
        .filter(wanted)
        .map(|mesh| mesh.profile())
        .collect();
    if meshes.is_empty() {
        let name = cli.mesh.as_deref().unwrap_or_default();
        let names: Vec<&str> = workspace.meshes().map(|mesh| mesh.name()).collect();
        return Err(Failure::Said(format!(
            "there is no mesh {name}; there are {}",
            names.join(", ")
        )));
    }
    let file = workspace.settings().file.as_deref();
    match args.format {
        ListFormat::Human => print(&human::render(file, &meshes, workspace.set_aside()))?,
        ListFormat::Json => print_json(&json::listing(file, &meshes, workspace.set_aside()))?,
    }
    Ok(ExitCode::SUCCESS)
}
