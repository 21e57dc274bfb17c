//! Conditions of routes in words.

use meshscope_manifest::spec::virtual_service::{HttpMatch, L4Match, StringMatch};

/// `GET /api* header x=y port 80`; empty for everything.
pub(super) fn http(m: &HttpMatch) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |name: &str, text: Option<&StringMatch>| {
        if let Some(text) = text {
            let text = string(text);
            words.push(if name.is_empty() {
                text
            } else {
                format!("{name} {text}")
            });
        }
    };
    add("", m.method.as_ref());
    add("", m.uri.as_ref());
    add("scheme", m.scheme.as_ref());
    add("authority", m.authority.as_ref());
    for (key, value) in &m.headers {
        add(&format!("header {key}"), Some(value));
    }
    for (key, value) in &m.without_headers {
        add(&format!("without header {key}"), Some(value));
    }
    for (key, value) in &m.query_params {
        add(&format!("query {key}"), Some(value));
    }
    if m.port != 0 {
        words.push(format!("port {}", m.port));
    }
    source(&mut words, &m.source_labels.0, &m.source_namespace);
    words.join(" ")
}

/// `sni a.com,b.com port 443`; empty for everything.
pub(super) fn l4(m: &L4Match) -> String {
    let mut words: Vec<String> = Vec::new();
    if !m.sni_hosts.is_empty() {
        words.push(format!("sni {}", m.sni_hosts.join(",")));
    }
    if !m.destination_subnets.is_empty() {
        words.push(format!("to {}", m.destination_subnets.join(",")));
    }
    if m.port != 0 {
        words.push(format!("port {}", m.port));
    }
    source(&mut words, &m.source_labels.0, &m.source_namespace);
    words.join(" ")
}

fn source<S: AsRef<str>>(words: &mut Vec<String>, labels: &[(S, S)], namespace: &str) {
    for (key, value) in labels {
        words.push(format!("from {}={}", key.as_ref(), value.as_ref()));
    }
    if !namespace.is_empty() {
        words.push(format!("from namespace {namespace}"));
    }
}

fn string(m: &StringMatch) -> String {
    match m {
        StringMatch::Exact(t) => t.to_string(),
        StringMatch::Prefix(t) => format!("{t}*"),
        StringMatch::Regex(t) => format!("~{t}"),
        StringMatch::Present => "present".to_owned(),
    }
}
