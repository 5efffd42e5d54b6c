use std::collections::BTreeMap;

use crate::{Code, PackError};

/// Most files of a pack.
pub const MAX_FILES: usize = 64;
/// Most bytes of one file.
pub const MAX_FILE: usize = 8 << 20;
/// Most bytes of all of them.
pub const MAX_BYTES: usize = 16 << 20;
/// The longest name, in bytes.
const MAX_NAME: usize = 128;
/// Most folders on the way to a file.
const MAX_DEPTH: usize = 4;
/// How names end. A file of another kind has no business in a pack.
const KINDS: [&str; 9] =
    ["toml", "cedar", "yaml", "yml", "json", "graphql", "graphqls", "md", "txt"];

/// The files of a pack: name within its folder, with `/` between folders, to bytes. Bounded, in the order of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Takes files together.
    ///
    /// # Errors
    /// A name that leads elsewhere or is of no known kind, two of one name, or more than a pack may have.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, PackError> {
        let (mut all, mut bytes) = (BTreeMap::new(), 0_usize);
        for (name, content) in files {
            check_name(&name)?;
            let shown = name.clone();
            let wrong = |what: String| Err(PackError::new(Code::File, format!("`{shown}` {what}")));
            bytes = bytes.saturating_add(content.len());
            if content.len() > MAX_FILE {
                return wrong(format!("has more than {MAX_FILE} bytes"));
            }
            if bytes > MAX_BYTES {
                return wrong(format!("makes the pack larger than {MAX_BYTES} bytes"));
            }
            if all.len() == MAX_FILES {
                return wrong(format!("is one too many: a pack has at most {MAX_FILES} files"));
            }
            if all.insert(name, content).is_some() {
                return wrong("is there twice".to_owned());
            }
        }
        Ok(Self(all))
    }

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// A file as text.
    ///
    /// # Errors
    /// It is not there, or not UTF-8.
    pub fn text(&self, name: &str) -> Result<&str, PackError> {
        let bytes = self.get(name).ok_or_else(|| {
            PackError::new(Code::File, format!("the pack has no file `{}`", name.escape_debug()))
        })?;
        std::str::from_utf8(bytes)
            .map_err(|_| PackError::new(Code::Text, format!("`{name}` is not UTF-8")))
    }

    /// Names and bytes, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A name is a way down from the folder of the pack, and nothing else.
fn check_name(name: &str) -> Result<(), PackError> {
    let lawful = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    let piece = |piece: &str| {
        !piece.is_empty() && !piece.starts_with(['.', '-']) && piece.bytes().all(lawful)
    };
    let pieces = name.split('/').count();
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
    if name.len() > MAX_NAME || pieces > MAX_DEPTH || !name.split('/').all(piece) {
        let message = format!(
            "`{}` is no name of a file of a pack: use letters, digits, `-`, `_` and `.`, at most {MAX_DEPTH} parts and {MAX_NAME} bytes, no part beginning with `.` or `-`",
            name.escape_debug()
        );
        return Err(PackError::new(Code::File, message));
    }
    if !KINDS.contains(&kind) {
        let message =
            format!("`{name}` is of a kind that no pack has: there is `.{}`", KINDS.join("`, `."));
        return Err(PackError::new(Code::File, message));
    }
    Ok(())
}
