use serde_json::Value;

use crate::context::Place;
use crate::finding::Severity;
use crate::unicode::is_rtl;

/// What the bidi controls of `text` amount to, and where they begin.
///
/// In a result each embedding, override or isolate is a label; it may be ordinary right-to-left text. In a definition:
/// isolates that are closed and stand around or beside right-to-left letters are a label; embeddings, overrides,
/// isolates left open or around Latin text alone reorder what an operator reads, and quarantine. Marks (U+200E,
/// U+200F, U+061C) are ordinary beside right-to-left letters, one at a time; otherwise they only carry hidden bits.
pub(crate) fn bidi(text: &str, place: Place) -> Option<(Severity, usize)> {
    let first = text.char_indices().find(|(_, c)| is_control(*c));
    let rtl = text.chars().any(is_rtl);
    if let Some((at, _)) = first {
        let lawful = place == Place::Result || (rtl && only_closed_isolates(text));
        return Some((if lawful { Severity::Label } else { Severity::Quarantine }, at));
    }
    let mut previous_mark = false;
    for (at, c) in text.char_indices() {
        let mark = matches!(c, '\u{200E}' | '\u{200F}' | '\u{61C}');
        if mark && (previous_mark || !rtl) {
            let severity =
                if place == Place::Result { Severity::Label } else { Severity::Quarantine };
            return Some((severity, at));
        }
        previous_mark = mark;
    }
    None
}

/// Whether `text` holds an embedding, an override or an isolate: what a person reads is not in the order it is in.
pub fn reorders(text: &str) -> bool {
    text.chars().any(is_control)
}

/// The JSON pointer of the first text, or name of a member, that [`reorders`].
pub fn reordered(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => reorders(text).then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| reordered(item).map(|rest| format!("/{at}{rest}"))),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let found = if reorders(name) { Some(String::new()) } else { reordered(member) };
            found.map(|rest| format!("/{}{rest}", name.replace('~', "~0").replace('/', "~1")))
        }),
        _ => None,
    }
}

const fn is_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Only isolates, each closed in the paragraph it was opened in, and each with a right-to-left letter in its line.
fn only_closed_isolates(text: &str) -> bool {
    text.lines().all(|line| {
        let mut open = 0_usize;
        let mut any = false;
        for c in line.chars() {
            match c {
                '\u{2066}'..='\u{2068}' => {
                    open += 1;
                    any = true;
                }
                '\u{2069}' if open == 0 => return false,
                '\u{2069}' => open -= 1,
                '\u{202A}'..='\u{202E}' => return false,
                _ => {}
            }
        }
        open == 0 && (!any || line.chars().any(is_rtl))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(text: &str, place: Place) -> Option<Severity> {
        bidi(text, place).map(|(s, _)| s)
    }

    #[test]
    fn closed_isolates_around_hebrew_are_recorded_and_overrides_quarantine() {
        let isolated = "name \u{2066}\u{5E9}\u{5DC}\u{5D5}\u{5DD}\u{2069} here";
        assert_eq!(severity(isolated, Place::Definition), Some(Severity::Label));
        assert_eq!(severity(isolated, Place::Result), Some(Severity::Label));
        for bad in [
            "pay\u{202E}tnemyap",
            "\u{2066}abc\u{2069}",
            "\u{2067}\u{5E9}",
            "\u{5E9}\u{2069}",
            "\u{202B}\u{5E9}\u{202C}",
        ] {
            assert_eq!(severity(bad, Place::Definition), Some(Severity::Quarantine), "{bad:?}");
            assert_eq!(severity(bad, Place::Result), Some(Severity::Label), "{bad:?}");
        }
    }

    #[test]
    fn right_to_left_text_and_its_marks_are_clean() {
        for clean in [
            "\u{5E9}\u{5DC}\u{5D5}\u{5DD}",
            "\u{5E9}\u{200F}! (C++\u{200E}) \u{5DD}",
            "\u{627}\u{644}\u{633}\u{644}\u{627}\u{645}",
        ] {
            assert_eq!(bidi(clean, Place::Definition), None, "{clean:?}");
        }
        assert!(severity("C\u{200E}+", Place::Definition).is_some());
        assert!(severity("\u{5E9}\u{200F}\u{200E}\u{200F}", Place::Definition).is_some());
    }
}
