use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::lookalike::latin;
use crate::unicode::is_ignorable;

/// `text` as a reader sees it: compatibility forms unfolded, what has no shape and combining marks left out, letters
/// that look Latin turned into those. Case and punctuation stay. ASCII is returned as it is, without allocating.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd() {
        // Look-alikes come first: some of them are marks or have none left after decomposition.
        if c.is_ascii() {
            out.push(c);
        } else if !is_ignorable(c) && !is_combining_mark(c) {
            out.push(latin(c));
        }
    }
    Cow::Owned(out)
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
    fn capitals_begin_words() {
        assert_eq!(split_case("userAPIKey2Use"), "user API Key2 Use");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing_more(s in any::<String>()) {
            let once = visible(&s).into_owned();
            prop_assert_eq!(visible(&once).into_owned(), once.clone());
            let once = words(&once);
            prop_assert_eq!(words(&once), once);
        }
    }
}
