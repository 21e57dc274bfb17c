//! What every question needs: the repository, the mesh, and the workload or object it is about.
//!
//! A name that leads nowhere is answered with the names nearest to it.

use crate::args::Cli;
use crate::output::Failure;
use meshscope::engine::index;
use meshscope::engine::workloads::{ProxyKind, Workload, find_workload, workloads};
use meshscope::manifest::ResourceKey;
use meshscope::settings::RULE;
use meshscope::{Mesh, ResourceRef, Role, Settings, Who, WhoError, Workspace};
use std::sync::Arc;

/// How many names are offered for one that leads nowhere.
const OFFERED: usize = 3;

/// The repository, every file read. Settings that are wrong are said on stderr: the answer is then
/// one about another mesh than was meant.
pub fn workspace(cli: &Cli) -> Result<Workspace, Failure> {
    let workspace = crate::progress::open(&cli.root)?;
    let settings = workspace.settings();
    let file = settings
        .file
        .as_deref()
        .and_then(|file| workspace.file(file));
    let text = file.map(|file| file.text(workspace.db()).clone());
    complain_of_settings(settings, text.as_deref());
    Ok(workspace)
}

/// Says on stderr what is wrong with the settings; on which line, when their text is at hand.
pub fn complain_of_settings(settings: &Settings, text: Option<&str>) {
    let Some(file) = settings.file.as_deref() else {
        return;
    };
    for problem in settings.problems.iter().filter(|p| p.rule == RULE) {
        let before = text.and_then(|t| t.get(..problem.span.start as usize));
        let line = before.map_or(String::new(), |t| {
            format!(":{}", t.matches('\n').count() + 1)
        });
        let help = problem.help.as_deref();
        let help = help.map_or(String::new(), |help| format!("; {help}"));
        crate::output::complain(&format!("{file}{line}: {}{help}", problem.message));
    }
}

/// The mesh asked about: the one named, or the only one.
pub fn mesh<'w>(cli: &Cli, workspace: &'w Workspace) -> Result<Mesh<'w>, Failure> {
    let names: Vec<&str> = workspace.meshes().map(|m| m.name()).collect();
    let known = || format!("the meshes are {}", names.join(", "));
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

/// The workload that a name leads to, with or without a proxy.
pub fn workload(mesh: Mesh<'_>, who: &Who) -> Result<Arc<Workload>, Failure> {
    let (db, input) = (mesh.db(), mesh.input());
    let found = find_workload(db, input, &who.namespace, &who.name);
    let Some(found) = found else {
        return Err(unknown_workload(mesh, who));
    };
    let error = match (who.role, found.proxy) {
        (Role::Workload, Some(ProxyKind::Router)) | (Role::Gateway, Some(ProxyKind::Sidecar)) => {
            WhoError::OtherRole(who.clone())
        }
        (Role::Gateway, None) => WhoError::NotInMesh(who.clone(), found.injection.why.clone()),
        _ => return Ok(found),
    };
    Err(error.into())
}

fn unknown_workload(mesh: Mesh<'_>, who: &Who) -> Failure {
    let all = workloads(mesh.db(), mesh.input());
    let names = all.iter().filter(|w| match who.role {
        Role::Any => true,
        Role::Gateway => w.proxy == Some(ProxyKind::Router),
        Role::Workload => w.proxy != Some(ProxyKind::Router),
    });
    let wanted = format!("{}/{}", who.namespace, who.name);
    let near = nearest(&wanted, names.map(|w| w.label()));
    let error = WhoError::Unknown(who.clone());
    Failure::Said(format!("{error}{}", offer(&near)))
}

/// The object that a name leads to.
pub fn object(mesh: Mesh<'_>, wanted: &ResourceRef) -> Result<ResourceKey, Failure> {
    let (db, input) = (mesh.db(), mesh.input());
    let key = &wanted.0;
    if index::resource(db, input, key).is_some() {
        return Ok(key.clone());
    }
    let all = match key.kind.is_namespaced() {
        true => index::all_objects(db, input, key.kind).clone(),
        false => index::cluster_objects(db, input, key.kind),
    };
    let names = all.iter().map(|o| o.key.to_string());
    let near = nearest(&key.to_string(), names);
    Err(Failure::Said(format!(
        "no manifest holds {key}{}",
        offer(&near)
    )))
}

fn offer(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [all @ .., last] => format!("; did you mean {} or {last}?", all.join(", ")),
    }
}

/// The names nearest to one that leads nowhere, nearest first.
fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let own = |text: &str| text.rsplit('/').next().map(str::to_owned);
    let mut ranked: Vec<(usize, String)> = names
        .map(|name| {
            // The right name in the wrong namespace is nearer than any misspelling but one.
            let same = own(&name) == own(wanted);
            let apart = if same { 1 } else { distance(wanted, &name) };
            (apart, name)
        })
        .filter(|(apart, _)| *apart <= wanted.chars().count().div_ceil(2))
        .collect();
    ranked.sort();
    ranked.dedup();
    let nearest = ranked.into_iter().take(OFFERED);
    nearest.map(|(_, name)| name).collect()
}

/// How many letters must be typed, deleted or changed to make one text the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let of = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let change = of(&row, j) + usize::from(x != *y);
            next.push(change.min(of(&row, j + 1) + 1).min(of(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        let names = ["shop/cart", "shop/card", "bank/carts", "bank/cart", "x/y"];
        let near = nearest("shop/carts", names.into_iter().map(str::to_owned));
        assert_eq!(near, ["bank/carts", "shop/cart", "shop/card"]);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
