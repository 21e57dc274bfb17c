//! Services, their ports and the workloads behind them.

pub mod namespace_not_injected;
pub mod tcp_port_captured;
