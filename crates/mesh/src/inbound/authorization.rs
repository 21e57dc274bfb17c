//! Whether AuthorizationPolicies let a call in, as far as files can tell (O:17.6).
//!
//! Three answers: a condition on what no file says (tokens, unknown addresses) is undecided and never
//! denies.

use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::index::{facts, objects};
use crate::workloads::Proxy;
use meshscope_manifest::spec::policy::AuthorizationPolicy;
use meshscope_manifest::{Kind, Resource, Str, Value};
use std::sync::Arc;

/// What is known of the caller and the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Who the caller proves to be.
    pub identity: Identity,
    /// The caller's IP, when known.
    pub source_ip: Option<Str>,
    /// The port inside the pod.
    pub port: u32,
    /// The request; `None` on a TCP chain.
    pub request: Option<RequestFacts>,
}

/// Who a caller proves to be by mutual TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Nobody: there is no mutual TLS.
    #[default]
    Nobody,
    /// Somebody of the mesh; no file says who.
    Unknown,
    /// A workload.
    Known {
        /// `trust-domain/ns/NS/sa/SA`.
        principal: Str,
        /// Its namespace.
        namespace: Str,
    },
}

impl Identity {
    fn principal(&self) -> Option<&str> {
        match self {
            Identity::Nobody => Some(""),
            Identity::Unknown => None,
            Identity::Known { principal, .. } => Some(principal),
        }
    }

    fn namespace(&self) -> Option<&str> {
        match self {
            Identity::Nobody => Some(""),
            Identity::Unknown => None,
            Identity::Known { namespace, .. } => Some(namespace),
        }
    }
}

/// What of a request policies look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// The Host header.
    pub host: Str,
    /// The method.
    pub method: Str,
    /// The path without query.
    pub path: Str,
}

/// What the policies of a workload say to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It passes.
    Allowed,
    /// It is refused, and by what.
    Denied(Vec<Because>),
    /// It depends on what no file says: these policies.
    Undecided(Vec<Because>),
}

/// Whether a condition holds; `None` when no file can tell.
type Answer = Option<bool>;

/// Asks the policies of a sidecar.
pub fn authorize(db: &dyn Db, mesh: Mesh, proxy: &Proxy, caller: &Caller) -> Decision {
    let policies = authorization_policies(db, mesh, proxy);
    let mut undecided = Vec::new();
    for (resource, policy) in of_action(&policies, "DENY") {
        match rule_of(policy, caller, true) {
            Some(Some(rule)) => {
                return Decision::Denied(vec![because(resource, rule, "denies the call (O:17.6)")]);
            }
            Some(None) => {}
            None => undecided.push(because(resource, 0, "may deny the call (O:17.6)")),
        }
    }
    for (resource, _) in of_action(&policies, "CUSTOM") {
        undecided.push(because(resource, 0, "asks another service (O:17.6)"));
    }
    let allowing: Vec<_> = of_action(&policies, "ALLOW").collect();
    if !allowing.is_empty() {
        let mut maybe = Vec::new();
        let mut allowed = false;
        for (resource, policy) in &allowing {
            match rule_of(policy, caller, false) {
                Some(Some(_)) => allowed = true,
                Some(None) => {}
                None => maybe.push(because(resource, 0, "may allow the call (O:17.6)")),
            }
        }
        if !allowed && maybe.is_empty() {
            let refused = allowing.iter().map(|(resource, _)| {
                Because::new(
                    &resource.key,
                    "spec.rules",
                    "no rule of any ALLOW policy of the workload takes the call (O:17.6)",
                )
            });
            return Decision::Denied(refused.collect());
        }
        if !allowed {
            undecided.extend(maybe);
        }
    }
    if undecided.is_empty() {
        Decision::Allowed
    } else {
        Decision::Undecided(undecided)
    }
}

fn because(resource: &Resource, rule: usize, why: &'static str) -> Because {
    Because::new(&resource.key, format!("spec.rules[{rule}]"), why)
}

/// The policies that select a proxy: of the root namespace and its own, without target references.
pub fn authorization_policies(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Arc<Resource>> {
    let root = facts(db, mesh).root();
    let mut namespaces = vec![root];
    if proxy.config_namespace != *root {
        namespaces.push(&proxy.config_namespace);
    }
    let all = namespaces
        .into_iter()
        .flat_map(|ns| objects(db, mesh, name(db, ns), Kind::AuthorizationPolicy).to_vec());
    all.filter(|r| {
        r.authorization_policy()
            .is_some_and(|p| p.target_refs.is_empty() && p.selector.subset_of(&proxy.labels))
    })
    .collect()
}

fn of_action<'r>(
    policies: &'r [Arc<Resource>],
    action: &'static str,
) -> impl Iterator<Item = (&'r Resource, &'r AuthorizationPolicy)> {
    policies
        .iter()
        .filter_map(|r| Some((r.as_ref(), r.authorization_policy()?)))
        .filter(move |(_, p)| p.action == action)
}

