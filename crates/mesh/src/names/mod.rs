//! Host names: matching, precedence, and how short names become full ones (V:0.3, V:0.4).
//!
//! Pure string algebra; it must not know services, meshes or salsa.

mod host;
mod resolve;
mod table;

pub use host::{intersect, is_wildcard, matches, more_specific, most_specific, subset_of};
pub use resolve::{gateway_name, is_ip, resolve_short_name};
pub use table::HostTable;
