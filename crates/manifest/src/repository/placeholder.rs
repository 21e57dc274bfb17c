//! Values that stand for others: a value with a placeholder is unknown, matches anything, and nothing
//! is reported about it.

/// Whether a text holds a placeholder: `${…}`, `$(…)`, `{{…}}`, `<…>`, `CHANGE_TO_…`, `PLACEHOLDER`,
/// `[NAME]`, or `…override.required`.
pub fn is_unknown(text: &str) -> bool {
    let between = |open: &str, close: &str| {
        let inner = text.split_once(open).map(|(_, rest)| rest);
        inner.is_some_and(|rest| rest.contains(close))
    };
    between("${", "}")
        || between("$(", ")")
        || between("{{", "}}")
        || between("<", ">")
        || text.contains("CHANGE_TO_")
        || text.contains("CHANGE_ME")
        || text.contains("CHANGEME")
        || text.contains("PLACEHOLDER")
        || text.ends_with("override.required")
        || has_bracketed_name(text)
}

/// `[NAME]`: upper case in brackets. `[::1]` and `[a-z]` are none.
fn has_bracketed_name(text: &str) -> bool {
    text.split('[').skip(1).any(|rest| {
        let name = rest.split(']').next().unwrap_or("");
        name.len() < rest.len()
            && name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::is_unknown;

    #[test]
    fn placeholders_of_real_repositories() {
        for text in [
            "${ARGOCD_ENV_vault_namespace}",
            "jupyter.$(JWA_NAMESPACE).svc.$(JWA_CLUSTER_DOMAIN)",
            "{{path.basename}}",
            "CHANGE_TO_CLUSTER_NAME",
            "HOST_PLACEHOLDER",
            "[DATA_PRODUCT]-ingestion-adaptor",
            "hosts.override.required",
            "projects/<project-id>/zones",
        ] {
            assert!(is_unknown(text), "{text}");
        }
        for text in [
            "*.example.com",
            "[::1]",
            "^/[a-z]+$",
            "a$b",
            "prod",
            "[A-Z]",
        ] {
            assert!(!is_unknown(text), "{text}");
        }
    }
}
