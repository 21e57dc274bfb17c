//! From tokens to an expression. Must not know what anything evaluates to.

use super::lex::{Token, tokens};
use super::{Expr, Function, Op, Quantifier};
use crate::validate::pattern::Pattern;
use crate::value::Value;

/// Parses a rule; an error names what this evaluator does not know.
pub fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
    };
    let expr = parser.ternary()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

/// Parses a rule and compiles its regular expressions: the check of the generator.
pub fn check(text: &str) -> Result<(), String> {
    let mut patterns = Vec::new();
    let parser = Parser {
        tokens: tokens(text)?,
        at: 0,
    };
    for (i, token) in parser.tokens.iter().enumerate() {
        let literal = parser.tokens.get(i + 2);
        if *token == Token::Name("matches".into())
            && let Some(Token::Text(pattern)) = literal
        {
            patterns.push(Pattern::new(pattern));
        }
    }
    parse(text)?;
    match patterns.iter().find(|pattern| !pattern.is_sound()) {
        Some(pattern) => Err(format!("the regular expression {}", pattern.text)),
        None => Ok(()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

/// Binary operators, the loosest first.
const LEVELS: &[&[(&str, Op)]] = &[
    &[("||", Op::Or)],
    &[("&&", Op::And)],
    &[
        ("==", Op::Equal),
        ("!=", Op::NotEqual),
        ("<=", Op::LessEqual),
        (">=", Op::GreaterEqual),
        ("<", Op::Less),
        (">", Op::Greater),
        ("in", Op::In),
    ],
    &[("+", Op::Add), ("-", Op::Subtract)],
];

impl Parser {
    fn eat(&mut self, sign: &str) -> bool {
        let found = match self.tokens.get(self.at) {
            Some(Token::Sign(s)) => *s == sign,
            Some(Token::Name(name)) => name == "in" && sign == "in",
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.eat(sign) {
            return Ok(());
        }
        Err(format!(
            "{sign} expected, not {:?}",
            self.tokens.get(self.at)
        ))
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("an early end")?;
        self.at += 1;
        Ok(token)
    }

    fn ternary(&mut self) -> Result<Expr, String> {
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let then = self.ternary()?;
        self.expect(":")?;
        let other = self.ternary()?;
        Ok(Expr::If(condition.into(), then.into(), other.into()))
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(sign, _)| self.eat(sign)) {
            let right = self.binary(level + 1)?;
            left = Expr::Binary(*op, left.into(), right.into());
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.eat("!") {
            return Ok(Expr::Not(self.unary()?.into()));
        }
        let mut expr = self.primary()?;
        loop {
            if self.eat(".") {
                let Token::Name(name) = self.next()? else {
                    return Err("a name expected after .".into());
                };
                expr = self.member(expr, &name)?;
            } else if self.eat("[") {
                let index = self.ternary()?;
                self.expect("]")?;
                expr = Expr::Index(expr.into(), index.into());
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, String> {
        match self.next()? {
            Token::Text(text) => Ok(Expr::Literal(Value::String(text.into()))),
            Token::Int(number) => Ok(Expr::Literal(Value::Int(number))),
            Token::Sign("(") => {
                let inner = self.ternary()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Expr::List(self.list("]")?)),
            Token::Sign("{") => {
                self.expect("}")?;
                Ok(Expr::EmptyMap)
            }
            Token::Name(name) if self.eat("(") => self.global(&name),
            Token::Name(name) => Ok(match name.as_str() {
                "true" => Expr::Literal(Value::Bool(true)),
                "false" => Expr::Literal(Value::Bool(false)),
                _ => Expr::Name(name),
            }),
            token => Err(format!("unexpected {token:?}")),
        }
    }

    /// Expressions up to the closing bracket.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, String> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(self.ternary()?);
            if self.eat(close) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn global(&mut self, name: &str) -> Result<Expr, String> {
        let mut arguments = self.list(")")?;
        if name == "has" {
            return match arguments.pop() {
                Some(Expr::Member(object, field)) => Ok(Expr::Has(object, field)),
                _ => Err("has() of no field".into()),
            };
        }
        let function = match name {
            "size" => Function::Size,
            "duration" => Function::Duration,
            "int" => Function::Int,
            "isURL" => Function::IsUrl,
            "url" => Function::Url,
            "isIP" => Function::IsIp,
            _ => return Err(format!("unknown function {name}")),
        };
        Ok(Expr::Call(function, arguments))
    }

    fn member(&mut self, object: Expr, name: &str) -> Result<Expr, String> {
        if !self.eat("(") {
            // CEL's keywords are fields when written so.
            let plain = name.strip_prefix("__").and_then(|n| n.strip_suffix("__"));
            return Ok(Expr::Member(object.into(), plain.unwrap_or(name).into()));
        }
        let quantifier = match name {
            "all" => Some(Quantifier::All),
            "exists" => Some(Quantifier::Exists),
            "exists_one" => Some(Quantifier::ExistsOne),
            "filter" => Some(Quantifier::Filter),
            _ => None,
        };
        if let Some(quantifier) = quantifier {
            let Token::Name(variable) = self.next()? else {
                return Err(format!("a variable expected in {name}()"));
            };
            self.expect(",")?;
            let body = self.ternary()?;
            self.expect(")")?;
            return Ok(Expr::Quantified(
                quantifier,
                object.into(),
                variable,
                body.into(),
            ));
        }
        let mut arguments = self.list(")")?;
        if name == "matches" {
            let Some(Expr::Literal(Value::String(pattern))) = arguments.pop() else {
                return Err("matches() of no literal".into());
            };
            return Ok(Expr::Matches(object.into(), Pattern::new(&pattern)));
        }
        let function = match name {
            "size" => Function::Size,
            "contains" => Function::Contains,
            "startsWith" => Function::StartsWith,
            "endsWith" => Function::EndsWith,
            "substring" => Function::Substring,
            "split" => Function::Split,
            "getScheme" => Function::GetScheme,
            _ => return Err(format!("unknown method {name}")),
        };
        arguments.insert(0, object);
        Ok(Expr::Call(function, arguments))
    }
}
