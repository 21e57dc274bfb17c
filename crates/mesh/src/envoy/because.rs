//! Why: the object and field that decided something.

use meshscope_manifest::{ResourceKey, Str};

/// One link in the chain of reasons behind a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Because {
    /// The object.
    pub object: ResourceKey,
    /// The field path inside it, as users write it (`spec.http[0].match[1]`); empty for the object.
    pub path: Str,
    /// What it decided, in words, with the rule id in parentheses at the end (`(G:RT-6)`).
    pub why: Str,
}

impl Because {
    /// A reason.
    pub fn new(object: &ResourceKey, path: impl Into<Str>, why: impl Into<Str>) -> Because {
        Because {
            object: object.clone(),
            path: path.into(),
            why: why.into(),
        }
    }
}
