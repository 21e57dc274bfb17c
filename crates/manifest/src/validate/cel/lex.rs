//! From the text of a CEL rule to tokens. Must not know the grammar.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Name(String),
    /// A string, escapes resolved.
    Text(String),
    /// A whole number.
    Int(i64),
    /// An operator or bracket.
    Sign(&'static str),
}

const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "(", ")", "[", "]", "{", "}", ",",
    ".", "+", "-",
];

/// The tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if let Some(raw) = rest.strip_prefix("r\"\"\"") {
            let (text, after) = raw.split_once("\"\"\"").ok_or("an open string")?;
            (Token::Text(text.into()), after)
        } else if first == '"' || first == '\'' {
            quoted(&rest[1..], first)?
        } else if first.is_ascii_digit() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let number = rest[..end].parse().map_err(|_| "a number too large")?;
            (Token::Int(number), &rest[end..])
        } else if first.is_alphabetic() || first == '_' {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            (Token::Name(rest[..end].into()), &rest[end..])
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("unexpected {first:?}"))?;
            (Token::Sign(sign), &rest[sign.len()..])
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char) -> Result<(Token, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(c @ ('\\' | '"' | '\'')) => out.push(c),
                other => return Err(format!("an escape of {other:?}")),
            },
            c if c == quote => return Ok((Token::Text(out), &text[at + 1..])),
            c => out.push(c),
        }
    }
    Err("an open string".into())
}
