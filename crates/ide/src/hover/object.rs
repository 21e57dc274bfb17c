//! An object, a namespace, a part of an object, what a selector takes: what the mesh makes of it.

use crate::symbol::Symbol;
use crate::symbol::mention::Mention;
use crate::symbol::owner::{Owner, definitions_of};
use crate::symbol::resolve::part_name;
use crate::symbol::target::part_word;
use crate::words;
use crate::words::{code, coded, count, counted, listed, object, reach};
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::index::resource;
use meshscope::engine::reach::names;
use meshscope::engine::visibility::delegate::{self, DelegateError};
use meshscope::engine::visibility::sidecar_for;
use meshscope::engine::workloads::{ProxyKind, classes_in, workloads, workloads_in};
use meshscope::manifest::spec::Labels;
use meshscope::manifest::{Kind, ResourceKey, Str};
use meshscope::yaml::Path;
use std::fmt::Write;

/// What a change of an object reaches.
pub(super) fn of(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    if resource(mesh.db(), mesh.input(), key).is_none() {
        return format!("**{}**: no manifest of the mesh holds it", object(key));
    }
    if key.kind == Kind::ServiceAccount {
        return service_account(mesh, key);
    }
    if key.kind.is_workload() {
        return workload(mesh, key);
    }
    let radius = mesh.blast_radius(key);
    let mut text = format!("**{}**\n", object(key));
    let parts = [
        ("seen by", &radius.sees),
        ("changes what is done by", &radius.changes_behaviour),
        ("a change is pushed to", &radius.pushed),
    ];
    for (what, list) in parts {
        let sidecars = names(list, ProxyKind::Sidecar);
        let gateways = names(list, ProxyKind::Router);
        let _ = write!(text, "\n- {what} {}", reach(sidecars.len(), gateways.len()));
        let mut both = gateways;
        both.extend(sidecars);
        if !both.is_empty() && both.len() <= 4 {
            let _ = write!(
                text,
                ": {}",
                coded(
                    &both.iter().map(|w| words::workload(w)).collect::<Vec<_>>(),
                    4
                )
            );
        }
    }
    if !radius.freezes.is_empty() {
        let _ = write!(
            text,
            "\n- if Envoy refuses what is made of it, {} would keep the old version",
            counted(
                radius.freezes.len(),
                "listener or route config",
                "listeners or route configs"
            )
        );
    }
    text
}

/// A delegate as one of its users names it.
pub(super) fn of_delegate(owner: &Owner<'_>, key: &ResourceKey) -> String {
    let mesh = owner.mesh;
    let named = (key.name.clone(), key.namespace.clone());
    let text = of(mesh, key);
    match delegate::find(mesh.db(), mesh.input(), &owner.key(), &named) {
        Ok(_) => text,
        Err(DelegateError::NotExported) => format!(
            "{text}\n- **not** exported to {}: the rule that delegates to it is dropped",
            words::namespace(&owner.namespace)
        ),
        Err(DelegateError::Missing) if resource(mesh.db(), mesh.input(), key).is_some() => {
            format!("{text}\n- **no** delegate, as it has hosts: the rule that names it is dropped")
        }
        Err(DelegateError::Missing) => text,
    }
}

/// A workload: its proxy, and what decides for it.
fn workload(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let all = workloads_in(db, input, name(db, &key.namespace));
    let Some(workload) = all.iter().find(|w| w.object == *key) else {
        return format!("**{}**", object(key));
    };
    let mut text = format!("**{}**\n", object(key));
    let _ = match workload.proxy {
        Some(ProxyKind::Router) => write!(text, "\n- a gateway workload"),
        Some(ProxyKind::Sidecar) => write!(text, "\n- has a sidecar"),
        None => write!(text, "\n- has no proxy: {}", workload.injection.why),
    };
    if workload.proxy == Some(ProxyKind::Sidecar) {
        let sidecar = sidecar_for(db, input, &key.namespace, &workload.labels);
        let _ = match sidecar {
            Some(sidecar) => write!(text, "\n- configured by {}", object(&sidecar.key)),
            None => write!(text, "\n- no Sidecar narrows what it sees"),
        };
    }
    let account = match workload.service_account.as_str() {
        "" => "default",
        account => account,
    };
    let _ = write!(text, "\n- runs as service account {}", code(account));
    text
}

