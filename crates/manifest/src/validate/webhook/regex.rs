//! Whether a text is a regular expression of Go's `regexp` (RE2 syntax), as istiod compiles it.
//!
//! A port of the parser of Go's regexp/syntax that builds nothing. Must not know fields. Rust's own
//! regexes differ in too many places (`{id}` is literal in Go, `[[a]` too, `a**` is an error).

/// The problem with `pattern`, in Go's words; `None` when Go compiles it.
pub(super) fn problem(pattern: &str) -> Option<String> {
    let mut parser = Parser {
        rest: pattern,
        depth: 0,
        names: Vec::new(),
    };
    parser.alternatives().err().or_else(|| {
        // Only a closing parenthesis nobody opened stops the parser early.
        (!parser.rest.is_empty()).then(|| "unexpected ): `)`".into())
    })
}

/// Repetitions inside repetitions multiply; Go's limit on the product.
const MAX_REPEAT: u64 = 1000;

/// Groups inside groups; Go's limit on the height of the tree.
const MAX_DEPTH: usize = 1000;

type Parsed<T> = Result<T, String>;

struct Parser<'p> {
    rest: &'p str,
    depth: usize,
    names: Vec<&'p str>,
}

impl<'p> Parser<'p> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Up to the end or an unopened `)`; how often the most repeated part is repeated.
    fn alternatives(&mut self) -> Parsed<u64> {
        let (mut most, mut last) = (1, 1);
        // Whether something is there that can be repeated.
        let mut operand = false;
        // Where the last repetition was written, if nothing followed it.
        let mut repeated: Option<&'p str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let mut again = None;
            match c {
                ')' => return Ok(most),
                '(' => {
                    self.next();
                    if let Some(times) = self.group()? {
                        operand = true;
                        last = times;
                    }
                }
                '|' => {
                    self.next();
                    operand = false;
                }
                '[' => {
                    self.class()?;
                    operand = true;
                }
                '*' | '+' | '?' => {
                    self.next();
                    self.repetition(before, operand, repeated)?;
                    again = Some(before);
                }
                '{' => match self.counted()? {
                    Some((min, max)) => {
                        let times = u64::from(max.unwrap_or(min));
                        let too_often = times.max(1) * last > MAX_REPEAT;
                        let text = &before[..before.len() - self.rest.len()];
                        if times > MAX_REPEAT || max.is_some_and(|max| max < min) {
                            return Err(format!("invalid repeat count: `{text}`"));
                        }
                        self.repetition(before, operand, repeated)?;
                        if too_often && times >= 2 {
                            return Err(format!("invalid repeat count: `{text}`"));
                        }
                        last *= times.max(1);
                        again = Some(before);
                    }
                    None => {
                        self.next();
                        operand = true;
                    }
                },
                '\\' => {
                    operand = self.escape_outside()? || operand;
                }
                _ => {
                    self.next();
                    operand = true;
                }
            }
            if again.is_none() && c != '(' {
                last = 1;
            }
            most = most.max(last);
            repeated = again;
        }
        Ok(most)
    }

    fn repetition(&mut self, before: &str, operand: bool, repeated: Option<&str>) -> Parsed<()> {
        let own = &before[..before.len() - self.rest.len()];
        if !operand {
            return Err(format!("missing argument to repetition operator: `{own}`"));
        }
        self.eat("?");
        if let Some(first) = repeated {
            let both = &first[..first.len() - self.rest.len()];
            return Err(format!("invalid nested repetition operator: `{both}`"));
        }
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else leaves the brace to be literal.
    fn counted(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        let Some(end) = self.rest.find('}') else {
            return Ok(None);
        };
        let inner = &self.rest[1..end];
        let number = |text: &str| -> Option<u32> {
            let canonical = text.len() == 1 || !text.starts_with('0');
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            // A huge count is a count all the same.
            (digits && canonical).then(|| text.parse().unwrap_or(u32::MAX))
        };
        let counts = match inner.split_once(',') {
            None => number(inner).map(|n| (n, Some(n))),
            Some((min, "")) => number(min).map(|n| (n, None)),
            Some((min, max)) => number(min).zip(number(max)).map(|(a, b)| (a, Some(b))),
        };
        if counts.is_some() {
            self.rest = &self.rest[end + 1..];
        }
        Ok(counts)
    }

    /// After `(`; how often its parts are repeated, or nothing where it is flags alone.
    fn group(&mut self) -> Parsed<Option<u64>> {
        if self.rest.starts_with('?') && !self.opening()? {
            return Ok(None);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("expression nests too deeply".into());
        }
        let times = self.alternatives()?;
        self.depth -= 1;
        if self.eat(")") {
            return Ok(Some(times));
        }
        Err("missing closing )".into())
    }

    /// `?P<name>`, `?<name>` or `?flags:`; false for `?flags)`.
    fn opening(&mut self) -> Parsed<bool> {
        let before = self.rest;
        if self.eat("?P<")
            || (!before.starts_with("?<=") && !before.starts_with("?<!") && self.eat("?<"))
        {
            let Some((name, after)) = self.rest.split_once('>') else {
                return Err(format!("invalid named capture: `({before}`"));
            };
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(word) {
                return Err(format!("invalid named capture: `(?P<{name}>`"));
            }
            if self.names.contains(&name) {
                return Err(format!("duplicate capture group name: `{name}`"));
            }
            self.names.push(name);
            self.rest = after;
            return Ok(true);
        }
        self.eat("?");
        let (mut negated, mut any) = (false, false);
        loop {
            match self.next() {
                Some('i' | 'm' | 's' | 'U') => any = true,
                Some('-') if !negated => {
                    negated = true;
                    // `(?i-)` has no flag after the sign.
                    any = false;
                }
                Some(end @ (':' | ')')) if !negated || any => return Ok(end == ':'),
                _ => {
                    let read = before.len() - self.rest.len();
                    return Err(format!(
                        "invalid or unsupported Perl syntax: `({}`",
                        &before[..read]
                    ));
                }
            }
        }
    }

    /// A backslash outside of a class; whether it leaves something to repeat.
    fn escape_outside(&mut self) -> Parsed<bool> {
        let before = self.rest;
        self.next();
        if self.eat("Q") {
            let (quoted, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = after;
            return Ok(!quoted.is_empty());
        }
        match self.rest.chars().next() {
            None => Err("trailing backslash at end of expression".into()),
            Some('A' | 'b' | 'B' | 'z' | 'd' | 'D' | 's' | 'S' | 'w' | 'W') => {
                self.next();
                Ok(true)
            }
            // Go knows \C and refuses it.
            Some('p' | 'P') => self.unicode_class(before).map(|()| true),
            Some(_) => self.escape(before).map(|_| true),
        }
    }

    /// After `\p` is seen: a class of one letter or in braces.
    fn unicode_class(&mut self, before: &str) -> Parsed<()> {
        self.next();
        let name = match self.next() {
            Some('{') => {
                let Some((name, after)) = self.rest.split_once('}') else {
                    return Err(format!("invalid character class range: `{before}`"));
                };
                self.rest = after;
                name.strip_prefix('^').unwrap_or(name).to_string()
            }
            Some(letter) => letter.to_string(),
            None => return Err(format!("invalid character class range: `{before}`")),
        };
        let known = name == "Any" || regex::Regex::new(&format!(r"\p{{{name}}}")).is_ok();
        if known {
            return Ok(());
        }
        Err(format!("invalid character class range: `\\p{{{name}}}`"))
    }

    /// After a backslash: an escape that stands for one character.
    fn escape(&mut self, before: &str) -> Parsed<char> {
        let start = self.rest;
        let c = self.next();
        let bad = |rest: &str| {
            let text = &before[..before.len() - rest.len()];
            Err(format!("invalid escape sequence: `{text}`"))
        };
        match c {
            None => Err("trailing backslash at end of expression".into()),
            Some('1'..='7') if !self.rest.starts_with(|c: char| ('0'..='7').contains(&c)) => {
                bad(self.rest)
            }
            Some('0'..='7') => {
                let digits = start
                    .bytes()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                self.rest = &start[digits..];
                let code = u32::from_str_radix(&start[..digits], 8).unwrap_or_default();
                Ok(char::from_u32(code).unwrap_or_default())
            }
            Some('x') => {
                let (digits, after) = match self.rest.strip_prefix('{') {
                    Some(rest) => match rest.split_once('}') {
                        Some(parts) => parts,
                        None => return bad(self.rest),
                    },
                    None => match (self.rest.get(..2), self.rest.get(2..)) {
                        (Some(digits), Some(after)) => (digits, after),
                        _ => return bad(""),
                    },
                };
                let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                self.rest = after;
                match u32::from_str_radix(digits, 16) {
                    // Go bounds the number and lets surrogates pass.
                    Ok(code) if hex && code <= 0x10_FFFF => {
                        Ok(char::from_u32(code).unwrap_or('\u{d7ff}'))
                    }
                    _ => bad(self.rest),
                }
            }
            Some(c @ ('a' | 'f' | 'n' | 'r' | 't' | 'v')) => Ok(match c {
                'a' => '\u{7}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                _ => '\u{b}',
            }),
            Some(c) if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            Some(_) => bad(self.rest),
        }
    }

    /// A bracket class, from its `[`.
    fn class(&mut self) -> Parsed<()> {
        let whole = self.rest;
        self.next();
        self.eat("^");
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err(format!("missing closing ]: `{whole}`"));
            }
            first = false;
            if self.named_class()? || self.class_escape()? {
                continue;
            }
            let range = self.rest;
            let low = self.class_character(whole)?;
            if self.rest.starts_with('-') && self.rest.len() > 1 && !self.rest[1..].starts_with(']')
            {
                self.next();
                let high = self.class_character(whole)?;
                if high < low {
                    let text = &range[..range.len() - self.rest.len()];
                    return Err(format!("invalid character class range: `{text}`"));
                }
            }
        }
        self.next();
        Ok(())
    }

    /// `[:alpha:]`.
    fn named_class(&mut self) -> Parsed<bool> {
        const NAMES: &[&str] = &[
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        let Some(rest) = self.rest.strip_prefix("[:") else {
            return Ok(false);
        };
        let Some((name, after)) = rest.split_once(":]") else {
            return Ok(false);
        };
        if NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            self.rest = after;
            return Ok(true);
        }
        Err(format!("invalid character class range: `[:{name}:]`"))
    }

    /// `\d` or `\pL` inside a class.
    fn class_escape(&mut self) -> Parsed<bool> {
        let before = self.rest;
        let mut chars = before.chars();
        match (chars.next(), chars.next()) {
            (Some('\\'), Some('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                self.rest = chars.as_str();
                Ok(true)
            }
            (Some('\\'), Some('p' | 'P')) => {
                self.next();
                self.unicode_class(before)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn class_character(&mut self, whole: &str) -> Parsed<char> {
        let before = self.rest;
        match self.next() {
            None => Err(format!("missing closing ]: `{whole}`")),
            Some('\\') => self.escape(before),
            Some(c) => Ok(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn what_go_compiles() {
        for pattern in [
            "",
            "a|b",
            "(|a)*",
            "^/foo/{id}$",
            "a{,2}",
            "a{2,3}?",
            "[[a]",
            "[]a]",
            "[^]a-]",
            "a*?",
            r"\Qa+b",
            r"\pL\p{Greek}\x{10FFFF}\_\-\/",
            "(?i)a",
            "(?P<n>a)(?<m>b)",
            "(?i-s:a)",
            "^*",
            r"[a&&b]",
            r"[\d-z]",
            r"\012",
            "a{1000}",
            "}",
            "]",
            "x{2",
            "(?U)a+",
        ] {
            assert_eq!(problem(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn what_go_refuses() {
        for (pattern, text) in [
            ("*", "missing argument to repetition operator: `*`"),
            ("(*a)", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a++=", "invalid nested repetition operator: `++`"),
            ("a*?+", "invalid nested repetition operator: `*?+`"),
            ("(a", "missing closing )"),
            ("a)", "unexpected ): `)`"),
            ("[a", "missing closing ]: `[a`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
            ("(?<!a)", "invalid or unsupported Perl syntax: `(?<`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"\Z", r"invalid escape sequence: `\Z`"),
            (r"a\", "trailing backslash at end of expression"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("(a{63}){20}", "invalid repeat count: `{20}`"),
            ("a{3,2}", "invalid repeat count: `{3,2}`"),
        ] {
            assert_eq!(problem(pattern).as_deref(), Some(text), "{pattern}");
        }
    }
}
