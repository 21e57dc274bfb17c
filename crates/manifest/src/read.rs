//! From a YAML tree to a [`Value`]: what the API server would decode, without positions.
//!
//! Owns the budget that keeps aliases from expanding without end. Must not know Kubernetes.

use crate::value::{Map, Value};
use meshscope_yaml::{Content, Document, Node, Typed};

/// How many nodes one document may hold once its aliases are written out. What comes after reads
/// as null; no real manifest is near it.
pub const BUDGET: usize = 2_000_000;

/// Collections inside each other; aliases can nest deeper than the text does.
const DEPTH: usize = 500;

/// The value of a whole document; `None` when the document is empty or has no tree.
pub fn document(document: &Document) -> Option<Value> {
    document.root().map(node)
}

/// The value of a node: aliases followed, merge keys resolved, of doubled keys the last.
pub fn node(node: Node<'_>) -> Value {
    let mut budget = BUDGET;
    read(node, &mut budget, DEPTH)
}

fn read(node: Node<'_>, budget: &mut usize, depth: usize) -> Value {
    let (Some(left), Some(depth)) = (budget.checked_sub(1), depth.checked_sub(1)) else {
        return Value::Null;
    };
    *budget = left;
    match node.content() {
        Content::Scalar(_) => node.typed().map_or(Value::Null, scalar),
        Content::Sequence(items) => {
            Value::Seq(items.map(|item| read(item, budget, depth)).collect())
        }
        Content::Mapping(_) => {
            let fields = node.fields();
            let mut map = Map::with_capacity_and_hasher(fields.len(), Default::default());
            for entry in fields {
                // Keys that are collections reach no JSON object.
                if let Some(key) = entry.key.key_text() {
                    map.insert(key.into(), read(entry.value, budget, depth));
                }
            }
            Value::Map(map)
        }
    }
}

fn scalar(typed: Typed<'_>) -> Value {
    match typed {
        Typed::Null => Value::Null,
        Typed::Bool(b) => Value::Bool(b),
        Typed::Int(i) => Value::Int(i),
        #[allow(clippy::cast_precision_loss)] // as JSON numbers beyond i64 do
        Typed::Uint(u) => Value::Float(u as f64),
        Typed::Float(f) => Value::Float(f),
        Typed::Str(text) => Value::String(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        document(&meshscope_yaml::parse(text).documents[0]).unwrap_or_default()
    }

    #[test]
    fn scalars_have_the_types_that_kubernetes_gives_them() {
        let value = read("a: yes\nb: 010\nc: '80'\nd: 1.5\ne:\nf: ~\n");
        assert_eq!(value.get("a"), &Value::Bool(true));
        assert_eq!(value.get("b"), &Value::Int(8));
        assert_eq!(value.get("c"), &Value::from("80"));
        assert_eq!(value.get("d"), &Value::Float(1.5));
        assert!(value.has("e") && value.get("e").is_null() && value.get("f").is_null());
    }

    #[test]
    fn aliases_and_merges_are_written_out() {
        let value = read("a: &a {one: 1, two: 2}\nb:\n  <<: *a\n  two: 3\nc: *a\n");
        assert_eq!(value.get("b").int("one"), Some(1));
        assert_eq!(value.get("b").int("two"), Some(3));
        assert_eq!(value.get("c").int("two"), Some(2));
    }

    #[test]
    fn a_chain_of_aliases_ends() {
        let mut text = String::from("a0: &a0 [x]\n");
        for i in 1..5000 {
            text += &format!("a{i}: &a{i} [*a{}]\n", i - 1);
        }
        assert!(read(&text).has("a4999"));
    }
}
