use std::fmt;

use serde_json::Deserializer;
use serde_json::de::SliceRead;

use serde::de::{Deserialize, MapAccess, SeqAccess, Visitor};

/// A JSON text as `serde_json` understands it, member names in their order, none dropped.
///
/// Not `serde_json::Value`: that one merges members of one name and gives some names a meaning of their own.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Its digits.
    Number(String),
    /// Unescaped.
    Text(String),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`
    Object(Vec<(String, Json)>),
}

/// Under this name `serde_json` hands over a number whose digits it keeps.
const NUMBER: &str = "$serde_json::private::Number";

impl Json {
    /// Reads a whole text; `None` if it is no JSON, or nested deeper than 127.
    pub fn parse(text: &[u8]) -> Option<Self> {
        std::str::from_utf8(text).ok()?;
        let mut from = Deserializer::new(SliceRead::new(text));
        let json = Self::deserialize(&mut from).ok()?;
        from.end().ok().map(|()| json)
    }

    /// The members, if it is an object.
    pub fn members(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether a member stands twice, here or, if `deep`, anywhere inside.
    pub fn has_twins(&self, deep: bool) -> bool {
        match self {
            Self::Object(members) => {
                let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                names.windows(2).any(|pair| pair[0] == pair[1])
                    || deep && members.iter().any(|(_, value)| value.has_twins(true))
            }
            Self::Array(items) => deep && items.iter().any(|item| item.has_twins(true)),
            _ => false,
        }
    }

    /// Whether both say the same: members in any order, numbers by their value as a double.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => {
                let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
                number(a) == number(b)
            }
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, a)| other.get(name).is_some_and(|b| a.same(b)))
            }
            (a, b) => a == b,
        }
    }

    /// Shows `visit` every text in it, names of members included.
    pub fn texts(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Text(text) => visit(text),
            Self::Array(items) => items.iter().for_each(|item| item.texts(visit)),
            Self::Object(members) => members.iter().for_each(|(name, value)| {
                visit(name);
                value.texts(visit);
            }),
            _ => {}
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element()? {
            out.push(item);
        }
        Ok(Json::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut out = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            out.push((name, members.next_value::<Json>()?));
        }
        // A number, or an object that looks like one: told apart by nothing, so `NUMBER` itself is best not fed.
        match &out[..] {
            [(name, Json::Text(digits))] if name == NUMBER => Ok(Json::Number(digits.clone())),
            _ => Ok(Json::Object(out)),
        }
    }
}
