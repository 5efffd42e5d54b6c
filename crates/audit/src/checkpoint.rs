use thiserror::Error;

use crate::key::{Signer, Verifier};
use crate::note::{Note, NoteError};
use crate::tree::{Hash, Tree, hash_text, parse_hash};

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Not of the form of C2SP tlog-checkpoint.
    #[error("not a checkpoint")]
    Malformed,
    /// Its signatures are not what they should be.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// What the log says of itself: its name, how many records it holds and their root (C2SP tlog-checkpoint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Number of records.
    pub size: u64,
    /// Root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// The checkpoint of a tree.
    pub fn of(origin: &str, tree: &Tree) -> Self {
        Self { origin: origin.to_owned(), size: tree.size(), root: tree.root() }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, hash_text(&self.root))
    }

    /// Signs it: the whole note.
    pub fn sign(&self, signer: &Signer) -> String {
        signer.sign(&self.text())
    }

    /// Reads the text of a note. Extension lines are allowed and ignored.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let mut line = || lines.next().filter(|l| !l.is_empty()).ok_or(CheckpointError::Malformed);
        let (origin, size, root) = (line()?, line()?, line()?);
        let digits = size.bytes().all(|b| b.is_ascii_digit());
        let canonical = digits && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|_| canonical).ok_or(CheckpointError::Malformed)?;
        let root = parse_hash(root).ok_or(CheckpointError::Malformed)?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Reads a signed checkpoint, and says which of the `trusted` keys signed it.
    pub fn open(note: &str, trusted: &[Verifier]) -> Result<(Self, usize), CheckpointError> {
        let note = Note::parse(note)?;
        let signer = note.verify(trusted)?;
        Ok((Self::parse(note.text())?, signer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.text(), text);
        assert!(Checkpoint::parse(&format!("{text}extension\n")).is_ok());
    }

    #[test]
    fn a_size_that_is_not_plain_decimal_or_a_root_that_is_no_hash_is_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for size in ["", "01", "-1", "+1", "1 ", "0x1", "1e3", "18446744073709551616"] {
            assert!(Checkpoint::parse(&format!("o\n{size}\n{root}\n")).is_err(), "{size}");
        }
        for text in [
            format!("o\n1\n{root}"),
            format!("\n1\n{root}\n"),
            "o\n1\nAAAA\n".into(),
            "o\n1\n".into(),
            format!("o\n1\n{root}\n\n"),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_signed_checkpoint_opens_with_its_key_only() {
        let signer = Signer::from_seed("log.example", &[1; 32]).unwrap();
        let stranger = Signer::from_seed("log.example", &[2; 32]).unwrap();
        let checkpoint = Checkpoint::of("log.example", &Tree::default());
        let note = checkpoint.sign(&signer);
        let keys = [stranger.verifier().clone(), signer.verifier().clone()];
        assert_eq!(Checkpoint::open(&note, &keys), Ok((checkpoint, 1)));
        assert!(matches!(
            Checkpoint::open(&note, &keys[..1]),
            Err(CheckpointError::Note(NoteError::UnknownKey(_)))
        ));
    }
}
