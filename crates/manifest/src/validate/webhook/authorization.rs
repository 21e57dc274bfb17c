//! AuthorizationPolicy (validation-rules.md §6). Rule invalid-authorization-policy.
//!
//! Must not know workloads, nor what a policy means on them.

use super::common;
use crate::validate::Severity;
use crate::validate::go;
use crate::validate::report::At;

/// The fields of a source, each with its negation.
const SOURCE: &[(&str, &str)] = &[
    ("principals", "notPrincipals"),
    ("requestPrincipals", "notRequestPrincipals"),
    ("namespaces", "notNamespaces"),
    ("ipBlocks", "notIpBlocks"),
    ("remoteIpBlocks", "notRemoteIpBlocks"),
    ("serviceAccounts", "notServiceAccounts"),
    ("trustDomains", "notTrustDomains"),
];

/// The fields of an operation, each with its negation.
const OPERATION: &[(&str, &str)] = &[
    ("ports", "notPorts"),
    ("methods", "notMethods"),
    ("paths", "notPaths"),
    ("hosts", "notHosts"),
];

pub(super) fn check(spec: At<'_>) {
    common::policy_target(spec);
    let action = match spec.str("action") {
        "" => "ALLOW",
        action => action,
    };
    let rules = spec.len("rules");
    if matches!(action, "DENY" | "CUSTOM") && rules == 0 {
        let fact = format!(
            "{action} without rules never applies; add the rule {{}} to mean every request"
        );
        spec.get("rules").kind_error("§6", fact);
    }
    if action == "CUSTOM" {
        if rules > 0 && spec.get("provider").str("name").is_empty() {
            let name = spec.get("provider").get("name");
            name.kind_error("§6", "CUSTOM needs the name of an extension provider");
        }
        spec.list("rules").for_each(custom);
    } else if spec.has("provider") {
        let provider = spec.get("provider");
        let fact = format!("only action CUSTOM has a provider, not {action}");
        provider
            .kind_error("§6", fact)
            .at_key()
            .related(spec.get("action"));
    }
    spec.list("rules").for_each(|rule| check_rule(rule, action));
}

/// What CUSTOM does not support.
fn custom(rule: At<'_>) {
    let refuse = |at: At<'_>| {
        at.kind_error("§6", "action CUSTOM does not support this");
    };
    for from in rule.list("from") {
        let source = from.get("source");
        for (key, not) in SOURCE.iter().filter(|(key, _)| !key.ends_with("pBlocks")) {
            for key in [key, not] {
                if source.len(key) > 0 {
                    refuse(source.get(key));
                }
            }
        }
    }
    for when in rule.list("when") {
        let key = when.get("key");
        let identity = [
            "source.namespace",
            "source.serviceAccount",
            "source.trustDomain",
            "source.principal",
        ];
        if identity.contains(&key.text()) || key.text().starts_with("request.auth.") {
            refuse(key);
        }
    }
}

fn check_rule(rule: At<'_>, action: &str) {
    let (mut sources, mut connection_from) = (false, false);
    for from in rule.list("from") {
        match from.field("source") {
            None => {
                from.get("source").kind_error("§6", "a source is missing");
            }
            Some(source) => {
                sources = true;
                check_source(source);
                let http_only =
                    |key: &str| key.contains("equestPrincipals") || key.contains("rustDomains");
                connection_from |= SOURCE
                    .iter()
                    .flat_map(|(key, not)| [key, not])
                    .any(|key| !http_only(key) && source.len(key) > 0);
            }
        }
    }
    let (mut operations, mut connection_to) = (false, false);
    for to in rule.list("to") {
        match to.field("operation") {
            None => {
                to.get("operation")
                    .kind_error("§6", "an operation is missing");
            }
            Some(operation) => {
                operations = true;
                check_operation(operation);
                connection_to |= operation.len("ports") > 0 || operation.len("notPorts") > 0;
            }
        }
    }
    rule.list("when").for_each(check_condition);
    let http_only = (sources && !operations && !connection_from) || (operations && !connection_to);
    if action == "DENY" && http_only && rule.report.context.webhook_warnings {
        let message = format!(
            "{}: on TCP ports HTTP attributes do not exist, so there this DENY denies every connection; \
             name the ports",
            rule.path()
        );
        rule.report("authz-http-rule-on-tcp", Severity::Warning, "§6", message);
    }
}

