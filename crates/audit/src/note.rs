use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::key::Verifier;

/// C2SP signed-note: at least 16 signatures must be accepted; more than this is no honest note.
const MAX_SIGNATURES: usize = 64;
/// Longest note that is read, in bytes.
const MAX_NOTE: usize = 256 * 1024;

/// Why a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Not of the form of C2SP signed-note.
    #[error("not a signed note")]
    Malformed,
    /// Signed, but by none of the keys that are trusted here. Holds the ids that did sign.
    #[error("signed by key {}, which is not trusted here", .0.join(", "))]
    UnknownKey(Vec<String>),
    /// A trusted key is named and the signature is not its own.
    #[error("the signature of key {0} is false")]
    BadSignature(String),
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: [u8; 4],
    /// The signature itself.
    pub bytes: Vec<u8>,
}

/// A text with signatures (C2SP signed-note). Believe the text only after [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Takes a note apart; checks its form and no signature.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let control = |c: char| c < ' ' && c != '\n';
        if note.len() > MAX_NOTE || !note.ends_with('\n') || note.contains(control) {
            return Err(NoteError::Malformed);
        }
        let blank = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, rest) = (&note[..=blank], &note[blank + 2..]);
        let signatures =
            rest.lines().map(signature).collect::<Option<Vec<_>>>().ok_or(NoteError::Malformed)?;
        if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text that is signed, its last line break included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every signature, known or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Checks every signature by a key in `trusted` and gives the place there of the first that signed. Signatures by
    /// other keys are ignored; one false signature by a trusted key spoils the note.
    pub fn verify(&self, trusted: &[Verifier]) -> Result<usize, NoteError> {
        let mut first = None;
        for signature in &self.signatures {
            let same = |v: &Verifier| v.name() == signature.name && v.id() == signature.id;
            let Some(n) = trusted.iter().position(same) else { continue };
            if !trusted[n].verify(&self.text, &signature.bytes) {
                return Err(NoteError::BadSignature(trusted[n].id_text()));
            }
            first.get_or_insert(n);
        }
        first.ok_or_else(|| {
            let id = |s: &Signature| format!("{:08x}", u32::from_be_bytes(s.id));
            NoteError::UnknownKey(self.signatures.iter().map(id).collect())
        })
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
        return None;
    }
    let bytes = STANDARD.decode(base64).ok()?;
    let (id, bytes) = bytes.split_first_chunk::<4>()?;
    Some(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
