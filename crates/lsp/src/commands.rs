//! Commands that answer with a value, so that any editor can show it.

/// The commands.
pub const ALL: [&str; 4] = [
    "meshscope.trace",
    "meshscope.blastRadius",
    "meshscope.routeGraph",
    "meshscope.explain",
];
