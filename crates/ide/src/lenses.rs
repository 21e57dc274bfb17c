//! Code lenses: a line above each object with what the mesh makes of it.
//!
//! Listing is cheap and reads one file; the numbers are computed when a lens is shown.

use crate::symbol::Symbol;
use crate::symbol::clients::prepared;
use crate::symbol::owner::{Owner, owners_in};
use crate::symbol::target::written;
use crate::words::{count, listed, object, reach, workload};
use meshscope::engine::db::name;
use meshscope::engine::gateways::{
    bindings, find_gateway, gateways_in, referencing, workloads_of_gateway,
};
use meshscope::engine::index;
use meshscope::engine::reach::reach_counts;
use meshscope::manifest::{Kind, ResourceKey, Str};
use meshscope::{Mesh, ResourceRef, Workspace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// A lens without its text: what to remember until it is shown. Round-trips through serde.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lens {
    /// The file it is in.
    pub path: String,
    /// The bytes it stands above: the first line of the object.
    pub range: Range<usize>,
    /// What it tells.
    pub kind: LensKind,
    /// The object, `Kind NAMESPACE/NAME`.
    pub resource: String,
    /// The meshes the object is in; the numbers are of the first.
    pub meshes: Vec<String>,
}

/// What a lens tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LensKind {
    /// How many sidecars and gateway workloads a change reaches.
    Reach,
    /// For a Gateway: the gateway workloads it applies to.
    Workloads,
    /// For a Gateway: how many routes are bound to it. For a VirtualService: on which Gateways it is.
    Routes,
}

/// The text of a lens and what a click does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensTitle {
    /// The text.
    pub title: String,
    /// What a click asks for.
    pub command: Option<LensCommand>,
}

/// What a click on a lens asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LensCommand {
    /// [`crate::blast_radius_of`] this resource in this mesh.
    BlastRadius {
        /// `Kind NAMESPACE/NAME`.
        resource: String,
        /// The mesh.
        mesh: String,
    },
    /// [`crate::references`] at this offset of the lens's file.
    References {
        /// Byte offset.
        offset: usize,
    },
    /// [`crate::route_graph`] with this in focus.
    RouteGraph {
        /// The mesh.
        mesh: String,
        /// The namespace to show.
        namespace: String,
    },
}

/// The kinds whose objects proxies are configured from.
fn has_reach(kind: Kind) -> bool {
    (kind.is_istio() && !matches!(kind, Kind::IstioOperator | Kind::WorkloadGroup))
        || is_route(kind)
        || matches!(kind, Kind::Service | Kind::KubernetesGateway)
}

fn is_gateway(kind: Kind) -> bool {
    matches!(kind, Kind::Gateway | Kind::KubernetesGateway)
}

fn is_route(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute
    )
}

/// The lenses of a file, without their texts.
pub fn lenses(workspace: &Workspace, file: &str) -> Vec<Lens> {
    let Some(file) = workspace.file(file) else {
        return Vec::new();
    };
    let db = workspace.db();
    let mut found: Vec<Lens> = Vec::new();
    for mesh in workspace.meshes() {
        for owner in owners_in(mesh, file, None) {
            if owner.definition.file != file || owner.name.is_empty() || !has_reach(owner.kind) {
                continue;
            }
            let Some(range) = first_line(&owner) else {
                continue;
            };
            let mut kinds = vec![LensKind::Reach];
            if is_gateway(owner.kind) {
                kinds.push(LensKind::Workloads);
            }
            if is_gateway(owner.kind) || owner.kind == Kind::VirtualService || is_route(owner.kind)
            {
                kinds.push(LensKind::Routes);
            }
            for kind in kinds {
                add(
                    &mut found,
                    Lens {
                        path: file.path(db).to_string(),
                        range: range.clone(),
                        kind,
                        resource: owner.key().to_string(),
                        meshes: vec![mesh.name().into()],
                    },
                );
            }
        }
    }
    found.sort_by_key(|lens| (lens.range.start, lens.resource.clone()));
    found
}

/// The first line of an object.
fn first_line(owner: &Owner<'_>) -> Option<Range<usize>> {
    let db = owner.mesh.db();
    let definition = &owner.definition;
    let document = index::document(db, definition.file, definition.document).as_ref()?;
    let span = document.locate(&definition.prefix)?.value;
    let text = document.slice(span);
    let length = text.find(['\n', '\r']).unwrap_or(text.len());
    let start = span.start as usize;
    Some(start..start + length)
}

