//! The blast radius of an object.

use super::{CommandError, Reason, proxy};
use crate::references::meant;
use crate::symbol::Symbol;
use crate::symbol::cursor::{hits, owners_at};
use crate::words::{object, reach};
use meshscope::engine::index;
use meshscope::engine::reach::{Frozen, FrozenUnit, Reached, names};
use meshscope::engine::visibility::declared_in;
use meshscope::engine::workloads::ProxyKind;
use meshscope::manifest::ResourceKey;
use meshscope::{Mesh, ResourceRef, Workspace};
use serde::Serialize;

/// Whom a change of an object reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Impact {
    /// The mesh.
    pub mesh: String,
    /// `Kind NAMESPACE/NAME`.
    pub resource: String,
    /// One sentence for people.
    pub summary: String,
    /// Proxies that are configured from it.
    pub sees: Vec<ReachedProxy>,
    /// Proxies istiod pushes to when it changes.
    pub pushed: Vec<ReachedProxy>,
    /// Proxies that would do something else without it.
    pub changes_behaviour: Vec<ReachedProxy>,
    /// What keeps its old version when Envoy refuses what is made of it.
    pub freezes: Vec<FrozenPart>,
}

/// A proxy that is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachedProxy {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// Why.
    pub because: Vec<Reason>,
}

/// Something that freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrozenPart {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// `cluster`, `listener` or `route-config`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What else is in it.
    pub along: Vec<String>,
    /// The part that is made of the object.
    pub because: Reason,
}

/// Whom a change of the object at `offset` reaches, one answer per mesh and object: what is named there,
/// or else the object the text is of.
pub fn blast_radius(workspace: &Workspace, file: &str, offset: usize) -> Vec<Impact> {
    let mut found: Vec<(Mesh<'_>, ResourceKey)> = Vec::new();
    for (mesh, symbols) in meant(&hits(workspace, file, offset)) {
        for symbol in symbols {
            found.extend(objects(mesh, &symbol).into_iter().map(|key| (mesh, key)));
        }
    }
    if found.is_empty()
        && let Some(file) = workspace.file(file)
    {
        let owners = owners_at(workspace, file, offset).into_iter();
        let here = owners.filter(|owner| {
            let whole = owner.place(&meshscope::yaml::Path::root());
            whole.is_some_and(|p| p.file == file && p.value.range().contains(&offset))
        });
        found.extend(here.map(|owner| (owner.mesh, owner.key())));
    }
    let mut seen = Vec::new();
    found.retain(|(mesh, key)| {
        let own = (mesh.name().to_owned(), key.clone());
        let new = !seen.contains(&own);
        seen.push(own);
        new && index::resource(mesh.db(), mesh.input(), key).is_some()
    });
    found.iter().map(|(mesh, key)| impact(*mesh, key)).collect()
}

/// The objects a symbol is made by.
fn objects(mesh: Mesh<'_>, symbol: &Symbol) -> Vec<ResourceKey> {
    match symbol {
        Symbol::Object(key) | Symbol::Part { object: key, .. } => vec![key.clone()],
        Symbol::Host { owner: None, .. } => Vec::new(),
        Symbol::Host {
            host,
            owner: Some(owner),
        } => {
            let services = declared_in(mesh.db(), mesh.input(), owner, host);
            services
                .iter()
                .map(|service| service.object.clone())
                .collect()
        }
    }
}

/// Whom a change of `resource` (`Kind NAMESPACE/NAME`) reaches in a mesh, the first when none is named.
///
/// # Errors
/// When there is no such mesh or the name is none.
pub fn blast_radius_of(
    workspace: &Workspace,
    mesh: Option<&str>,
    resource: &str,
) -> Result<Impact, CommandError> {
    let mesh = super::mesh(workspace, mesh)?;
    let ResourceRef(key) = resource.parse().map_err(|error| CommandError {
        reason: format!("{error}"),
    })?;
    if index::resource(mesh.db(), mesh.input(), &key).is_none() {
        return Err(CommandError {
            reason: format!("no manifest of mesh {} holds {key}", mesh.name()),
        });
    }
    Ok(impact(mesh, &key))
}

fn impact(mesh: Mesh<'_>, key: &ResourceKey) -> Impact {
    let radius = mesh.blast_radius(key);
    let reached = |list: &[Reached]| {
        let proxies = list.iter().map(|reached| ReachedProxy {
            proxy: proxy(reached.kind, &reached.workload),
            because: Reason::all(mesh, &reached.because),
        });
        proxies.collect()
    };
    let number = |list: &[Reached]| {
        let sidecars = names(list, ProxyKind::Sidecar).len();
        reach(sidecars, names(list, ProxyKind::Router).len())
    };
    Impact {
        mesh: mesh.name().into(),
        resource: key.to_string(),
        summary: format!(
            "A change of {} is pushed to {}, and changes what is done by {}.",
            object(key),
            number(&radius.pushed),
            number(&radius.changes_behaviour)
        ),
        sees: reached(&radius.sees),
        pushed: reached(&radius.pushed),
        changes_behaviour: reached(&radius.changes_behaviour),
        freezes: radius.freezes.iter().map(|f| frozen(mesh, f)).collect(),
    }
}

fn frozen(mesh: Mesh<'_>, frozen: &Frozen) -> FrozenPart {
    let (kind, name) = match &frozen.unit {
        FrozenUnit::Cluster(name) => ("cluster", name),
        FrozenUnit::Listener(name) => ("listener", name),
        FrozenUnit::RouteConfig(name) => ("route-config", name),
    };
    FrozenPart {
        proxy: proxy(frozen.kind, &frozen.workload),
        kind: kind.into(),
        name: name.to_string(),
        along: frozen.along.iter().map(ToString::to_string).collect(),
        because: Reason::of(mesh, &frozen.because),
    }
}
