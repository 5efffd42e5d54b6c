use serde_json::Value;

use crate::finding::join;

/// A string met on a walk, and the way to it.
pub(crate) struct Met<'w, 'v> {
    /// The string.
    pub(crate) text: &'v str,
    /// Whether it is the name of a member, not a value.
    pub(crate) is_name: bool,
    steps: &'w [Step<'v>],
}

/// One step down.
#[derive(Clone, Copy)]
pub(crate) enum Step<'v> {
    Member(&'v str),
    Item(usize),
}

impl<'v> Met<'_, 'v> {
    /// JSON pointer; that of the member for its name.
    pub(crate) fn path(&self, root: &str) -> String {
        self.steps.iter().fold(root.to_owned(), |path, step| match step {
            Step::Member(name) => join(&path, name),
            Step::Item(index) => join(&path, &index.to_string()),
        })
    }

    /// The name of the innermost member this is, or is in.
    pub(crate) fn member(&self) -> Option<&'v str> {
        self.steps.iter().rev().find_map(|s| match s {
            Step::Member(name) => Some(*name),
            Step::Item(_) => None,
        })
    }

    /// Whether the way leads through a member of this name.
    pub(crate) fn is_under(&self, name: &str) -> bool {
        self.steps.iter().any(|s| matches!(s, Step::Member(n) if *n == name))
    }
}

enum Frame<'v> {
    Object(serde_json::map::Iter<'v>),
    Array(std::iter::Enumerate<std::slice::Iter<'v, Value>>),
}

/// Shows `visit` every string of `root`, values and member names, in order, at every depth, without recursion.
pub(crate) fn strings<'v>(root: &'v Value, mut visit: impl FnMut(&Met<'_, 'v>)) {
    let mut steps: Vec<Step<'v>> = Vec::new();
    let mut frames: Vec<Frame<'v>> = Vec::new();
    let mut next = Some(root);
    loop {
        match next.take() {
            Some(Value::Object(members)) => frames.push(Frame::Object(members.iter())),
            Some(Value::Array(items)) => frames.push(Frame::Array(items.iter().enumerate())),
            Some(Value::String(text)) => {
                visit(&Met { text, is_name: false, steps: &steps });
                steps.pop();
            }
            Some(_) => {
                steps.pop();
            }
            None => {}
        }
        match frames.last_mut() {
            None => return,
            Some(Frame::Object(members)) => {
                if let Some((name, value)) = members.next() {
                    steps.push(Step::Member(name));
                    visit(&Met { text: name, is_name: true, steps: &steps });
                    next = Some(value);
                    continue;
                }
            }
            Some(Frame::Array(items)) => {
                if let Some((index, value)) = items.next() {
                    steps.push(Step::Item(index));
                    next = Some(value);
                    continue;
                }
            }
        }
        frames.pop();
        steps.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_string_and_name_is_met_with_its_pointer() {
        let value = json!({"a": [1, "x", {"b/c": "y"}], "d": {"e": null}, "f": "z"});
        let mut met = Vec::new();
        strings(&value, |m| {
            met.push(format!("{}{}={}", m.path(""), if m.is_name { "#" } else { "" }, m.text));
        });
        assert_eq!(
            met,
            [
                "/a#=a",
                "/a/1=x",
                "/a/2/b~1c#=b/c",
                "/a/2/b~1c=y",
                "/d#=d",
                "/d/e#=e",
                "/f#=f",
                "/f=z"
            ]
        );
    }
}