fn check_source(source: At<'_>) {
    let mut any = false;
    let mut accounts: Option<At<'_>> = None;
    let mut identities: Option<At<'_>> = None;
    for key in SOURCE.iter().flat_map(|(key, not)| [*key, *not]) {
        let Some(list) = source
            .field(key)
            .filter(|list| !list.value.as_list().is_empty())
        else {
            continue;
        };
        any = true;
        match key {
            "serviceAccounts" | "notServiceAccounts" => {
                accounts = accounts.or(Some(list));
                service_accounts(list);
            }
            "trustDomains" | "notTrustDomains" => wildcard_values(list, true),
            "ipBlocks" | "notIpBlocks" | "remoteIpBlocks" | "notRemoteIpBlocks" => ips(list),
            _ => {
                if !key.contains("equestPrincipals") {
                    identities = identities.or(Some(list));
                }
                not_empty(list);
            }
        }
    }
    if !any {
        source.kind_error("§6", "this source says nothing");
    }
    if let (Some(accounts), Some(identities)) = (accounts, identities) {
        let fact = "serviceAccounts exclude principals and namespaces";
        accounts
            .kind_error("§6", fact)
            .at_key()
            .related(identities)
            .covers(source);
    }
}

fn check_operation(operation: At<'_>) {
    let mut any = false;
    for key in OPERATION.iter().flat_map(|(key, not)| [*key, *not]) {
        let Some(list) = operation
            .field(key)
            .filter(|list| !list.value.as_list().is_empty())
        else {
            continue;
        };
        any = true;
        match key {
            "ports" | "notPorts" => ports(list),
            "paths" | "notPaths" => {
                not_empty(list);
                list.items().for_each(path_template);
            }
            _ => not_empty(list),
        }
    }
    if !any {
        operation.kind_error("§6", "this operation says nothing");
    }
}

/// Whether the item is an empty string, which is reported.
fn is_empty(item: At<'_>) -> bool {
    let empty = item.value.as_str() == Some("");
    if empty {
        item.kind_error("§6", "an empty string matches nothing");
    }
    empty
}

fn not_empty(list: At<'_>) {
    list.items().for_each(|item| {
        is_empty(item);
    });
}

fn ips(list: At<'_>) {
    for item in list.items().filter(|item| !is_empty(*item)) {
        let text = item.text();
        if text.contains('/') && !go::is_prefix(text) {
            item.value_error("IP", format!("\"{text}\" is no CIDR range"));
        } else if !text.contains('/') && go::parse_addr(text).is_none() {
            item.value_error("IP", format!("\"{text}\" is no IP address"));
        }
    }
}

fn ports(list: At<'_>) {
    for item in list.items().filter(|item| !is_empty(*item)) {
        let digits = item.text().bytes().all(|b| b.is_ascii_digit());
        if !digits || item.text().parse::<u32>().is_ok_and(|port| port > 65535) {
            item.value_error(
                "PORT",
                format!("\"{}\" is no port from 0 to 65535", item.text()),
            );
        } else if item.text().parse::<u32>().is_err() {
            item.value_error("PORT", "a port is 0 to 65535");
        }
    }
}

fn service_accounts(list: At<'_>) {
    if list.value.as_list().len() > 16 {
        list.value_error("§6", "there can be at most 16 service accounts");
        return;
    }
    for item in list.items().filter(|item| !is_empty(*item)) {
        let text = item.text();
        let fact = match text.split_once('/') {
            _ if text.contains('*') => "a service account takes no wildcard",
            _ if text.matches('/').count() > 1 => "write <account> or <namespace>/<account>",
            _ if text.len() > 320 => "a service account has at most 320 characters",
            Some(("", _)) | Some((_, "")) => "write <account> or <namespace>/<account>",
            _ => continue,
        };
        item.value_error("§6", format!("\"{text}\": {fact}"));
    }
}

