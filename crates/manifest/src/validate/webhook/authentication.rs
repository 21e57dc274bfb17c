//! RequestAuthentication and PeerAuthentication (validation-rules.md §7). Rule invalid-resource.
//!
//! Must not know workloads, nor what other policies say.

use super::common::{self, duration_at, filled};
use super::headers;
use super::jwks;
use crate::validate::go;
use crate::validate::report::At;

pub(super) fn check_peer(spec: At<'_>) {
    let selects = spec
        .get("selector")
        .value
        .get("matchLabels")
        .as_map()
        .is_some_and(|labels| !labels.is_empty());
    let ports = spec
        .field("portLevelMtls")
        .filter(|ports| ports.value.as_map().is_some());
    if let Some(ports) = ports {
        let empty = ports.value.as_map().is_none_or(|map| map.is_empty());
        if empty {
            let fact = "portLevelMtls has no ports; leave it out";
            ports.kind_error("§7", fact).fix_delete(ports, true);
        } else if !selects {
            let fact = "portLevelMtls needs a selector with labels: ports are those of workloads";
            ports.kind_error("§7", fact).at_key().covers(spec);
        }
        for (key, port) in ports.entries() {
            if !go::atoi(key).is_some_and(|number| (1..=65535).contains(&number)) {
                let fact = format!("{key} is no port from 1 to 65535");
                port.value_error("PORT", fact).at_key().covers(ports);
            }
        }
    }
    common::selector(spec.field("selector"));
}

pub(super) fn check_request(spec: At<'_>) {
    common::policy_target(spec);
    spec.list("jwtRules").for_each(jwt_rule);
}

/// A field that has two spellings, the second one of old times.
fn either<'a>(rule: At<'a>, new: &'static str, old: &'static str) -> At<'a> {
    if rule.has(old) && !rule.has(new) {
        rule.get(old)
    } else {
        rule.get(new)
    }
}

fn jwt_rule(rule: At<'_>) {
    let not_empty = |list: &'static str, what: &str| {
        for item in rule
            .list(list)
            .filter(|item| item.value.as_str() == Some(""))
        {
            item.value_error("§7", format!("{what} must not be empty"));
        }
    };
    not_empty("audiences", "an audience");
    let uri = either(rule, "jwksUri", "jwks_uri");
    if !filled(rule, "issuer") && uri.text().is_empty() {
        rule.get("issuer")
            .kind_error("§7", "a JWT rule needs an issuer or a jwksUri");
    }
    if !uri.text().is_empty() {
        jwks_uri(uri);
    }
    if filled(rule, "jwks") {
        key_set(rule.get("jwks"));
    }
    for header in rule
        .list("fromHeaders")
        .filter(|header| !filled(*header, "name"))
    {
        header
            .get("name")
            .value_error("§7", "a header needs a name");
    }
    not_empty("fromParams", "a parameter");
    not_empty("fromCookies", "a cookie");
    for claim in rule.list("outputClaimToHeaders") {
        if !filled(claim, "header") || !filled(claim, "claim") {
            claim.value_error("§7", "needs both header and claim");
        } else {
            let header = claim.get("header");
            header.check("§7", headers::strict_name(header.text(), true));
        }
    }
    duration_at(rule, "timeout");
}

fn jwks_uri(at: At<'_>) {
    let Some(url) = go::parse_url(at.text()) else {
        at.value_error("§7", format!("\"{}\" is no URL", at.text()));
        return;
    };
    if !matches!(url.scheme.as_str(), "http" | "https") {
        at.value_error(
            "§7",
            format!("\"{}\" does not begin with http:// or https://", at.text()),
        );
    } else if !url.port.is_empty() && go::atoi(&url.port).is_none() {
        at.value_error("§7", format!("{} is no port", url.port));
    }
}

fn key_set(at: At<'_>) {
    match jwks::parse(at.text()) {
        Err(problem) => {
            at.value_error("§7", format!("this is no JSON Web Key Set: {problem}"));
        }
        Ok(keys) => {
            for index in keys.private {
                let fact =
                    format!("key {index} is private; only public keys verify tokens, remove it");
                at.kind_warning("§7", fact);
            }
        }
    }
}
