//! Calico's selector expressions: parsed once, judged against labels.
//!
//! `all()`, `global()`, `has(k)`, `k == 'v'`, `k != 'v'`, `k in {…}`, `k not in {…}`, `k contains`,
//! `starts with`, `ends with`, `!`, `&&`, `||`, parentheses. It must not know policies.

use meshscope_manifest::Str;
use meshscope_manifest::spec::Labels;

/// How deep expressions may nest: input is hostile.
const DEPTH: usize = 64;

/// A parsed selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `all()`, or nothing written.
    All,
    /// `global()`: only what belongs to no namespace.
    Global,
    /// `has(key)`.
    Has(Str),
    /// `key == 'value'`; a missing label is not equal.
    Equals(Str, Str),
    /// `key in {…}`.
    In(Str, Vec<Str>),
    /// `key contains 'text'`.
    Contains(Str, Str),
    /// `key starts with 'text'`.
    StartsWith(Str, Str),
    /// `key ends with 'text'`.
    EndsWith(Str, Str),
    /// `!x`; `!=` and `not in` are negations too, so a missing label passes them.
    Not(Box<Selector>),
    /// `a && b`.
    And(Box<Selector>, Box<Selector>),
    /// `a || b`.
    Or(Box<Selector>, Box<Selector>),
}

impl Selector {
    /// Parses an expression; `None` when it is not one. Empty means `all()`.
    pub fn parse(text: &str) -> Option<Selector> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Some(Selector::All);
        }
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
        };
        let selector = parser.or(0)?;
        (parser.at == tokens.len()).then_some(selector)
    }

    /// Whether labels satisfy the expression. `global()` never holds for what has labels of a pod.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = |key: &Str| labels.get(key);
        match self {
            Selector::All => true,
            Selector::Global => false,
            Selector::Has(key) => value(key).is_some(),
            Selector::Equals(key, wanted) => value(key) == Some(wanted),
            Selector::In(key, set) => value(key).is_some_and(|v| set.contains(v)),
            Selector::Contains(key, text) => value(key).is_some_and(|v| v.contains(text.as_str())),
            Selector::StartsWith(key, text) => {
                value(key).is_some_and(|v| v.starts_with(text.as_str()))
            }
            Selector::EndsWith(key, text) => value(key).is_some_and(|v| v.ends_with(text.as_str())),
            Selector::Not(inner) => !inner.matches(labels),
            Selector::And(a, b) => a.matches(labels) && b.matches(labels),
            Selector::Or(a, b) => a.matches(labels) || b.matches(labels),
        }
    }

    /// Whether every label the expression asks for passes the test.
    pub fn keys_all(&self, test: &impl Fn(&str) -> bool) -> bool {
        match self {
            Selector::All | Selector::Global => true,
            Selector::Has(k)
            | Selector::Equals(k, _)
            | Selector::In(k, _)
            | Selector::Contains(k, _)
            | Selector::StartsWith(k, _)
            | Selector::EndsWith(k, _) => test(k),
            Selector::Not(inner) => inner.keys_all(test),
            Selector::And(a, b) | Selector::Or(a, b) => a.keys_all(test) && b.keys_all(test),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(Str),
    Text(Str),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 10] = ["==", "!=", "&&", "||", "!", "(", ")", "{", "}", ","];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '\'' || first == '"' {
            let body = rest.get(1..)?;
            let end = body.find(first)?;
            found.push(Token::Text(body.get(..end)?.into()));
            rest = body.get(end + 1..)?;
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            found.push(Token::Symbol(symbol));
            rest = rest.get(symbol.len()..)?;
        } else {
            let is_word = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            found.push(Token::Word(rest.get(..end)?.into()));
            rest = rest.get(end..)?;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn or(&mut self, depth: usize) -> Option<Selector> {
        let mut left = self.and(depth)?;
        while self.take("||") {
            left = Selector::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Some(left)
    }

    fn and(&mut self, depth: usize) -> Option<Selector> {
        let mut left = self.unary(depth)?;
        while self.take("&&") {
            left = Selector::And(Box::new(left), Box::new(self.unary(depth)?));
        }
        Some(left)
    }

    fn unary(&mut self, depth: usize) -> Option<Selector> {
        if depth > DEPTH {
            return None;
        }
        if self.take("!") {
            return Some(Selector::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.or(depth + 1)?;
            return self.take(")").then_some(inner);
        }
        let word = self.word()?;
        if self.take("(") {
            let selector = match word.as_str() {
                "all" => Selector::All,
                "global" => Selector::Global,
                "has" => Selector::Has(self.word()?),
                _ => return None,
            };
            return self.take(")").then_some(selector);
        }
        self.comparison(word)
    }

    fn comparison(&mut self, key: Str) -> Option<Selector> {
        if self.take("==") {
            return Some(Selector::Equals(key, self.text()?));
        }
        if self.take("!=") {
            let equals = Selector::Equals(key, self.text()?);
            return Some(Selector::Not(Box::new(equals)));
        }
        match self.word()?.as_str() {
            "in" => self.set(key),
            "not" if self.word()? == "in" => Some(Selector::Not(Box::new(self.set(key)?))),
            "contains" => Some(Selector::Contains(key, self.text()?)),
            "starts" if self.word()? == "with" => Some(Selector::StartsWith(key, self.text()?)),
            "ends" if self.word()? == "with" => Some(Selector::EndsWith(key, self.text()?)),
            _ => None,
        }
    }

    fn set(&mut self, key: Str) -> Option<Selector> {
        if !self.take("{") {
            return None;
        }
        let mut values = Vec::new();
        while !self.take("}") {
            values.push(self.text()?);
            if !self.take(",") {
                return self.take("}").then_some(Selector::In(key, values));
            }
        }
        Some(Selector::In(key, values))
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Symbol(s)) if *s == symbol);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> Option<Str> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else {
            return None;
        };
        self.at += 1;
        Some(word.clone())
    }

    fn text(&mut self) -> Option<Str> {
        let Some(Token::Text(text)) = self.tokens.get(self.at) else {
            return None;
        };
        self.at += 1;
        Some(text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(expression: &str) -> Option<bool> {
        let labels: Labels = [("app", "web"), ("tier", "front-end"), ("a.b/c", "x")]
            .into_iter()
            .collect();
        Selector::parse(expression).map(|s| s.matches(&labels))
    }

    #[test]
    fn the_operators() {
        for yes in [
            "",
            "all()",
            "has(app)",
            "app == 'web'",
            "app==\"web\"",
            "missing != 'x'",
            "app in {'web', 'db'}",
            "missing not in {'web'}",
            "tier contains 'end'",
            "tier starts with 'front'",
            "tier ends with 'end'",
            "a.b/c == 'x'",
            "!has(missing) && (app == 'db' || tier == 'front-end')",
            "app == 'db' && has(app) || has(tier)",
        ] {
            assert_eq!(holds(yes), Some(true), "{yes}");
        }
        for no in [
            "global()",
            "app in {}",
            "missing == 'x'",
            "!all()",
            "app != 'web'",
        ] {
            assert_eq!(holds(no), Some(false), "{no}");
        }
    }

    #[test]
    fn what_is_no_expression_is_said_to_be_none() {
        for bad in [
            "app ==",
            "app == web",
            "(all()",
            "has(app",
            "app in {'a'",
            "'",
            "app ~ 'x'",
        ] {
            assert_eq!(holds(bad), None, "{bad}");
        }
        assert_eq!(Selector::parse(&"!".repeat(10_000)), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}") {
            let _ = Selector::parse(&text);
        }
    }
}
