//! The shape of JSON values: what all samples of one place have in common. Values themselves are not kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::secret;
use crate::text::Text;

/// Deepest nesting that is looked at.
const DEPTH: usize = 24;
/// Most names by which a shape is held against others.
const FEATURES: usize = 512;

/// What values of one place were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a type of JSON")]
pub(crate) struct Shape {
    /// Whether one was null.
    pub(crate) null: bool,
    /// Whether one was true or false.
    pub(crate) boolean: bool,
    /// Whether one was a whole number.
    pub(crate) integer: bool,
    /// Whether one was another number.
    pub(crate) number: bool,
    /// What texts have in common.
    pub(crate) text: Option<Text>,
    /// What elements of lists have in common.
    pub(crate) list: Option<Box<Self>>,
    /// What objects have in common.
    pub(crate) object: Option<Box<Object>>,
    /// Whether there was more than is looked at.
    pub(crate) open: bool,
}

/// What objects of one place have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object {
    /// How many there were.
    pub(crate) seen: usize,
    /// Their members by name.
    pub(crate) members: BTreeMap<String, Member>,
    /// What stands under names that are themselves values: this object is a table.
    pub(crate) others: Option<Shape>,
    /// Names of members that held secrets.
    pub(crate) hidden: BTreeSet<String>,
}

/// One member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Member {
    /// In how many objects it was.
    pub(crate) present: usize,
    /// What it was.
    pub(crate) shape: Shape,
}

impl Shape {
    /// The shape of one value. What is secret in it is handed to `keep`.
    pub(crate) fn of(value: &Value, keep: &mut dyn FnMut(&str)) -> Self {
        Self::within(value, DEPTH, keep)
    }

    fn within(value: &Value, left: usize, keep: &mut dyn FnMut(&str)) -> Self {
        let mut out = Self::default();
        match value {
            Value::Null => out.null = true,
            Value::Bool(_) => out.boolean = true,
            Value::Number(number) => {
                let text = number.to_string();
                out.integer = !text.contains(['.', 'e', 'E']);
                out.number = !out.integer;
            }
            Value::String(text) => out.text = Some(Text::of(text)),
            Value::Array(_) | Value::Object(_) if left == 0 => out.open = true,
            Value::Array(elements) => {
                let mut all = Self::default();
                for element in elements {
                    all.merge(Self::within(element, left - 1, keep));
                }
                out.list = Some(Box::new(all));
            }
            Value::Object(members) => {
                let mut object = Object { seen: 1, ..Object::default() };
                for (name, value) in members {
                    object.take(name, value, left - 1, keep);
                }
                out.object = Some(Box::new(object));
            }
        }
        out
    }

    /// Takes in what others of the same place were. The order says nothing.
    pub(crate) fn merge(&mut self, other: Self) {
        self.null |= other.null;
        self.boolean |= other.boolean;
        self.integer |= other.integer;
        self.number |= other.number;
        self.open |= other.open;
        match (&mut self.text, other.text) {
            (Some(own), Some(other)) => own.merge(&other),
            (own, Some(other)) => *own = Some(other),
            (_, None) => {}
        }
        match (&mut self.list, other.list) {
            (Some(own), Some(other)) => own.merge(*other),
            (own, Some(other)) => *own = Some(other),
            (_, None) => {}
        }
        match (&mut self.object, other.object) {
            (Some(own), Some(other)) => own.merge(*other),
            (own, Some(other)) => *own = Some(other),
            (_, None) => {}
        }
    }

    /// Whether nothing was seen at all.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The object that all of them were, if all were objects.
    pub(crate) fn only_object(&self) -> Option<&Object> {
        let others = self.null || self.is_scalar() || self.list.is_some() || self.open;
        self.object.as_deref().filter(|_| !others)
    }

    /// Whether one was a text, a number or a truth value.
    pub(crate) const fn is_scalar(&self) -> bool {
        self.boolean || self.integer || self.number || self.text.is_some()
    }

    /// Names of members at the first two levels, by which shapes are held against one another.
    pub(crate) fn features(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        self.gather("", 2, &mut out);
        // The first by name: of two shapes with more, the same part is held against one another.
        out.into_iter().take(FEATURES).collect()
    }

    fn gather(&self, before: &str, levels: usize, out: &mut BTreeSet<String>) {
        if let Some(list) = &self.list {
            list.gather(&format!("{before}[]"), levels, out);
        }
        for (name, member) in self.object.iter().flat_map(|o| &o.members) {
            let place = format!("{before}.{name}");
            let inner = member.shape.object.is_some() || member.shape.list.is_some();
            let had = out.len();
            if inner && levels > 1 {
                member.shape.gather(&place, levels - 1, out);
            }
            if out.len() == had {
                out.insert(place);
            }
        }
    }
}

impl Object {
    fn take(&mut self, name: &str, value: &Value, left: usize, keep: &mut dyn FnMut(&str)) {
        let text = value.as_str().unwrap_or_default();
        let single = value.is_string() || value.is_number();
        let named = secret::sure_name(name) || (single && secret::name(name));
        if named || secret::value(name, text) {
            secrets(value, keep);
            if secret::is_no_name(name) {
                self.others.get_or_insert_default().open = true;
            } else {
                self.hidden.insert(name.to_owned());
            }
            return;
        }
        let shape = Shape::within(value, left, keep);
        if secret::is_no_name(name) {
            self.others.get_or_insert_default().merge(shape);
        } else {
            self.members.insert(name.to_owned(), Member { present: 1, shape });
        }
    }

    fn merge(&mut self, other: Self) {
        self.seen += other.seen;
        self.hidden.extend(other.hidden);
        for (name, member) in other.members {
            let own = self.members.entry(name).or_default();
            own.present += member.present;
            own.shape.merge(member.shape);
        }
        if let Some(others) = other.others {
            self.others.get_or_insert_default().merge(others);
        }
    }

    /// Members that are shown, each with whether it was in every object.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&String, &Member, bool)> {
        let shown = self.members.iter().filter(|(name, _)| !self.hidden.contains(*name));
        shown.map(|(name, member)| (name, member, member.present == self.seen))
    }

    /// Whether its names are values of their own kind: no name is in more than half of the objects, and what stands
    /// under them is all alike.
    pub(crate) fn is_table(&self) -> bool {
        if self.seen < 2 || self.members.len() < 3 {
            return self.others.is_some() && self.members.is_empty();
        }
        let rare = self.members.values().all(|m| m.present * 2 <= self.seen);
        let kinds: BTreeSet<[bool; 5]> = self.members.values().map(|m| kinds(&m.shape)).collect();
        rare && kinds.len() == 1
    }

    /// What stands under all names together.
    pub(crate) fn table(&self) -> Shape {
        let mut all = self.others.clone().unwrap_or_default();
        for (name, member) in &self.members {
            if !self.hidden.contains(name) {
                all.merge(member.shape.clone());
            }
        }
        all
    }
}

const fn kinds(shape: &Shape) -> [bool; 5] {
    [
        shape.boolean,
        shape.integer || shape.number,
        shape.text.is_some(),
        shape.list.is_some(),
        shape.object.is_some(),
    ]
}

/// Every text and number of a value that is secret as a whole.
fn secrets(value: &Value, keep: &mut dyn FnMut(&str)) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(text) => keep(text),
            Value::Number(number) => keep(&number.to_string()),
            Value::Array(elements) => waiting.extend(elements),
            Value::Object(members) => waiting.extend(members.values()),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
