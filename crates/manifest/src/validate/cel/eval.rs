//! What an expression says about a value. Errors are values until somebody needs the answer: `||`
//! and `&&` absorb them as CEL prescribes. Must not know where the value is from.

use super::{Expr, Function, Op, Quantifier};
use crate::validate::duration;
use crate::validate::go;
use crate::value::{Str, Value};
use std::cmp::Ordering;

/// A value while evaluating; borrowed from the document where it can be.
#[derive(Clone, Debug)]
enum Val<'v> {
    /// A part of the document, or a literal.
    Ref(&'v Value),
    Bool(bool),
    Int(i64),
    Text(Str),
    List(Vec<Val<'v>>),
    /// Nanoseconds.
    Duration(i128),
    /// An URL, of which only the scheme is asked for.
    Scheme(Str),
    EmptyMap,
}

type Result<'v> = std::result::Result<Val<'v>, String>;

/// The variables in scope, the innermost last.
type Scope<'v> = Vec<(&'v str, Val<'v>)>;

pub(super) fn holds(rule: &Expr, value: &Value) -> std::result::Result<bool, String> {
    let mut scope = vec![("self", Val::Ref(value))];
    truth(rule, &mut scope)
}

fn truth<'v>(expr: &'v Expr, scope: &mut Scope<'v>) -> std::result::Result<bool, String> {
    match eval(expr, scope)? {
        Val::Bool(b) | Val::Ref(&Value::Bool(b)) => Ok(b),
        _ => Err("no such overload".into()),
    }
}

fn eval<'v>(expr: &'v Expr, scope: &mut Scope<'v>) -> Result<'v> {
    Ok(match expr {
        Expr::Literal(value) => Val::Ref(value),
        Expr::List(items) => Val::List(
            items
                .iter()
                .map(|e| eval(e, scope))
                .collect::<std::result::Result<_, _>>()?,
        ),
        Expr::EmptyMap => Val::EmptyMap,
        Expr::Name(name) => {
            let found = scope.iter().rev().find(|(known, _)| known == name);
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| format!("undeclared {name}"))?
        }
        Expr::Member(object, field) => match eval(object, scope)? {
            Val::Ref(Value::Map(map)) => match map.get(field.as_str()) {
                None | Some(Value::Null) => return Err(format!("no such key: {field}")),
                Some(value) => Val::Ref(value),
            },
            _ => return Err(format!("no such key: {field}")),
        },
        Expr::Has(object, field) => match eval(object, scope)? {
            Val::Ref(value) => Val::Bool(value.field(field).is_some()),
            _ => return Err("no such overload".into()),
        },
        Expr::Index(list, index) => {
            let index = integer(&eval(index, scope)?)?;
            let items = items(eval(list, scope)?)?;
            let at = usize::try_from(index).map_err(|_| "index out of bounds")?;
            items.into_iter().nth(at).ok_or("index out of bounds")?
        }
        Expr::Not(inner) => Val::Bool(!truth(inner, scope)?),
        Expr::If(condition, then, other) => {
            let branch = if truth(condition, scope)? {
                then
            } else {
                other
            };
            eval(branch, scope)?
        }
        Expr::Binary(op @ (Op::And | Op::Or), left, right) => {
            let decisive = *op == Op::Or;
            match (truth(left, scope), decisive) {
                (Ok(left), decisive) if left == decisive => Val::Bool(decisive),
                (left, _) => match truth(right, scope) {
                    Ok(right) if right == decisive => Val::Bool(decisive),
                    right => Val::Bool(left? & right?),
                },
            }
        }
        Expr::Binary(op, left, right) => {
            let (left, right) = (eval(left, scope)?, eval(right, scope)?);
            binary(*op, left, right)?
        }
        Expr::Quantified(quantifier, over, variable, body) => {
            quantified(*quantifier, eval(over, scope)?, variable, body, scope)?
        }
        Expr::Matches(text, pattern) => Val::Bool(pattern.matches(&string(&eval(text, scope)?)?)),
        Expr::Call(function, arguments) => {
            let values: std::result::Result<Vec<_>, _> =
                arguments.iter().map(|e| eval(e, scope)).collect();
            call(*function, &values?)?
        }
    })
}

fn quantified<'v>(
    quantifier: Quantifier,
    over: Val<'v>,
    variable: &'v str,
    body: &'v Expr,
    scope: &mut Scope<'v>,
) -> Result<'v> {
    let mut kept = Vec::new();
    let mut error = None;
    let (mut count, mut total) = (0, 0);
    for item in items(over)? {
        total += 1;
        scope.push((variable, item.clone()));
        let answer = truth(body, scope);
        scope.pop();
        match (answer, quantifier) {
            (Ok(false), Quantifier::All) => return Ok(Val::Bool(false)),
            (Ok(true), Quantifier::Exists) => return Ok(Val::Bool(true)),
            (Ok(true), _) => {
                count += 1;
                kept.push(item);
            }
            (Ok(false), _) => {}
            (Err(e), _) => error = Some(e),
        }
    }
    if let Some(error) = error {
        return Err(error);
    }
    Ok(match quantifier {
        Quantifier::All => Val::Bool(count == total),
        Quantifier::Exists => Val::Bool(false),
        Quantifier::ExistsOne => Val::Bool(count == 1),
        Quantifier::Filter => Val::List(kept),
    })
}

