//! Names of places in a tree, such as `spec.http[0].match`. Owns their written
//! form and order; must not know trees.

use std::fmt::{self, Write};
use std::str::FromStr;

use smol_str::SmolStr;

/// One step down a tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// Into the value of a mapping's key.
    Key(SmolStr),
    /// Into an item of a sequence, counted from 0.
    Index(u32),
}

/// The steps from the root of a document to a node. Empty for the root.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The path of the root.
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the root.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes one step further down.
    pub fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    /// Goes one step up.
    pub fn pop(&mut self) -> Option<Segment> {
        self.0.pop()
    }

    /// The last step.
    pub fn last(&self) -> Option<&Segment> {
        self.0.last()
    }

    /// The path one step up; none for the root.
    pub fn parent(&self) -> Option<Path> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// This path and then a key.
    #[must_use]
    pub fn join(&self, key: &str) -> Self {
        self.with(Segment::Key(key.into()))
    }

    /// This path and then an item.
    #[must_use]
    pub fn index(&self, index: u32) -> Self {
        self.with(Segment::Index(index))
    }

    fn with(&self, segment: Segment) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(segment);
        Self(steps)
    }

    /// Whether `prefix` is this path or above it.
    pub fn starts_with(&self, prefix: &Path) -> bool {
        self.0.starts_with(&prefix.0)
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl From<Vec<Segment>> for Path {
    fn from(steps: Vec<Segment>) -> Self {
        Self(steps)
    }
}

/// Whether a key can be written without `["…"]` and read back as itself.
fn is_bare(key: &str) -> bool {
    let special = |c: char| matches!(c, '.' | '[' | ']' | '"' | '\\') || c.is_whitespace();
    !key.is_empty() && !key.chars().any(|c| special(c) || c.is_control())
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(n) => write!(f, "[{n}]")?,
                Segment::Key(key) if is_bare(key) => {
                    if i > 0 {
                        f.write_char('.')?;
                    }
                    f.write_str(key)?;
                }
                Segment::Key(key) => {
                    f.write_str("[\"")?;
                    for c in key.chars() {
                        match c {
                            '"' | '\\' => write!(f, "\\{c}")?,
                            '\n' => f.write_str("\\n")?,
                            '\r' => f.write_str("\\r")?,
                            '\t' => f.write_str("\\t")?,
                            c => f.write_char(c)?,
                        }
                    }
                    f.write_str("\"]")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}

/// A text that is no path, and where it stops being one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// Byte of the text that does not fit.
    pub at: usize,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a path such as `spec.http[0].match`, from byte {} on",
            self.at
        )
    }
}

impl std::error::Error for PathError {}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let at = text.len() - rest.len();
            let error = PathError { at };
            let (step, after) = if let Some(quoted) = rest.strip_prefix("[\"") {
                quoted_key(quoted).ok_or(error)?
            } else if let Some(index) = rest.strip_prefix('[') {
                let (digits, after) = index.split_once(']').ok_or(error.clone())?;
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let number = plain.then(|| digits.parse().ok()).flatten();
                (Segment::Index(number.ok_or(error)?), after)
            } else {
                let key = if steps.is_empty() {
                    Some(rest)
                } else {
                    rest.strip_prefix('.')
                };
                let key = key.ok_or(error.clone())?;
                let (key, after) = key.split_at(key.find(['.', '[']).unwrap_or(key.len()));
                if !is_bare(key) {
                    return Err(error);
                }
                (Segment::Key(key.into()), after)
            };
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }
}

/// The key up to the closing `"]`, and what follows.
fn quoted_key(text: &str) -> Option<(Segment, &str)> {
    let mut key = String::new();
    let mut chars = text.char_indices();
    loop {
        match chars.next()?.1 {
            '"' => break,
            '\\' => key.push(match chars.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                c => c,
            }),
            c => key.push(c),
        }
    }
    Some((Segment::Key(key.into()), chars.as_str().strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn is_written_as_people_write_it() {
        let path = Path::root()
            .join("spec")
            .join("http")
            .index(0)
            .join("match")
            .index(1);
        assert_eq!(path.to_string(), "spec.http[0].match[1]");
        assert_eq!(read("spec.http[0].match[1]"), path);
    }

    #[test]
    fn keys_with_dots_are_quoted() {
        let path = Path::root()
            .join("metadata")
            .join("annotations")
            .join("a.b/c");
        assert_eq!(path.to_string(), r#"metadata.annotations["a.b/c"]"#);
        assert_eq!(read(r#"metadata.annotations["a.b/c"]"#), path);
        assert_eq!(Path::root().join("").index(3).to_string(), r#"[""][3]"#);
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        for (text, at) in [
            ("a..b", 1),
            ("a[", 1),
            ("a[x]", 1),
            ("a[+1]", 1),
            ("a b", 0),
            ("a[0]b", 4),
            (".a", 0),
        ] {
            assert_eq!(text.parse::<Path>(), Err(PathError { at }), "{text}");
        }
    }

    #[test]
    fn prefixes() {
        assert!(read("a.b[0]").starts_with(&read("a.b")));
        assert!(read("a.b").starts_with(&Path::root()));
        assert!(!read("a.bc").starts_with(&read("a.b")));
        assert_eq!(read("a.b").parent(), Some(read("a")));
    }
}