fn add(found: &mut Vec<Lens>, lens: Lens) {
    let same =
        |l: &&mut Lens| (&l.range, l.kind, &l.resource) == (&lens.range, lens.kind, &lens.resource);
    match found.iter_mut().find(same) {
        Some(known) => {
            for mesh in lens.meshes {
                if !known.meshes.contains(&mesh) {
                    known.meshes.push(mesh);
                }
            }
        }
        None => found.push(lens),
    }
}

/// The text of a lens; `None` when the object is gone.
pub fn resolve_lens(workspace: &Workspace, lens: &Lens) -> Option<LensTitle> {
    let mesh = workspace.mesh(lens.meshes.first()?)?;
    let ResourceRef(key) = lens.resource.parse().ok()?;
    index::resource(mesh.db(), mesh.input(), &key)?;
    let (title, command) = match lens.kind {
        LensKind::Reach => {
            let (sidecars, gateways) = reach_counts(mesh.db(), mesh.input(), &key);
            let command = LensCommand::BlastRadius {
                resource: lens.resource.clone(),
                mesh: mesh.name().into(),
            };
            (
                format!("seen by {}", reach(sidecars, gateways)),
                Some(command),
            )
        }
        LensKind::Workloads => (applies_to(mesh, &key), None),
        LensKind::Routes if is_gateway(key.kind) => {
            let command = name_of(mesh, &key).map(|offset| LensCommand::References { offset });
            (routes_on(mesh, &key), command)
        }
        LensKind::Routes => {
            let command = LensCommand::RouteGraph {
                mesh: mesh.name().into(),
                namespace: key.namespace.to_string(),
            };
            (bound_to(mesh, &key), Some(command))
        }
    };
    let title = match lens.meshes.len() {
        1 => title,
        _ => format!("{title} in mesh {}", mesh.name()),
    };
    Some(LensTitle { title, command })
}

/// Where the name of an object is.
fn name_of(mesh: Mesh<'_>, key: &ResourceKey) -> Option<usize> {
    let written = written(mesh, &Symbol::Object(key.clone()));
    written.first().map(|w| w.name.start)
}

/// The Gateways istiod makes of an object: several for the listeners of Gateway API.
fn gateways_of(mesh: Mesh<'_>, key: &ResourceKey) -> Vec<Str> {
    let all = gateways_in(mesh.db(), mesh.input(), name(mesh.db(), &key.namespace));
    let own = all.iter().filter(|gateway| gateway.object == *key);
    own.map(|gateway| gateway.label()).collect()
}

fn applies_to(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let labels = gateways_of(mesh, key);
    let all = labels.iter().flat_map(|label| {
        let found = workloads_of_gateway(db, input, name(db, label)).clone();
        found.iter().map(|(_, w)| w.label()).collect::<Vec<_>>()
    });
    let all: BTreeSet<String> = all.collect();
    let all: Vec<&str> = all.iter().map(|label| workload(label)).collect();
    match all.is_empty() {
        true => "no gateway workload".into(),
        false => format!("on {}", listed(&all, 3)),
    }
}

fn routes_on(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let (mut on, mut named) = (BTreeSet::new(), BTreeSet::new());
    for label in gateways_of(mesh, key) {
        let interned = name(db, &label);
        named.extend(
            referencing(db, input, interned)
                .iter()
                .map(|vs| vs.object.clone()),
        );
        for (proxy, _) in workloads_of_gateway(db, input, interned).iter() {
            let all = bindings(db, input, proxy);
            let own = all
                .iter()
                .filter(|b| b.gateway == label && !b.bound.is_empty());
            on.extend(own.map(|b| b.virtual_service.object.clone()));
        }
    }
    match named.difference(&on).count() {
        0 => count(on.len(), "route"),
        off => format!("{}, {off} not bound", count(on.len(), "route")),
    }
}

