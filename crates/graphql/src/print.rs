use std::fmt::Write as _;

/// A text on one line, cut to so many characters.
pub(crate) fn summary(text: &str, longest: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= longest {
        return line;
    }
    let kept: String = line.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A piece of a selection set: a field or an inline fragment, and what is selected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// `name`, `alias: name(first: 10)` or `... on Type`.
    pub(crate) head: String,
    /// Its own selection set; empty for a scalar.
    pub(crate) inside: Vec<Piece>,
}

impl Piece {
    /// A piece with nothing inside.
    pub(crate) fn leaf(head: impl Into<String>) -> Self {
        Self { head: head.into(), inside: Vec::new() }
    }

    /// Writes it, indented by so many steps.
    pub(crate) fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let _ = write!(out, "{indent}{}", self.head);
        if !self.inside.is_empty() {
            out.push_str(" {\n");
            for piece in &self.inside {
                piece.write(depth + 1, out);
            }
            let _ = write!(out, "{indent}}}");
        }
        out.push('\n');
    }
}
