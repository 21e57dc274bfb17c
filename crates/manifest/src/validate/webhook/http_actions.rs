//! What an http route does to a request besides choosing a destination: headers, CORS, faults,
//! redirects, direct responses, retries and rewrites (validation-rules.md §2, HN-1, HN-2, HV, PCT).
//!
//! Must not know the route they are in.

use super::common::{self, duration_at, expression, filled};
use super::headers;
use super::names;
use crate::validate::Severity;
use crate::validate::go;
use crate::validate::report::At;

/// HN-1, HN-2 and HV.
pub(super) fn header_operations(operations: Option<At<'_>>) {
    let Some(operations) = operations else { return };
    let request = operations.get("request");
    for (name, value) in request.map("add").chain(request.map("set")) {
        value.check_key("HN-1", headers::request_name(name));
        value.check("HV", headers::value(value.text()));
    }
    let response = operations.get("response");
    for (name, value) in response.map("add").chain(response.map("set")) {
        value.check_key("HN-2", headers::other_name(name));
        value.check("HV", headers::value(value.text()));
    }
    for name in request.list("remove").chain(response.list("remove")) {
        name.check("HN-2", headers::other_name(name.text()));
    }
}

pub(super) fn cors(policy: Option<At<'_>>) {
    let Some(policy) = policy else { return };
    for origin in policy.list("allowOrigins") {
        let empty = ["exact", "prefix", "regex"]
            .iter()
            .all(|key| !filled(origin, key));
        if empty {
            origin.value_error(
                "§2",
                "an origin needs exact, prefix or regex, and that not empty",
            );
        } else {
            common::string_match_regex(origin);
        }
    }
    const METHODS: &[&str] = &[
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
    ];
    for method in policy.list("allowMethods") {
        if !METHODS.contains(&method.text()) {
            let fact = format!("\"{}\" is none of {}", method.text(), METHODS.join(", "));
            let found = method.value_error("§2", fact);
            let upper = method.text().to_ascii_uppercase();
            if METHODS.contains(&upper.as_str()) {
                found.fix_replace(method, upper.as_str(), true);
            }
        }
    }
    for name in policy
        .list("allowHeaders")
        .chain(policy.list("exposeHeaders"))
    {
        name.check("§2", headers::cors_name(name.text()));
    }
    if let Some(age) = policy.field("maxAge")
        && common::duration(age).is_some_and(|nanoseconds| nanoseconds % 1_000_000_000 > 0)
    {
        age.value_error("§2", "maxAge is in whole seconds");
    }
}

/// PCT: a percentage in which Envoy counts millionths.
fn percentage(at: At<'_>) {
    let value = common::number(at.value.get("percentage").get("value"));
    if !(0.0..=100.0).contains(&value) || (value > 0.0 && value < 0.0001) {
        at.get("percentage")
            .get("value")
            .value_error("PCT", "a percentage is 0, or 0.0001 to 100");
    }
}

pub(super) fn fault(fault: Option<At<'_>>) {
    let Some(fault) = fault.filter(|fault| fault.value.as_map().is_some()) else {
        return;
    };
    if !fault.has("abort") && !fault.has("delay") {
        fault.value_error("§2", "a fault needs abort or delay");
    }
    if let Some(abort) = fault.field("abort") {
        percentage(abort);
        if let Some(status) = abort.field("grpcStatus") {
            grpc_status(status);
        } else if abort.has("http2Error") {
            abort
                .get("http2Error")
                .value_error("§2", "istiod does not support it yet")
                .at_key();
        } else if abort.has("httpStatus") {
            http_status(abort.get("httpStatus"));
        } else {
            let fact = "it has neither httpStatus nor grpcStatus";
            abort.no_effect("§2", fact).severity(Severity::Info);
        }
    }
    if let Some(delay) = fault.field("delay") {
        percentage(delay);
        duration_at(delay, "fixedDelay");
        if let Some(exponential) = delay.field("exponentialDelay") {
            exponential
                .value_error("§2", "istiod does not support it yet")
                .at_key();
        }
        if delay.int("percent") != 0 {
            delay
                .get("percent")
                .deprecated("§2", "use percentage.value")
                .at_key();
        }
    }
}

fn http_status(at: At<'_>) {
    let status = at.value.as_int().unwrap_or(0);
    if !(200..=600).contains(&status) {
        at.value_error("§2", format!("{status} is no HTTP status from 200 to 599"));
    }
}

