//! The language server: the only crate that names an LSP type.
//!
//! `server` receives what the client says and puts it into the mailbox of the `owner`, the one thread
//! that sets anything; `pool` answers questions on snapshots; `diagnostics` are looked for when it is
//! quiet; `outgoing` is what the server says by itself. What editors show is computed in
//! `meshscope-ide`; here it becomes protocol. It must not know the command line.

mod capabilities;
mod client;
mod commands;
mod diagnostics;
mod documents;
mod features;
mod outgoing;
mod owner;
mod places;
mod pool;
mod positions;
mod progress;
mod server;
pub mod settings;
mod transport;
mod world;

pub use transport::{Ended, run_stdio, serve};
