use zeroize::Zeroizing;

/// Where a credential is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A header field of the repeated HTTP request.
    Header(&'static str),
    /// A member of `params._meta` of the repeated MCP request; the text is JSON.
    Meta(&'static str),
}

/// What pays: whoever holds it can spend it or use what was bought. It is shown to the seller, and to nobody else.
///
/// It has no `Debug`, `Display`, `Clone` or `Serialize`, and is wiped when it is dropped.
///
/// ```compile_fail
/// fn shown(credential: rails::Credential) { println!("{credential:?}"); }
/// ```
pub struct Credential {
    place: Place,
    text: Zeroizing<String>,
}

impl Credential {
    pub(crate) const fn new(place: Place, text: Zeroizing<String>) -> Self {
        Self { place, text }
    }

    /// Where it goes.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The text that goes on the wire.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}
