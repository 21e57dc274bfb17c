//! The rules of HTTPRoutes and GRPCRoutes as HTTP rules with at most one match each (G:GWA-9, G:GWA-10).

use super::backends::{self, Backend, From};
use super::{Refused, RefusedReason, RouteFault};
use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::visibility::{HttpRoute, MatchPlace};
use meshscope_manifest::spec::gateway_api::{BackendRef, Route, RouteRule};
use meshscope_manifest::spec::virtual_service::{
    DirectResponse, HttpMatch, HttpRule, Mirror, Redirect, Rewrite, RouteDestination, StringMatch,
};
use meshscope_manifest::{Kind, Resource, Str, Value};

/// The rules of a route, or what costs it all of them. Backends that are nobody are noted.
pub(super) fn rules(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    route: &Route,
    for_mesh: bool,
    notes: &mut Vec<Refused>,
) -> Result<Vec<HttpRoute>, Refused> {
    let mut built = Vec::new();
    let default_rules = [RouteRule::default()];
    let grpc = resource.key.kind == Kind::GrpcRoute;
    // Kubernetes fills in one rule for `/` in an HTTPRoute that writes none.
    let rules = if route.rules.is_empty() && !grpc {
        &default_rules[..]
    } else {
        &route.rules
    };
    for (index, rule) in rules.iter().enumerate() {
        let mut converter = Rule {
            db,
            mesh,
            resource,
            from: From {
                kind: resource.key.kind,
                namespace: &resource.key.namespace,
                grants: !for_mesh,
            },
            index,
            notes,
        };
        let template = converter.template(rule, grpc)?;
        let nothing = [Value::Null];
        let matches = if rule.matches.is_empty() {
            &nothing[..]
        } else {
            &rule.matches
        };
        for (position, value) in matches.iter().enumerate() {
            let matching = if grpc {
                if value.is_null() {
                    None
                } else {
                    Some(converter.grpc_match(value)?)
                }
            } else {
                Some(converter.http_match(value)?)
            };
            let places = matching.iter().map(|_| MatchPlace {
                in_root: false,
                index: position,
            });
            built.push(HttpRoute {
                object: resource.key.clone(),
                index,
                delegated_by: None,
                match_places: places.collect(),
                rule: HttpRule {
                    matches: matching.into_iter().collect(),
                    ..template.clone()
                },
            });
        }
    }
    Ok(built)
}

struct Rule<'a> {
    db: &'a dyn Db,
    mesh: Mesh,
    resource: &'a Resource,
    from: From<'a>,
    index: usize,
    notes: &'a mut Vec<Refused>,
}

