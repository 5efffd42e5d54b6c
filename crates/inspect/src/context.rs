use std::collections::HashSet;

/// Where a text stands, which decides how grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A definition or server instructions: read by a model on every turn, so suspicion hides the item.
    Definition,
    /// A result, an error, a message: data that passes unchanged, so everything found is a label.
    Result,
}

/// Whose text is judged, and who else there is.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Where the text stands.
    pub place: Place,
    /// The source it comes from.
    pub source: &'a str,
    /// Authorities of `ui://` resources that this source offers itself, beside its own name.
    pub own_ui: &'a [&'a str],
    /// The other sources.
    pub others: &'a Neighbours,
}

impl<'a> Context<'a> {
    /// Judges definitions of `source`.
    pub const fn definition(source: &'a str, others: &'a Neighbours) -> Self {
        Self { place: Place::Definition, source, own_ui: &[], others }
    }

    /// Judges what `source` answers.
    pub const fn result(source: &'a str, others: &'a Neighbours) -> Self {
        Self { place: Place::Result, source, own_ui: &[], others }
    }
}

/// Names that belong to sources other than the one being judged.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    sources: HashSet<String>,
    tools: HashSet<String>,
    ui: HashSet<String>,
}

impl Neighbours {
    /// Adds a source by its configured name.
    #[must_use]
    pub fn source(mut self, name: &str) -> Self {
        self.sources.insert(name.to_ascii_lowercase());
        self
    }

    /// Adds a tool or prompt by the name agents see.
    #[must_use]
    pub fn tool(mut self, exposed: &str) -> Self {
        self.tools.insert(exposed.to_owned());
        self
    }

    /// Adds the authority of a `ui://` resource that one of them offers.
    #[must_use]
    pub fn ui(mut self, authority: &str) -> Self {
        self.ui.insert(authority.to_ascii_lowercase());
        self
    }

    /// Whether `token` names a tool of another source: exactly, or as `source__anything`.
    pub(crate) fn owns_tool(&self, token: &str) -> bool {
        // A name that is a plain word ("search") says nothing about whom the text means.
        let telling = token.bytes().any(|b| b == b'_' || b == b'-');
        telling
            && (self.tools.contains(token)
                || token
                    .split_once("__")
                    .is_some_and(|(s, _)| self.sources.contains(&s.to_ascii_lowercase())))
    }

    /// Whether `authority` (lower case) is a name of another source.
    pub(crate) fn owns_ui(&self, authority: &str) -> bool {
        self.sources.contains(authority) || self.ui.contains(authority)
    }
}
