//! The host algebra: wildcards are plain suffixes, comparison is byte-exact (V:R0.9).

use meshscope_manifest::Str;
use std::cmp::Ordering;

/// Whether the first byte is `*` (V:R0.9).
pub fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

fn tail(host: &str) -> &str {
    host.strip_prefix('*').unwrap_or(host)
}

/// Whether two hosts overlap (V:R0.10). Symmetric.
pub fn matches(a: &str, b: &str) -> bool {
    match (is_wildcard(a), is_wildcard(b)) {
        (false, false) => a == b,
        (true, false) => b.ends_with(tail(a)),
        (false, true) => a.ends_with(tail(b)),
        (true, true) => {
            let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
            tail(long).ends_with(tail(short))
        }
    }
}

/// Whether `b` covers `a` entirely (V:R0.11).
pub fn subset_of(a: &str, b: &str) -> bool {
    match (is_wildcard(a), is_wildcard(b)) {
        (false, false) => a == b,
        (true, false) => false,
        (false, true) => a.ends_with(tail(b)),
        (true, true) => a.len() >= b.len() && tail(a).ends_with(tail(b)),
    }
}

/// Orders the more specific host first: exact before wildcard, longer before shorter, then by text
/// (V:R0.12).
pub fn more_specific(a: &str, b: &str) -> Ordering {
    is_wildcard(a)
        .cmp(&is_wildcard(b))
        .then_with(|| b.len().cmp(&a.len()))
        .then_with(|| a.cmp(b))
}

/// The most specific of `keys` for `needle` (V:R0.13): the needle itself, else the most specific
/// wildcard key whose suffix the needle ends with. [`super::HostTable`] is the indexed form.
pub fn most_specific<'k>(needle: &str, keys: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let mut best: Option<&str> = None;
    for key in keys {
        if key == needle {
            return Some(key);
        }
        if is_wildcard(key)
            && tail(needle).ends_with(tail(key))
            && best.is_none_or(|b| more_specific(key, b).is_lt())
        {
            best = Some(key);
        }
    }
    best
}

/// The intersection of two host lists, narrower of each pair, first occurrences in loop order
/// (V:R0.14).
pub fn intersect(left: &[Str], right: &[Str]) -> Vec<Str> {
    let mut result: Vec<Str> = Vec::new();
    for a in left {
        for b in right {
            let narrower = if subset_of(a, b) {
                a
            } else if subset_of(b, a) {
                b
            } else {
                continue;
            };
            if !result.contains(narrower) {
                result.push(narrower.clone());
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_a_suffix_test() {
        assert!(matches("*.foo.com", "a.b.foo.com"));
        assert!(!matches("*.foo.com", "foo.com"));
        assert!(matches("*foo.com", "barfoo.com"));
        assert!(matches("*.com", "*.foo.com"));
        assert!(!matches("*.foo.com", "*.bar.com"));
    }

    #[test]
    fn coverage_is_not_symmetric() {
        assert!(subset_of("a.foo.com", "*.foo.com"));
        assert!(!subset_of("*.foo.com", "a.foo.com"));
        assert!(subset_of("*.a.foo.com", "*.foo.com"));
    }

    #[test]
    fn the_table_of_the_specification() {
        let find = |keys: &[&'static str], needle| most_specific(needle, keys.iter().copied());
        assert_eq!(
            find(&["*.foo.com", "*.com"], "bar.foo.com"),
            Some("*.foo.com")
        );
        assert_eq!(find(&["*.foo.com", "*.com"], "foo.com"), Some("*.com"));
        assert_eq!(find(&["foo.com", "*.com"], "*.foo.com"), Some("*.com"));
        assert_eq!(find(&["bar.com", "foo.com"], "*.com"), None);
        assert_eq!(find(&["bar.com", "*.foo.com"], "*foo.com"), None);
    }

    #[test]
    fn intersections_keep_the_narrower_host() {
        let hosts = |l: &[&str]| l.iter().map(Str::new).collect::<Vec<_>>();
        assert_eq!(
            intersect(&hosts(&["*"]), &hosts(&["foo.com"])),
            hosts(&["foo.com"])
        );
        assert_eq!(
            intersect(&hosts(&["foo.com"]), &hosts(&["Foo.com"])),
            hosts(&[])
        );
        assert_eq!(
            intersect(&hosts(&["*.net"]), &hosts(&["*.bar.net"])),
            hosts(&["*.bar.net"])
        );
    }
}
