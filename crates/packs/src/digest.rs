use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};

use crate::Files;

/// What a pack is known by: SHA-256 over its files in the order of their names, each as its name, a NUL, its length in
/// eight bytes and its bytes. No name holds a NUL, so no two packs can be written down alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these files.
    pub fn of(files: &Files) -> Self {
        let mut context = Context::new(&SHA256);
        for (name, content) in files.iter() {
            context.update(name.as_bytes());
            context.update(&[0]);
            let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(content);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.finish().as_ref());
        Self(out)
    }

    /// The digits alone: the name of a kept copy.
    pub fn hex(&self) -> String {
        self.to_string().split_off(PREFIX.len())
    }
}

const PREFIX: &str = "sha256:";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{}` is no digest: it is `sha256:` and 64 digits", text.escape_debug());
        let digits = text.strip_prefix(PREFIX).filter(|d| d.len() == 64).ok_or_else(wrong)?;
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let lower = |c: &u8| c.is_ascii_digit() || (b'a'..=b'f').contains(c);
            let pair = std::str::from_utf8(pair).ok().filter(|_| pair.iter().all(lower));
            *byte = u8::from_str_radix(pair.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
        }
        Ok(Self(out))
    }
}
