//! Everything that means the same: by meaning, in one mesh.

use super::Symbol;
use super::fields::Field;
use super::mention::{Mention, mentions};
use super::owner::{Owner, definitions_of, owners_of};
use super::resolve::{part_name, resolve};
use meshscope::Mesh;
use meshscope::engine::index::facts;
use meshscope::manifest::Str;

/// What a text must hold to mean one of some symbols: looked for before anything is parsed.
struct Needles {
    /// The names, any of them.
    names: Vec<Str>,
    /// Whether selectors may mean them, whose text says nothing.
    selectors: bool,
}

impl Needles {
    fn of(mesh: Mesh<'_>, symbols: &[Symbol]) -> Needles {
        let domain = &facts(mesh.db(), mesh.input()).domain;
        let kubernetes = format!(".svc.{domain}");
        let mut needles = Needles {
            names: Vec::new(),
            selectors: false,
        };
        for symbol in symbols {
            match symbol {
                // A Service is called by its first label alone, too.
                Symbol::Host { host, .. } if host.ends_with(&kubernetes) => {
                    needles.names.extend(host.split('.').next().map(Str::new));
                }
                Symbol::Host { host, .. } => needles.names.push(host.clone()),
                Symbol::Object(key) => {
                    needles.names.push(key.name.clone());
                    let pods = key.kind.is_workload();
                    needles.selectors |= pods || key.kind.name() == "WorkloadEntry";
                    if key.kind.name() == "Namespace" {
                        // `.` is written for the own namespace.
                        needles.names.push(".".into());
                    }
                }
                Symbol::Part { object, path } => {
                    for owner in definitions_of(mesh, object) {
                        needles.names.extend(part_name(&owner.value, path));
                        needles.names.extend(port_number(&owner, path));
                    }
                }
            }
        }
        needles
    }

    fn in_text(&self, text: &str) -> bool {
        let named = self.names.iter().any(|name| text.contains(name.as_str()));
        named || (self.selectors && text.contains("elector"))
    }

    fn in_mention(&self, mention: &Mention) -> bool {
        match mention.field {
            Field::Selector => self.selectors,
            // Who asks for a workload wants who takes it, not what it is taken by.
            Field::PodLabels => false,
            _ => self
                .names
                .iter()
                .any(|name| mention.text.contains(name.as_str())),
        }
    }
}

fn port_number(owner: &Owner<'_>, path: &meshscope::yaml::Path) -> Option<Str> {
    let port = owner.at(path);
    let keys = ["number", "port", "containerPort"];
    keys.iter().find_map(|key| port.get(key).scalar_text())
}

/// Calls `each` with every mention in a mesh that means one of `symbols`, in load order.
pub(crate) fn mentions_of(
    mesh: Mesh<'_>,
    symbols: &[Symbol],
    each: &mut dyn FnMut(&Owner<'_>, &Mention),
) {
    if symbols.is_empty() {
        return;
    }
    let needles = Needles::of(mesh, symbols);
    owners_of(mesh, &|text| needles.in_text(text), &mut |owner| {
        for mention in mentions(&owner) {
            if needles.in_mention(&mention)
                && resolve(&owner, &mention)
                    .iter()
                    .any(|s| symbols.contains(s))
            {
                each(&owner, &mention);
            }
        }
    });
}

/// Whether a mention is what defines its symbol.
pub(crate) fn defines(mention: &Mention) -> bool {
    matches!(
        mention.field,
        Field::Own | Field::DefinedHost | Field::SubsetName | Field::OwnPort | Field::OwnListener
    )
}