impl Rule<'_> {
    fn refused(&self, reason: RefusedReason, field: &str, why: impl Into<Str>) -> Refused {
        Refused {
            reason,
            because: Because::new(
                &self.resource.key,
                format!("spec.rules[{}]{field}", self.index),
                why,
            ),
        }
    }

    fn fatal(&self, fault: RouteFault, field: &str, why: impl Into<Str>) -> Refused {
        self.refused(RefusedReason::Route(fault), field, why)
    }

    /// Everything of a rule but its matches.
    fn template(&mut self, rule: &RouteRule, grpc: bool) -> Result<HttpRule, Refused> {
        let key = &self.resource.key;
        let mut built = HttpRule {
            name: if rule.name.is_empty() {
                format!("{}.{}.{}", key.namespace, key.name, self.index).into()
            } else {
                rule.name.clone()
            },
            ..HttpRule::default()
        };
        for (i, filter) in rule.filters.iter().enumerate() {
            self.filter(&mut built, filter, i, grpc)?;
        }
        let weight: u64 = rule.backends.iter().map(|b| u64::from(b.weight)).sum();
        if weight == 0 && built.redirect.is_none() {
            // No backends is 404 for HTTP, backends without weight 500; for gRPC 500 either way.
            let status = if rule.backends.is_empty() && !grpc {
                404
            } else {
                500
            };
            built.direct_response = Some(DirectResponse { status });
            return Ok(built);
        }
        built.route = self.destinations(&rule.backends)?;
        Ok(built)
    }

    fn destinations(&mut self, refs: &[BackendRef]) -> Result<Vec<RouteDestination>, Refused> {
        let counted: Vec<(usize, &BackendRef)> = refs
            .iter()
            .enumerate()
            .filter(|(_, b)| b.weight != 0)
            .collect();
        let single = counted.len() == 1;
        let mut built = Vec::new();
        for (i, backend) in counted {
            let field = format!(".backendRefs[{i}]");
            let destination = match backends::resolve(self.db, self.mesh, self.from, backend) {
                Backend::Fine(destination) => destination,
                Backend::Nobody(why) => {
                    let note = self.refused(RefusedReason::Backend, &field, why);
                    if !self.notes.contains(&note) {
                        self.notes.push(note);
                    }
                    Default::default()
                }
                Backend::Fatal(fault, why) => return Err(self.fatal(fault, &field, why)),
            };
            self.own_filters(backend, &field)?;
            built.push(RouteDestination {
                destination,
                weight: if single { 0 } else { i64::from(backend.weight) },
                headers: None,
            });
        }
        Ok(built)
    }

    /// The filters of a backend: only those of headers are known.
    fn own_filters(&self, backend: &BackendRef, field: &str) -> Result<(), Refused> {
        let is_known = |f: &Str| f.ends_with("HeaderModifier");
        match backend.filters.iter().position(|f| !is_known(f)) {
            Some(i) => {
                let kind = backend.filters.get(i).map_or("", Str::as_str);
                let why = format!("filter {kind} of a backend is not supported (G:GWA-10)");
                let fault = of_filter(kind, self.from.kind == Kind::GrpcRoute);
                Err(self.fatal(fault, &format!("{field}.filters[{i}]"), why))
            }
            None => Ok(()),
        }
    }

    fn filter(
        &mut self,
        built: &mut HttpRule,
        filter: &Value,
        index: usize,
        grpc: bool,
    ) -> Result<(), Refused> {
        let kind = filter.str_or_empty("type");
        match kind.as_str() {
            "RequestHeaderModifier" | "ResponseHeaderModifier" => {}
            "RequestMirror" => {
                let mirror = filter.get("requestMirror");
                let backend = BackendRef::decode(mirror.get("backendRef"));
                match backends::resolve(self.db, self.mesh, self.from, &backend) {
                    Backend::Fine(destination) => built.mirrors.push(Mirror {
                        destination,
                        percentage: percentage(mirror),
                    }),
                    Backend::Fatal(_, why) | Backend::Nobody(why) if grpc => {
                        let field = format!(".filters[{index}]");
                        return Err(self.fatal(RouteFault::Mirror, &field, why));
                    }
                    Backend::Fatal(..) | Backend::Nobody(_) => {}
                }
            }
            "RequestRedirect" if !grpc => {
                built.redirect = Some(redirect(filter.get("requestRedirect")));
            }
            "URLRewrite" if !grpc => built.rewrite = rewrite(filter.get("urlRewrite")),
            "CORS" if !grpc => built.cors_policy = filter.field("cors").cloned(),
            other => {
                let why = format!("filter {other} is not supported (G:GWA-10)");
                let field = format!(".filters[{index}]");
                return Err(self.fatal(of_filter(other, grpc), &field, why));
            }
        }
        Ok(())
    }

    fn http_match(&self, value: &Value) -> Result<HttpMatch, Refused> {
        let path = value.get("path");
        let text = path.str("value").unwrap_or_else(|| "/".into());
        let uri = match path.str("type").as_deref().unwrap_or("PathPrefix") {
            "PathPrefix" if text == "/" => StringMatch::Prefix(text),
            "PathPrefix" => StringMatch::Prefix(text.strip_suffix('/').unwrap_or(&text).into()),
            "Exact" => StringMatch::Exact(text),
            "RegularExpression" => StringMatch::Regex(text),
            other => {
                return Err(self.fatal(
                    RouteFault::Match,
                    ".matches",
                    format!("path match {other} is unknown"),
                ));
            }
        };
        Ok(HttpMatch {
            uri: Some(uri),
            headers: self.pairs(value, "headers")?,
            query_params: self.pairs(value, "queryParams")?,
            method: value.str("method").map(StringMatch::Exact),
            ..HttpMatch::default()
        })
    }

    fn grpc_match(&self, value: &Value) -> Result<HttpMatch, Refused> {
        let method = value.get("method");
        let uri = if method.is_null() {
            None
        } else {
            let regular = match method.str("type").as_deref().unwrap_or("Exact") {
                "Exact" => false,
                "RegularExpression" => true,
                other => {
                    return Err(self.fatal(
                        RouteFault::Match,
                        ".matches",
                        format!("method match {other} is unknown"),
                    ));
                }
            };
            Some(match (method.str("service"), method.str("method")) {
                (Some(s), Some(m)) if regular => StringMatch::Regex(format!("/{s}/{m}").into()),
                (Some(s), Some(m)) => StringMatch::Exact(format!("/{s}/{m}").into()),
                (Some(s), None) if regular => StringMatch::Regex(format!("/{s}/.+").into()),
                (Some(s), None) => StringMatch::Prefix(format!("/{s}/").into()),
                (None, Some(m)) => StringMatch::Regex(format!("/[^/]+/{m}").into()),
                (None, None) => {
                    return Err(self.fatal(
                        RouteFault::Match,
                        ".matches",
                        "a method match needs method or service",
                    ));
                }
            })
        };
        Ok(HttpMatch {
            uri,
            headers: self.pairs(value, "headers")?,
            ..HttpMatch::default()
        })
    }

    /// Header or query conditions; of several for one name the last counts.
    fn pairs(&self, value: &Value, field: &str) -> Result<Vec<(Str, StringMatch)>, Refused> {
        let mut pairs: Vec<(Str, StringMatch)> = Vec::new();
        for item in value.list(field) {
            let (name, text) = (item.str_or_empty("name"), item.str_or_empty("value"));
            let condition = match item.str("type").as_deref().unwrap_or("Exact") {
                "Exact" => StringMatch::Exact(text),
                "RegularExpression" => StringMatch::Regex(text),
                other => {
                    return Err(self.fatal(
                        RouteFault::Match,
                        ".matches",
                        format!("{field} match {other} is unknown"),
                    ));
                }
            };
            pairs.retain(|(n, _)| *n != name);
            pairs.push((name, condition));
        }
        Ok(pairs)
    }
}

