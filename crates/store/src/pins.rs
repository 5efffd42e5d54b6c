use std::fmt;
use std::str::FromStr;

use model::Timestamp;

use crate::StoreError;

/// What kind of thing is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PinKind {
    /// A tool definition.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource.
    Resource,
    /// A resource template.
    Template,
    /// What the server says of itself; its name is empty.
    Instructions,
}

impl PinKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Tool, Self::Prompt, Self::Resource, Self::Template, Self::Instructions];

    /// The name used in commands and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "template",
            Self::Instructions => "instructions",
        }
    }
}

impl fmt::Display for PinKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PinKind {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.as_str() == s).ok_or_else(|| {
            format!("unknown kind `{s}`: use tool, prompt, resource, template or instructions")
        })
    }
}

/// What a pin is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PinKey {
    /// Identity of the source: a digest of how it is reached (command or URL), made by the caller.
    pub source: String,
    /// What kind of thing.
    pub kind: PinKind,
    /// Its name upstream, or a resource's URI.
    pub name: String,
}

impl fmt::Display for PinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} of source {}", self.kind, self.name, self.source)
    }
}

/// What was decided of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinState {
    /// It is the one agreed to.
    Accepted,
    /// It was looked at and refused.
    Rejected,
}

impl PinState {
    /// The name used in commands and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// The definition that was decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// What it is for.
    pub key: PinKey,
    /// Digest of the canonical definition, in hexadecimal.
    pub digest: String,
    /// The canonical definition, kept to show differences.
    pub definition: Vec<u8>,
    /// What was decided.
    pub state: PinState,
    /// When anything of this name was first seen.
    pub first_seen: Timestamp,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Who decided: an operator, or `first contact`.
    pub decided_by: String,
}

/// A new or changed definition under quarantine. The pin beside it, if there is one, stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What it is for.
    pub key: PinKey,
    /// Digest of the canonical definition, in hexadecimal.
    pub digest: String,
    /// The canonical definition.
    pub definition: Vec<u8>,
    /// Why it is under quarantine, in one word or sentence.
    pub reason: String,
    /// What the inspection found, as JSON.
    pub findings: String,
    /// When it was first seen.
    pub seen: Timestamp,
    /// Set when an operator refused exactly this definition.
    pub rejected: Option<Rejection>,
}

/// An operator's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A definition to be pinned or put under quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPin {
    /// What it is for.
    pub key: PinKey,
    /// Digest of the canonical definition, in hexadecimal.
    pub digest: String,
    /// The canonical definition.
    pub definition: Vec<u8>,
    /// Empty: accepted at first contact. Otherwise why it is under quarantine.
    pub reason: String,
    /// What the inspection found, as JSON.
    pub findings: String,
}

/// Everything decided and undecided about one source, in the order of kind and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinSet {
    /// Identity of the source.
    pub source: String,
    /// What was decided.
    pub pins: Vec<Pin>,
    /// What waits, or was refused beside an older pin.
    pub pending: Vec<Pending>,
}

/// Pins and what is under quarantine.
pub trait Pins {
    /// Identities of every source ever met.
    fn pinned_sources(&self) -> Result<Vec<String>, StoreError>;

    /// All of one source, or `None` if it was never met. A source that was met and offered nothing is an empty set:
    /// only `None` is a first contact.
    fn pins(&self, source: &str) -> Result<Option<PinSet>, StoreError>;

    /// One pin.
    fn pin(&self, key: &PinKey) -> Result<Option<Pin>, StoreError> {
        let set = self.pins(&key.source)?;
        Ok(set.and_then(|set| set.pins.into_iter().find(|pin| pin.key == *key)))
    }

    /// One definition under quarantine.
    fn pending(&self, key: &PinKey) -> Result<Option<Pending>, StoreError> {
        let set = self.pins(&key.source)?;
        Ok(set.and_then(|set| set.pending.into_iter().find(|pending| pending.key == *key)))
    }

    /// Records everything a source offered when it was met for the first time, in one step: what has no `reason` is
    /// accepted, the rest is under quarantine.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if it was met before: load its pins and compare.
    fn first_contact(&self, source: &str, offered: &[NewPin]) -> Result<(), StoreError>;

    /// Puts definitions of one source, met before, under quarantine. One of the same digest that waits already (or
    /// was refused) stays as it is, but for its reason and findings; one of another digest is replaced.
    fn quarantine(&self, source: &str, found: &[NewPin]) -> Result<(), StoreError>;

    /// Forgets a definition under quarantine, because the source went back to the pinned one. Says whether there was one.
    fn clear_pending(&self, key: &PinKey) -> Result<bool, StoreError>;

    /// An operator accepts the definition of this digest: the one under quarantine, or one refused before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if nothing waits; [`StoreError::Stale`] if what waits has another digest: a yes is to
    /// a content, not to a name.
    fn accept(&self, key: &PinKey, digest: &str, by: &str) -> Result<Pin, StoreError>;

    /// An operator refuses the definition of this digest. Under quarantine beside an accepted pin, the pin stays;
    /// otherwise nothing of this name can be used.
    ///
    /// # Errors
    /// As [`Pins::accept`].
    fn reject(&self, key: &PinKey, digest: &str, by: &str) -> Result<(), StoreError>;
}
