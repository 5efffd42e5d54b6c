//! Where in a configuration something stands.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A piece of a way into the configuration: a key, or the place in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// An element of an array, from 0.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Something wrong with a configuration: one sentence, and the text it is about where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, and what to do about it.
    pub message: String,
    /// Bytes of the text.
    pub span: Option<Range<usize>>,
}

/// Where something stands: the name of a key, and its value. An element of an array has no name but its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The key.
    pub name: Range<usize>,
    /// What it is set to.
    pub value: Range<usize>,
}

/// Finds `path` in `text`.
pub fn locate(text: &str, path: &[Step]) -> Option<Located> {
    let document = DeTable::parse(text).ok()?;
    let mut table = Some(document.get_ref());
    let mut array = None;
    let mut found = None;
    for step in path {
        let value = match step {
            Step::Key(key) => {
                let (name, value) = table?.iter().find(|(k, _)| k.get_ref() == key.as_str())?;
                found = Some(Located { name: name.span(), value: value.span() });
                value
            }
            Step::Index(index) => {
                let list: &toml::de::DeArray<'_> = array?;
                let value = list.get(*index)?;
                found = Some(Located { name: value.span(), value: value.span() });
                value
            }
        };
        (table, array) = match value.get_ref() {
            DeValue::Table(inner) => (Some(inner), None),
            DeValue::Array(inner) => (None, Some(inner)),
            _ => (None, None),
        };
    }
    found
}

/// The deepest part of `path` that exists, so that a problem with something missing points at what should hold it.
pub fn nearest_place(text: &str, path: &[Step]) -> Option<Range<usize>> {
    (1..=path.len()).rev().find_map(|n| locate(text, &path[..n])).map(|found| found.name)
}

/// One problem as a person reads it: `file:line:column: message`, then the line with a caret under the place.
pub struct Shown<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What is wrong.
    pub problem: &'a Problem,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(span) = &self.problem.span else {
            return write!(f, "{}: {}", self.file, self.problem.message);
        };
        let start = self.text.floor_char_boundary(span.start.min(self.text.len()));
        let begin = self.text[..start].rfind('\n').map_or(0, |n| n + 1);
        let line = self.text[begin..].lines().next().unwrap_or_default();
        let number = self.text[..begin].matches('\n').count() + 1;
        let column = self.text[begin..start].chars().count() + 1;
        let width = self.text[start..]
            .chars()
            .take_while(|c| *c != '\n')
            .take(span.len().max(1))
            .count()
            .max(1);
        let shown: String = line
            .chars()
            .map(|c| if c.is_control() || hidden(c) { ' ' } else { c })
            .take(160)
            .collect();
        let margin = " ".repeat(number.to_string().len());
        writeln!(f, "{}:{number}:{column}: {}", self.file, self.problem.message)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {shown}")?;
        write!(f, "{margin} | {}{}", " ".repeat(column - 1), "^".repeat(width.min(120)))
    }
}

/// Marks that turn the direction of text.
fn hidden(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[server]\nlisten = \"x\"\n[[source]]\nname = \"a\"\n[[source]]\nmcp = { url = \"u\" }\n";

    fn at(path: &[Step]) -> &'static str {
        nearest_place(TEXT, path).map_or("", |r| &TEXT[r])
    }

    #[test]
    fn a_way_into_the_text_leads_to_the_key() {
        assert_eq!(at(&["server".into(), "listen".into()]), "listen");
        assert_eq!(at(&["source".into(), 0.into(), "name".into()]), "name");
        assert_eq!(at(&["source".into(), 1.into(), "mcp".into(), "url".into()]), "url");
    }

    #[test]
    fn what_is_missing_is_shown_where_it_should_be() {
        assert_eq!(at(&["server".into(), "tls".into()]), "server");
        assert_eq!(nearest_place(TEXT, &["nothing".into()]), None);
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let span = nearest_place(TEXT, &["server".into(), "listen".into()]);
        let problem = Problem { message: "bad".to_owned(), span };
        let shown = Shown { file: "f.toml", text: TEXT, problem: &problem }.to_string();
        assert_eq!(shown, "f.toml:2:1: bad\n  |\n2 | listen = \"x\"\n  | ^^^^^^");
    }
}
