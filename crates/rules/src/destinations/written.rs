//! The destinations of a VirtualService as written, and the conditions of the rules they are in.

use meshscope_manifest::spec::virtual_service::{Destination, HttpMatch, L4Match};
use meshscope_manifest::{ResourceKey, Str};
use meshscope_mesh::db::{Db, Mesh};
use meshscope_mesh::index::resource;
use meshscope_mesh::visibility::{HttpRoute, VirtualService};
use meshscope_mesh::workloads::Proxy;

/// The kind of rule a destination is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// An http route.
    Http,
    /// An http mirror.
    Mirror,
    /// A tls route.
    Tls,
    /// A tcp route.
    Tcp,
}

impl Layer {
    /// What a caller gets whose destination has no cluster (O:6.11).
    pub fn outcome(self) -> &'static str {
        match self {
            Layer::Http => "503, no cluster",
            Layer::Mirror => "no copy",
            Layer::Tls | Layer::Tcp => "a closed connection",
        }
    }
}

/// A destination as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The object it is written in: the delegate for delegated routes.
    pub object: ResourceKey,
    /// Where: `spec.http[0].route[0].destination`.
    pub path: String,
    /// The destination, host completed.
    pub destination: Destination,
    /// The kind of rule.
    pub layer: Layer,
    /// Whether an earlier rule leaves requests for it.
    pub live: bool,
}

impl Use {
    /// The path of a field of the destination; of the destination itself for none.
    pub fn path_of(&self, field: &str) -> String {
        match field {
            "" => self.path.clone(),
            _ => format!("{}.{field}", self.path),
        }
    }
}

/// The destinations of a VirtualService as written.
pub fn written(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Vec<Use> {
    uses(db, mesh, vs).into_iter().map(|(at, _)| at).collect()
}

/// They, each with the conditions of its rule.
pub(super) fn uses<'v>(
    db: &dyn Db,
    mesh: Mesh,
    vs: &'v VirtualService,
) -> Vec<(Use, Matching<'v>)> {
    let mut found = Vec::new();
    let mut live = true;
    for route in &vs.http {
        for (path, destination, layer) in of_route(db, mesh, route) {
            let at = Use {
                object: route.object.clone(),
                path,
                destination,
                layer,
                live,
            };
            found.push((at, Matching::Http(&route.rule.matches)));
        }
        live &= !takes_everything(&route.rule.matches);
    }
    for (kind, layer, routes) in [("tls", Layer::Tls, &vs.tls), ("tcp", Layer::Tcp, &vs.tcp)] {
        for route in routes {
            for (i, r) in route.route.iter().enumerate() {
                let at = Use {
                    object: vs.object.clone(),
                    path: format!("spec.{kind}[{}].route[{i}].destination", route.index),
                    destination: r.destination.clone(),
                    layer,
                    live: true,
                };
                found.push((at, Matching::L4(&route.matches)));
            }
        }
    }
    found
}

fn of_route(db: &dyn Db, mesh: Mesh, route: &HttpRoute) -> Vec<(String, Destination, Layer)> {
    let index = route.index;
    let mut found: Vec<_> = route
        .rule
        .route
        .iter()
        .enumerate()
        .map(|(i, r)| {
            let path = format!("spec.http[{index}].route[{i}].destination");
            (path, r.destination.clone(), Layer::Http)
        })
        .collect();
    // A delegated route inherits the mirrors of its root; those are the root's to answer for.
    let own = route.delegated_by.is_none()
        || resource(db, mesh, &route.object)
            .and_then(|r| Some(!r.virtual_service()?.http.get(index)?.mirrors.is_empty()))
            .unwrap_or(false);
    for (i, mirror) in route.rule.mirrors.iter().enumerate().filter(|_| own) {
        let path = match (route.rule.has_mirror, i) {
            (true, 0) => format!("spec.http[{index}].mirror"),
            (true, i) => format!("spec.http[{index}].mirrors[{}].destination", i - 1),
            (false, i) => format!("spec.http[{index}].mirrors[{i}].destination"),
        };
        found.push((path, mirror.destination.clone(), Layer::Mirror));
    }
    found
}

/// Whether a rule leaves nothing to later ones, at any proxy (V:R4.14).
fn takes_everything(matches: &[HttpMatch]) -> bool {
    matches.is_empty() || matches.iter().any(|m| *m == HttpMatch::default())
}

/// The static conditions of the rule a destination belongs to.
pub(super) enum Matching<'v> {
    Http(&'v [HttpMatch]),
    L4(&'v [L4Match]),
}

impl Matching<'_> {
    /// The ports the rule may apply on at a proxy; `None` for any, empty for never.
    pub(super) fn ports(&self, gateway: &str, proxy: &Proxy) -> Option<Vec<u32>> {
        let of_proxy = |labels: &meshscope_manifest::spec::Labels, ns: &Str| {
            labels.subset_of(&proxy.labels) && (ns.is_empty() || *ns == proxy.namespace)
        };
        let bound = |gateways: &[Str]| gateways.iter().any(|g| g == gateway);
        let ports: Vec<u32> = match self {
            Matching::Http(list) => list
                .iter()
                .filter(|m| match m.gateways.is_empty() {
                    true => of_proxy(&m.source_labels, &m.source_namespace),
                    false => bound(&m.gateways),
                })
                .map(|m| m.port)
                .collect(),
            Matching::L4(list) => list
                .iter()
                .filter(|m| m.gateways.is_empty() || bound(&m.gateways))
                .filter(|m| proxy.is_router() || of_proxy(&m.source_labels, &m.source_namespace))
                .map(|m| m.port)
                .collect(),
        };
        let none = match self {
            Matching::Http(list) => list.is_empty(),
            Matching::L4(list) => list.is_empty(),
        };
        (!none && !ports.contains(&0)).then_some(ports)
    }
}

/// The host as the object writes it.
pub fn written_host(db: &dyn Db, mesh: Mesh, at: &Use) -> Option<Str> {
    let object = resource(db, mesh, &at.object)?;
    let spec = object.virtual_service()?;
    let numbers: Vec<usize> = at
        .path
        .split(['[', ']'])
        .filter_map(|part| part.parse().ok())
        .collect();
    let rule = *numbers.first()?;
    let index = numbers.get(1).copied();
    let destination = match at.layer {
        Layer::Http => &spec.http.get(rule)?.route.get(index?)?.destination,
        Layer::Mirror => {
            let rule = spec.http.get(rule)?;
            let at = index.map_or(0, |i| i + usize::from(rule.has_mirror));
            &rule.mirrors.get(at)?.destination
        }
        Layer::Tls => &spec.tls.get(rule)?.route.get(index?)?.destination,
        Layer::Tcp => &spec.tcp.get(rule)?.route.get(index?)?.destination,
    };
    Some(destination.host.clone())
}
