//! Delegates: one HTTP rule of a root VirtualService replaced by another object's rules (V:R4.5-R4.7).

use super::virtual_service::{HttpRoute, MatchPlace, Names};
use crate::db::{Db, Mesh, name};
use crate::index::{facts, object};
use meshscope_manifest::spec::virtual_service::{HttpMatch, HttpRule, StringMatch};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::sync::Arc;

/// Why a delegate contributes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelegateError {
    /// No such VirtualService, or it has hosts and so is no delegate (V:R4.1).
    Missing,
    /// It is not exported to the root's namespace.
    NotExported,
}

/// Finds the delegate a root rule names (V:R4.5).
pub fn find(
    db: &dyn Db,
    mesh: Mesh,
    root: &ResourceKey,
    delegate: &(Str, Str),
) -> Result<Arc<Resource>, DelegateError> {
    let (delegate_name, namespace) = delegate;
    let namespace = if namespace.is_empty() {
        &root.namespace
    } else {
        namespace
    };
    let found = object(
        db,
        mesh,
        Kind::VirtualService,
        name(db, namespace),
        name(db, delegate_name),
    )
    .clone()
    .filter(|r| r.virtual_service().is_some_and(|v| v.is_delegate()))
    .ok_or(DelegateError::Missing)?;
    let own = found
        .virtual_service()
        .map(|v| v.export_to.clone())
        .unwrap_or_default();
    let facts = facts(db, mesh);
    let set = if own.is_empty() {
        &facts.config.default_virtual_service_export_to
    } else {
        &own
    };
    let exported = set
        .iter()
        .any(|t| t == "*" || *t == root.namespace || (t == "." && *namespace == root.namespace));
    if exported {
        Ok(found)
    } else {
        Err(DelegateError::NotExported)
    }
}

/// The routes a delegating root route becomes; none when the delegate is missing or hidden.
pub(super) fn merged(
    db: &dyn Db,
    mesh: Mesh,
    root: &ResourceKey,
    route: &HttpRoute,
) -> Vec<HttpRoute> {
    let Some(reference) = &route.rule.delegate else {
        return Vec::new();
    };
    let Ok(delegate) = find(db, mesh, root, reference) else {
        return Vec::new();
    };
    let Some(spec) = delegate.virtual_service() else {
        return Vec::new();
    };
    let facts = facts(db, mesh);
    let names = Names {
        namespace: &delegate.key.namespace,
        domain: &facts.config_domain,
        literal: false,
    };
    spec.http
        .iter()
        .enumerate()
        .map(|(index, rule)| names.http_route(&delegate.key, index, rule))
        .filter_map(|leaf| merge(route, leaf))
        .collect()
}

/// One delegate route under its root route; `None` when their matches exclude each other (V:R4.6).
pub fn merge(root: &HttpRoute, mut leaf: HttpRoute) -> Option<HttpRoute> {
    let (matches, places) = merge_matches(&root.rule, &leaf)?;
    leaf.rule.matches = matches;
    leaf.match_places = places;
    leaf.delegated_by = Some(root.index);
    leaf.rule.delegate = None;
    let r = &root.rule;
    let d = &mut leaf.rule;
    d.name = match (r.name.is_empty(), d.name.is_empty()) {
        (false, false) => format!("{}-{}", r.name, d.name).into(),
        (false, true) => r.name.clone(),
        _ => d.name.clone(),
    };
    d.rewrite = d.rewrite.take().or_else(|| r.rewrite.clone());
    d.direct_response = d
        .direct_response
        .take()
        .or_else(|| r.direct_response.clone());
    d.timeout = d.timeout.take().or_else(|| r.timeout.clone());
    d.retries = d.retries.take().or_else(|| r.retries.clone());
    d.fault = d.fault.take().or_else(|| r.fault.clone());
    d.cors_policy = d.cors_policy.take().or_else(|| r.cors_policy.clone());
    d.headers = d.headers.take().or_else(|| r.headers.clone());
    if d.mirrors.is_empty() {
        d.mirrors.clone_from(&r.mirrors);
        d.has_mirror = r.has_mirror;
    }
    Some(leaf)
}

