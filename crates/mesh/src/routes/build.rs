//! The routes one VirtualService contributes for one port (O:8.13-8.18, G:RT-6).

use crate::envoy::{Action, Because, ClusterWeight, PathMatch, Route, RouteMatch, TextMatch};
use crate::visibility::{HttpRoute, VirtualService, cluster_name};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::virtual_service::{
    Destination, HttpMatch, HttpRule, RouteDestination, StringMatch,
};
use meshscope_manifest::{Kind, Str};

/// Who the routes are for.
pub struct RouteContext<'a> {
    /// The port the route config serves: the listener port of a sidecar, the server port of a
    /// gateway.
    pub port: u32,
    /// The gateway name: `mesh`, or `namespace/name`.
    pub gateway: &'a str,
    /// Labels of the proxy.
    pub labels: &'a Labels,
    /// Namespace of the proxy.
    pub namespace: &'a str,
    /// How destinations become cluster names.
    pub destinations: &'a dyn Destinations,
}

/// Resolves a destination to a cluster: sidecars and gateways look services up differently
/// (O:8.17, G:RT-16).
pub trait Destinations {
    /// The port of a destination that writes none, and the host it really means (an ExternalName's
    /// target).
    fn resolve(&self, vs: &VirtualService, destination: &Destination, port: u32) -> (Str, u32);
}

/// The routes of `vs`, up to and including the first that takes everything. Empty: the
/// VirtualService contributes nothing here.
pub fn routes_of(vs: &VirtualService, context: &RouteContext<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for route in &vs.http {
        if route.rule.matches.is_empty() {
            routes.push(build(vs, route, None, context));
            break;
        }
        for index in 0..route.rule.matches.len() {
            let Some(matching) = route.rule.matches.get(index) else {
                continue;
            };
            if !applies(matching, context) {
                continue;
            }
            let built = build(vs, route, Some(index), context);
            let ends = built.matching.is_catch_all();
            routes.push(built);
            if ends {
                return routes;
            }
        }
    }
    routes
}

/// The static conditions of a match (V:R4.12, O:8.14): with `gateways`, source labels and namespace
/// are not checked.
pub fn applies(matching: &HttpMatch, context: &RouteContext<'_>) -> bool {
    if matching.port != 0 && matching.port != context.port {
        return false;
    }
    if !matching.gateways.is_empty() {
        return matching.gateways.iter().any(|g| g == context.gateway);
    }
    matching.source_labels.subset_of(context.labels)
        && (matching.source_namespace.is_empty() || matching.source_namespace == context.namespace)
}

fn build(
    vs: &VirtualService,
    route: &HttpRoute,
    match_index: Option<usize>,
    context: &RouteContext<'_>,
) -> Route {
    let rule = &route.rule;
    let matching = match_index
        .and_then(|i| rule.matches.get(i))
        .map_or_else(RouteMatch::default, |m| translate(m, vs.gateway_semantics));
    let name = match match_index.and_then(|i| rule.matches.get(i)) {
        Some(m) if !rule.name.is_empty() && !m.name.is_empty() => {
            format!("{}.{}", rule.name, m.name).into()
        }
        _ => rule.name.clone(),
    };
    let because = vec![Because::new(
        &route.object,
        place(route, match_index),
        match match_index {
            Some(_) => "the first match the request meets (O:8.13)",
            None => "a rule without match takes every request (O:8.13)",
        },
    )];
    Route {
        name,
        matching,
        action: action(vs, route, context),
        mirrors: rule
            .mirrors
            .iter()
            .filter(|m| m.percentage > 0.0)
            .map(|m| ClusterWeight::all(cluster(vs, &m.destination, context)))
            .collect(),
        rewrite: rule.rewrite.clone(),
        fault: rule.fault.clone(),
        missing_cluster_is_500: vs.gateway_semantics,
        because,
    }
}

/// The field path of a match, or of the rule.
fn place(route: &HttpRoute, match_index: Option<usize>) -> Str {
    let rule = rule_place(route);
    match match_index.and_then(|i| route.match_places.get(i)) {
        Some(place) if place.in_root => rule.into(),
        Some(place) if is_written_as_virtual_service(route) => {
            format!("{rule}.match[{}]", place.index).into()
        }
        Some(place) => format!("{rule}.matches[{}]", place.index).into(),
        None => rule.into(),
    }
}

