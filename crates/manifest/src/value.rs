//! A JSON-like value without positions: what the API server would see of a document.
//!
//! Decoding, validation and kustomize work on values, so that none of them can depend on layout.
//! It must not know files, byte ranges or Kubernetes.

use indexmap::IndexMap;
use smol_str::SmolStr;

/// The string type of all values: short strings live inline.
pub type Str = SmolStr;

/// A mapping in document order.
pub type Map = IndexMap<Str, Value, rustc_hash::FxBuildHasher>;

/// One value. Numbers keep the difference between integers and floats that go-yaml makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer; what does not fit is a float.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    String(Str),
    /// A sequence.
    Seq(Vec<Value>),
    /// A mapping; of doubled keys the last one counts.
    Map(Map),
}

static NULL: Value = Value::Null;

impl Value {
    /// The entry `key` of a mapping; `Null` when absent or when this is no mapping.
    pub fn get(&self, key: &str) -> &Value {
        match self {
            Value::Map(map) => map.get(key).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// The entry `key`, or `None` when the key is absent or its value is null (which protobuf JSON
    /// reads as absent).
    pub fn field(&self, key: &str) -> Option<&Value> {
        match self.get(key) {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// Whether the key is written at all, even with a null value.
    pub fn has(&self, key: &str) -> bool {
        matches!(self, Value::Map(map) if map.contains_key(key))
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The string at `key`.
    pub fn str(&self, key: &str) -> Option<Str> {
        match self.get(key) {
            Value::String(s) => Some(s.clone()),
            _ => None,
        }
    }

    /// The string at `key`, empty when absent or of another type.
    pub fn str_or_empty(&self, key: &str) -> Str {
        self.str(key).unwrap_or_default()
    }

    /// The boolean at `key`.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The integer, if this is one (or a float without fraction, as JSON numbers are).
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            #[allow(clippy::cast_possible_truncation)]
            Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(*f as i64),
            _ => None,
        }
    }

    /// The integer at `key`.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.get(key).as_int()
    }

    /// The port number at `key`, when it is an integer that fits one.
    pub fn port(&self, key: &str) -> Option<u16> {
        self.int(key).and_then(|n| u16::try_from(n).ok())
    }

    /// The elements of the sequence at `key`; empty when absent or of another type.
    pub fn list(&self, key: &str) -> &[Value] {
        self.get(key).as_list()
    }

    /// The elements of this sequence; empty for any other value.
    pub fn as_list(&self) -> &[Value] {
        match self {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The strings of the sequence at `key`; elements of other types are left out.
    pub fn strings(&self, key: &str) -> Vec<Str> {
        self.list(key)
            .iter()
            .filter_map(|v| match v {
                Value::String(s) => Some(s.clone()),
                _ => None,
            })
            .collect()
    }

    /// The mapping, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entries of the mapping at `key`; none when absent or of another type.
    pub fn entries(&self, key: &str) -> impl Iterator<Item = (&Str, &Value)> {
        self.get(key).as_map().into_iter().flatten()
    }

    /// A word for the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Seq(_) => "array",
            Value::Map(_) => "object",
        }
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Value::Int(i)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::String(s.into())
    }
}