fn service_account(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    let all = workloads_in(mesh.db(), mesh.input(), name(mesh.db(), &key.namespace));
    let runs = all.iter().filter(|w| {
        w.service_account == key.name || (w.service_account.is_empty() && key.name == "default")
    });
    let runs: Vec<String> = runs.map(|w| object(&w.object)).collect();
    match runs.is_empty() {
        true => format!("**{}**: no workload runs as it", object(key)),
        false => format!("**{}**: {}", object(key), listed(&runs, 6)),
    }
}

/// A namespace: its proxies.
pub(super) fn of_namespace(mesh: Mesh<'_>, namespace: &Str) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let classes = classes_in(db, input, name(db, namespace));
    let of = |kind: ProxyKind| -> usize {
        let own = classes.iter().filter(|class| class.proxy.kind == kind);
        own.map(|class| class.workloads.len()).sum()
    };
    let proxies = reach(of(ProxyKind::Sidecar), of(ProxyKind::Router));
    let sidecar = sidecar_for(db, input, namespace, &Labels::default());
    let sidecar = sidecar
        .map(|s| format!(", {}", object(&s.key)))
        .unwrap_or_default();
    format!(
        "Namespace **{}**: {proxies}{sidecar}",
        crate::words::namespace(namespace)
    )
}

/// A subset, port or listener.
pub(super) fn of_part(mesh: Mesh<'_>, object: &ResourceKey, path: &Path) -> Option<String> {
    let owner = definitions_of(mesh, object).pop()?;
    let part = owner.at(path);
    let word = part_word(path);
    let name = part_name(&owner.value, path).unwrap_or_default();
    let mut text = format!("{word} **{}** of {}", code(&name), words::object(object));
    match word {
        "subset" => {
            let labels = Labels::decode(part.get("labels"));
            let pairs: Vec<String> = labels.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let taken = subset_workloads(mesh, &owner, &labels);
            let _ = write!(text, ": {}", coded(&pairs, 6));
            let _ = match taken.is_empty() {
                true => write!(text, ", which no workload behind the host has"),
                false => write!(text, " takes {}", listed(&taken, 4)),
            };
        }
        _ => {
            let fields = [
                "port",
                "number",
                "protocol",
                "appProtocol",
                "targetPort",
                "hostname",
            ];
            for field in fields {
                if let Some(value) = part.get(field).scalar_text() {
                    let _ = write!(text, ", {field} {}", code(&value));
                }
            }
        }
    }
    Some(text)
}

/// The workloads behind the host of a DestinationRule that have a subset's labels.
fn subset_workloads(mesh: Mesh<'_>, rule: &Owner<'_>, labels: &Labels) -> Vec<String> {
    use crate::symbol::clients::service_for;
    use meshscope::engine::index::facts;
    use meshscope::engine::names::resolve_short_name;
    use meshscope::engine::registry::{EndpointKind, endpoints};
    let (db, input) = (mesh.db(), mesh.input());
    let host = rule.value.get("spec").str_or_empty("host");
    let host = resolve_short_name(&host, &rule.namespace, &facts(db, input).config_domain);
    let Some(service) = service_for(mesh, &rule.namespace, &host) else {
        return Vec::new();
    };
    let all = endpoints(db, input, &service).into_iter();
    let taken = all.filter_map(|endpoint| match endpoint.kind {
        EndpointKind::Workload(w) if labels.subset_of(&w.labels) => Some(words::object(&w.object)),
        _ => None,
    });
    let mut taken: Vec<String> = taken.collect();
    taken.sort();
    taken.dedup();
    taken
}

/// A subset no proxy finds.
pub(super) fn missing_subset(mention: &Mention) -> String {
    format!(
        "subset {}: no DestinationRule that the proxies of this route use defines it",
        code(&mention.text)
    )
}

/// The workloads a selector takes.
pub(super) fn selection(owner: &Owner<'_>, symbols: &[Symbol]) -> Option<String> {
    let mesh = owner.mesh;
    let keys = symbols.iter().filter_map(|symbol| match symbol {
        Symbol::Object(key) => Some(object(key)),
        _ => None,
    });
    let keys: Vec<String> = keys.collect();
    let total = workloads(mesh.db(), mesh.input()).len();
    Some(match keys.is_empty() {
        true => format!("takes none of the {} of the mesh", count(total, "workload")),
        false => format!("takes {}", listed(&keys, 8)),
    })
}
