use std::fmt::Write as _;

/// What to do about a finding. In the order of strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Recorded and shown beside the item, which goes on unchanged.
    Label,
    /// The part at the finding's path is left out; the rest goes on.
    Strip,
    /// The item is hidden and unusable until an operator accepts it.
    Quarantine,
    /// The item is never exposed: there is nothing an operator could accept.
    Reject,
}

impl Severity {
    /// The name used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Strip => "strip",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// One thing found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What to do about it.
    pub severity: Severity,
    /// Stable code, such as `hidden-unicode`.
    pub rule: &'static str,
    /// JSON pointer (RFC 6901) from the root of what was scanned; empty for the whole.
    pub path: String,
    /// What was found or why, with everything but printable ASCII escaped; at most 160 characters.
    pub excerpt: String,
}

impl Finding {
    /// A finding about the text around it, not yet placed.
    pub(crate) fn new(severity: Severity, rule: &'static str, excerpt: &str) -> Self {
        Self { severity, rule, path: String::new(), excerpt: escaped(excerpt) }
    }

    /// Places it.
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

/// The strictest severity among `findings`; none when there are none.
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|f| f.severity).max()
}

/// Longest excerpt, in characters.
const LONGEST: usize = 160;

/// `text` in printable ASCII: everything else as `\u{…}`, cut after [`LONGEST`] characters.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        }
        if out.len() >= LONGEST - 1 {
            out.truncate(LONGEST - 1);
            out.push('~');
            break;
        }
    }
    out
}

/// The part of `text` around byte `at`: enough to recognise it, whole characters only.
pub(crate) fn around(text: &str, at: usize, len: usize) -> &str {
    let mut start = at.saturating_sub(24).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = at.saturating_add(len.min(100)).saturating_add(24).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[start..end.max(start)]
}

/// `path` extended by one member name or index (RFC 6901 section 3).
pub(crate) fn join(path: &str, step: &str) -> String {
    let mut out = String::with_capacity(path.len() + step.len() + 1);
    out.push_str(path);
    out.push('/');
    for c in step.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out
}
