//! Numbers and lists as prose, for people. It must not know what is counted or listed.

/// `1 gateway`, `2 gateways`, `2 meshes`.
pub fn count(n: usize, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n if one.ends_with('s') || one.ends_with("sh") => format!("{n} {one}es"),
        n => format!("{n} {one}s"),
    }
}

/// The first names of a list, and how many more there are: `a, b and 3 more`.
pub fn some<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(T::as_ref).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_has_its_plural() {
        assert_eq!(count(1, "mesh"), "1 mesh");
        assert_eq!(count(2, "mesh"), "2 meshes");
        assert_eq!(count(0, "finding"), "0 findings");
    }

    #[test]
    fn a_long_list_says_how_much_is_left_out() {
        assert_eq!(some(&["a", "b"], 2), "a, b");
        assert_eq!(some(&["a", "b", "c"], 2), "a, b and 1 more");
    }
}
