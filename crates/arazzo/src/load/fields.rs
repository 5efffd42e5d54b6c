use serde_json::{Map, Value};

use crate::error::{Errors, LoadCode};
use crate::limits::MAX_LIST;
use crate::model::Version;

/// An object of a document, with its place.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    pub(super) place: String,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, place: &str, errors: &mut Errors) -> Option<Self> {
        let Value::Object(map) = value else {
            errors.add(LoadCode::Malformed, place, "an object belongs here");
            return None;
        };
        Some(Self { map, place: place.to_owned() })
    }

    /// Refuses members that this version does not have; `x-` is free, but for our own.
    pub(super) fn only(
        &self,
        known: &[&str],
        from_1_1: &[&str],
        version: Version,
        errors: &mut Errors,
    ) {
        for name in self.map.keys().map(String::as_str) {
            let free = name.starts_with("x-") && !name.starts_with("x-portcullis-");
            if known.contains(&name) || free {
                continue;
            }
            let message = if from_1_1.contains(&name) {
                if version >= Version::V1_1_0 {
                    continue;
                }
                format!("`{name}` needs `arazzo: 1.1.0`")
            } else {
                format!("there is no member `{name}` here")
            };
            errors.add(LoadCode::UnknownMember, &self.at(name), message);
        }
    }

    pub(super) fn at(&self, name: &str) -> String {
        format!("{}/{}", self.place, name.replace('~', "~0").replace('/', "~1"))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    pub(super) fn text(&self, name: &str, errors: &mut Errors) -> Option<&'a str> {
        let text = self.map.get(name)?.as_str();
        if text.is_none() {
            errors.add(LoadCode::Malformed, &self.at(name), "a text belongs here");
        }
        text
    }

    pub(super) fn needed(&self, name: &str, errors: &mut Errors) -> &'a str {
        if !self.map.contains_key(name) {
            errors.add(LoadCode::Malformed, &self.place, format!("`{name}` is missing"));
        }
        self.text(name, errors).unwrap_or_default()
    }

    /// A list, each element with its place; empty if there is none.
    pub(super) fn list(&self, name: &str, errors: &mut Errors) -> Vec<(&'a Value, String)> {
        let place = self.at(name);
        match self.map.get(name) {
            None => Vec::new(),
            Some(Value::Array(list)) if list.len() <= MAX_LIST => {
                list.iter().enumerate().map(|(n, item)| (item, format!("{place}/{n}"))).collect()
            }
            Some(Value::Array(_)) => {
                let message = format!("a list has {MAX_LIST} elements at most");
                errors.add(LoadCode::TooLarge, &place, message);
                Vec::new()
            }
            Some(_) => {
                errors.add(LoadCode::Malformed, &place, "a list belongs here");
                Vec::new()
            }
        }
    }

    /// The members of an object, each with its place; empty if there is none.
    pub(super) fn members(
        &self,
        name: &str,
        errors: &mut Errors,
    ) -> Vec<(&'a str, &'a Value, String)> {
        let place = self.at(name);
        match self.map.get(name) {
            None => Vec::new(),
            Some(Value::Object(map)) if map.len() <= MAX_LIST => {
                let at = |name: &str| Fields { map, place: place.clone() }.at(name);
                map.iter().map(|(name, value)| (name.as_str(), value, at(name))).collect()
            }
            Some(Value::Object(_)) => {
                let message = format!("an object has {MAX_LIST} members at most here");
                errors.add(LoadCode::TooLarge, &place, message);
                Vec::new()
            }
            Some(_) => {
                errors.add(LoadCode::Malformed, &place, "an object belongs here");
                Vec::new()
            }
        }
    }
}