fn merge_matches(root: &HttpRule, leaf: &HttpRoute) -> Option<(Vec<HttpMatch>, Vec<MatchPlace>)> {
    let own = |in_root: bool, count: usize| {
        (0..count)
            .map(|index| MatchPlace { in_root, index })
            .collect::<Vec<_>>()
    };
    if root.matches.is_empty() {
        return Some((
            leaf.rule.matches.clone(),
            own(false, leaf.rule.matches.len()),
        ));
    }
    if leaf.rule.matches.is_empty() {
        return Some((root.matches.clone(), own(true, root.matches.len())));
    }
    let mut matches = Vec::new();
    let mut places = Vec::new();
    for (index, d) in leaf.rule.matches.iter().enumerate() {
        let before = matches.len();
        for r in root.matches.iter().filter(|r| !conflicts(r, d)) {
            matches.push(merge_match(r, d));
            places.push(MatchPlace {
                in_root: false,
                index,
            });
        }
        if matches.len() == before {
            return None;
        }
    }
    Some((matches, places))
}

/// Whether a leaf match is no refinement of a root match (V:R4.7).
pub fn conflicts(root: &HttpMatch, leaf: &HttpMatch) -> bool {
    string_conflict(root.uri.as_ref(), leaf.uri.as_ref())
        || string_conflict(root.scheme.as_ref(), leaf.scheme.as_ref())
        || string_conflict(root.method.as_ref(), leaf.method.as_ref())
        || string_conflict(root.authority.as_ref(), leaf.authority.as_ref())
        || map_conflict(&root.headers, &leaf.headers)
        || map_conflict(&root.without_headers, &leaf.without_headers)
        || map_conflict(&root.query_params, &leaf.query_params)
        || root.ignore_uri_case != leaf.ignore_uri_case
        || (root.port > 0 && leaf.port > 0 && root.port != leaf.port)
        || (!root.source_namespace.is_empty() && root.source_namespace != leaf.source_namespace)
        || leaf
            .source_labels
            .0
            .iter()
            .any(|(k, v)| root.source_labels.get(k).is_some_and(|other| other != v))
        || (!root.gateways.is_empty()
            && !leaf.gateways.is_empty()
            && (leaf.gateways.len() > root.gateways.len()
                || leaf.gateways.iter().any(|g| !root.gateways.contains(g))))
}

fn map_conflict(root: &[(Str, StringMatch)], leaf: &[(Str, StringMatch)]) -> bool {
    leaf.iter().any(|(key, d)| {
        root.iter()
            .find(|(k, _)| k == key)
            .is_some_and(|(_, r)| string_conflict(Some(r), Some(d)))
    })
}

fn string_conflict(root: Option<&StringMatch>, leaf: Option<&StringMatch>) -> bool {
    let (Some(root), Some(leaf)) = (root, leaf) else {
        return false;
    };
    match (root, leaf) {
        (StringMatch::Exact(r), StringMatch::Exact(d)) => r != d,
        (StringMatch::Prefix(r), StringMatch::Prefix(d) | StringMatch::Exact(d)) => {
            !d.starts_with(r.as_str())
        }
        _ => true,
    }
}

fn merge_match(root: &HttpMatch, leaf: &HttpMatch) -> HttpMatch {
    let map = |r: &[(Str, StringMatch)], d: &[(Str, StringMatch)]| {
        let mut merged = r.to_vec();
        for (key, value) in d {
            merged.retain(|(k, _)| k != key);
            merged.push((key.clone(), value.clone()));
        }
        merged
    };
    let text = |r: &Str, d: &Str| if d.is_empty() { r.clone() } else { d.clone() };
    let mut source_labels = root.source_labels.clone();
    for (key, value) in &leaf.source_labels.0 {
        source_labels.set(key, value);
    }
    HttpMatch {
        name: match (root.name.is_empty(), leaf.name.is_empty()) {
            (false, false) => format!("{}-{}", root.name, leaf.name).into(),
            (false, true) => root.name.clone(),
            _ => leaf.name.clone(),
        },
        uri: leaf.uri.clone().or_else(|| root.uri.clone()),
        scheme: leaf.scheme.clone().or_else(|| root.scheme.clone()),
        method: leaf.method.clone().or_else(|| root.method.clone()),
        authority: leaf.authority.clone().or_else(|| root.authority.clone()),
        headers: map(&root.headers, &leaf.headers),
        without_headers: map(&root.without_headers, &leaf.without_headers),
        query_params: map(&root.query_params, &leaf.query_params),
        ignore_uri_case: leaf.ignore_uri_case,
        port: if leaf.port == 0 { root.port } else { leaf.port },
        source_labels,
        source_namespace: text(&root.source_namespace, &leaf.source_namespace),
        gateways: if leaf.gateways.is_empty() {
            root.gateways.clone()
        } else {
            leaf.gateways.clone()
        },
        stat_prefix: text(&root.stat_prefix, &leaf.stat_prefix),
    }
}
