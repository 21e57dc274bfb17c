//! `meshscope visibility`: what a proxy sees, why, and who sees a resource.

mod human;

use crate::args::{Cli, ListFormat, VisibilityArgs};
use crate::output::{Failure, print, print_answer};
use serde::Serialize;
use std::process::ExitCode;

/// Runs the command.
pub fn run_command(cli: &Cli, args: &VisibilityArgs) -> Result<ExitCode, Failure> {
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
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
        ListFormat::Json => print_answer(answer)?,
    }
    Ok(ExitCode::SUCCESS)
}