fn wildcard_values(list: At<'_>, domains: bool) {
    for item in list.items().filter(|item| !is_empty(*item)) {
        let text = item.text();
        let stars = text.matches('*').count();
        let fact = if stars > 1 {
            "at most one wildcard is allowed"
        } else if stars == 1 && !text.starts_with('*') && !text.ends_with('*') {
            "a wildcard stands at the start or at the end"
        } else if domains && text.contains('/') {
            "a trust domain has no slash"
        } else {
            continue;
        };
        item.value_error("§6", format!("\"{text}\": {fact}"));
    }
}

/// Path templates: `{*}` for one segment, `{**}` for the rest.
fn path_template(item: At<'_>) {
    let path = item.text();
    let template = path.contains("{*}") || path.contains("{**}");
    let mut rest = false;
    for segment in path.trim_matches('/').split('/') {
        let fact = match segment {
            "{*}" | "{**}" if rest => "{**} must be the last template",
            "{*}" => continue,
            "{**}" => {
                rest = true;
                continue;
            }
            _ if segment.contains(['{', '}']) => "braces are only for the segments {*} and {**}",
            _ if template && !is_literal(segment) => {
                "beside a template each segment must be letters, digits and -._~%!$&'()+,;:@="
            }
            _ => continue,
        };
        item.kind_error("§6", format!("path \"{path}\": {fact}"));
        return;
    }
}

fn is_literal(segment: &str) -> bool {
    let other = b"-._~%!$&'()+,;:@=";
    let allowed = |b: u8| b.is_ascii_alphanumeric() || other.contains(&b);
    !segment.is_empty() && segment.bytes().all(allowed)
}

fn check_condition(when: At<'_>) {
    let key_at = when.get("key");
    let key = key_at.text();
    if key.is_empty() {
        key_at.kind_error("§6", "a condition needs a key");
        return;
    }
    let written: Vec<At<'_>> = ["values", "notValues"]
        .into_iter()
        .filter(|list| when.len(list) > 0)
        .map(|list| when.get(list))
        .collect();
    if written.is_empty() {
        key_at.kind_error("§6", format!("the condition on {key} has no values"));
        return;
    }
    if let Some(fact) = key_fault(key) {
        key_at.kind_error("§6", fact);
        return;
    }
    for list in written {
        match key {
            "source.ip" | "remote.ip" | "destination.ip" => ips(list),
            "destination.port" => ports(list),
            "source.serviceAccount" => service_accounts(list),
            "source.trustDomain" => wildcard_values(list, false),
            _ => not_empty(list),
        }
    }
}

/// What is wrong with the key of a condition.
fn key_fault(key: &str) -> Option<String> {
    let known = [
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.serviceAccount",
        "source.principal",
        "source.trustDomain",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "destination.ip",
        "destination.port",
        "connection.sni",
    ];
    let maps = [
        "request.headers",
        "request.auth.claims",
        "experimental.envoy.filters.",
    ];
    if known.contains(&key) {
        return None;
    }
    if maps.iter().any(|prefix| key.starts_with(prefix)) {
        let open = key
            .find('[')
            .filter(|open| *open > 0 && open + 2 < key.len());
        let well_formed = key.ends_with(']') && open.is_some();
        return (!well_formed).then(|| format!("the key {key} must be written a[b]"));
    }
    Some(match key {
        "destination.namespace" => "destination.namespace is said by metadata.namespace".into(),
        _ if key.starts_with("destination.labels") => {
            "destination.labels is said by the workload selector".into()
        }
        "destination.name" | "destination.user" => format!("{key} exists no more"),
        _ => format!("there is no attribute {key}"),
    })
}
