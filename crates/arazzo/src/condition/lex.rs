use serde_json::{Number, Value};

use super::Operator;

/// One word of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Literal(Value),
    /// The text of an expression.
    Expression(String),
    Operator(Operator),
    And,
    Or,
    Not,
    Open,
    Close,
    /// `[3]` or `.name` behind a value.
    Within(String),
}

/// Signs, the longer ones first.
const SIGNS: [(&str, Token); 11] = [
    ("==", Token::Operator(Operator::Equal)),
    ("!=", Token::Operator(Operator::NotEqual)),
    ("<=", Token::Operator(Operator::LessOrEqual)),
    (">=", Token::Operator(Operator::GreaterOrEqual)),
    ("&&", Token::And),
    ("||", Token::Or),
    ("<", Token::Operator(Operator::Less)),
    (">", Token::Operator(Operator::Greater)),
    ("!", Token::Not),
    ("(", Token::Open),
    (")", Token::Close),
];

/// Cuts a condition into words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = match first {
            '\'' => string(rest)?,
            '"' => return Err("strings stand in single quotes".to_owned()),
            '$' => expression(rest),
            '[' => index(rest)?,
            '.' if matches!(tokens.last(), Some(Token::Within(_))) => member(rest)?,
            _ => sign(rest).or_else(|| word(rest)).ok_or_else(|| {
                format!("`{first}` means nothing here; strings stand in single quotes")
            })?,
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

fn sign(rest: &str) -> Option<(Token, &str)> {
    SIGNS.iter().find_map(|(sign, token)| Some((token.clone(), rest.strip_prefix(sign)?)))
}

/// `'it''s'` is it's.
fn string(rest: &str) -> Result<(Token, &str), String> {
    let mut out = String::new();
    let mut left = rest.get(1..).unwrap_or_default();
    loop {
        let (before, behind) = left.split_once('\'').ok_or("a string lacks its closing quote")?;
        out.push_str(before);
        match behind.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                left = more;
            }
            None => return Ok((Token::Literal(Value::String(out)), behind)),
        }
    }
}

/// As far as no sign, bracket, quote or white space stands. Behind a `#`, brackets belong to the pointer.
fn expression(rest: &str) -> (Token, &str) {
    let mut pointer = false;
    let end = rest.char_indices().find(|(_, c)| {
        pointer |= *c == '#';
        let bracket = matches!(c, '[' | ']') && !pointer;
        c.is_whitespace() || bracket || "()<>=!&|'\"".contains(*c)
    });
    let (text, behind) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
    (Token::Expression(text.to_owned()), behind)
}

fn index(rest: &str) -> Result<(Token, &str), String> {
    let inner = rest.get(1..).unwrap_or_default();
    let (inner, behind) = inner.split_once(']').ok_or("`]` is missing")?;
    let inner = inner.trim();
    if inner.is_empty() || inner.len() > 9 || !inner.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`[{inner}]` is no index: it is a number from 0"));
    }
    Ok((Token::Within(inner.to_owned()), behind))
}

fn member(rest: &str) -> Result<(Token, &str), String> {
    let inner = rest.get(1..).unwrap_or_default();
    let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    let (name, behind) = inner.split_at(end.unwrap_or(inner.len()));
    if name.is_empty() || crate::names::is_poison(name) {
        return Err("a name is missing behind `.`".to_owned());
    }
    Ok((Token::Within(name.to_owned()), behind))
}

fn word(rest: &str) -> Option<(Token, &str)> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    let end = rest.find(|c: char| !fits(c)).unwrap_or(rest.len());
    let (text, behind) = rest.split_at(end);
    let value = match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        number => Value::Number(number.parse::<Number>().ok()?),
    };
    Some((Token::Literal(value), behind))
}
