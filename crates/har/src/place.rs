//! Paths with places in them, and what the places are called.

use std::collections::BTreeSet;

use convert::{Location, Parameter, Style};
use serde_json::{Value, json};

use crate::group::{Group, Slot};
use crate::kind::Kind;
use crate::text::Text;

/// A place of a path.
pub(crate) struct Place {
    /// Its name.
    pub(crate) name: String,
    /// What the values were like.
    pub(crate) kinds: BTreeSet<Kind>,
    /// How many different ones there were.
    pub(crate) values: usize,
    /// Whether only differing words showed it.
    pub(crate) guessed: bool,
    /// Its schema.
    pub(crate) schema: Value,
}

impl Place {
    /// How it goes out.
    pub(crate) fn parameter(&self, argument: String) -> Parameter {
        Parameter {
            argument,
            wire: self.name.clone(),
            location: Location::Path,
            style: Style::Simple,
            explode: false,
            allow_reserved: false,
            allow_empty: false,
            content: None,
            required: true,
            slashes: convert::Slashes::Refused,
            fixed: None,
        }
    }

    /// What the values were like, for people.
    pub(crate) fn told(&self) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.told()).collect();
        kinds.join(" or ")
    }
}

/// The path of a group as a recipe has it, and its places in their order.
pub(crate) fn template(group: &Group<'_>) -> (String, Vec<Place>) {
    let (mut path, mut places): (String, Vec<Place>) = (String::new(), Vec::new());
    let mut before = None;
    for (at, slot) in group.slots.iter().enumerate() {
        path.push('/');
        match slot {
            Slot::Literal(literal) => {
                path.push_str(literal);
                before = Some(literal.as_str());
            }
            Slot::Place(ending) => {
                let place = one(group, at, before, &places);
                path.extend(["{", &place.name, "}", ending]);
                places.push(place);
                before = None;
            }
        }
    }
    (path, places)
}

fn one(group: &Group<'_>, at: usize, before: Option<&str>, others: &[Place]) -> Place {
    let (kinds, guessed) = (group.kinds(at), group.guessed.contains(&at));
    let only = if kinds.len() == 1 { kinds.first().copied() } else { None };
    let thing = before.map(thing).filter(|thing| !thing.is_empty());
    let wanted = match (only, thing) {
        (Some(Kind::Date), _) => "date".to_owned(),
        (Some(Kind::Email), _) => "email".to_owned(),
        (_, None) => "id".to_owned(),
        (Some(kind), Some(thing)) if !kind.is_id() => thing,
        (_, Some(thing)) => format!("{thing}_id"),
    };
    let mut name = wanted.clone();
    let mut tried = 2;
    while others.iter().any(|other| other.name == name) {
        name = format!("{wanted}_{tried}");
        tried += 1;
    }
    let mut texts = group.samples.iter().map(|s| Text::of(&s.path[at].stem));
    let schema = texts.next().map_or_else(
        || json!({ "type": "string" }),
        |mut all| {
            texts.for_each(|text| all.merge(&text));
            all.argument()
        },
    );
    Place { name, kinds, values: group.values(at), guessed, schema }
}

/// One of what a segment names: `users` is many of `user`.
fn thing(segment: &str) -> String {
    let mut word = String::new();
    for c in segment.chars().take(40) {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !word.ends_with('_') && !word.is_empty() {
            word.push('_');
        }
    }
    let word = word.trim_matches('_');
    let cut = |end: &str| word.strip_suffix(end).filter(|rest| rest.len() > 1);
    if let Some(rest) = cut("ies") {
        return format!("{rest}y");
    }
    for end in ["sses", "xes", "ches", "shes"] {
        if let Some(rest) = cut(end) {
            return format!("{rest}{}", &end[..end.len() - 2]);
        }
    }
    match cut("s") {
        Some(rest) if !rest.ends_with(['s', 'u', 'i']) => rest.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_called_after_what_stands_before_it() {
        for (many, single) in [
            ("users", "user"),
            ("categories", "category"),
            ("boxes", "box"),
            ("status", "status"),
            ("classes", "class"),
            ("LineItems", "lineitem"),
            ("order-lines", "order_line"),
            ("x", "x"),
            ("%20", "20"),
            ("~", ""),
        ] {
            assert_eq!(thing(many), single, "{many}");
        }
    }
}
