//! Route configs, virtual hosts and routes.

use super::{Because, ClusterWeight};
use meshscope_manifest::Str;
use meshscope_manifest::spec::virtual_service::{Fault, Rewrite};

/// A route config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteConfig {
    /// The name: `80`, `http.8080`, `https.443.https.gw.ns`.
    pub name: Str,
    /// Virtual hosts in order.
    pub virtual_hosts: Vec<VirtualHost>,
}

/// A virtual host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualHost {
    /// The name: `host:port`.
    pub name: Str,
    /// Domains.
    pub domains: Vec<Str>,
    /// Whether plaintext requests are redirected to HTTPS (G:RT-8).
    pub require_tls: bool,
    /// Routes in match order.
    pub routes: Vec<Route>,
    /// Why it exists.
    pub because: Vec<Because>,
}

/// A route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The name: the rule's, or `default`.
    pub name: Str,
    /// Which requests it takes.
    pub matching: RouteMatch,
    /// What it does.
    pub action: Action,
    /// Clusters that get a copy.
    pub mirrors: Vec<ClusterWeight>,
    /// Rewrites before it goes on.
    pub rewrite: Option<Rewrite>,
    /// Injected faults.
    pub fault: Option<Fault>,
    /// Answers 500 rather than 503 when the cluster is missing (Gateway API, G:RT-17).
    pub missing_cluster_is_500: bool,
    /// The rule and match it is made of.
    pub because: Vec<Because>,
}

// Floats occur only as percentages, never NaN.
impl Eq for Route {}

/// Which requests a route takes. All conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch {
    /// The path.
    pub path: PathMatch,
    /// Whether the path's case counts.
    pub case_sensitive: bool,
    /// Headers, `:method`, `:authority` and `:scheme` among them; the flag inverts.
    pub headers: Vec<(Str, TextMatch, bool)>,
    /// Query parameters.
    pub query: Vec<(Str, TextMatch)>,
    /// JWT claims and other metadata: cannot be judged from a call.
    pub metadata: Vec<Str>,
}

impl Default for RouteMatch {
    fn default() -> Self {
        RouteMatch {
            path: PathMatch::Prefix("/".into()),
            case_sensitive: true,
            headers: Vec::new(),
            query: Vec::new(),
            metadata: Vec::new(),
        }
    }
}

/// A path condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// The whole path.
    Exact(Str),
    /// A string prefix.
    Prefix(Str),
    /// A prefix of path segments (Gateway API, Ingress).
    SegmentPrefix(Str),
    /// A full RE2 match.
    Regex(Str),
}

/// A text condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// Equal.
    Exact(Str),
    /// Starts with.
    Prefix(Str),
    /// A full RE2 match.
    Regex(Str),
    /// Is there at all.
    Present,
}

/// What a route does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Goes to one of these clusters.
    Clusters(Vec<ClusterWeight>),
    /// Answers with a redirect of this code.
    Redirect(u32),
    /// Answers with this status.
    DirectResponse(u32),
    /// Has no action: Envoy refuses the whole route config (G:RT-13).
    Missing,
}

impl RouteMatch {
    /// Whether the match takes everything, which ends a list of routes (G:RT-9, O:8.13).
    pub fn is_catch_all(&self) -> bool {
        let path = match &self.path {
            PathMatch::Prefix(p) | PathMatch::SegmentPrefix(p) => p == "/",
            PathMatch::Regex(r) => r == ".*",
            PathMatch::Exact(_) => false,
        };
        path && self.headers.is_empty() && self.query.is_empty() && self.metadata.is_empty()
    }
}
