//! Gateway API examples (G:12).
