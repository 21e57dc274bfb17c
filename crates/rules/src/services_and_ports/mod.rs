//! Services, their ports and the workloads behind them.

mod wildcard;

pub mod http_on_tls_port;
pub mod namespace_injection_labels_conflict;
pub mod namespace_not_injected;
pub mod port_protocol_conflict;
pub mod port_protocol_unclear;
pub mod tcp_port_captured;