fn grpc_status(at: At<'_>) {
    const STATUSES: &[&str] = &[
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    if !STATUSES.contains(&at.text()) {
        at.value_error(
            "§2",
            format!("\"{}\" is no gRPC status such as NOT_FOUND", at.text()),
        );
    }
}

/// The first fault only, as istiod.
pub(super) fn redirect(redirect: Option<At<'_>>) {
    let Some(redirect) = redirect.filter(|redirect| redirect.value.as_map().is_some()) else {
        return;
    };
    let somewhere = ["uri", "authority", "scheme"]
        .iter()
        .any(|key| filled(redirect, key));
    if !somewhere && !redirect.has("port") && !redirect.has("derivePort") {
        redirect.value_error("§2", "a redirect needs uri, authority, scheme or port");
        return;
    }
    let code = redirect.int("redirectCode");
    if code != 0 && !(300..=399).contains(&code) {
        redirect
            .get("redirectCode")
            .value_error("§2", format!("{code} is no redirect, which is 3xx"));
    }
    if !matches!(redirect.str("scheme"), "" | "http" | "https") {
        redirect
            .get("scheme")
            .value_error("§2", "must be http or https");
    }
    if redirect.int("port") > 0 {
        redirect
            .get("port")
            .check("PORT", names::port(redirect.int("port")));
    }
}

pub(super) fn direct_response(response: Option<At<'_>>) {
    let Some(response) = response else { return };
    let body = response.get("body");
    // Bytes are base64 in YAML.
    let size = body
        .str("string")
        .len()
        .max(body.str("bytes").len() / 4 * 3);
    let field = if filled(body, "bytes") {
        "bytes"
    } else {
        "string"
    };
    if size > 1024 * 1024 {
        body.get(field).value_error(
            "§2",
            "must be less than 1 MB: every proxy is sent all of it",
        );
    } else if size > 100 * 1024 {
        let message = format!(
            "{} has {size} bytes, and every proxy is sent all of it",
            body.path()
        );
        body.get(field)
            .report("invalid-virtual-service", Severity::Warning, "§2", message);
    }
    http_status(response.get("status"));
}

pub(super) fn retries(retries: Option<At<'_>>) {
    let Some(retries) = retries else { return };
    let attempts = retries.int("attempts");
    if attempts < 0 {
        retries
            .get("attempts")
            .value_error("§2", "must not be negative");
    }
    let settings = ["perTryTimeout", "retryOn", "retryRemoteLocalities"];
    let set = settings
        .into_iter()
        .find(|key| retries.has(key) && (*key != "retryOn" || filled(retries, key)));
    if let Some(key) = set.filter(|_| attempts == 0) {
        let fact = format!("0 attempts switch retries off, so {key} must not be set");
        retries
            .get("attempts")
            .value_error("§2", fact)
            .related(retries.get(key));
    }
    duration_at(retries, "perTryTimeout");
    if filled(retries, "retryOn") {
        let retry_on = retries.get("retryOn");
        for policy in retry_on
            .text()
            .split(',')
            .filter(|policy| !is_retry_policy(policy))
        {
            let hint = if is_retry_policy(policy.trim()) {
                ": no blanks around commas"
            } else {
                ""
            };
            retry_on.value_error("§2", format!("\"{policy}\" is nothing to retry on{hint}"));
        }
    }
    duration_at(retries, "backoff");
}

fn is_retry_policy(policy: &str) -> bool {
    const POLICIES: &[&str] = &[
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    ];
    // The codes that Go's net/http has a text for.
    let status = matches!(
        go::atoi(policy).unwrap_or(0),
        100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=418 | 421..=426 | 428 | 429 | 431
            | 451 | 500..=508 | 510 | 511
    );
    POLICIES.contains(&policy) || status
}

pub(super) fn rewrite(rewrite: Option<At<'_>>) {
    let Some(rewrite) = rewrite.filter(|rewrite| rewrite.value.as_map().is_some()) else {
        return;
    };
    if filled(rewrite, "uri") && rewrite.has("uriRegexRewrite") {
        let fact = "excludes uri";
        rewrite
            .get("uriRegexRewrite")
            .value_error("§2", fact)
            .at_key()
            .related(rewrite.get("uri"));
        return;
    }
    if !filled(rewrite, "uri") && !rewrite.has("uriRegexRewrite") && !filled(rewrite, "authority") {
        rewrite.value_error("§2", "a rewrite needs uri, uriRegexRewrite or authority");
        return;
    }
    if let Some(regex) = rewrite.field("uriRegexRewrite") {
        if filled(regex, "match") && filled(regex, "rewrite") {
            expression(regex.get("match"), "SM-2");
        } else {
            regex.value_error("§2", "needs both match and rewrite");
        }
    }
}
