//! How Envoy picks a virtual host and a route for a request (G:RT-5, G:RT-11, G:RT-12).
//!
//! Pure functions over the values of this folder. It must not know how they were made, nor
//! listeners and filter chains.

use super::{PathMatch, Route, RouteConfig, RouteMatch, TextMatch, VirtualHost};
use meshscope_manifest::Str;
use regex::RegexBuilder;

/// What of a request routing looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Request {
    /// The `Host` header or `:authority`, port included when the client sends one.
    pub authority: Str,
    /// The path with its query.
    pub path: Str,
    /// The method; empty means `GET`.
    pub method: Str,
    /// The scheme: `http` or `https`.
    pub scheme: Str,
    /// Other headers.
    pub headers: Vec<(Str, Str)>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It needs what a call does not say: JWT claims, or a pattern nobody can compile.
    Unknown,
}

impl Answer {
    fn of(holds: bool) -> Answer {
        if holds { Answer::Yes } else { Answer::No }
    }

    fn and(self, other: Answer) -> Answer {
        match (self, other) {
            (Answer::No, _) | (_, Answer::No) => Answer::No,
            (Answer::Yes, Answer::Yes) => Answer::Yes,
            _ => Answer::Unknown,
        }
    }

    fn not(self) -> Answer {
        match self {
            Answer::Yes => Answer::No,
            Answer::No => Answer::Yes,
            Answer::Unknown => Answer::Unknown,
        }
    }
}

impl Request {
    fn path_only(&self) -> &str {
        self.path.split(['?', '#']).next().unwrap_or_default()
    }

    /// The value of a header as Envoy sees it: pseudo headers too, several values joined by commas.
    fn header(&self, name: &str) -> Option<Str> {
        match name.to_ascii_lowercase().as_str() {
            ":authority" | "host" => Some(self.authority.clone()),
            ":path" => Some(self.path.clone()),
            ":scheme" => (!self.scheme.is_empty()).then(|| self.scheme.clone()),
            ":method" if self.method.is_empty() => Some("GET".into()),
            ":method" => Some(self.method.clone()),
            name => {
                let values = self.headers.iter();
                let values: Vec<&str> = values
                    .filter(|(k, _)| k.eq_ignore_ascii_case(name))
                    .map(|(_, v)| v.as_str())
                    .collect();
                (!values.is_empty()).then(|| values.join(",").into())
            }
        }
    }

