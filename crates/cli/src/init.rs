//! `meshscope init`: a commented `meshscope.yaml` that says what was found anyway, ready to be changed.
//!
//! Lines of prose begin with `# `, settings that are only shown with `#` alone.

use crate::args::{Cli, InitArgs};
use crate::output::{Failure, note};
use crate::words::count;
use meshscope::settings::FILE_NAMES;
use meshscope::{
    Assumption, Database, Origin, OsFileSystem, Profile, Proposal, Settings, Workspace,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

/// Runs the command.
pub fn run_command(cli: &Cli, args: &InitArgs) -> Result<ExitCode, Failure> {
    let there = FILE_NAMES.iter().map(|name| cli.root.join(name));
    let there = there.into_iter().find(|path| path.exists());
    if let Some(path) = there.as_ref().filter(|_| !args.force) {
        return Err(Failure::Said(format!(
            "{path} is there already; --force overwrites it"
        )));
    }
    // What an existing file says must not come back as found.
    let settings = Settings::default();
    let workspace = Workspace::open_with(&cli.root, &OsFileSystem, settings, Database::default())?;
    let Some(mesh) = workspace.meshes().next() else {
        return Err(Failure::Said("there is no mesh".into()));
    };
    let path = there.unwrap_or_else(|| cli.root.join(FILE_NAMES[0]));
    let written = fs::write(&path, text(&mesh.profile(), &workspace.proposals()));
    written.map_err(|error| Failure::Said(format!("cannot write {path}: {error}")))?;
    note(&format!("wrote {path}\n"));
    Ok(ExitCode::SUCCESS)
}

/// The file for what was found.
fn text(found: &Profile, meshes: &[Proposal]) -> String {
    let mut text = format!(
        "# Settings of meshscope. Nothing here is needed; what is commented out is what holds now.\n\
         version: 1\n\
         \n\
         # Found: {} with {} in {}{}.\n",
        count(found.files.len(), "file"),
        count(found.objects, "object"),
        count(found.namespaces.len(), "namespace"),
        match meshes {
            [_] => String::new(),
            _ => format!(", in the first of {}", count(meshes.len(), "mesh")),
        },
    );
    match meshes {
        [one] if one.include == ["."] => clusters(found, &mut text),
        _ => proposed(meshes, &mut text),
    }
    text += "\n# What does not belong to any cluster: examples, tests, archives.\n\
             #exclude: [examples, '**/testdata']\n\
             \n# The namespace of objects that write none. Without it their namespace is unknown.\n\
             #default_namespace: default\n";
    let said = |key: &str| found.assumptions.iter().find(|a| a.key == key);
    if let Some(istio) = said("istio") {
        let _ = writeln!(text, "\n# The version of Istio.\n#istio: '{}'", istio.value);
    }
    if let Some(domain) = said("domain") {
        let source = source(domain);
        let _ = writeln!(
            text,
            "\n# The cluster domain{source}.\n#domain: {}",
            domain.value
        );
    }
    let sources: BTreeSet<String> = found
        .assumptions
        .iter()
        .filter(|a| a.key.starts_with("mesh_config."))
        .map(source)
        .filter(|source| !source.is_empty())
        .collect();
    text += match sources.is_empty() {
        true => "\n# No mesh config was found: Istio's defaults hold, and what is written here.\n",
        false => "\n# Mesh config was found, and counts:\n",
    };
    for source in &sources {
        let _ = writeln!(text, "#  {}", source.trim_start_matches(", "));
    }
    if let Some(mode) = said("mesh_config.outboundTrafficPolicy") {
        let _ = writeln!(
            text,
            "# What is written here goes over it.\n#mesh_config: {{outboundTrafficPolicy: {{mode: {}}}}}",
            mode.value
        );
    }
    if let Some(root) = said("mesh_config.rootNamespace") {
        let _ = writeln!(text, "#root_namespace: {}", root.value);
    }
    text += "\n# Environment of istiod.\n\
             #env: {PILOT_SCOPE_GATEWAY_TO_NAMESPACE: \"false\"}\n\
             \n# What exists in the cluster, but not in this repository.\n\
             #assume: {namespaces: [monitoring], services: [{name: db, namespace: data, ports: [5432]}]}\n\
             \n# How much rules count: off, hint, info, warning or error. `meshscope rules` lists them.\n\
             #rules: {deprecated-field: info}\n\
             \n# Findings that are known and accepted.\n\
             #suppress: [{rule: deprecated-field, path: legacy, reason: moves next year, expires: 2099-12-31}]\n";
    text
}

/// The meshes that were found, each with why it is one, ready to be taken as they are.
fn proposed(meshes: &[Proposal], text: &mut String) {
    *text += "# These are the meshes that were found, and why. Taken as they are they change nothing, but that\n\
              # they are certain then:\n\
              #meshes:\n";
    for mesh in meshes {
        let _ = writeln!(text, "# {}", one_line(&mesh.reason));
        if let Some(why) = &mesh.uncertain {
            let _ = writeln!(text, "# Uncertain: {}", one_line(why));
        }
        let include: Vec<String> = mesh.include.iter().map(|path| quoted(path)).collect();
        let _ = writeln!(
            text,
            "#- {{name: {}, include: [{}]}}",
            quoted(&mesh.name),
            include.join(", ")
        );
    }
}

/// A comment must end with its line.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// A proposal for repositories with a folder per cluster or environment.
fn clusters(found: &Profile, text: &mut String) {
    let words = ["clusters", "environments", "envs"];
    let mut folders: BTreeSet<(String, &str)> = BTreeSet::new();
    for file in &found.files {
        let parts: Vec<&str> = file.split('/').collect();
        let Some(at) = parts.iter().position(|part| words.contains(part)) else {
            continue;
        };
        if let (Some(parents), Some(name)) = (parts.get(..=at), parts.get(at + 1))
            && parts.len() > at + 2
        {
            folders.insert((format!("{}/{name}", parents.join("/")), name));
        }
    }
    let names: BTreeSet<&str> = folders.iter().map(|(_, name)| *name).collect();
    if names.len() < 2 {
        *text += "# All of it is taken for one mesh. If it is more than one cluster, say which files make\n\
                  # which:\n\
                  #meshes: [{name: prod, include: [clusters/prod]}, {name: test, include: [clusters/test]}]\n";
        return;
    }
    *text += "# All of it is taken for one mesh. These folders look like clusters of their own; if they\n\
              # are, take this, and add the folders that several of them use to each `include`:\n";
    *text += "#meshes:\n";
    for name in names {
        let own = folders.iter().filter(|(_, n)| *n == name);
        let own: Vec<String> = own.map(|(folder, _)| quoted(folder)).collect();
        let _ = writeln!(
            text,
            "#- {{name: {}, include: [{}]}}",
            quoted(name),
            own.join(", ")
        );
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_".contains(c);
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    match letter && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// Where something is from, unless it is a default.
fn source(assumption: &Assumption) -> String {
    match &assumption.origin {
        Origin::Object(key, Some(file)) => format!(", from {key} in {file}"),
        Origin::Object(key, None) => format!(", from {key}"),
        Origin::Release(release, Some(file)) => format!(", from {release} in {file}"),
        Origin::Release(release, None) => format!(", from {release}"),
        Origin::Default | Origin::Settings => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;
    use meshscope::MemoryFileSystem;

    fn init(paths: &[&str]) -> String {
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
        let fs = paths.iter().fold(MemoryFileSystem::new(), |fs, path| {
            fs.with(*path, namespace)
        });
        let workspace = Workspace::open(Utf8Path::new(""), &fs).unwrap();
        text(
            &workspace.meshes().next().unwrap().profile(),
            &workspace.proposals(),
        )
    }

    fn problems(settings: &str) -> Vec<String> {
        let fs = MemoryFileSystem::new().with("meshscope.yaml", settings);
        let workspace = Workspace::open(Utf8Path::new(""), &fs).unwrap();
        let problems = workspace.settings().problems.iter();
        problems.map(|p| p.message.clone()).collect()
    }

    #[test]
    fn the_file_can_be_read_as_it_is_and_with_every_proposal_taken() {
        for paths in [
            &["a/b.yaml"][..],
            &["clusters/eu-1/a.yaml", "clusters/1/a.yaml", "apps/b.yaml"],
        ] {
            let text = init(paths);
            assert_eq!(problems(&text), [""; 0]);
            let lines = text.lines().map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.starts_with(' ') => setting,
                _ => line,
            });
            let taken: Vec<&str> = lines.collect();
            assert_eq!(problems(&taken.join("\n")), [""; 0], "{}", taken.join("\n"));
        }
    }

    /// Each mesh with the paths of what it is made from.
    fn shape(workspace: &Workspace) -> Vec<(String, Vec<String>)> {
        let db = workspace.db();
        let meshes = workspace.meshes().map(|mesh| {
            let units = mesh.input().units(db).iter();
            let mut paths: Vec<String> = units.map(|unit| unit.path(db).to_string()).collect();
            paths.dedup();
            (mesh.name().to_owned(), paths)
        });
        meshes.collect()
    }

    /// The file with every proposal taken.
    fn taken(text: &str) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.starts_with("meshes:") || setting.starts_with("- ") => setting,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What `init` writes for a repository finds the same meshes again, as it is and when it is taken.
    fn assert_round_trip(workspace: &mut Workspace, name: &str) {
        let found = shape(workspace);
        let Some(first) = workspace.meshes().next() else {
            return;
        };
        let written = text(&first.profile(), &workspace.proposals());
        let is_one = workspace.proposals().len() == 1;
        workspace.set_text("meshscope.yaml", &written);
        assert_eq!(shape(workspace), found, "{name} as written:\n{written}");
        if is_one && written.contains("All of it is taken for one mesh") {
            return;
        }
        workspace.set_text("meshscope.yaml", &taken(&written));
        assert_eq!(workspace.settings().problems, [], "{name}:\n{written}");
        assert_eq!(shape(workspace), found, "{name} when taken:\n{written}");
    }

    #[test]
    fn what_is_written_finds_the_same_meshes_again() {
        let kustomization = "resources: [ns.yaml]\n";
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
        let mut fs = MemoryFileSystem::new().with("shared/ns.yaml", namespace);
        for dir in [
            "web/overlays/dev",
            "web/overlays/prod",
            "api/overlays/dev",
            "examples/x",
        ] {
            fs = fs
                .with(format!("{dir}/kustomization.yaml"), kustomization)
                .with(format!("{dir}/ns.yaml"), namespace);
        }
        let mut workspace = Workspace::open(Utf8Path::new(""), &fs).unwrap();
        assert_eq!(workspace.meshes().count(), 2);
        assert_round_trip(&mut workspace, "two environments");
    }

    #[test]
    fn folders_of_clusters_are_proposed_as_meshes() {
        let text = init(&["clusters/eu-1/a.yaml", "clusters/1/a.yaml"]);
        assert!(
            text.contains("#- {name: '1', include: ['clusters/1']}")
                || text.contains("clusters/1]")
        );
        assert!(
            text.contains("#- {name: eu-1, include: [clusters/eu-1]}"),
            "{text}"
        );
    }
}
