//! Texts that an operator reads before approving: nothing in them may deceive.

use crate::{Code, PackError};

/// Checks a line that is shown to people: something in it, not too long, and no character that a terminal would act on or
/// that turns the direction of writing.
pub(crate) fn line(what: &str, text: &str, most: usize) -> Result<(), PackError> {
    let wrong =
        |why: String| Err(PackError::new(Code::Manifest, format!("the {what} of the pack {why}")));
    if text.trim().is_empty() {
        return wrong("is empty".to_owned());
    }
    if text.chars().count() > most {
        return wrong(format!("has more than {most} characters"));
    }
    if text.chars().any(|c| c.is_control() || hidden(c)) {
        return wrong("holds a control character, or one that is not seen".to_owned());
    }
    Ok(())
}

/// Characters that are not seen, or that turn the direction of text.
const fn hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Checks the name of a secret or setting: a-z, 0-9, `-` and `_`, beginning with a letter.
pub(crate) fn name(what: &str, text: &str) -> Result<(), PackError> {
    let lawful = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_".contains(&c);
    if text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(lawful)
    {
        return Ok(());
    }
    let message = format!(
        "`{}` is no name of a {what}: it begins with a-z and goes on with a-z, 0-9, `-` or `_`",
        text.escape_debug()
    );
    Err(PackError::new(Code::Manifest, message))
}
