//! What a piece of text is the form of: the id of a thing, or a word that means a place.

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Digits.
    Number,
    /// RFC 9562.
    Uuid,
    /// 26 characters of Crockford's base 32.
    Ulid,
    /// Hexadecimal, as long as hashes and ids of databases are.
    Hash,
    /// `2026-07-28`, or with a time.
    Date,
    /// An address of a person.
    Email,
    /// Letters and digits as if drawn by lot.
    Opaque,
    /// A word and a number: `INV-1001`. It may be an id, or a name such as `iso-8601`.
    Coded,
    /// Anything else.
    Word,
}

impl Kind {
    /// The form of a text.
    pub(crate) fn of(text: &str) -> Self {
        if is_number(text) {
            Self::Number
        } else if is_uuid(text) {
            Self::Uuid
        } else if is_date(text) || is_date_time(text) {
            Self::Date
        } else if is_email(text) {
            Self::Email
        } else if is_ulid(text) {
            Self::Ulid
        } else if is_hash(text) {
            Self::Hash
        } else if is_drawn(text, 10) || is_prefixed(text) {
            Self::Opaque
        } else if is_coded(text) {
            Self::Coded
        } else {
            Self::Word
        }
    }

    /// Whether this form alone says that it stands for one thing among many.
    pub(crate) const fn is_id(self) -> bool {
        !matches!(self, Self::Coded | Self::Word)
    }

    /// What it is like, for people.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Uuid => "a UUID",
            Self::Ulid => "a ULID",
            Self::Hash => "a hexadecimal id",
            Self::Date => "a date",
            Self::Email => "an e-mail address",
            Self::Opaque => "an opaque id",
            Self::Coded => "a word with a number",
            Self::Word => "a word",
        }
    }
}

pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|c| c.is_ascii_digit())
}

pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
}

fn is_ulid(text: &str) -> bool {
    let crockford = |c: u8| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&c.to_ascii_uppercase());
    text.len() == 26
        && text.starts_with(|c| ('0'..='7').contains(&c))
        && text.bytes().all(crockford)
        && text.bytes().any(|c| c.is_ascii_alphabetic())
}

/// Lengths of short commits, ids of MongoDB, MD5, SHA-1 and SHA-256, and whatever is between.
fn is_hash(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_hexdigit())
        && text.bytes().any(|c| c.is_ascii_digit())
        && text.bytes().any(|c| c.is_ascii_alphabetic())
}

pub(crate) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let two = |at: usize| -> u32 { text.get(at..at + 2).and_then(|t| t.parse().ok()).unwrap_or(0) };
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, c)| match at {
            4 | 7 => *c == b'-',
            _ => c.is_ascii_digit(),
        })
        && (1..=12).contains(&two(5))
        && (1..=31).contains(&two(8))
}

/// A date and a time of day with its zone (RFC 3339).
pub(crate) fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_once(['T', 't']) else { return false };
    if !is_date(date) || !rest.is_ascii() || rest.len() < 9 {
        return false;
    }
    let (time, zone) = rest.split_at(8);
    let clock = |text: &str, most: [u32; 3]| {
        let parts: Vec<_> = text.split(':').collect();
        parts.len() <= 3
            && parts
                .iter()
                .zip(most)
                .all(|(part, most)| part.len() == 2 && part.parse::<u32>().is_ok_and(|n| n <= most))
    };
    let zone = match zone.strip_prefix('.') {
        Some(rest) => {
            let kept = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if kept.len() == rest.len() {
                return false;
            }
            kept
        }
        None => zone,
    };
    let offset = |text: &str| text.len() == 5 && clock(text, [23, 59, 0]);
    time.len() == 8
        && clock(time, [23, 59, 59])
        && (zone.eq_ignore_ascii_case("z") || zone.strip_prefix(['+', '-']).is_some_and(offset))
}

pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    let host = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    !local.is_empty()
        && text.len() <= 254
        && local.chars().all(plain)
        && domain.chars().all(host)
        && domain.split('.').count() > 1
        && domain.split('.').all(|label| !label.is_empty())
}

/// `cus_9s6XKzkNRiz8i3`: a word, and an id that says nothing.
fn is_prefixed(text: &str) -> bool {
    let Some((head, tail)) = text.rsplit_once(['_', '-']) else { return false };
    let word = |part: &str| part.bytes().all(|c| c.is_ascii_alphabetic());
    !head.is_empty() && head.split(['_', '-']).all(word) && (is_drawn(tail, 10) || is_hash(tail))
}

fn is_coded(text: &str) -> bool {
    let Some((head, tail)) = text.rsplit_once(['_', '-']) else { return false };
    (1..=12).contains(&head.len())
        && head.bytes().all(|c| c.is_ascii_alphabetic())
        && tail.len() >= 2
        && is_number(tail)
}

/// Whether letters and digits change so often that no person wrote it: at least so long.
pub(crate) fn is_drawn(text: &str, least: usize) -> bool {
    let lawful = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'+' | b'=' | b'~');
    if text.len() < least || text.len() > 4096 || !text.bytes().all(lawful) {
        return false;
    }
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let mixed = upper && lower;
    if !has(u8::is_ascii_digit) || !(upper || lower) || (!mixed && text.len() < least + 6) {
        return false;
    }
    let plain: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let changes = plain.windows(2).filter(|w| class(w[0]) != class(w[1])).count();
    // A quarter is what random small letters and digits of base 32 have at least; words with numbers have less.
    let wanted = if mixed { text.len() * 2 / 5 } else { text.len() / 4 };
    changes >= wanted && entropy(text) >= 2.8
}

const fn class(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        _ => 2,
    }
}

/// Bits a character, by how often each occurs.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "texts are at most 4096 bytes here")]
    let all = text.len() as f64;
    counts
        .iter()
        .filter(|n| **n > 0)
        .map(|n| {
            let share = f64::from(*n) / all;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        for (text, kind) in [
            ("7", Kind::Number),
            ("018f3e5e-9c1b-7abc-8def-0123456789ab", Kind::Uuid),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", Kind::Ulid),
            ("507f1f77bcf86cd799439011", Kind::Hash),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", Kind::Hash),
            ("2026-07-28", Kind::Date),
            ("2026-07-28T10:00:00.5Z", Kind::Date),
            ("2026-07-28T10:00:00+02:00", Kind::Date),
            ("ada@example.com", Kind::Email),
            ("dQw4w9WgXcQ", Kind::Opaque),
            ("cus_9s6XKzkNRiz8i3", Kind::Opaque),
            ("INV-1001", Kind::Coded),
            ("iso-8601", Kind::Coded),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
        for word in [
            "",
            "users",
            "v1",
            "v1alpha1",
            "oauth2callback",
            "base64encode",
            "search.json",
            "2026-13-40",
            "python-3.12.1",
            "getUserProfileById",
            "list_all_things_2",
            "a@b",
            "utf-8",
            "deadbeefdeadbeef",
            "notifications2024summary",
            "UPPER_CASE_NAME",
            "x@y..z",
            "2026-07-28T10:00:00",
            "ü",
        ] {
            assert_eq!(Kind::of(word), Kind::Word, "{word}");
        }
    }
}
