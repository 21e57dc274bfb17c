//! Ambient mode: waypoints, and what needs them.

pub mod waypoint_unused;