/// The Gateways a route is on.
fn bound_to(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let (mut on, mut off) = (BTreeSet::new(), BTreeSet::new());
    let mut in_mesh = false;
    for vs in prepared(mesh, key) {
        in_mesh |= vs.is_bound_to("mesh");
        for gateway in vs.gateways.iter().filter(|g| *g != "mesh") {
            let workloads = workloads_of_gateway(db, input, name(db, gateway)).clone();
            let bound = workloads.iter().any(|(proxy, _)| {
                let all = bindings(db, input, proxy);
                let own = all.iter().filter(|b| b.gateway == *gateway);
                own.into_iter()
                    .any(|b| b.virtual_service.object == vs.object && !b.bound.is_empty())
            });
            let of = match find_gateway(db, input, gateway) {
                Some(gateway) => object(&gateway.object),
                None => {
                    let (namespace, name) = index::namespace_and_name(gateway).unwrap_or_default();
                    object(&ResourceKey::new(Kind::Gateway, namespace, name))
                }
            };
            if bound {
                on.insert(of)
            } else {
                off.insert(of)
            };
        }
    }
    let on: Vec<String> = on.into_iter().collect();
    let off: Vec<String> = off.into_iter().filter(|g| !on.contains(g)).collect();
    let mut parts = Vec::new();
    if in_mesh {
        parts.push("for sidecars".to_owned());
    }
    if !on.is_empty() {
        parts.push(format!("on {}", listed(&on, 3)));
    }
    if !off.is_empty() {
        parts.push(format!("not on {}", listed(&off, 3)));
    }
    match parts.is_empty() {
        true => "bound to nothing".into(),
        false => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, GATEWAY, REVIEWS};

    const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  gateways: [infra/public, mesh, gone]
  http: [{route: [{destination: {host: reviews}}]}]
";

    fn titles(f: &Fixture, file: &str) -> Vec<String> {
        let all = lenses(&f.workspace, file);
        all.iter()
            .map(|lens| {
                let title = resolve_lens(&f.workspace, lens).unwrap().title;
                format!("{}: {title}", f.show_range(file, &lens.range))
            })
            .collect()
    }

    #[test]
    fn the_numbers_of_a_gateway_and_of_a_route() {
        let f = Fixture::new(&[REVIEWS, GATEWAY, ROUTE]);
        let line = "infra/gateway.yaml:1: apiVersion: networking.istio.io/v1";
        assert_eq!(
            titles(&f, "infra/gateway.yaml"),
            [
                format!("{line}: seen by 1 gateway workload"),
                format!("{line}: on infra/ingress"),
                format!("{line}: 1 route"),
            ]
        );
        let line = "shop/route.yaml:1: apiVersion: networking.istio.io/v1";
        assert_eq!(
            titles(&f, "shop/route.yaml"),
            [
                format!("{line}: seen by 1 sidecar and 1 gateway workload"),
                format!("{line}: for sidecars, on Gateway infra/public, not on Gateway shop/gone"),
            ]
        );
    }

    #[test]
    fn a_lens_outlives_being_written_down() {
        let f = Fixture::new(&[REVIEWS, GATEWAY, ROUTE]);
        let lens = &lenses(&f.workspace, "shop/route.yaml")[0];
        let text = serde_json::to_string(lens).unwrap();
        let read: Lens = serde_json::from_str(&text).unwrap();
        assert_eq!(read, *lens);
        let gone = Lens {
            resource: "Gateway shop/gone".into(),
            ..read
        };
        assert_eq!(resolve_lens(&f.workspace, &gone), None);
    }

    #[test]
    fn a_namespace_no_file_says_has_lenses_too() {
        let route = ROUTE
            .replace("shop/route.yaml", "a/b/route.yaml")
            .replace(", namespace: shop", "");
        let f = Fixture::new(&[&route]);
        assert_eq!(
            titles(&f, "a/b/route.yaml")[1],
            "a/b/route.yaml:1: apiVersion: networking.istio.io/v1: for sidecars, not on Gateway gone, \
             Gateway infra/public"
        );
    }

    #[test]
    fn workloads_and_plain_objects_have_none_and_half_typed_text_keeps_them() {
        let f = Fixture::new(&[
            REVIEWS,
            "#- x.yaml\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n",
        ]);
        assert_eq!(titles(&f, "x.yaml"), [""; 0]);
        assert_eq!(titles(&f, "shop/reviews.yaml").len(), 1);
        let f = Fixture::new(&[REVIEWS, &ROUTE.replace("  http:", "  exp$0\n  http:")]);
        assert_eq!(titles(&f, "shop/route.yaml").len(), 2);
    }
}
