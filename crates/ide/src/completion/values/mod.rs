//! Values that name something: what the engine sees from the namespace of the object.
//!
//! `hosts` for fields that name hosts, `routes` for what routes name beside them, `objects` for
//! everything that is an object or its label.

mod hosts;
mod objects;
mod routes;

use super::site::Site;
use super::{Completion, CompletionKind};
use crate::symbol::fields::Field;
use meshscope::Mesh;
use meshscope::manifest::{Kind, Str};

/// Who completes: a namespace of a mesh, and what is found.
struct From<'a, 'w> {
    mesh: Mesh<'w>,
    namespace: &'a Str,
    site: &'a Site,
    items: &'a mut Vec<Completion>,
}

/// Adds what fits the field being typed, as seen from a namespace of a mesh.
pub(super) fn add(mesh: Mesh<'_>, namespace: &Str, site: &Site, items: &mut Vec<Completion>) {
    let mut from = From {
        mesh,
        namespace,
        site,
        items,
    };
    if let Some(key) = site.label() {
        return from.labels(key.as_deref());
    }
    if site.is_key {
        return;
    }
    match site.field() {
        Some(Field::DestinationHost | Field::RuleHost | Field::ClaimedHost) => from.hosts(true),
        Some(Field::LiteralHost) => from.hosts(false),
        Some(Field::ImportedHost) => from.imports(),
        Some(Field::ServedHost) => from.served(),
        Some(Field::GatewayName) => from.gateways(true),
        Some(Field::QualifiedGateway) => from.gateways(false),
        Some(Field::Delegate) => from.delegates(),
        Some(Field::Subset) => from.subsets("host"),
        Some(Field::FilterSubset) => from.subsets("service"),
        Some(Field::DestinationPort) => {
            let host = site.above().str_or_empty("host");
            from.ports(&host);
        }
        Some(Field::ReferencePort) => {
            let name = site.beside().str_or_empty("name");
            from.backend_ports(&name);
        }
        Some(Field::Namespace) => from.namespaces(),
        Some(Field::Namespaces) => from.namespaces(),
        Some(Field::Reference(kind)) => from.reference(kind),
        Some(Field::Section) => from.sections(),
        Some(Field::Principal) => from.principals(),
        Some(Field::ServiceAccount) => from.of_kind(Kind::ServiceAccount, namespace),
        Some(Field::Credential) => from.credentials(),
        Some(Field::GatewayClass) => from.of_kind(Kind::GatewayClass, &Str::default()),
        Some(Field::Own | Field::DefinedHost | Field::SubsetName | Field::OwnPort)
        | Some(Field::OwnListener | Field::Selector | Field::PodLabels | Field::TargetPort)
        | None => {}
    }
}

impl From<'_, '_> {
    fn push(&mut self, kind: CompletionKind, label: &str, detail: impl Into<String>, rank: u32) {
        self.items.push(Completion {
            label: label.to_owned(),
            insert: match (self.site.is_quoted, kind) {
                (true, _) | (_, CompletionKind::Port) => label.to_owned(),
                _ => quoted(label),
            },
            kind,
            detail: detail.into(),
            documentation: String::new(),
            rank,
        });
    }
}

/// A text as a scalar that reads back as itself: `*` begins an alias, `true` and `1` are no texts.
fn quoted(text: &str) -> String {
    let marks = text.starts_with(['*', '~', '-']);
    let typed = text.parse::<f64>().is_ok();
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
    );
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "./-_*".contains(c));
    match marks || typed || word || !plain {
        true => format!("'{}'", text.replace('\'', "''")),
        false => text.to_owned(),
    }
}
