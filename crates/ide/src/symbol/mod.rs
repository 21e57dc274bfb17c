//! The heart of the crate: what is named where, and what a name means.
//!
//! [`fields`] says which fields of which kinds hold a name; [`mention`] finds them in an object;
//! [`resolve`] asks the engine what a mention means from where it is written; [`target`] knows where
//! what is meant is written. [`cursor`] and [`search`] are the two ways in: by place, and by meaning.
//! Nothing here must know which editor feature asks.

pub(crate) mod clients;
pub(crate) mod cursor;
pub(crate) mod fields;
pub(crate) mod mention;
pub(crate) mod owner;
pub(crate) mod resolve;
pub(crate) mod search;
pub(crate) mod target;

use meshscope::manifest::{ResourceKey, Str};
use meshscope::yaml::Path;

/// What a name means in one mesh.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Symbol {
    /// A host, completed.
    Host {
        /// The host.
        host: Str,
        /// The namespace of the service it means; none when it means no service (V:R3.16).
        owner: Option<Str>,
    },
    /// An object.
    Object(ResourceKey),
    /// A named part of an object: a subset, a port, a listener.
    Part {
        /// The object.
        object: ResourceKey,
        /// Its field, such as `spec.subsets[0]`.
        path: Path,
    },
}
