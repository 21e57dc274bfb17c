//! What goes from `check` and `diff` to other tools and back to disk, each with the real binary on real
//! files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod baseline;
mod diff;
mod diff_errors;
mod fix;
mod formats;
mod repository;
mod sarif;
mod schema;
mod stdin;
mod watch;
