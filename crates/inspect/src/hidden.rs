use crate::context::Place;
use crate::unicode::{
    is_ideograph, is_ignorable, is_pictograph, is_rtl, is_selector, takes_selector, uses_joiners,
    uses_word_breaks,
};

/// The flags that Unicode recommends for interchange (UTS 51, RGI emoji tag sequences): England, Scotland, Wales.
const FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];
const BLACK_FLAG: char = '\u{1F3F4}';
const TAG_END: char = '\u{E007F}';

/// The characters of `text` that nobody sees and no spelling needs, as one span around them all; bidi controls are
/// judged elsewhere.
///
/// Lawful are: a joiner or non-joiner between letters of a script that uses them, or inside an emoji; one variation
/// selector after a character that takes it; the three subdivision flags; breaks between words of scripts without
/// spaces; one soft hyphen between letters; a byte order mark before a result.
pub(crate) fn hidden(text: &str, place: Place) -> Option<(usize, usize)> {
    let mut all = characters(text, place);
    let (first, c) = all.next()?;
    let end = all.last().map_or(first + c.len_utf8(), |(at, c)| at + c.len_utf8());
    Some((first, end - first))
}

/// `text` without them.
pub(crate) fn without_hidden(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, c) in characters(text, place) {
        out.push_str(&text[from..at]);
        from = at + c.len_utf8();
    }
    out.push_str(&text[from..]);
    out
}

/// Each of them, and where it stands.
fn characters(text: &str, place: Place) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut before: Option<char> = None;
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while let Some((at, c)) = chars.next() {
            let previous = before.replace(c);
            if c == BLACK_FLAG {
                for _ in 0..flag_tags(&text[at + c.len_utf8()..]).unwrap_or(0) {
                    chars.next();
                }
            } else if is_ignorable(c) && !is_bidi(c) {
                let after = chars.peek().map(|(_, c)| *c);
                let start_of_result = at == 0 && c == '\u{FEFF}' && place == Place::Result;
                if !start_of_result && !lawful(previous, c, after) {
                    return Some((at, c));
                }
            }
        }
        None
    })
}

const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// How many tag characters after a black flag make one of the [`FLAGS`].
fn flag_tags(rest: &str) -> Option<usize> {
    let mut region = String::new();
    for (count, c) in rest.chars().enumerate().take(8) {
        match c {
            TAG_END => return FLAGS.contains(&region.as_str()).then_some(count + 1),
            '\u{E0061}'..='\u{E007A}' => {
                region.extend(char::from_u32(c as u32 - 0xE0000));
            }
            _ => return None,
        }
    }
    None
}

/// Whether the ignorable `c` has its place between these neighbours.
fn lawful(before: Option<char>, c: char, after: Option<char>) -> bool {
    let (Some(before), next) = (before, after.unwrap_or(' ')) else { return false };
    // A joiner may follow a selector (U+2764 U+FE0F U+200D U+1F525); nothing else follows what has no shape.
    if is_ignorable(before) {
        return c == '\u{200D}' && before == '\u{FE0F}' && is_pictograph(next);
    }
    match c {
        '\u{200C}' | '\u{200D}' if uses_joiners(before) => {
            !is_ignorable(next) && !next.is_ascii_alphabetic()
        }
        '\u{200D}' => is_pictograph(before) && is_pictograph(next),
        c if is_selector(c) => takes_selector(before, c),
        '\u{180B}'..='\u{180F}' => matches!(before, '\u{1800}'..='\u{18AF}'),
        '\u{200B}' => uses_word_breaks(before) && uses_word_breaks(next),
        '\u{AD}' => before.is_alphabetic() && next.is_alphabetic(),
        '\u{34F}' => unicode_normalization::char::is_combining_mark(before) || is_rtl(before),
        // Keeps a number and its unit, or a dash and its word, on one line; inside a Latin word it only hides.
        '\u{2060}' => {
            !is_ignorable(next) && (!before.is_alphabetic() || !next.is_alphabetic())
                || (is_ideograph(before) && is_ideograph(next))
        }
        // Conjoining jamo written out, in old Korean.
        '\u{115F}' | '\u{1160}' => {
            matches!(before, '\u{1100}'..='\u{11FF}') || matches!(next, '\u{1100}'..='\u{11FF}')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_and_emoji_that_need_such_characters_are_clean() {
        for clean in [
            "I \u{2764}\u{FE0F} notes",
            "\u{645}\u{6CC}\u{200C}\u{62E}\u{648}\u{627}\u{647}\u{645}",
            "\u{845B}\u{E0100}",
            "\u{1F469}\u{200D}\u{1F4BB} \u{1F3F3}\u{FE0F}\u{200D}\u{1F308} \u{1F469}\u{1F3FD}\u{200D}\u{1F680}",
            "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Scotland",
            "1\u{FE0F}\u{20E3}",
            "\u{915}\u{94D}\u{200D}\u{937}",
            "Donau\u{AD}dampf",
            "\u{E2A}\u{E27}\u{200B}\u{E14}\u{E35}",
            "10\u{2060}km",
            "\u{2764}\u{FE0F}\u{200D}\u{1F525}",
            "\u{2229}\u{FE00}",
        ] {
            assert_eq!(hidden(clean, Place::Definition), None, "{clean:?}");
        }
        assert_eq!(hidden("\u{FEFF}file", Place::Result), None);
    }

    #[test]
    fn carriers_of_unseen_text_are_found() {
        for dirty in [
            "Adds\u{E0052}\u{E0065} numbers",
            "\u{1F3F4}\u{E0072}\u{E0065}\u{E007F} scores",
            "\u{E0001}x",
            "Read\u{FEFF}file",
            "ok \u{1F600}\u{E0100}\u{E0155}",
            "a\u{2060}\u{2060}b",
            "re\u{200B}ad",
            "pass\u{200D}word",
            "a\u{FE0F}",
            "x\u{3164}y",
            "\u{645}\u{200C}\u{200C}\u{62E}",
            "\u{1F600}\u{FE03}",
            "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}",
            "\u{845B}\u{E0100}\u{E0101}",
            "f\u{2061}x",
            "\u{FEFF}tool",
        ] {
            assert!(hidden(dirty, Place::Definition).is_some(), "{dirty:?}");
        }
    }
}
