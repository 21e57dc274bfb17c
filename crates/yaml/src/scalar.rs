//! What the text of a scalar means. Owns the typing rules of go-yaml v2, which is
//! what `sigs.k8s.io/yaml`, and so Kubernetes, decodes with: YAML 1.1 words and
//! octals, but no base 60. Must not know trees.
//!
//! Checked against `resolve.go` of go.yaml.in/yaml/v2.

use std::borrow::Cow;

use crate::Style;

/// What a scalar means after Kubernetes decoded it.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed<'a> {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond `i64`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text. Timestamps too: they reach JSON as written.
    Str(Cow<'a, str>),
}

impl Typed<'_> {
    /// The name of the type as JSON calls it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) => "number",
            Self::Str(_) => "string",
        }
    }
}

/// Whether a plain scalar beginning with this byte can be anything but a string.
pub(crate) fn may_be_typed(first: Option<u8>) -> bool {
    match first {
        None => true,
        Some(b) => matches!(
            b,
            b'+' | b'-' | b'.' | b'0'
                ..=b'9'
                    | b'~'
                    | b'y'
                    | b'Y'
                    | b'n'
                    | b'N'
                    | b't'
                    | b'T'
                    | b'f'
                    | b'F'
                    | b'o'
                    | b'O'
        ),
    }
}

/// Types a scalar from its text, style and explicit tag.
pub(crate) fn type_of<'a>(text: &'a str, style: Style, tag: Option<&str>) -> Typed<'a> {
    let string = || Typed::Str(Cow::Borrowed(text));
    match tag {
        None if style == Style::Plain => plain(text),
        None => string(),
        Some(tag) => match tag.strip_prefix("tag:yaml.org,2002:") {
            Some("int" | "bool" | "timestamp") => plain(text),
            Some("null") => match plain(text) {
                Typed::Null => Typed::Null,
                _ => string(),
            },
            Some("float") => match plain(text) {
                Typed::Int(i) => Typed::Float(i as f64),
                other => other,
            },
            Some("binary") => decode_base64(text).map_or_else(string, |s| Typed::Str(s.into())),
            _ => string(),
        },
    }
}

/// Types an untagged plain scalar.
fn plain(text: &str) -> Typed<'_> {
    let first = text.bytes().next();
    if !may_be_typed(first) {
        return Typed::Str(Cow::Borrowed(text));
    }
    if let Some(word) = word(text) {
        return word;
    }
    let number = match first {
        Some(b'.') if text.contains('_') => without_underscores(text)
            .and_then(|t| float(&t))
            .map(Typed::Float),
        Some(b'.') => float(text).map(Typed::Float),
        Some(b'+' | b'-' | b'0'..=b'9') if text.contains('_') => number(&text.replace('_', "")),
        Some(b'+' | b'-' | b'0'..=b'9') => number(text),
        _ => None,
    };
    number.unwrap_or(Typed::Str(Cow::Borrowed(text)))
}

fn word(text: &str) -> Option<Typed<'static>> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Typed::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Typed::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Typed::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Typed::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Typed::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Typed::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A text that begins with a sign or a digit, without underscores.
fn number(text: &str) -> Option<Typed<'static>> {
    if let Some(int) = integer(text) {
        return Some(int);
    }
    if is_float(text) {
        float(text).map(Typed::Float)
    } else {
        None
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The base and its digits, as Go's `strconv.ParseInt(s, 0, 64)` tells them.
fn radix(digits: &str) -> Option<(u32, &str)> {
    let bytes = digits.as_bytes();
    Some(match (bytes.first()?, bytes.get(1)) {
        (b'0', Some(b'x' | b'X')) => (16, &digits[2..]),
        (b'0', Some(b'b' | b'B')) => (2, &digits[2..]),
        (b'0', Some(b'o' | b'O')) => (8, &digits[2..]),
        (b'0', Some(_)) => (8, &digits[1..]),
        _ => (10, digits),
    })
}

fn integer(text: &str) -> Option<Typed<'static>> {
    let (negative, unsigned) = split_sign(text);
    let (radix, digits) = radix(unsigned)?;
    // Rust's parser would take a second sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(value).map(Typed::Int);
    }
    match i64::try_from(value) {
        Ok(int) => Some(Typed::Int(int)),
        // Go's ParseUint takes no sign.
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Typed::Uint(value)),
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (_, mut rest) = split_sign(text);
    let whole = digits(rest);
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if whole == 0 && count == 0 {
            return false;
        }
        rest = &fraction[count..];
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
    }
}

/// Go takes underscores between digits.
fn without_underscores(text: &str) -> Option<String> {
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let between = |(i, _)| i > 0 && digit(bytes.get(i - 1)) && digit(bytes.get(i + 1));
    text.match_indices('_')
        .all(between)
        .then(|| text.replace('_', ""))
}

/// A float that 64 bits can hold: Go refuses what overflows, and the text stays text.
fn float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|f: &f64| f.is_finite())
}

/// `!!binary`; none when it is not base64 of text.
fn decode_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0u32, 0u32);
    for b in text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')) {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count % 4 == 0 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    match (count % 4, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push((bits >> 4) as u8),
        (3, 1) => bytes.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    String::from_utf8(bytes).ok()
}

/// A key as JSON spells it: `yes:` becomes `"true"`, `1:` becomes `"1"`.
pub(crate) fn key_text<'a>(text: &'a str, style: Style, tag: Option<&str>) -> Cow<'a, str> {
    if tag.is_none() && (style != Style::Plain || !may_be_typed(text.bytes().next())) {
        return Cow::Borrowed(text);
    }
    match type_of(text, style, tag) {
        Typed::Str(s) => s,
        Typed::Null => Cow::Borrowed("null"),
        Typed::Bool(b) => Cow::Borrowed(if b { "true" } else { "false" }),
        Typed::Int(i) => Cow::Owned(i.to_string()),
        Typed::Uint(u) => Cow::Owned(u.to_string()),
        Typed::Float(f) => Cow::Owned(float_key(f)),
    }
}

/// Go's `FormatFloat(f, 'g', -1, 32)`, which is what sigs.k8s.io/yaml uses for keys.
fn float_key(f: f64) -> String {
    let f = f as f32;
    if f.is_nan() {
        return ".nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let scientific = format!("{f:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    f.to_string()
}
