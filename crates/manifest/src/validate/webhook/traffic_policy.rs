//! Traffic policies of DestinationRules and connection pools of Sidecars (validation-rules.md §0: CP,
//! OD, LB, CTLS).
//!
//! Must not know which rule or subset a policy belongs to.

use super::common::{self, duration_at, filled, not_negative};
use super::locality;
use super::names;
use crate::validate::duration;
use crate::validate::report::At;

/// OD-1 to OD-3.
pub(super) fn outlier_detection(outlier: Option<At<'_>>) {
    let Some(outlier) = outlier else { return };
    duration_at(outlier, "baseEjectionTime");
    if outlier.int("consecutiveErrors") != 0 {
        let new = "use consecutiveGatewayErrors or consecutive5xxErrors";
        outlier
            .get("consecutiveErrors")
            .deprecated("OD-1", new)
            .at_key();
    }
    let local = outlier.int("consecutiveLocalOriginFailures");
    if local > 0 && !outlier.bool("splitExternalLocalOriginErrors") {
        let fact = "needs splitExternalLocalOriginErrors: true";
        outlier
            .get("consecutiveLocalOriginFailures")
            .value_error("OD-2", fact);
    }
    duration_at(outlier, "interval");
    for key in ["maxEjectionPercent", "minHealthPercent"] {
        if !(0..=100).contains(&outlier.int(key)) {
            outlier
                .get(key)
                .value_error("OD-3", "a percentage is 0 to 100");
        }
    }
}

/// CP-1 to CP-4.
pub(super) fn connection_pool(pool: Option<At<'_>>) {
    let Some(pool) = pool.filter(|pool| pool.value.as_map().is_some()) else {
        return;
    };
    if !pool.has("http") && !pool.has("tcp") {
        pool.value_error("CP-1", "needs http or tcp");
        return;
    }
    if let Some(http) = pool.field("http") {
        let counts = [
            "http1MaxPendingRequests",
            "http2MaxRequests",
            "maxRequestsPerConnection",
            "maxRetries",
            "maxConcurrentStreams",
        ];
        not_negative(http, "CP-2", &counts);
        duration_at(http, "idleTimeout");
        if http.str("h2UpgradePolicy") == "UPGRADE" && http.bool("useClientProtocol") {
            let fact = "cannot be true with h2UpgradePolicy UPGRADE";
            http.get("useClientProtocol")
                .value_error("CP-3", fact)
                .related(http.get("h2UpgradePolicy"));
        }
    }
    if let Some(tcp) = pool.field("tcp") {
        not_negative(tcp, "CP-4", &["maxConnections"]);
        duration_at(tcp, "connectTimeout");
        duration_at(tcp, "maxConnectionDuration");
        // Less than a millisecond switches the timeout off.
        let idle = duration::parse_go(tcp.str("idleTimeout"));
        if idle.is_none_or(|idle| idle / 1_000_000 != 0) {
            duration_at(tcp, "idleTimeout");
        }
        if let Some(keepalive) = tcp.field("tcpKeepalive") {
            duration_at(keepalive, "time");
            duration_at(keepalive, "interval");
        }
    }
}

/// LB-1 to LB-5, LOC.
pub(super) fn load_balancer(settings: Option<At<'_>>, outlier_detection: bool) {
    let Some(settings) = settings else { return };
    if let Some(hash) = settings.field("consistentHash") {
        consistent_hash(hash);
    }
    locality::check(settings.field("localityLbSetting"), outlier_detection);
    if let Some(warmup) = settings.field("warmup") {
        match warmup.field("duration") {
            Some(duration) => {
                common::duration(duration);
            }
            None => {
                warmup
                    .get("duration")
                    .value_error("LB-5", "a warm-up needs a duration");
            }
        }
        if common::number(warmup.value.get("minimumPercent")) > 100.0 {
            warmup
                .get("minimumPercent")
                .value_error("LB-5", "a percentage is 0 to 100");
        }
        if warmup.has("aggression") && common::number(warmup.value.get("aggression")) < 1.0 {
            warmup
                .get("aggression")
                .value_error("LB-5", "the least aggression is 1");
        }
    }
}

