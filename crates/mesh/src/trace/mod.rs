//! What happens to a call, proxy by proxy.
mod call;
mod hop;
pub use call::{Call, CallError, Mode, Scheme};
pub use hop::{
    Branch, ChainTaken, ClientSees, Hop, ListenerTaken, RewriteTaken, RouteTaken, Trace, Verdict,
};
