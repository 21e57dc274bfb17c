//! Whether a text is CEL, by its grammar alone: istiod parses access log filters and does not resolve
//! what they name (validation-rules.md §9).
//!
//! Must not know functions or variables. (The rules of CRDs are evaluated by `validate::cel`.)

/// What is wrong with `text`; `None` when it parses.
pub(super) fn problem(text: &str) -> Option<String> {
    let mut parser = Parser {
        rest: text,
        depth: 0,
    };
    match parser.expression() {
        Err(problem) => Some(problem),
        Ok(()) if parser.peek().is_empty() => None,
        Ok(()) => Some(format!("unexpected {}", parser.near())),
    }
}

const MAX_DEPTH: usize = 100;

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

type Parsed = Result<(), String>;

impl<'t> Parser<'t> {
    /// What is next, blanks and comments skipped.
    fn peek(&mut self) -> &'t str {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix("//") {
                Some(comment) => self.rest = comment.find('\n').map_or("", |at| &comment[at..]),
                None => return self.rest,
            }
        }
    }

    fn near(&mut self) -> String {
        match self.peek().chars().take(10).collect::<String>() {
            text if text.is_empty() => "end".into(),
            text => format!("\"{text}\""),
        }
    }

    fn eat(&mut self, sign: &str) -> bool {
        let after = self.peek().strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, sign: &str) -> Parsed {
        if self.eat(sign) {
            return Ok(());
        }
        Err(format!("{sign} expected before {}", self.near()))
    }

    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deeply".into());
        }
        self.operators()?;
        if self.eat("?") {
            self.operators()?;
            self.expect(":")?;
            self.expression()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Binary operators; their precedence does not matter to whether a text parses.
    fn operators(&mut self) -> Parsed {
        const SIGNS: &[&str] = &[
            "||", "&&", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%",
        ];
        loop {
            self.unary()?;
            let word = self
                .peek()
                .strip_prefix("in")
                .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
            if word {
                self.eat("in");
            } else if !SIGNS.iter().any(|sign| self.eat(sign)) {
                return Ok(());
            }
        }
    }

    fn unary(&mut self) -> Parsed {
        // A text of `!` and `-` mixed does not parse.
        let sign = if self.peek().starts_with('!') {
            "!"
        } else {
            "-"
        };
        while self.eat(sign) {}
        self.primary()?;
        loop {
            if self.eat(".") {
                self.eat("?");
                self.name()?;
                if self.eat("(") {
                    self.list(")")?;
                }
            } else if self.eat("[") {
                self.eat("?");
                self.expression()?;
                self.expect("]")?;
            } else {
                return Ok(());
            }
        }
    }

    fn name(&mut self) -> Parsed {
        let rest = self.peek();
        if let Some(quoted) = rest.strip_prefix('`') {
            let (_, after) = quoted.split_once('`').ok_or("an open `")?;
            self.rest = after;
            return Ok(());
        }
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("a name expected before {}", self.near()));
        }
        self.rest = &rest[end..];
        Ok(())
    }

    fn primary(&mut self) -> Parsed {
        let rest = self.peek();
        if self.eat("(") {
            self.expression()?;
            return self.expect(")");
        }
        if self.eat("[") {
            return self.list("]");
        }
        if self.eat("{") {
            return self.entries();
        }
        if let Some(after) = string(rest) {
            self.rest = after?;
            return Ok(());
        }
        let dot_number = rest
            .strip_prefix('.')
            .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        if dot_number || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return self.number();
        }
        self.eat(".");
        self.name()?;
        if self.eat("(") {
            return self.list(")");
        }
        // A message: a name, then fields in braces.
        if self.eat("{") {
            return self.entries();
        }
        Ok(())
    }

    fn number(&mut self) -> Parsed {
        let rest = self.rest;
        let mut end = 0;
        let mut exponent = false;
        for (i, c) in rest.char_indices() {
            let sign = matches!(c, '+' | '-') && exponent;
            exponent = matches!(c, 'e' | 'E') && !rest.starts_with("0x");
            if !(c.is_ascii_alphanumeric() || c == '.' || sign) {
                break;
            }
            end = i + 1;
        }
        let text = rest[..end].trim_end_matches(['u', 'U']);
        let hex = text.strip_prefix("0x").or(text.strip_prefix("0X"));
        let fits = match hex {
            Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
            None => text.parse::<f64>().is_ok() && !text.ends_with('.'),
        };
        if !fits {
            return Err(format!("{text} is no number"));
        }
        self.rest = &rest[end..];
        Ok(())
    }

    /// Expressions up to the closing bracket, after the opening one.
    fn list(&mut self, close: &str) -> Parsed {
        while !self.eat(close) {
            self.expression()?;
            if !self.eat(",") {
                return self.expect(close);
            }
            // A list may end in a comma, arguments may not.
            if close == ")" && self.peek().starts_with(')') {
                return Err("an argument expected before )".into());
            }
        }
        Ok(())
    }

    /// `key: value` up to the closing brace, after the opening one.
    fn entries(&mut self) -> Parsed {
        while !self.eat("}") {
            self.eat("?");
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            if !self.eat(",") {
                return self.expect("}");
            }
        }
        Ok(())
    }
}

/// What follows a string literal; `None` where there is none.
fn string(rest: &str) -> Option<Result<&str, String>> {
    let prefix = rest.find(['"', '\'']).filter(|at| {
        *at <= 2
            && rest[..*at]
                .bytes()
                .all(|b| matches!(b, b'r' | b'R' | b'b' | b'B'))
    })?;
    let raw = rest[..prefix].contains(['r', 'R']);
    let body = &rest[prefix..];
    let quote = &body[..1];
    let triple = quote.repeat(3);
    let end = if body.starts_with(&triple) {
        triple.as_str()
    } else {
        quote
    };
    let mut at = end.len();
    while at < body.len() {
        let here = &body[at..];
        if let Some(after) = here.strip_prefix(end) {
            return Some(Ok(after));
        }
        if here.starts_with('\n') && end.len() == 1 {
            break;
        }
        if here.starts_with('\\') && !raw {
            at += 1;
        }
        at += body
            .get(at..)
            .and_then(|t| t.chars().next())
            .map_or(1, char::len_utf8);
    }
    Some(Err("a string is not closed".into()))
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn filters() {
        for text in [
            "response.code >= 400",
            "response.code >= 400 || connection.mtls && request.url_path.contains('v1beta3')",
            "!has(request.headers['x-a']) ? true : -1 in [1, 2.5e3, 0x1F,]",
            r#"xds.cluster_name == "outbound|80||a" && {"a": 1}.a == 1u"#,
            "a.all(x, x > 1) // rest",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
        for text in [
            "",
            "a**",
            "response.code >=",
            "a b",
            "(a",
            "a)",
            "'a",
            "a.",
            "f(a,)",
            "a == = b",
            "1a",
            "#",
        ] {
            assert!(problem(text).is_some(), "{text}");
        }
    }
}
