//! Egress: where calls leave the cluster, what enforces that they leave through a gateway, every way
//! round it, and how well egress gateways are kept apart (O:15, O:16).
//!
//! Paths are decided by traces, layers by the model; nothing here compares host strings. It must not
//! know rules or output formats.

mod inventory;
mod isolation;
mod layers;
mod outcome;
mod routes_out;
#[cfg(test)]
mod tests;
mod ways_round;

pub use inventory::{ExternalHost, HostPath, inventories, inventory, meant_to_pass};
pub(crate) use inventory::{concrete, scheme_of};
pub use isolation::{
    Apart, Isolation, Logical, Physical, egress_gateways, isolation, isolation_matrix,
};
pub use layers::{Held, Layer, LayerPart, Layers, layers};
pub use outcome::{Outcome, outcome};
pub use routes_out::{Intended, intended};
pub(crate) use routes_out::{WayOut, intended_gathered, ways_out_gathered};
pub use ways_round::{Way, WayRound, ways_round};