fn consistent_hash(hash: At<'_>) {
    if let Some(cookie) = hash.field("httpCookie") {
        if !filled(cookie, "name") {
            cookie
                .get("name")
                .value_error("LB-1", "a cookie needs a name");
        }
        let mut seen: Vec<&str> = Vec::new();
        for attribute in cookie.list("attributes") {
            let name = attribute.get("name");
            if name.text().is_empty() {
                name.value_error("LB-1", "an attribute needs a name");
            } else if seen.contains(&name.text()) {
                name.value_error(
                    "LB-1",
                    format!("the attribute {} is here twice", name.text()),
                );
            } else {
                seen.push(name.text());
            }
        }
    }
    if hash.int("minimumRingSize") != 0 {
        let ring = hash.get("minimumRingSize");
        ring.deprecated("LB-2", "use ringHash.minimumRingSize")
            .at_key();
        if hash.has("ringHash") || hash.has("maglev") {
            ring.value_error("LB-3", "excludes ringHash and maglev");
        }
    }
    if let Some(maglev) = hash.field("maglev") {
        let size = maglev.get("tableSize");
        match maglev.int("tableSize") {
            0 => size.check("LB-4", Err("maglev needs a tableSize".into())),
            n if n >= 5_000_011 => size.check("LB-4", Err("must be less than 5000011".into())),
            n if !is_prime(n) => size.check("LB-4", Err(format!("{n} is no prime number"))),
            _ => {}
        }
    }
}

fn is_prime(n: i64) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

/// CTLS-1 to CTLS-5.
pub(super) fn client_tls(tls: Option<At<'_>>, namespace: &str) {
    let Some(tls) = tls else { return };
    let mode = tls.str("mode");
    let credential = tls.get("credentialName");
    if let Some(name) = credential.text().strip_prefix("configmap://") {
        let fact = match name.split_once('/') {
            None => Some("write configmap://<namespace>/<name>".to_string()),
            Some((other, rest)) if other.is_empty() || rest.split('/').next() == Some("") => {
                Some("write configmap://<namespace>/<name>".to_string())
            }
            Some((other, _)) if other != namespace && !namespace.is_empty() => Some(format!(
                "the ConfigMap must be in the rule's namespace, not in {other}"
            )),
            Some(_) => None,
        };
        if let Some(fact) = fact {
            credential.value_error("CTLS-1", fact);
        }
    }
    let unverified = tls.bool("insecureSkipVerify");
    let excluded: &[&'static str] = match mode {
        "SIMPLE" if unverified => &["caCertificates", "credentialName", "subjectAltNames"],
        "MUTUAL" if unverified => &["caCertificates", "subjectAltNames"],
        _ => &[],
    };
    for key in excluded {
        if filled(tls, key) || tls.len(key) > 0 {
            let reason = if mode == "SIMPLE" { "CTLS-2" } else { "CTLS-3" };
            tls.get(key)
                .value_error(reason, "excludes insecureSkipVerify")
                .at_key();
        }
    }
    let certificates = ["clientCertificate", "caCertificates", "privateKey", "caCrl"];
    if matches!(mode, "SIMPLE" | "MUTUAL") && filled(tls, "credentialName") {
        for key in certificates.into_iter().filter(|key| filled(tls, key)) {
            tls.get(key)
                .value_error("CTLS-4", "excludes credentialName")
                .at_key()
                .related(credential);
        }
        return;
    }
    if mode == "MUTUAL" {
        for key in ["clientCertificate", "privateKey"] {
            if !filled(tls, key) {
                let fact = format!("MUTUAL needs {key} (or a credentialName)");
                tls.get(key).kind_error("CTLS-5", fact);
            }
        }
    }
}

/// The port of a tunnel, its host and its method (validation-rules.md §3).
pub(super) fn tunnel(tunnel: Option<At<'_>>) {
    let Some(tunnel) = tunnel else { return };
    if !matches!(tunnel.str("protocol"), "" | "CONNECT" | "POST") {
        tunnel
            .get("protocol")
            .value_error("§3", "a tunnel is made by CONNECT or POST");
    }
    let host = tunnel.get("targetHost");
    if !names::is_ip(host.text()) {
        host.check("§3", names::fqdn(host.text()));
    }
    tunnel
        .get("targetPort")
        .check("§3", names::port(tunnel.int("targetPort")));
}
