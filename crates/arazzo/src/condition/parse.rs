use super::lex::{Token, tokens};
use super::{Condition, Node};
use crate::expression::Expression;
use crate::limits::MAX_TEXT;

/// Deepest nesting of parentheses and negations.
const MAX_NESTING: usize = 32;

impl Condition {
    /// Reads a condition; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("a condition has {MAX_TEXT} bytes at most"));
        }
        let mut reader = Reader { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
        let node = reader.or()?;
        match reader.tokens.next() {
            None => Ok(Self(node)),
            Some(_) => Err("an operator is missing between two values".to_owned()),
        }
    }
}

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Reader {
    fn or(&mut self) -> Result<Node, String> {
        let mut left = self.and()?;
        while self.passes(&Token::Or) {
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, String> {
        let mut left = self.compare()?;
        while self.passes(&Token::And) {
            left = Node::And(Box::new(left), Box::new(self.compare()?));
        }
        Ok(left)
    }

    fn compare(&mut self) -> Result<Node, String> {
        let left = self.unary()?;
        let Some(Token::Operator(operator)) = self.tokens.peek() else { return Ok(left) };
        let operator = *operator;
        self.tokens.next();
        let right = self.unary()?;
        Ok(Node::Compare(Box::new(left), operator, Box::new(right)))
    }

    fn unary(&mut self) -> Result<Node, String> {
        if !self.passes(&Token::Not) {
            return self.primary();
        }
        self.enter()?;
        let node = self.unary()?;
        self.depth -= 1;
        Ok(Node::Not(Box::new(node)))
    }

    fn primary(&mut self) -> Result<Node, String> {
        match self.tokens.next() {
            Some(Token::Literal(value)) => Ok(Node::Literal(value)),
            Some(Token::Expression(text)) => {
                let read = Expression::parse(&text).map_err(|e| format!("`{text}`: {e}"))?;
                let mut node = Node::Value(read);
                while let Some(Token::Within(name)) = self.tokens.peek() {
                    node = Node::Within(Box::new(node), name.clone());
                    self.tokens.next();
                }
                Ok(node)
            }
            Some(Token::Open) => {
                self.enter()?;
                let node = self.or()?;
                self.depth -= 1;
                if self.passes(&Token::Close) { Ok(node) } else { Err("`)` is missing".to_owned()) }
            }
            Some(_) => Err("a value is missing before an operator".to_owned()),
            None => Err("a value is missing at the end".to_owned()),
        }
    }

    fn passes(&mut self, token: &Token) -> bool {
        self.tokens.next_if_eq(token).is_some()
    }

    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(format!("a condition nests {MAX_NESTING} deep at most"));
        }
        Ok(())
    }
}