/// What is wrong with a filter istiod does not support: Gateway API has it, or nobody knows it.
fn of_filter(kind: &str, grpc: bool) -> RouteFault {
    match kind {
        "RequestHeaderModifier" | "ResponseHeaderModifier" | "RequestMirror" | "ExtensionRef" => {
            RouteFault::Filter
        }
        "RequestRedirect" | "URLRewrite" | "CORS" | "ExternalAuth" if !grpc => RouteFault::Filter,
        _ => RouteFault::UnknownFilter,
    }
}

fn percentage(mirror: &Value) -> f64 {
    let number = |v: &Value| {
        v.as_int()
            .and_then(|n| i32::try_from(n).ok())
            .map(f64::from)
    };
    match mirror.field("fraction") {
        Some(fraction) => {
            let of = number(fraction.get("denominator")).unwrap_or(100.0);
            100.0 * number(fraction.get("numerator")).unwrap_or(0.0) / of
        }
        None => number(mirror.get("percent")).unwrap_or(100.0),
    }
}

fn redirect(filter: &Value) -> Redirect {
    let path = filter.get("path");
    let uri = match path.str_or_empty("type").as_str() {
        "ReplaceFullPath" => path.str_or_empty("replaceFullPath"),
        "ReplacePrefixMatch" => {
            format!("%PREFIX()%{}", path.str_or_empty("replacePrefixMatch")).into()
        }
        _ => Str::default(),
    };
    let number = |key: &str| filter.int(key).and_then(|n| u32::try_from(n).ok());
    Redirect {
        uri,
        authority: filter.str_or_empty("hostname"),
        scheme: filter.str_or_empty("scheme"),
        port: number("port"),
        // Kubernetes fills in 302.
        code: number("statusCode").unwrap_or(302),
    }
}

fn rewrite(filter: &Value) -> Option<Rewrite> {
    let path = filter.get("path");
    let mut rewrite = Rewrite {
        authority: filter.str_or_empty("hostname"),
        ..Rewrite::default()
    };
    match path.str_or_empty("type").as_str() {
        "ReplacePrefixMatch" => {
            let prefix = path.str_or_empty("replacePrefixMatch");
            let prefix = prefix.strip_suffix('/').unwrap_or(&prefix);
            rewrite.uri = if prefix.is_empty() { "/" } else { prefix }.into();
        }
        "ReplaceFullPath" => {
            rewrite.regex = Some(("/.*".into(), path.str_or_empty("replaceFullPath")));
        }
        _ => {}
    }
    (rewrite != Rewrite::default()).then_some(rewrite)
}
