//! Simple conditions: literals, operators and expressions, in a small language of their own.
//!
//! ```text
//! or      = and *("||" and)
//! and     = compare *("&&" compare)
//! compare = unary [("==" / "!=" / "<" / "<=" / ">" / ">=") unary]
//! unary   = "!" unary / primary
//! primary = "(" or ")" / literal / expression *("[" index "]" ["." name])
//! ```

mod eval;
mod lex;
mod parse;

use serde_json::Value;

use crate::expression::Expression;

/// A condition that has been read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Value(Expression),
    /// A member or element of a value.
    Within(Box<Node>, String),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Box<Node>, Operator, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Every expression in it.
    pub(crate) fn expressions(&self, visit: &mut dyn FnMut(&Expression)) {
        self.0.expressions(visit);
    }
}

impl Node {
    fn expressions(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::Literal(_) => {}
            Self::Value(expression) => visit(expression),
            Self::Within(of, _) | Self::Not(of) => of.expressions(visit),
            Self::And(a, b) | Self::Or(a, b) | Self::Compare(a, _, b) => {
                a.expressions(visit);
                b.expressions(visit);
            }
        }
    }
}
