//! Words that several features use: counts, short lists, reasons without the rules they cite.

use meshscope::engine::index::is_unknown_namespace;
use meshscope::manifest::ResourceKey;

/// `1 workload`, `3 workloads`.
pub(crate) fn count(number: usize, word: &str) -> String {
    counted(number, word, &format!("{word}s"))
}

/// `1 proxy`, `3 proxies`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// The items, the first `limit` of them by name: `a, b and 3 more`.
pub(crate) fn listed<S: AsRef<str>>(items: &[S], limit: usize) -> String {
    let shown: Vec<&str> = items.iter().take(limit).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(limit) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The items as code, the first `limit` of them by name.
pub(crate) fn coded<S: AsRef<str>>(items: &[S], limit: usize) -> String {
    let items: Vec<String> = items.iter().map(|item| code(item.as_ref())).collect();
    listed(&items, limit)
}

/// An object as people name it; a namespace nobody says is left out.
pub(crate) fn object(key: &ResourceKey) -> String {
    match is_unknown_namespace(&key.namespace) {
        true => format!("{} {}", key.kind, key.name),
        false => key.to_string(),
    }
}

/// A namespace as people name it.
pub(crate) fn namespace(namespace: &str) -> String {
    match is_unknown_namespace(namespace) || namespace.is_empty() {
        true => "no file names".into(),
        false => code(namespace),
    }
}

/// `namespace/name` of a workload; a namespace nobody says is left out.
pub(crate) fn workload(label: &str) -> &str {
    match is_unknown_namespace(label) {
        true => label.rsplit('/').next().unwrap_or(label),
        false => label,
    }
}

/// A host; a namespace nobody says is left out.
pub(crate) fn host(host: &str) -> &str {
    match host.split_once(".?") {
        Some((name, _)) => name,
        None => host,
    }
}

/// A text as code in Markdown.
pub(crate) fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// How many sidecars and gateway workloads something reaches.
pub(crate) fn reach(sidecars: usize, gateways: usize) -> String {
    match (sidecars, gateways) {
        (0, 0) => "no proxy".into(),
        (sidecars, 0) => count(sidecars, "sidecar"),
        (0, gateways) => count(gateways, "gateway workload"),
        (sidecars, gateways) => format!(
            "{} and {}",
            count(sidecars, "sidecar"),
            count(gateways, "gateway workload")
        ),
    }
}

/// A reason without the rules it cites at its end.
pub(crate) fn plain(why: &str) -> &str {
    let why = why.trim_end();
    let Some(start) = why.strip_suffix(')').and_then(|_| why.rfind('(')) else {
        return why;
    };
    let cited = why.get(start + 1..).unwrap_or_default();
    let cites = ["G:", "O:", "V:", "SF-"]
        .iter()
        .any(|mark| cited.starts_with(mark));
    match cites {
        true => why.get(..start).unwrap_or_default().trim_end(),
        false => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_and_rules_left_out() {
        assert_eq!(listed(&["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(count(1, "route"), "1 route");
        assert_eq!(plain("imports it (V:R3.10)"), "imports it");
        assert_eq!(plain("imports it (all of it)"), "imports it (all of it)");
        assert_eq!(reach(2, 1), "2 sidecars and 1 gateway workload");
    }
}
