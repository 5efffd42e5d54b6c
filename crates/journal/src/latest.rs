use std::path::Path;

use audit::Entry;
use memchr::memmem;

use crate::error::ReadError;
use crate::read::existing;

/// The latest record that says where the books of money stood ([`audit::Record::ledger`]). The newest segment is looked at
/// first, from its end; a line that is still being written is skipped.
///
/// # Errors
/// There is no log, or it cannot be read.
pub fn latest_of_ledger(dir: &Path) -> Result<Option<Entry>, ReadError> {
    // Quotation marks within texts have a backslash before them, so only the member itself is found.
    let member = memmem::FinderRev::new(br#""ledger":""#);
    for segment in existing(dir)?.into_iter().rev() {
        let path = segment.log(dir);
        let all = std::fs::read(&path).map_err(ReadError::io(&path))?;
        for at in member.rfind_iter(&all) {
            let start = memchr::memrchr(b'\n', &all[..at]).map_or(0, |end| end + 1);
            let Some(length) = memchr::memchr(b'\n', &all[start..]) else { continue };
            let entry = Entry::parse(&all[start..start + length]).ok();
            if let Some(entry) = entry.filter(|entry| entry.ledger.is_some()) {
                return Ok(Some(entry));
            }
        }
    }
    Ok(None)
}
