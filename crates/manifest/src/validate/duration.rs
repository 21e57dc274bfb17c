//! Durations as Go writes them, which is how istiod decodes all of its own. Must not know which fields are durations.

/// Nanoseconds of a Go duration (`time.ParseDuration`): `1h2m3.5s`, `100ms`, `-1s`, `0`.
pub(crate) fn parse_go(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        total += digits(whole)?.checked_mul(unit)?;
        if !fraction.is_empty() {
            let fraction = fraction.get(..fraction.len().min(18))?;
            let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
            total += digits(fraction)? * unit / scale;
        }
        // Go's durations are 64 bits of nanoseconds.
        if total > i128::from(i64::MAX) {
            return None;
        }
        rest = after;
    }
    Some(if negative { -total } else { total })
}

fn digits(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    let all = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 30;
    all.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        assert_eq!(parse_go("1.5s"), Some(1_500_000_000));
        assert_eq!(parse_go("1h2m"), Some(3_720_000_000_000));
        assert_eq!(parse_go("-10ms"), Some(-10_000_000));
        assert_eq!(parse_go("100us"), Some(100_000));
        assert_eq!(parse_go("0"), Some(0));
        for text in ["", "1", "s", "5 s", "1d", "1.2.3s", "1s2"] {
            assert_eq!(parse_go(text), None, "{text}");
        }
    }
}
