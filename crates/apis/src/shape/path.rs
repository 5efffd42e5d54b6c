use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// Places in an answer: a JSON Pointer (RFC 6901) in which the token `*` stands for every element or member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Every,
    Named(String),
}

/// Most tokens of one path.
const DEPTH: usize = 32;

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(format!("`{text}` is no place in an answer: it begins with `/`"));
        }
        let tokens: Vec<Token> = text.split('/').skip(1).map(Token::of).collect();
        if tokens.len() > DEPTH {
            return Err(format!("`{text}` has more than {DEPTH} parts"));
        }
        if let Some(Token::Named(name)) = tokens.iter().find(|t| t.is_reserved()) {
            return Err(format!("`{text}` names the reserved member `{name}`"));
        }
        Ok(Self { text: text.to_owned(), tokens })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Token {
    fn of(text: &str) -> Self {
        match text {
            "*" => Self::Every,
            name => Self::Named(name.replace("~1", "/").replace("~0", "~")),
        }
    }

    fn is_reserved(&self) -> bool {
        matches!(self, Self::Named(name) if matches!(name.as_str(), "__proto__" | "constructor" | "prototype"))
    }
}

impl Path {
    /// Whether one place at most fits.
    pub(crate) fn is_single(&self) -> bool {
        !self.tokens.contains(&Token::Every)
    }

    /// The first value at these places.
    pub(crate) fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let mut all = self.all(value);
        if all.is_empty() { None } else { Some(all.swap_remove(0)) }
    }

    /// Every value at these places.
    pub(crate) fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![value];
        for token in &self.tokens {
            found = found.into_iter().flat_map(|v| step(token, v)).collect();
        }
        found
    }

    /// Does something to every value at these places, told where it stands.
    pub(crate) fn each(&self, value: &mut Value, work: &mut dyn FnMut(&str, &mut Value)) {
        walk(&self.tokens, "", value, work);
    }

    /// Takes out what stands at these places; whether there was anything.
    pub(crate) fn remove(&self, value: &mut Value) -> bool {
        let Some((last, parents)) = self.tokens.split_last() else { return false };
        let mut any = false;
        walk(parents, "", value, &mut |_, parent| any |= take(last, parent));
        any
    }
}

fn step<'v>(token: &Token, value: &'v Value) -> Vec<&'v Value> {
    match (token, value) {
        (Token::Every, Value::Array(elements)) => elements.iter().collect(),
        (Token::Every, Value::Object(members)) => members.values().collect(),
        (Token::Named(name), Value::Array(elements)) => {
            index(name).and_then(|n| elements.get(n)).into_iter().collect()
        }
        (Token::Named(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn walk(tokens: &[Token], at: &str, value: &mut Value, work: &mut dyn FnMut(&str, &mut Value)) {
    let Some((token, rest)) = tokens.split_first() else {
        work(at, value);
        return;
    };
    match (token, value) {
        (Token::Every, Value::Array(elements)) => {
            for (n, element) in elements.iter_mut().enumerate() {
                walk(rest, &format!("{at}/{n}"), element, work);
            }
        }
        (Token::Every, Value::Object(members)) => {
            for (name, member) in members.iter_mut() {
                walk(rest, &format!("{at}/{}", escaped(name)), member, work);
            }
        }
        (Token::Named(name), Value::Array(elements)) => {
            if let Some(element) = index(name).and_then(|n| elements.get_mut(n)) {
                walk(rest, &format!("{at}/{name}"), element, work);
            }
        }
        (Token::Named(name), Value::Object(members)) => {
            if let Some(member) = members.get_mut(name) {
                walk(rest, &format!("{at}/{}", escaped(name)), member, work);
            }
        }
        _ => {}
    }
}

fn take(token: &Token, parent: &mut Value) -> bool {
    match (token, parent) {
        (Token::Named(name), Value::Object(members)) => members.shift_remove(name).is_some(),
        (Token::Named(name), Value::Array(elements)) => {
            let at = index(name).filter(|n| *n < elements.len());
            at.map(|n| elements.remove(n)).is_some()
        }
        (Token::Every, Value::Object(members)) => !std::mem::take(members).is_empty(),
        (Token::Every, Value::Array(elements)) => !std::mem::take(elements).is_empty(),
        _ => false,
    }
}

/// Only what stands at these places, in the shape it had.
pub(crate) fn pick(value: &Value, paths: &[Path]) -> Value {
    let tokens: Vec<&[Token]> = paths.iter().map(|p| p.tokens.as_slice()).collect();
    kept(value, &tokens).unwrap_or(Value::Null)
}

fn kept(value: &Value, paths: &[&[Token]]) -> Option<Value> {
    if paths.iter().any(|p| p.is_empty()) {
        return Some(value.clone());
    }
    let below = |name: &str| -> Vec<&[Token]> {
        let fits = |token: &Token| match token {
            Token::Every => true,
            Token::Named(wanted) => wanted == name,
        };
        paths.iter().filter(|p| fits(&p[0])).map(|p| &p[1..]).collect()
    };
    match value {
        Value::Array(elements) => {
            let each = elements.iter().enumerate();
            let some = each.filter_map(|(n, element)| kept(element, &below(&n.to_string())));
            Some(Value::Array(some.collect()))
                .filter(|v| v.as_array().is_some_and(|a| !a.is_empty()) || paths_into(paths))
        }
        Value::Object(members) => {
            let some: Map<String, Value> = members
                .iter()
                .filter_map(|(name, member)| Some((name.clone(), kept(member, &below(name))?)))
                .collect();
            (!some.is_empty()).then_some(Value::Object(some))
        }
        _ => None,
    }
}

/// An empty list that was asked for stays an empty list.
fn paths_into(paths: &[&[Token]]) -> bool {
    paths.iter().any(|p| p[0] == Token::Every)
}

fn index(name: &str) -> Option<usize> {
    let lawful = name == "0" || !name.starts_with('0');
    name.parse().ok().filter(|_| lawful && name.bytes().all(|c| c.is_ascii_digit()))
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_finds_what_rfc_6901_says() {
        let value = json!({"a/b": 1, "m~n": 2, "list": [3, {"x": 4}], "": 5});
        for (text, found) in
            [("/a~1b", 1), ("/m~0n", 2), ("/list/0", 3), ("/list/1/x", 4), ("/", 5)]
        {
            let path: Path = text.parse().unwrap();
            assert_eq!(path.first(&value), Some(&json!(found)), "{text}");
        }
        let none: Path = "/list/01".parse().unwrap();
        assert_eq!(none.first(&value), None);
    }

    #[test]
    fn a_path_that_names_a_prototype_or_no_place_does_not_load() {
        for bad in ["a", "/__proto__/x", "/x/constructor", &"/a".repeat(33)] {
            assert!(bad.parse::<Path>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_empty_list_that_was_asked_for_stays() {
        let paths = ["/items/*/id".parse().unwrap()];
        assert_eq!(pick(&json!({"items": [], "x": 1}), &paths), json!({"items": []}));
    }
}
