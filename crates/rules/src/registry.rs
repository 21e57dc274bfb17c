//! Every rule, explicitly: a file that is forgotten here fails the test of the catalogue.

use crate::decoding;
use crate::rule::Rule;

/// The rules evaluated on the mesh, by group in the order of the catalogue.
pub static ALL: &[&Rule] = &[];

/// Every rule: those of reading and decoding, and those evaluated on the mesh, by group.
pub fn every() -> impl Iterator<Item = &'static Rule> {
    let mut all: Vec<&'static Rule> = decoding::ALL.iter().chain(ALL.iter().copied()).collect();
    all.sort_by_key(|r| r.group);
    all.into_iter()
}

/// The rule called `name`.
pub fn find(name: &str) -> Option<&'static Rule> {
    decoding::ALL
        .iter()
        .chain(ALL.iter().copied())
        .find(|r| r.name == name)
}
