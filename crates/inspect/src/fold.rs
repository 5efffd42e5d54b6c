use std::borrow::Cow;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::lookalike::latin;
use crate::unicode::is_ignorable;

/// `text` as a reader sees it: compatibility forms unfolded, what has no shape and combining marks left out, letters
/// that look Latin turned into those. Case and punctuation stay. ASCII is returned as it is, without allocating.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, c)) = first_beyond_ascii(rest) {
        out.push_str(&rest[..plain]);
        // One by one: normal form would put combining marks in order, and they are left out.
        decompose_compatible(c, |c| {
            if c.is_ascii() {
                out.push(c);
            } else if !is_ignorable(c) && !is_combining_mark(c) {
                out.push(latin(c));
            }
        });
        rest = &rest[plain + c.len_utf8()..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The characters of `text` that are not ASCII.
pub(crate) fn beyond_ascii(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (plain, c) = first_beyond_ascii(rest)?;
        rest = &rest[plain + c.len_utf8()..];
        Some(c)
    })
}

/// The first of them, and how many bytes stand before it.
fn first_beyond_ascii(text: &str) -> Option<(usize, char)> {
    let plain = text.bytes().position(|b| !b.is_ascii())?;
    Some((plain, text[plain..].chars().next()?))
}

/// What opens an aside that a renderer or a terminal does not show, and what closes it.
const ASIDES: [(&str, &[char]); 3] =
    [("<!--", &['>']), ("/*", &['/']), ("\u{1B}[", &['m', 'K', 'H', 'J', 'h', 'l'])];

/// What opens each of them.
pub(crate) fn openings() -> impl Iterator<Item = &'static str> {
    ASIDES.iter().map(|(open, _)| *open)
}

/// Whether there is any.
fn has_asides(text: &str) -> bool {
    ASIDES.iter().any(|(open, _)| memchr::memmem::find(text.as_bytes(), open.as_bytes()).is_some())
}

/// `text` without comments and terminal sequences, which split words for a machine but not for a reader; none if there
/// are none. What they say is judged with the rest.
pub(crate) fn without_asides(text: &str) -> Option<String> {
    if !has_asides(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, open, close)) = first_aside(rest) {
        out.push_str(&rest[..at]);
        let inside = &rest[at + open..];
        // One that is never closed hides nothing: the rest of the text is read as it is.
        rest = inside.find(close).map_or(inside, |end| inside[end..].get(1..).unwrap_or_default());
    }
    out.push_str(rest);
    Some(out)
}

/// Where the first aside begins, how long its opening is, and what closes it.
fn first_aside(text: &str) -> Option<(usize, usize, &'static [char])> {
    let bytes = text.as_bytes();
    // One look for all of them: a look for each would go to the end each time where one is never used.
    memchr::memchr3_iter(b'<', b'/', 0x1B, bytes).find_map(|at| {
        let opened = ASIDES.iter().find(|(open, _)| bytes[at..].starts_with(open.as_bytes()));
        opened.map(|(open, close)| (at, open.len(), *close))
    })
}

/// A [`visible`] text as words: lower case, apostrophes inside words gone, runs of white space, dashes, single
/// underscores, quotes and emphasis as one space. Two underscores (`source__tool`) stay.
pub(crate) fn words(visible: &str) -> String {
    let mut out = String::with_capacity(visible.len());
    let mut gap = true;
    let mut chars = visible.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '\u{2019}' | '\u{2018}' => {}
            '_' if chars.peek() == Some(&'_') => {
                chars.next();
                out.push_str("__");
                gap = false;
            }
            c if is_gap(c) => {
                if !gap {
                    out.push(' ');
                    gap = true;
                }
            }
            c if c.is_ascii() => {
                out.push(c.to_ascii_lowercase());
                gap = false;
            }
            c => {
                out.extend(c.to_lowercase());
                gap = false;
            }
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

/// What separates words, or decorates them, without meaning anything.
fn is_gap(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | '\r' | '_' | '-' | '*' | '`' | '"' | '\u{2010}'..='\u{2015}' | '\u{201C}'..='\u{201E}' | '\u{AB}' | '\u{BB}'
    ) || (!c.is_ascii() && c.is_whitespace())
}

/// `name` with a space before each capital that begins a word: `apiKeyID` → `api Key ID`.
pub(crate) fn split_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut previous = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let begins = c.is_uppercase()
            && (previous.is_lowercase()
                || previous.is_numeric()
                || (previous.is_uppercase() && next_lower));
        if begins {
            out.push(' ');
        }
        out.push(c);
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn look_alikes_hidden_characters_and_separators_fold_away() {
        let fold = |s: &str| words(&visible(s));
        assert_eq!(fold("Ign\u{43E}re  ALL\n_previous-**rules**"), "ignore all previous rules");
        assert_eq!(fold("abo\u{200B}ve For\u{E0061}get sys\u{3C4}em"), "above forget system");
        assert_eq!(
            fold("\u{FF29}\u{FF47}nore \u{1D422}\u{1D420}\u{1D427}\u{1D428}\u{1D42B}\u{1D41E}"),
            "ignore ignore"
        );
        assert_eq!(fold("don\u{2019}t envi\u{301}a a__b"), "dont envia a__b");
    }

    #[test]
    fn comments_and_terminal_sequences_do_not_split_words() {
        let bare = |s: &str| without_asides(s);
        assert_eq!(bare("ig<!-- x -->nore /* y */all").as_deref(), Some("ignore all"));
        assert_eq!(bare("\u{1B}[1;31mig\u{1B}[0mnore").as_deref(), Some("ignore"));
        assert_eq!(bare("a <!-- b").as_deref(), Some("a  b"));
        assert_eq!(bare("a > b / c"), None);
    }

    #[test]
    fn capitals_begin_words() {
        assert_eq!(split_case("userAPIKey2Use"), "user API Key2 Use");
    }

    /// What `visible` promises, by way of the normal form of the whole text.
    fn by_normal_form(text: &str) -> String {
        let shown =
            text.nfkd().filter(|c| c.is_ascii() || !is_ignorable(*c) && !is_combining_mark(*c));
        shown.map(|c| if c.is_ascii() { c } else { latin(c) }).collect()
    }

    #[test]
    fn every_character_alone_and_before_marks_is_seen_as_its_normal_form_is() {
        for c in '\u{80}'..='\u{323AF}' {
            for text in [c.to_string(), format!("a{c}\u{301}\u{323}b")] {
                assert_eq!(visible(&text), by_normal_form(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn asides_without_end_or_number_cost_no_more_than_their_length() {
        let text = "/**/ a ".repeat(100_000);
        assert_eq!(without_asides(&text).map(|t| t.len()), Some(300_000));
    }

    proptest! {
        #[test]
        fn what_is_seen_is_the_normal_form_without_marks(s in any::<String>(), t in "[a-z\u{300}-\u{345}\u{1100}-\u{11ff}\u{fe00}-\u{fe0f}]{0,20}") {
            for text in [&s, &t, &format!("{t}{s}{t}")] {
                prop_assert_eq!(visible(text).into_owned(), by_normal_form(text));
            }
        }

        #[test]
        fn folding_twice_changes_nothing_more(s in any::<String>()) {
            let once = visible(&s).into_owned();
            prop_assert_eq!(visible(&once).into_owned(), once.clone());
            let once = words(&once);
            prop_assert_eq!(words(&once), once);
        }
    }
}