fn binary<'v>(op: Op, left: Val<'v>, right: Val<'v>) -> Result<'v> {
    let ordering = |wanted: &[Ordering]| -> Result<'v> {
        let found = compare(&left, &right).ok_or("no such overload")?;
        Ok(Val::Bool(wanted.contains(&found)))
    };
    Ok(match op {
        Op::Equal => Val::Bool(equal(&left, &right)),
        Op::NotEqual => Val::Bool(!equal(&left, &right)),
        Op::Less => ordering(&[Ordering::Less])?,
        Op::LessEqual => ordering(&[Ordering::Less, Ordering::Equal])?,
        Op::Greater => ordering(&[Ordering::Greater])?,
        Op::GreaterEqual => ordering(&[Ordering::Greater, Ordering::Equal])?,
        Op::In => Val::Bool(items(right)?.iter().any(|item| equal(&left, item))),
        Op::Add => match (string(&left), string(&right)) {
            (Ok(left), Ok(right)) => Val::Text(format!("{left}{right}").into()),
            _ => Val::Int(
                integer(&left)?
                    .checked_add(integer(&right)?)
                    .ok_or("overflow")?,
            ),
        },
        Op::Subtract => Val::Int(
            integer(&left)?
                .checked_sub(integer(&right)?)
                .ok_or("overflow")?,
        ),
        Op::And | Op::Or => return Err("no such overload".into()),
    })
}

fn call<'v>(function: Function, arguments: &[Val<'v>]) -> Result<'v> {
    let argument = |i: usize| arguments.get(i).ok_or("too few arguments");
    let text = |i: usize| -> std::result::Result<Str, String> { string(argument(i)?) };
    Ok(match function {
        Function::Size => {
            let size = match argument(0)? {
                Val::Text(_) | Val::Ref(Value::String(_)) => text(0)?.chars().count(),
                Val::Ref(Value::Map(map)) => map.len(),
                Val::EmptyMap => 0,
                other => items(other.clone())?.len(),
            };
            Val::Int(i64::try_from(size).unwrap_or(i64::MAX))
        }
        Function::Contains => Val::Bool(text(0)?.contains(text(1)?.as_str())),
        Function::StartsWith => Val::Bool(text(0)?.starts_with(text(1)?.as_str())),
        Function::EndsWith => Val::Bool(text(0)?.ends_with(text(1)?.as_str())),
        Function::Substring => {
            let text = text(0)?;
            let length = text.chars().count();
            let bound = |i: usize| -> std::result::Result<usize, String> {
                match arguments.get(i) {
                    None => Ok(length),
                    Some(value) => usize::try_from(integer(value)?).map_err(|e| e.to_string()),
                }
            };
            let (from, to) = (bound(1)?, bound(2)?);
            if from > to || to > length {
                return Err("index out of range".into());
            }
            Val::Text(text.chars().skip(from).take(to - from).collect())
        }
        Function::Split => {
            let (text, separator) = (text(0)?, text(1)?);
            Val::List(
                text.split(separator.as_str())
                    .map(|p| Val::Text(p.into()))
                    .collect(),
            )
        }
        Function::Duration => {
            let text = text(0)?;
            Val::Duration(duration::parse_go(&text).ok_or_else(|| format!("no duration: {text}"))?)
        }
        Function::Int => match argument(0)? {
            Val::Int(i) | Val::Ref(Value::Int(i)) => Val::Int(*i),
            _ => Val::Int(text(0)?.parse().map_err(|_| "type conversion error")?),
        },
        Function::IsUrl => Val::Bool(go::request_url(&text(0)?).is_some()),
        Function::Url => {
            let url = go::request_url(&text(0)?).ok_or("URL parse error")?;
            Val::Scheme(url.scheme)
        }
        Function::GetScheme => match argument(0)? {
            Val::Scheme(scheme) => Val::Text(scheme.clone()),
            _ => return Err("no such overload".into()),
        },
        Function::IsIp => Val::Bool(go::is_plain_ip(&text(0)?)),
    })
}

fn items(value: Val<'_>) -> std::result::Result<Vec<Val<'_>>, String> {
    match value {
        Val::List(items) => Ok(items),
        Val::Ref(Value::Seq(items)) => Ok(items.iter().map(Val::Ref).collect()),
        Val::Ref(Value::Map(map)) => Ok(map.keys().map(|k| Val::Text(k.clone())).collect()),
        Val::EmptyMap => Ok(Vec::new()),
        _ => Err("no such overload".into()),
    }
}

fn integer(value: &Val<'_>) -> std::result::Result<i64, String> {
    match value {
        Val::Int(i) => Ok(*i),
        Val::Ref(value) => value.as_int().ok_or_else(|| "no such overload".into()),
        _ => Err("no such overload".into()),
    }
}

fn string(value: &Val<'_>) -> std::result::Result<Str, String> {
    match value {
        Val::Text(text) => Ok(text.clone()),
        Val::Ref(Value::String(text)) => Ok(text.clone()),
        _ => Err("no such overload".into()),
    }
}

fn equal(left: &Val<'_>, right: &Val<'_>) -> bool {
    match (left, right) {
        (Val::Ref(a), Val::Ref(b)) if a == b => true,
        (Val::Bool(a) | Val::Ref(Value::Bool(a)), Val::Bool(b) | Val::Ref(Value::Bool(b))) => {
            a == b
        }
        _ => compare(left, right) == Some(Ordering::Equal),
    }
}

fn compare(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Duration(a), Val::Duration(b)) => Some(a.cmp(b)),
        _ => match (integer(left), integer(right)) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            _ => Some(string(left).ok()?.cmp(&string(right).ok()?)),
        },
    }
}
