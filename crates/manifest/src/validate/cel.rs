//! The part of CEL that the validation rules of Istio's and the Gateway API's CRDs use.
//!
//! Owns parsing and evaluating; the generator of the tables refuses rules that do not parse here.
//! Must not know which rule belongs to which field.

mod eval;
mod lex;
mod parse;

pub use parse::{check, parse};

use super::pattern::Pattern;
use crate::value::Value;

/// A parsed expression.
#[derive(Debug)]
pub enum Expr {
    /// A literal.
    Literal(Value),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{}`; rules write no other map.
    EmptyMap,
    /// A variable.
    Name(String),
    /// `a.b`.
    Member(Box<Expr>, String),
    /// `a[b]`.
    Index(Box<Expr>, Box<Expr>),
    /// `has(a.b)`.
    Has(Box<Expr>, String),
    /// `!a`.
    Not(Box<Expr>),
    /// `a op b`.
    Binary(Op, Box<Expr>, Box<Expr>),
    /// `a ? b : c`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a.all(x, …)` and its kin.
    Quantified(Quantifier, Box<Expr>, String, Box<Expr>),
    /// `f(a)` or `a.f(b)`.
    Call(Function, Vec<Expr>),
    /// `a.matches("…")` with a literal.
    Matches(Box<Expr>, Pattern),
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in every language
pub enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
}

/// A macro over the items of a list or the keys of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in CEL
pub enum Quantifier {
    All,
    Exists,
    ExistsOne,
    Filter,
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in CEL
pub enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Substring,
    Split,
    Duration,
    Int,
    IsUrl,
    Url,
    GetScheme,
    IsIp,
}

/// Whether the rule holds for `value`. An error is a rule that does not hold, as in the API server.
pub fn holds(rule: &Expr, value: &Value) -> Result<bool, String> {
    eval::holds(rule, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: &str, yaml: &str) -> Result<bool, String> {
        let value = crate::read::document(&meshscope_yaml::parse(yaml).documents[0]);
        holds(&parse(rule).unwrap(), &value.unwrap_or_default())
    }

    #[test]
    fn rules_of_istio() {
        let ports = "self.all(l1, self.exists_one(l2, l1.number == l2.number))";
        assert_eq!(check(ports, "[{number: 1}, {number: 2}]"), Ok(true));
        assert_eq!(check(ports, "[{number: 1}, {number: 1}]"), Ok(false));
        let duration = "duration(self) >= duration('1ms')";
        assert_eq!(check(duration, "1.5s"), Ok(true));
        assert_eq!(check(duration, "100us"), Ok(false));
        assert!(check(duration, "5 seconds").is_err());
        let one = "(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) <= 1";
        assert_eq!(check(one, "{a: 1}"), Ok(true));
        assert_eq!(check(one, "{a: 1, b: 2}"), Ok(false));
        let keys = r#"self.all(key, size(key) < 63 && key.matches("^[a-z]+$"))"#;
        assert_eq!(check(keys, "{a: 1}"), Ok(true));
        assert_eq!(check(keys, "{A: 1}"), Ok(false));
        assert_eq!(check("!self.contains(\"*\")", "a*"), Ok(false));
        let unix = r#"self.startsWith("unix://") ? (self.substring(7, 8) == "/") : true"#;
        assert_eq!(check(unix, "unix:///a"), Ok(true));
        assert_eq!(check(unix, "unix://a"), Ok(false));
        assert!(check(unix, "unix://").is_err());
        let url = r#"url(self).getScheme() in ["http", "https"]"#;
        assert_eq!(check(url, "https://a.b/c"), Ok(true));
        assert_eq!(check(url, "ftp://a.b/c"), Ok(false));
        assert!(check(url, "nothing").is_err());
        let map = "(has(self.s) ? self.s : {}).size() > 0";
        assert_eq!(check(map, "{s: {a: b}}"), Ok(true));
        assert_eq!(check(map, "{a: b}"), Ok(false));
        assert_eq!(
            check(
                "self.all(key, 0 < int(key) && int(key) <= 65535)",
                "{80: x}"
            ),
            Ok(true)
        );
    }

    #[test]
    fn rules_of_the_gateway_api() {
        let raw = r#"self.type == 'H' ? self.value.matches(r"""^(\*\.)?[a-z]+$"""): true"#;
        assert_eq!(check(raw, "{type: H, value: '*.ab'}"), Ok(true));
        assert_eq!(check(raw, "{type: H, value: '*ab'}"), Ok(false));
        assert_eq!(check("self.all(h, !isIP(h))", "['::1']"), Ok(false));
        let either = "self.x.y == 1 || has(self.z)";
        assert_eq!(
            check(either, "{z: 1}"),
            Ok(true),
            "an error is absorbed by a truth"
        );
        assert_eq!(
            check("self.filter(f, f.t == 'A').size() <= 1", "[{t: A}, {t: A}]"),
            Ok(false)
        );
        assert_eq!(
            check("self.__namespace__ == 'a'", "{namespace: a}"),
            Ok(true)
        );
        let ends = r#"self.all(h, h.substring(2).matches('^[a-z]+(\\.[a-z]+)*$'))"#;
        assert_eq!(check(ends, "['*.a.b']"), Ok(true));
        assert_eq!(
            check("!('*' in self && self.size() > 1)", "['*', a]"),
            Ok(false)
        );
        assert_eq!(
            check("self.key.split(\"/\")[0].size() < 3", "{key: a/b}"),
            Ok(true)
        );
    }

    #[test]
    fn what_is_not_known_does_not_parse() {
        for rule in [
            "self.frobnicate()",
            "self.map(x, x)",
            "self +",
            "(self",
            "self == 'a",
        ] {
            assert!(parse(rule).is_err(), "{rule}");
        }
    }
}