/// The first rule that takes the call: `Some(None)` when none does, `None` when it cannot be told.
fn rule_of(policy: &AuthorizationPolicy, caller: &Caller, denies: bool) -> Option<Option<usize>> {
    let mut unknown = false;
    for (index, rule) in policy.rules.iter().flatten().enumerate() {
        match rule_answer(rule, caller, denies) {
            Some(true) => return Some(Some(index)),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(None) }
}

fn rule_answer(rule: &Value, caller: &Caller, denies: bool) -> Answer {
    let from = any(rule
        .list("from")
        .iter()
        .map(|f| source(f.get("source"), caller)));
    let to = any(rule
        .list("to")
        .iter()
        .map(|t| operation(t.get("operation"), caller, denies)));
    let when = all(rule.list("when").iter().map(|w| condition(w, caller)));
    all([
        if rule.has("from") { from } else { Some(true) },
        if rule.has("to") { to } else { Some(true) },
        when,
    ]
    .into_iter())
}

fn source(source: &Value, caller: &Caller) -> Answer {
    let identity = |key: &str, not: &str, value: Option<&str>| {
        let Some(value) = value else {
            return (!source.has(key) && !source.has(not)).then_some(true);
        };
        all([
            listed(source, key, |p| text_matches(p, value)),
            negated(source, not, |p| text_matches(p, value)),
        ]
        .into_iter())
    };
    let unknown = [
        "requestPrincipals",
        "notRequestPrincipals",
        "remoteIpBlocks",
        "notRemoteIpBlocks",
        "serviceAccounts",
        "notServiceAccounts",
    ];
    all([
        identity("principals", "notPrincipals", caller.identity.principal()),
        identity("namespaces", "notNamespaces", caller.identity.namespace()),
        ip_blocks(source, "ipBlocks", caller),
        ip_blocks(source, "notIpBlocks", caller)
            .map(|in_block| !in_block || !source.has("notIpBlocks")),
        if unknown.iter().any(|k| source.has(k)) {
            None
        } else {
            Some(true)
        },
    ]
    .into_iter())
}

/// Whether the caller is in a list of subnets; true when the list is absent.
fn ip_blocks(source: &Value, key: &str, caller: &Caller) -> Answer {
    if !source.has(key) {
        return Some(true);
    }
    let ip: std::net::IpAddr = caller.source_ip.as_deref()?.parse().ok()?;
    let nets = source.strings(key);
    Some(nets.iter().any(|n| {
        n.parse::<ipnet::IpNet>().is_ok_and(|net| net.contains(&ip))
            || n.parse::<std::net::IpAddr>().is_ok_and(|own| own == ip)
    }))
}

fn operation(operation: &Value, caller: &Caller, denies: bool) -> Answer {
    let ports = all([
        listed(operation, "ports", |p| p == caller.port.to_string()),
        negated(operation, "notPorts", |p| p == caller.port.to_string()),
    ]
    .into_iter());
    let http_keys = [
        "hosts",
        "notHosts",
        "methods",
        "notMethods",
        "paths",
        "notPaths",
    ];
    let Some(request) = &caller.request else {
        // On TCP an HTTP condition never allows; a denying rule drops it and denies more (O:17.6).
        let http = http_keys.iter().any(|k| operation.has(k));
        return match (http, denies) {
            (true, false) => Some(false),
            _ => ports,
        };
    };
    let field = |key: &str, not: &str, value: &str, fold: bool| {
        let test = |p: &str| {
            if fold {
                text_matches(&p.to_ascii_lowercase(), &value.to_ascii_lowercase())
            } else {
                text_matches(p, value)
            }
        };
        all([listed(operation, key, test), negated(operation, not, test)].into_iter())
    };
    let templated = operation.strings("paths").iter().any(|p| p.contains('{'));
    all([
        ports,
        field("hosts", "notHosts", &request.host, true),
        field("methods", "notMethods", &request.method, false),
        if templated {
            None
        } else {
            field("paths", "notPaths", &request.path, false)
        },
    ]
    .into_iter())
}

fn condition(when: &Value, caller: &Caller) -> Answer {
    let value: Str = match when.str_or_empty("key").as_str() {
        "source.namespace" => caller.identity.namespace()?.into(),
        "source.principal" => caller.identity.principal()?.into(),
        "destination.port" => caller.port.to_string().into(),
        _ => return None,
    };
    all([
        listed(when, "values", |p| text_matches(p, &value)),
        negated(when, "notValues", |p| text_matches(p, &value)),
    ]
    .into_iter())
}

fn listed(value: &Value, key: &str, test: impl Fn(&str) -> bool) -> Answer {
    Some(!value.has(key) || value.strings(key).iter().any(|p| test(p)))
}

fn negated(value: &Value, key: &str, test: impl Fn(&str) -> bool) -> Answer {
    Some(!value.strings(key).iter().any(|p| test(p)))
}

/// Exact, prefix `a*`, suffix `*a`, and `*` for anything that is there.
fn text_matches(pattern: &str, value: &str) -> bool {
    if pattern == "*" {
        return !value.is_empty();
    }
    if let Some(prefix) = pattern.strip_suffix('*') {
        return value.starts_with(prefix);
    }
    match pattern.strip_prefix('*') {
        Some(suffix) => value.ends_with(suffix),
        None => pattern == value,
    }
}

fn all(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut unknown = false;
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(true)
}

fn any(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut unknown = false;
    for answer in answers {
        match answer {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(false)
}
