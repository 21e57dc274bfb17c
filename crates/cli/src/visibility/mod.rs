//! `meshscope visibility`: what a proxy sees, why, and who sees a resource.

mod human;

use crate::args::{Cli, ListFormat, VisibilityArgs};
use crate::output::{Failure, print, print_json};
use meshscope::{Mesh, OsFileSystem, Workspace};
use serde::Serialize;
use std::process::ExitCode;

/// An answer as JSON has it.
#[derive(Serialize)]
struct Versioned<'a, T> {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &VisibilityArgs) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(&cli.root, &OsFileSystem)?;
    let mesh = chosen(cli, &workspace)?;
    if let Some(resource) = &args.of {
        let answer = mesh.visible_to(&resource.0);
        return show(args, &answer, human::visible_to);
    }
    let Some(who) = &args.who else {
        return Err(Failure::Said("whom to ask about?".into()));
    };
    match &args.why {
        Some(resource) => {
            let answer = mesh.explain(who, &resource.0)?;
            show(args, &answer, |answer| human::explanation(who, answer))
        }
        None => show(args, &mesh.overview(&mesh.proxy(who)?), human::overview),
    }
}

fn show<T: Serialize>(
    args: &VisibilityArgs,
    answer: &T,
    human: impl Fn(&T) -> String,
) -> Result<ExitCode, Failure> {
    match args.format {
        ListFormat::Human => print(&human(answer))?,
        ListFormat::Json => print_json(&Versioned {
            schema_version: 1,
            answer,
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The mesh asked about: the one named, or the only one.
fn chosen<'w>(cli: &Cli, workspace: &'w Workspace) -> Result<Mesh<'w>, Failure> {
    let names: Vec<&str> = workspace.meshes().map(|m| m.name()).collect();
    let known = || format!("meshes: {}", names.join(", "));
    match &cli.mesh {
        Some(name) => workspace
            .mesh(name)
            .ok_or_else(|| Failure::Said(format!("there is no mesh {name}; {}", known()))),
        None if names.len() > 1 => {
            Err(Failure::Said(format!("say which with --mesh; {}", known())))
        }
        None => workspace
            .meshes()
            .next()
            .ok_or_else(|| Failure::Said("the repository holds no mesh".into())),
    }
}