/// The field path of a rule: Gateway API routes have `rules`.
pub(crate) fn rule_place(route: &HttpRoute) -> String {
    if is_written_as_virtual_service(route) {
        format!("spec.http[{}]", route.index)
    } else {
        format!("spec.rules[{}]", route.index)
    }
}

/// The field path of a destination. Backends without weight are not among the destinations of a
/// Gateway API rule, so their indices are not known here.
fn destination_place(route: &HttpRoute, index: usize) -> String {
    let rule = rule_place(route);
    if is_written_as_virtual_service(route) {
        format!("{rule}.route[{index}].destination")
    } else {
        format!("{rule}.backendRefs")
    }
}

fn is_written_as_virtual_service(route: &HttpRoute) -> bool {
    route.object.kind == Kind::VirtualService
}

fn action(vs: &VirtualService, route: &HttpRoute, context: &RouteContext<'_>) -> Action {
    let rule = &route.rule;
    if let Some(redirect) = &rule.redirect {
        return match redirect.code {
            0 => Action::Redirect(301),
            301 | 302 | 303 | 307 | 308 => Action::Redirect(redirect.code),
            _ => Action::Missing,
        };
    }
    if let Some(response) = &rule.direct_response {
        return Action::DirectResponse(response.status);
    }
    Action::Clusters(weighted(vs, route, rule, context))
}

fn weighted(
    vs: &VirtualService,
    route: &HttpRoute,
    rule: &HttpRule,
    context: &RouteContext<'_>,
) -> Vec<ClusterWeight> {
    let single = rule.route.len() == 1;
    rule.route
        .iter()
        .enumerate()
        .filter(|(_, r)| single || r.weight > 0)
        .map(|(i, r): (usize, &RouteDestination)| ClusterWeight {
            cluster: cluster(vs, &r.destination, context),
            weight: r.weight,
            because: Some(Because::new(
                &route.object,
                destination_place(route, i),
                "names the cluster (V:R4.25)",
            )),
        })
        .collect()
}

fn cluster(vs: &VirtualService, destination: &Destination, context: &RouteContext<'_>) -> Str {
    if destination.host.is_empty() {
        // An invalid backendRef of a Gateway API route (G:RT-17).
        return Str::new_static("UnknownService");
    }
    let (host, port) = context.destinations.resolve(vs, destination, context.port);
    cluster_name(port, &destination.subset, &host)
}

/// A VirtualService match as an Envoy route match (O:8.15, G:RT-11, G:RT-12).
fn translate(matching: &HttpMatch, gateway_semantics: bool) -> RouteMatch {
    let path = match &matching.uri {
        Some(StringMatch::Exact(p)) => PathMatch::Exact(p.clone()),
        Some(StringMatch::Prefix(p)) if gateway_semantics && p != "/" => {
            PathMatch::SegmentPrefix(p.trim_end_matches('/').into())
        }
        Some(StringMatch::Prefix(p)) => PathMatch::Prefix(p.clone()),
        Some(StringMatch::Regex(r)) => PathMatch::Regex(r.clone()),
        Some(StringMatch::Present) | None => PathMatch::Prefix("/".into()),
    };
    let mut headers = Vec::new();
    let mut metadata = Vec::new();
    let lists = [
        (&matching.headers, false),
        (&matching.without_headers, true),
    ];
    for (list, inverted) in lists {
        for (key, value) in list {
            if key.starts_with("@request.auth.claims") {
                metadata.push(key.clone());
            } else {
                headers.push((key.clone(), text_match(value), inverted));
            }
        }
    }
    let pseudo = [
        (":method", &matching.method),
        (":authority", &matching.authority),
        (":scheme", &matching.scheme),
    ];
    for (header, condition) in pseudo {
        if let Some(condition) = condition {
            headers.push((header.into(), text_match(condition), false));
        }
    }
    RouteMatch {
        path,
        case_sensitive: !matching.ignore_uri_case,
        headers,
        query: matching
            .query_params
            .iter()
            .map(|(k, v)| (k.clone(), text_match(v)))
            .collect(),
        metadata,
    }
}

fn text_match(value: &StringMatch) -> TextMatch {
    match value {
        StringMatch::Exact(s) => TextMatch::Exact(s.clone()),
        StringMatch::Prefix(s) => TextMatch::Prefix(s.clone()),
        StringMatch::Regex(s) if s == "*" => TextMatch::Present,
        StringMatch::Regex(s) => TextMatch::Regex(s.clone()),
        StringMatch::Present => TextMatch::Present,
    }
}