    /// The first value of a query parameter.
    fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        let query = query.split('#').next().unwrap_or_default();
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

impl RouteConfig {
    /// The virtual host of a `Host` header: exact domain, else the longest `*suffix`, else the
    /// longest `prefix*`, else `*`; without port, whatever the case (G:RT-5). No way back from a
    /// virtual host to a less specific one.
    pub fn select(&self, authority: &str) -> Option<&VirtualHost> {
        let host = without_port(authority).to_ascii_lowercase();
        let mut best: Option<((u8, usize), &VirtualHost)> = None;
        for virtual_host in &self.virtual_hosts {
            for domain in &virtual_host.domains {
                let Some(rank) = rank(&domain.to_ascii_lowercase(), &host) else {
                    continue;
                };
                if best.is_none_or(|(found, _)| rank > found) {
                    best = Some((rank, virtual_host));
                }
            }
        }
        best.map(|(_, virtual_host)| virtual_host)
    }
}

/// How well a domain fits; a wildcard stands for at least one character.
fn rank(domain: &str, host: &str) -> Option<(u8, usize)> {
    if domain == "*" {
        return Some((0, 0));
    }
    if domain == host {
        return Some((3, 0));
    }
    if let Some(suffix) = domain.strip_prefix('*') {
        let fits = host.len() > suffix.len() && host.ends_with(suffix);
        return fits.then_some((2, suffix.len()));
    }
    let prefix = domain.strip_suffix('*')?;
    let fits = host.len() > prefix.len() && host.starts_with(prefix);
    fits.then_some((1, prefix.len()))
}

/// A host without its port; an IPv6 literal keeps its brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

impl VirtualHost {
    /// The first route a request meets, with its index. `Unknown` in the answer: a route before it,
    /// or this one, depends on what the request does not say.
    pub fn route(&self, request: &Request) -> Option<(usize, &Route, Answer)> {
        let mut certainty = Answer::Yes;
        for (index, route) in self.routes.iter().enumerate() {
            match route.matching.answers(request) {
                Answer::Yes => return Some((index, route, certainty)),
                Answer::No => {}
                Answer::Unknown => certainty = Answer::Unknown,
            }
        }
        None
    }
}

impl RouteMatch {
    /// Whether a request meets all the conditions.
    pub fn answers(&self, request: &Request) -> Answer {
        let mut answer = self.path.answers(request.path_only(), self.case_sensitive);
        for (name, condition, inverted) in &self.headers {
            answer = answer.and(header(
                condition,
                *inverted,
                request.header(name).as_deref(),
            ));
        }
        for (name, condition) in &self.query {
            answer = answer.and(match request.query(name) {
                Some(value) => condition.answers(value),
                None => Answer::No,
            });
        }
        if self.metadata.is_empty() {
            answer
        } else {
            answer.and(Answer::Unknown)
        }
    }
}

/// An inverted condition takes a missing header for an empty one, but for presence (G:RT-12).
fn header(condition: &TextMatch, inverted: bool, value: Option<&str>) -> Answer {
    match (condition, inverted, value) {
        (TextMatch::Present, inverted, value) => Answer::of(value.is_some() != inverted),
        (condition, true, value) => condition.answers(value.unwrap_or_default()).not(),
        (condition, false, Some(value)) => condition.answers(value),
        (_, false, None) => Answer::No,
    }
}

impl PathMatch {
    /// Whether a path, without query, fits.
    pub fn answers(&self, path: &str, case_sensitive: bool) -> Answer {
        let fold = |text: &str| {
            if case_sensitive {
                text.to_owned()
            } else {
                text.to_ascii_lowercase()
            }
        };
        Answer::of(match self {
            PathMatch::Exact(exact) => fold(path) == fold(exact),
            PathMatch::Prefix(prefix) => fold(path).starts_with(&fold(prefix)),
            PathMatch::SegmentPrefix(prefix) => fold(path)
                .strip_prefix(&fold(prefix))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            PathMatch::Regex(pattern) => return full_match(pattern, path),
        })
    }
}

impl TextMatch {
    /// Whether a value that is there fits.
    pub fn answers(&self, value: &str) -> Answer {
        Answer::of(match self {
            TextMatch::Exact(exact) => value == exact,
            TextMatch::Prefix(prefix) => value.starts_with(prefix.as_str()),
            TextMatch::Regex(pattern) => return full_match(pattern, value),
            TextMatch::Present => true,
        })
    }
}

/// A full RE2 match. The `regex` crate reads RE2's syntax but for `\C`; its limits bound hostile
/// patterns.
fn full_match(pattern: &str, text: &str) -> Answer {
    match RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
        .size_limit(1 << 20)
        .build()
    {
        Ok(regex) => Answer::of(regex.is_match(text)),
        Err(_) => Answer::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(domains: &[&[&str]]) -> RouteConfig {
        let host = |domains: &&[&str]| VirtualHost {
            name: domains.first().copied().unwrap_or_default().into(),
            domains: domains.iter().map(|d| (*d).into()).collect(),
            require_tls: false,
            routes: Vec::new(),
            because: Vec::new(),
        };
        RouteConfig {
            virtual_hosts: domains.iter().map(host).collect(),
            ..RouteConfig::default()
        }
    }

    #[test]
    fn the_most_specific_domain_wins() {
        let config = config(&[
            &["*"],
            &["*.ex.com"],
            &["a.ex.com"],
            &["*.b.ex.com", "www.*"],
        ]);
        let table = [
            ("a.ex.com", "a.ex.com"),
            ("A.EX.com:8080", "a.ex.com"),
            ("x.ex.com", "*.ex.com"),
            ("x.y.ex.com", "*.ex.com"),
            ("x.b.ex.com", "*.b.ex.com"),
            ("ex.com", "*"),
            ("www.org", "*.b.ex.com"),
            ("", "*"),
        ];
        for (host, expected) in table {
            let found = config.select(host).map(|v| v.name.as_str());
            assert_eq!(found, Some(expected), "{host}");
        }
    }

    #[test]
    fn without_a_catch_all_a_foreign_host_has_no_virtual_host() {
        assert!(config(&[&["*.ex.com"]]).select("ex.com").is_none());
        assert!(config(&[&["[::1]"]]).select("[::1]:80").is_some());
    }

    #[test]
    fn paths() {
        use PathMatch::{Exact, Prefix, Regex, SegmentPrefix};
        let table = [
            (Exact("/a".into()), "/a", true),
            (Exact("/a".into()), "/a/", false),
            (Prefix("/foo".into()), "/foobar", true),
            (SegmentPrefix("/foo".into()), "/foobar", false),
            (SegmentPrefix("/foo".into()), "/foo/bar", true),
            (SegmentPrefix("/foo".into()), "/foo", true),
            (Regex("/a.c".into()), "/abc", true),
            (Regex("/a".into()), "/abc", false),
            (Regex("/a|/b".into()), "/b", true),
        ];
        for (path, text, expected) in table {
            assert_eq!(
                path.answers(text, true),
                Answer::of(expected),
                "{path:?} {text}"
            );
        }
        assert_eq!(Prefix("/A".into()).answers("/abc", false), Answer::Yes);
        assert_eq!(Regex("(".into()).answers("/", true), Answer::Unknown);
    }

    #[test]
    fn headers_and_query() {
        let request = Request {
            authority: "a.com:8080".into(),
            path: "/x?u=1&v".into(),
            headers: vec![("X-Env".into(), "dev".into())],
            ..Request::default()
        };
        let matching = |name: &str, condition: TextMatch, inverted: bool| RouteMatch {
            headers: vec![(name.into(), condition, inverted)],
            ..RouteMatch::default()
        };
        let exact = |v: &str| TextMatch::Exact(v.into());
        let table = [
            ("x-env", exact("dev"), false, Answer::Yes),
            ("x-env", exact("dev"), true, Answer::No),
            ("x-env", TextMatch::Present, false, Answer::Yes),
            ("x-env", TextMatch::Present, true, Answer::No),
            ("missing", exact("1"), false, Answer::No),
            ("missing", exact("1"), true, Answer::Yes),
            ("missing", exact(""), true, Answer::No),
            (":method", exact("GET"), false, Answer::Yes),
            (":authority", exact("a.com"), false, Answer::No),
        ];
        for (name, condition, inverted, expected) in table {
            let matching = matching(name, condition, inverted);
            assert_eq!(matching.answers(&request), expected, "{matching:?}");
        }
        let query = |name: &str, condition| RouteMatch {
            query: vec![(name.into(), condition)],
            ..RouteMatch::default()
        };
        assert_eq!(query("u", exact("1")).answers(&request), Answer::Yes);
        assert_eq!(
            query("v", TextMatch::Present).answers(&request),
            Answer::Yes
        );
        assert_eq!(query("w", TextMatch::Present).answers(&request), Answer::No);
    }
}
