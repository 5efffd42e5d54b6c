use std::io;
use std::path::Path;

use crate::layout;

/// The form in which a note is kept in a history: followed by an empty line.
pub(crate) fn framed(note: &str) -> String {
    format!("{note}\n")
}

/// Whole notes at the beginning of a history, and how many bytes they take. What follows was cut short.
pub(crate) fn split(history: &str) -> (Vec<&str>, usize) {
    let (mut notes, mut at) = (Vec::new(), 0);
    while let Some(note) = next(&history[at..]) {
        notes.push(note);
        at += note.len() + 1;
    }
    (notes, at)
}

/// Every whole note of a history file; none if it is missing.
pub(crate) fn read(path: &Path) -> io::Result<Vec<String>> {
    let bytes = layout::read_if_there(path)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(split(&text).0.into_iter().map(str::to_owned).collect())
}

/// A note has one empty line inside, before its signatures (a checkpoint's own text has none), and one after it.
fn next(history: &str) -> Option<&str> {
    let text = history.find("\n\n")? + 2;
    let end = text + history[text..].find("\n\n")? + 1;
    Some(&history[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_cut_anywhere_gives_the_whole_notes_before_the_cut() {
        let (one, two) = ("o\n1\nr\n\n— o s\n", "o\n2\nr\n\n— o s\n— w s\n");
        let history = format!("{}{}", framed(one), framed(two));
        assert_eq!(split(&history), (vec![one, two], history.len()));
        for cut in (0..history.len()).filter(|cut| history.is_char_boundary(*cut)) {
            let (notes, used) = split(&history[..cut]);
            assert_eq!(notes.len(), usize::from(cut > one.len()));
            assert_eq!(used, if cut > one.len() { one.len() + 1 } else { 0 });
        }
    }
}
