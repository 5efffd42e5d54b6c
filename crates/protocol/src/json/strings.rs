use std::borrow::Cow;
use std::ops::Range;

use super::skim::Skim;
use super::text::unquote;

/// Walks the strings of a checked text in the order they stand, names of members included, at every depth, without
/// recursion. On a text that was not checked it finds nonsense, but it ends, within bounds.
pub struct Strings<'a> {
    text: &'a [u8],
    skim: Skim<'a>,
    within: Vec<Within>,
}

/// One string on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// Its bytes, quotes included.
    pub span: Range<usize>,
    /// Whether it is the name of a member, not a value.
    pub is_name: bool,
    /// Where the list begins that it is an item of, or whose item has it as its `text`.
    pub list: Option<usize>,
}

/// One step down.
struct Within {
    open: usize,
    at: Place,
}

enum Place {
    Item(usize),
    /// The name of the member that is walked now, quotes included; none while a name is due.
    Member(Option<Range<usize>>),
}

impl<'a> Strings<'a> {
    /// Begins before the first string.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, skim: Skim::new(text), within: Vec::new() }
    }

    /// Goes on to the next string.
    #[expect(clippy::should_implement_trait, reason = "the walk is asked for paths between steps")]
    pub fn next(&mut self) -> Option<Met> {
        loop {
            match self.skim.peek()? {
                b'"' => return Some(self.string()),
                b'{' => self.enter(Place::Member(None)),
                b'[' => self.enter(Place::Item(0)),
                b'}' | b']' => {
                    self.within.pop();
                }
                b',' => match self.within.last_mut().map(|w| &mut w.at) {
                    Some(Place::Item(index)) => *index += 1,
                    Some(Place::Member(name)) => *name = None,
                    None => {}
                },
                _ => {}
            }
            self.skim.at += 1;
        }
    }

    /// The way to where the walk is: names of members and indices of items.
    pub fn path(&self) -> impl Iterator<Item = Cow<'a, str>> {
        let text = self.text;
        self.within.iter().map(move |within| match &within.at {
            Place::Item(index) => Cow::Owned(index.to_string()),
            Place::Member(name) => name
                .as_ref()
                .and_then(|span| unquote(text.get(span.clone())?))
                .unwrap_or(Cow::Borrowed("")),
        })
    }

    /// The raw name of the innermost member that the walk is in, quotes included.
    pub fn member(&self) -> Option<&'a [u8]> {
        self.within.iter().rev().find_map(|within| match &within.at {
            Place::Member(Some(span)) => self.text.get(span.clone()),
            _ => None,
        })
    }

    fn enter(&mut self, at: Place) {
        self.within.push(Within { open: self.skim.at, at });
    }

    fn string(&mut self) -> Met {
        let start = self.skim.at;
        _ = self.skim.string();
        let span = start..self.skim.at;
        let is_name = match self.within.last_mut().map(|w| &mut w.at) {
            Some(Place::Member(name @ None)) => {
                *name = Some(span.clone());
                true
            }
            _ => false,
        };
        let list = if is_name { None } else { self.list() };
        Met { span, is_name, list }
    }

    fn list(&self) -> Option<usize> {
        let mut outwards = self.within.iter().rev();
        let inner = outwards.next()?;
        match &inner.at {
            Place::Item(_) => Some(inner.open),
            Place::Member(Some(name)) if self.text.get(name.clone()) == Some(b"\"text\"") => {
                outwards.next().filter(|w| matches!(w.at, Place::Item(_))).map(|w| w.open)
            }
            Place::Member(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn walk(text: &str) -> Vec<String> {
        let mut strings = Strings::new(text.as_bytes());
        let mut met = Vec::new();
        while let Some(m) = strings.next() {
            let path: Vec<_> = strings.path().collect();
            let name = if m.is_name { "#" } else { "" };
            met.push(format!("{}{name}={}", path.join("/"), &text[m.span]));
        }
        met
    }

    #[test]
    fn every_string_and_name_is_met_with_its_path() {
        let text = r#" {"a": [1, "x", {"b/c" : "y"}], "d": {"e": null}, "f,": "{z\"}"} "#;
        let expected = [
            r#"a#="a""#,
            r#"a/1="x""#,
            r#"a/2/b/c#="b/c""#,
            r#"a/2/b/c="y""#,
            r#"d#="d""#,
            r#"d/e#="e""#,
            r#"f,#="f,""#,
            r#"f,="{z\"}""#,
        ];
        assert_eq!(walk(text), expected);
        assert_eq!(walk(r#""alone""#), [r#"="alone""#]);
    }

    #[test]
    fn strings_of_one_list_know_it_whether_they_are_items_or_their_texts() {
        let text = r#"{"c":[{"type":"t","text":"a"},{"text":"b"}],"d":["e",["f"]],"text":"g"}"#;
        let mut strings = Strings::new(text.as_bytes());
        let mut lists = Vec::new();
        while let Some(met) = strings.next() {
            if let Some(list) = met.list {
                lists.push((&text[met.span], list));
            }
        }
        let (c, d) = (text.find("[{").unwrap(), text.find("[\"e").unwrap());
        assert_eq!(lists, [("\"a\"", c), ("\"b\"", c), ("\"e\"", d), ("\"f\"", d + 5)]);
    }

    fn count(value: &Value) -> usize {
        match value {
            Value::String(_) => 1,
            Value::Array(items) => items.iter().map(count).sum(),
            Value::Object(members) => members.values().map(|v| 1 + count(v)).sum(),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map("\\PC{0,4}", inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn none_is_missed_and_each_pointer_leads_to_its_string(value in any_json()) {
            let text = value.to_string();
            let mut strings = Strings::new(text.as_bytes());
            let mut seen = 0;
            while let Some(met) = strings.next() {
                seen += 1;
                let path = strings.path().fold(String::new(), |path, step| {
                    path + "/" + &step.replace('~', "~0").replace('/', "~1")
                });
                let said = unquote(&text.as_bytes()[met.span.clone()]);
                if met.is_name {
                    prop_assert!(value.pointer(&path).is_some());
                } else {
                    prop_assert_eq!(value.pointer(&path).and_then(Value::as_str), said.as_deref());
                }
            }
            prop_assert_eq!(seen, count(&value));
        }

        #[test]
        fn any_bytes_at_all_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut strings = Strings::new(&bytes);
            while let Some(met) = strings.next() {
                prop_assert!(met.span.end <= bytes.len() + 1);
                let _ = (strings.path().count(), strings.member());
            }
        }
    }
}
