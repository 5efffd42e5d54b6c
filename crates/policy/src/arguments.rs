//! JSON arguments as Cedar values.
//!
//! Cedar has its own reading of JSON, in which `{"__entity": …}` is an entity and `{"__extn": …}` a function call. That
//! reading is for data its author controls; arguments come from agents. Here an object is a record and nothing else.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cedar_policy::RestrictedExpression as Value;
use serde_json::value::RawValue;

use crate::reads::Paths;

/// How deep objects and lists may be nested, where a policy looks at them.
const MAX_DEPTH: usize = 64;
/// How many values a policy may be made to look at.
const MAX_VALUES: usize = 20_000;

/// Something in the arguments that Cedar has no exact word for. A policy that looks at it fails, and so denies:
/// leaving it out without a word would let a rule such as `context.arguments has amount && …` pass it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The names that lead to it; items of a list have the path of the list.
    pub(crate) path: Vec<String>,
    /// What it is, after "the argument `x` …".
    pub(crate) why: &'static str,
}

/// The record `context.arguments`, with those of its members that `wanted` looks at, and what could not be read.
///
/// Strings, truth values and whole numbers of 64 bits are themselves; other numbers are decimals if they have at most
/// four digits after the point and no exponent; lists are sets; `null` is absent.
pub(crate) fn convert(json: Option<&[u8]>, wanted: &Paths) -> (Value, Vec<Unreadable>) {
    let mut reader =
        Reader { text: "", at: 0, path: Vec::new(), unreadable: Vec::new(), values: 0, wanted };
    let fields = match json {
        Some(json) if !wanted.is_none() => reader.outermost(json),
        _ => BTreeMap::new(),
    };
    let record = Value::new_record(fields).unwrap_or_else(|_| {
        reader.note("could not be put into a record");
        Value::new_bool(false)
    });
    (record, reader.unreadable)
}

/// Walks over text that has been checked to be JSON, so that it need not check again; wrong text cannot harm it.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Vec<String>,
    unreadable: Vec<Unreadable>,
    values: usize,
    wanted: &'a Paths,
}

impl<'a> Reader<'a> {
    fn outermost(&mut self, json: &'a [u8]) -> BTreeMap<String, Value> {
        // Checks the grammar and the encoding without building anything and without recursion.
        match serde_json::from_slice::<&RawValue>(json) {
            Ok(raw) if raw.get().starts_with('{') => {
                self.text = raw.get();
                self.fields(0)
            }
            _ => {
                self.note("are no JSON object");
                BTreeMap::new()
            }
        }
    }

    fn note(&mut self, why: &'static str) {
        self.unreadable.push(Unreadable { path: self.path.clone(), why });
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// A value; `None` if it is `null` or could not be read.
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.values += 1;
        let first = self.peek()?;
        if matches!(first, b'{' | b'[') && depth >= MAX_DEPTH {
            self.note("is nested too deeply");
            self.skip();
            return None;
        }
        match first {
            b'{' => {
                let fields = self.fields(depth);
                Value::new_record(fields).ok()
            }
            b'[' => Some(Value::new_set(self.items(depth))),
            b'"' => {
                let token = self.token();
                let text = serde_json::from_str(token).ok();
                if text.is_none() {
                    self.note("has an escape that stands for no character");
                }
                text.map(Value::new_string)
            }
            _ => {
                let token = self.token();
                match token {
                    "null" => None,
                    "true" | "false" => Some(Value::new_bool(token == "true")),
                    number => match read_number(number) {
                        Ok(value) => Some(value),
                        Err(why) => {
                            self.note(why);
                            None
                        }
                    },
                }
            }
        }
    }

    fn items(&mut self, depth: usize) -> Vec<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') | None => break,
                Some(_) if self.values >= MAX_VALUES => {
                    self.note("has too many parts");
                    self.skip();
                    while self.peek() == Some(b',') {
                        self.at += 1;
                        self.peek();
                        self.skip();
                    }
                }
                Some(_) => items.extend(self.value(depth + 1)),
            }
        }
        self.at += 1;
        items
    }

    fn fields(&mut self, depth: usize) -> BTreeMap<String, Value> {
        self.at += 1;
        // `None` for a name whose value is absent, so that a second one is still noticed.
        let mut fields: BTreeMap<String, Option<Value>> = BTreeMap::new();
        loop {
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'"') => {
                    let token = self.token();
                    let key = serde_json::from_str::<String>(token).ok();
                    if self.peek() == Some(b':') {
                        self.at += 1;
                    }
                    self.peek();
                    self.field(key, depth, &mut fields);
                }
                _ => break,
            }
        }
        self.at += 1;
        fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    fn field(
        &mut self,
        key: Option<String>,
        depth: usize,
        fields: &mut BTreeMap<String, Option<Value>>,
    ) {
        let Some(key) = key else {
            self.note("has a name that is no text");
            return self.skip();
        };
        if depth == 0 && !self.wanted.wants(&key) {
            return self.skip();
        }
        self.path.push(key);
        let value = if self.values >= MAX_VALUES {
            self.note("is one of too many");
            self.skip();
            None
        } else {
            self.value(depth + 1)
        };
        let Some(key) = self.path.last().cloned() else { return };
        match fields.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            // Its source may take the first or the last of them, so neither may be judged.
            Entry::Occupied(mut entry) => {
                entry.insert(None);
                self.note("is given twice");
            }
        }
        self.path.pop();
    }

    /// The string, number or word that begins here.
    fn token(&mut self) -> &'a str {
        let (text, begin) = (self.text, self.at);
        let rest = text.as_bytes().get(begin..).unwrap_or_default();
        let length = if rest.first() == Some(&b'"') {
            string_length(rest)
        } else {
            rest.iter()
                .take_while(|b| !matches!(b, b',' | b']' | b'}' | b':') && !b.is_ascii_whitespace())
                .count()
                .max(1)
        };
        self.at = begin + length;
        text.get(begin..self.at).unwrap_or_default()
    }

    /// Goes past the value that begins here.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                None => return,
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => {
                    self.token();
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// The length of the string token at the beginning of `rest`, both quotes included.
fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A number as a Long or a decimal, if it is exactly one.
fn read_number(token: &str) -> Result<Value, &'static str> {
    if token.contains(['e', 'E']) {
        return Err("is a number with an exponent, which policy does not read");
    }
    let Some((whole, fraction)) = token.split_once('.') else {
        return token.parse().map(Value::new_long).map_err(|_| "is a whole number beyond 64 bits");
    };
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        fraction => fraction,
    };
    // Cedar's decimal is a whole number of ten-thousandths, of 64 bits.
    let scaled = format!("{whole}{fraction:0<4}");
    if fraction.len() > 4 || scaled.parse::<i64>().is_err() {
        return Err("is a number that a decimal of four places does not hold");
    }
    Ok(Value::new_decimal(format!("{whole}.{fraction}")))
}

impl Unreadable {
    /// What is wrong, in a sentence that shows names but no values.
    pub(crate) fn sentence(&self) -> String {
        match self.path.as_slice() {
            [] => format!("the arguments {}", self.why),
            path => format!("the argument `{}` {}", path.join(".").escape_debug(), self.why),
        }
    }
}

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
