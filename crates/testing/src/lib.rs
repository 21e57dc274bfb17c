//! Mesh test files ("unit tests for our mesh"): reading them, running them, and what came out.
//!
//! Serves `meshscope test` and the acceptance suites alike. It must not know how results are shown.

pub mod case;
mod checks;
mod json;
mod query_log;
mod report;
mod runner;

pub use query_log::QueryLog;
pub use report::{CaseReport, Check, CheckKind, Report, Status, Summary};
pub use runner::{DiscoveryError, find_cases, run, run_case};
