//! YAML text to documents, each a compact tree with byte ranges.
//!
//! Reading never fails: a text becomes a [`Stream`] of [`Document`]s, each with a tree,
//! a list of faults, or both, and a broken document never hurts its neighbours. Scalars
//! mean what they mean to Kubernetes (go-yaml v2's rules). The crate owns YAML and its
//! positions; it must not know Kubernetes, editors or how results are cached.
//!
//! ```
//! let stream = meshscope_yaml::parse("spec:\n  hosts: [a, b]\n");
//! let root = stream.documents[0].root().unwrap();
//! let hosts = root.get("spec").and_then(|spec| spec.get("hosts")).unwrap();
//! assert_eq!(hosts.items().filter_map(|item| item.text()).collect::<Vec<_>>(), ["a", "b"]);
//! ```

mod comments;
#[cfg(test)]
mod differential;
mod document;
mod error;
mod explain;
mod fast;
mod keys;
mod line_index;
mod marks;
mod merge;
mod node;
mod options;
mod path;
mod read;
mod recover;
mod saphyr;
mod scalar;
mod span;
mod split;
mod tabs;
mod tree;

pub use document::{Comment, Document, Location};
pub use error::{ErrorKind, SyntaxError};
pub use line_index::{LineColumn, LineIndex, Utf16Position};
pub use merge::Fields;
pub use node::{Content, Entries, Entry, Items, Node};
pub use options::{Limits, Options};
pub use path::{Path, PathError, Segment};
pub use read::{Stream, parse, parse_document, parse_with};
pub use scalar::Typed;
pub use span::Span;
pub use split::split;
pub use tree::Style;
