//! Manifests from standard input, as one mesh under the settings of the root.

use crate::args::Cli;
use crate::output::Failure;
use camino::Utf8Path;
use meshscope::{Database, MemoryFileSystem, OsFileSystem, Settings, Workspace};
use std::io::Read;

/// The name findings in it have.
const FILE: &str = "stdin.yaml";

/// Opens what is on standard input.
pub fn open(cli: &Cli) -> Result<Workspace, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let mut settings = Settings::load(&cli.root, &OsFileSystem)?;
    crate::ask::complain_of_settings(&settings, None);
    if let Some(name) = &cli.mesh {
        settings.meshes.retain(|mesh| mesh.name == name.as_str());
    }
    if settings.meshes.len() > 1 {
        let names: Vec<&str> = settings
            .meshes
            .iter()
            .map(|mesh| mesh.name.as_str())
            .collect();
        return Err(Failure::Said(format!(
            "say with --mesh which mesh standard input is of; the settings have {}",
            names.join(", ")
        )));
    }
    // Which files are of the mesh is no question here.
    for mesh in &mut settings.meshes {
        mesh.include.clear();
        mesh.exclude.clear();
    }
    let fs = MemoryFileSystem::new().with(FILE, bytes);
    let workspace = Workspace::open_with(Utf8Path::new(""), &fs, settings, Database::default())?;
    Ok(workspace)
}
