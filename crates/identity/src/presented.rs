/// What a request offers as proof of who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented<'a> {
    /// No `Authorization` header.
    None,
    /// More than one: nobody may pick one (answer 400).
    Ambiguous,
    /// A header that holds no key: no scheme, another scheme, no value, or a value that cannot be one (answer 401).
    Malformed,
    /// The key after `Bearer` or `ApiKey`.
    Key(&'a str),
}

/// Reads the values of every `Authorization` header of a request.
///
/// Scheme names compare without case (RFC 9110 section 11.1); white space around a value is no part of it (section
/// 5.5). The value is a `token68` (section 11.2), so a list of credentials in one header is malformed.
pub fn presented<'a>(authorization: impl IntoIterator<Item = &'a [u8]>) -> Presented<'a> {
    let mut values = authorization.into_iter();
    let Some(value) = values.next() else { return Presented::None };
    if values.next().is_some() {
        return Presented::Ambiguous;
    }
    key(value).map_or(Presented::Malformed, Presented::Key)
}

fn key(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    let (scheme, key) = text.split_once(' ')?;
    let key = key.trim_start_matches(' ');
    let known = ["Bearer", "ApiKey"].iter().any(|s| s.eq_ignore_ascii_case(scheme));
    (known && is_token68(key)).then_some(key)
}

fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| TOKEN68[usize::from(b)])
}

/// Which bytes may stand in a `token68`, but for the `=` at its end.
const TOKEN68: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 128_u8 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(value: &str) -> Presented<'_> {
        presented([value.as_bytes()])
    }

    #[test]
    fn the_table_says_of_every_byte_what_a_token68_may_hold() {
        for byte in 0..=u8::MAX {
            let lawful = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(TOKEN68[usize::from(byte)], lawful, "{byte}");
        }
    }

    #[test]
    fn both_schemes_are_read_without_case_and_without_white_space_around() {
        for good in [
            "Bearer k_1",
            "bearer k_1",
            "ApiKey k_1",
            "APIKEY k_1",
            "Bearer k_1 ",
            " Bearer  k_1\t",
        ] {
            assert_eq!(one(good), Presented::Key("k_1"), "{good:?}");
        }
    }

    #[test]
    fn an_empty_bearer_a_bare_key_and_another_scheme_prove_nothing() {
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "k_1",
            "Basic dTpw",
            "Bearer a b",
            "Bearer a,Bearer b",
            "Bearer\tk",
            "Bearer =",
            "Bearer \u{e9}",
            "Bearer k\u{0}",
        ] {
            assert_eq!(one(bad), Presented::Malformed, "{bad:?}");
        }
        assert_eq!(presented([&[0xff_u8, 0x20][..]]), Presented::Malformed);
    }

    #[test]
    fn two_headers_are_ambiguous_even_when_they_are_equal() {
        assert_eq!(presented([&b"Bearer k"[..], b"Bearer k"]), Presented::Ambiguous);
        assert_eq!(presented([]), Presented::None);
    }

    proptest! {
        #[test]
        fn whatever_comes_a_key_is_visible_ascii_without_spaces(value in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Presented::Key(key) = presented([value.as_slice()]) {
                prop_assert!(!key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
