//! Names and values of HTTP headers as istiod checks them (validation-rules.md §0: HN-1, HN-2, HV).
//!
//! Pure functions of words. Must not know fields.

use super::names::Check;

/// RFC 7230's token.
fn is_token(name: &str) -> bool {
    let other = b"!#$%&'*+-.^_`|~";
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || other.contains(&b))
}

fn invalid(name: &str) -> Check {
    Err(match name {
        "" => "a header name must not be empty".into(),
        _ => format!("\"{name}\" is no header name"),
    })
}

/// The claim that `@request.auth.claims…` routes on.
pub(super) fn is_jwt_claim(name: &str) -> bool {
    const PREFIX: &str = "@request.auth.claims";
    let Some(start) = name.get(..PREFIX.len()) else {
        return false;
    };
    let rest = &name[PREFIX.len()..];
    let dotted = rest.starts_with('.') && rest.len() > 1;
    let square = rest.starts_with('[') && rest.ends_with(']') && rest.len() > 2;
    start.eq_ignore_ascii_case(PREFIX) && (dotted || square)
}

/// The key of a header match: a claim, a pseudo header or a token.
pub(super) fn match_name(name: &str) -> Check {
    let pseudo = matches!(
        name,
        ":method" | ":scheme" | ":authority" | ":path" | ":status"
    );
    if is_jwt_claim(name) || pseudo || is_token(name) {
        return Ok(());
    }
    invalid(name)
}

/// A name of corsPolicy.allowHeaders or exposeHeaders.
pub(super) fn cors_name(name: &str) -> Check {
    if name == "*" || is_token(name) {
        Ok(())
    } else {
        invalid(name)
    }
}

/// Letters, digits and `-`; with `_` for claims put into headers.
pub(super) fn strict_name(name: &str, underscore: bool) -> Check {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || (underscore && b == b'_');
    if !name.is_empty() && name.bytes().all(allowed) {
        return Ok(());
    }
    invalid(name)
}

/// Whether the name is the authority's, in HTTP/1 or HTTP/2.
pub(super) fn is_authority(name: &str) -> bool {
    name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority")
}

/// HN-1: what a request header may be added or set as.
pub(super) fn request_name(name: &str) -> Check {
    if name.is_empty() {
        return invalid(name);
    }
    if name.starts_with(':') && !is_authority(name) {
        return Err(format!("header \"{name}\" must not begin with \":\""));
    }
    Ok(())
}

/// HN-2: what may be removed, or written into a response.
pub(super) fn other_name(name: &str) -> Check {
    if name.eq_ignore_ascii_case("host") {
        return Err(format!("header \"{name}\" cannot be changed here"));
    }
    if name.is_empty() {
        return invalid(name);
    }
    if name.starts_with(':') {
        return Err(format!("header \"{name}\" must not begin with \":\""));
    }
    Ok(())
}

/// HV: no control characters, and Envoy's `%…%` well-formed.
pub(super) fn value(text: &str) -> Check {
    if text.bytes().any(|b| b == 0x7f || (b < 0x20 && b != b'\t')) {
        return Err(format!("header value {text:?} holds a control character"));
    }
    variables(text)
}

/// The states of Envoy's header parser.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Literal,
    Variable,
    Array,
    Text,
    Quote,
    Delimiter,
    Arguments,
    End,
}

/// A port of Envoy's header_parser.cc, as istiod has it.
fn variables(text: &str) -> Check {
    let bytes = text.as_bytes();
    let mut state = State::Literal;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        state = match (state, byte) {
            (State::Literal, b'%') => match next {
                None => return Err("a lone % in a header value must be written %%".into()),
                Some(b'%') => {
                    at += 1;
                    State::Literal
                }
                Some(_) => State::Variable,
            },
            (State::Variable, b'%') | (State::End, b'%') => State::Literal,
            (State::Variable, b'(') => State::Array,
            (State::Array, b'[') | (State::Delimiter, b',') => State::Quote,
            (State::Array, b' ') => State::Array,
            (State::Array, _) | (State::Quote, b'"') => State::Text,
            (State::Delimiter, b']') => State::Arguments,
            (State::Text, b'\\') => {
                if next.is_none() {
                    return Err("a header value ends in a lone backslash".into());
                }
                at += 1;
                State::Text
            }
            (State::Text, b')') | (State::Arguments, b')') => State::End,
            (State::Text, b'"') => State::Delimiter,
            (State::Literal | State::Variable | State::Text, _) | (_, b' ') => state,
            (State::Delimiter, _) => return Err("',' or ']' expected in a %VAR([…])%".into()),
            (State::Quote, _) => return Err("'\"' expected in a %VAR([…])%".into()),
            (State::Arguments, _) => return Err("')' expected in a %VAR([…])%".into()),
            (State::End, _) => return Err("'%' expected after a %VAR(…)".into()),
        };
        at += 1;
    }
    if state == State::Literal {
        return Ok(());
    }
    Err(format!(
        "the variable in header value \"{text}\" is not closed by %"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for text in [
            "",
            "foo",
            "%HOSTNAME%",
            "100%%",
            "a %B% c",
            "%REQ(X?Y)%",
            r#"%V(["a"])%"#,
        ] {
            assert_eq!(value(text), Ok(()), "{text}");
        }
        for text in [
            "abc%123",
            "%START_TIME%%",
            "%",
            "%V(a",
            "a\u{1}",
            r#"%V([a])%"#,
        ] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        assert!(match_name("@request.auth.claims.a").is_ok() && match_name(":path").is_ok());
        assert!(match_name("@request.auth.claims").is_err() && match_name("a b").is_err());
        assert!(request_name("Host").is_ok() && request_name(":authority").is_ok());
        assert!(request_name(":path").is_err() && other_name("host").is_err());
    }
}
