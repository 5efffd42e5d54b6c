use std::fmt;

/// Longest piece of a line that is shown; the rest is cut away around the place of the error.
const SHOWN: usize = 120;

/// Why policies could not be loaded: one sentence and, where there is one, the place in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LoadError {
    /// The file, as named by the caller, or `levels` for the table of levels.
    pub file: String,
    /// Where in the file; `None` if the fault is in no single place.
    pub place: Option<Place>,
    /// What is wrong, and what was probably meant.
    pub message: String,
}

/// A place in a text, with the line it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The line itself.
    text: String,
    /// How many characters of it are meant.
    width: usize,
}

impl LoadError {
    /// An error at the bytes `start..end` of `text`; only what is on the line of `start` is shown.
    pub(crate) fn at(
        file: &str,
        text: &str,
        (start, end): (usize, usize),
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.to_owned(),
            place: Some(Place::of(text, start, end)),
            message: message.into(),
        }
    }

    /// An error of the whole file.
    pub(crate) fn of(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, message: message.into() }
    }
}

impl Place {
    /// The place of `start..end`, moved to the nearest characters if it lies between them or beyond the end.
    pub(crate) fn of(text: &str, start: usize, end: usize) -> Self {
        let start = text.floor_char_boundary(start.min(text.len()));
        let before = text.get(..start).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = text.get(begin..start).unwrap_or_default().chars().count();
        let stop = text.floor_char_boundary(end.min(begin + line.len()).max(start));
        let width = text.get(start..stop).unwrap_or_default().chars().count().max(1);
        Self {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            text: line.to_owned(),
            width,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => write!(f, "{}: {}", self.file, self.message),
            Some(place) => {
                write!(
                    f,
                    "{}:{}:{}: {}\n{place}",
                    self.file, place.line, place.column, self.message
                )
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.column - 1;
        let skip = if at + self.width > SHOWN { at.saturating_sub(SHOWN / 2) } else { 0 };
        // A tab or a control character would put the caret under the wrong place, or worse.
        let plain = |c: char| if c.is_control() || is_bidi(c) { ' ' } else { c };
        let shown: String = self.text.chars().skip(skip).take(SHOWN).map(plain).collect();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let lead = " ".repeat(at - skip);
        let caret = "^".repeat(self.width.min(SHOWN - (at - skip).min(SHOWN - 1)));
        write!(f, "{margin} |\n{number} | {}\n{margin} | {lead}{caret}", shown.trim_end())
    }
}

/// Characters that turn the direction of text, and with it the meaning of what a person sees.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_place_of_any_text_can_be_shown(text in "[ a\t\r\né]{0,12}", start in 0_usize..30, end in 0_usize..30) {
            let shown = LoadError::at("team.cedar", &text, (start, end), "is wrong").to_string();
            prop_assert_eq!(shown.lines().filter(|line| line.ends_with('^')).count(), 1, "{}", shown);
        }
    }

    #[test]
    fn a_place_between_the_two_ends_of_a_line_is_on_that_line() {
        let error = LoadError::at("team.cedar", "a\r\nb", (2, 4), "is wrong");
        assert_eq!(error.to_string(), "team.cedar:1:3: is wrong\n  |\n1 | a\n  |   ^");
    }
}
