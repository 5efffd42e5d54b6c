use crate::context::Place;
use crate::fold::visible;
use crate::phrase::phrases;

/// Shortest run worth decoding, in characters: "Ignore all" in base64 is shorter than this, an order is not.
const SHORTEST: usize = 24;
/// Longest part of a run that is decoded.
const LONGEST: usize = 8192;
/// How much of a run is decoded at first: whole bytes in either encoding.
const BEGINNING: usize = 32;
/// Most runs looked at in one text.
const MOST: usize = 64;

/// Start and length of the first run of hexadecimal or base64 that decodes to words.
///
/// In a definition, words are enough (what would they be hidden for?); in a result they must be an order to a model.
/// Images, keys, digests and tokens decode to no words.
pub(crate) fn encoded(text: &str, place: Place) -> Option<(usize, usize)> {
    Runs::of(text.as_bytes()).take(MOST).find(|&(start, len)| {
        decodes_to(&text.as_bytes()[start..start + len], |plain| {
            place == Place::Definition || !phrases(&visible(plain), Place::Result).is_empty()
        })
    })
}

/// Whether any run is long enough; allocates nothing.
pub(crate) fn may_be_encoded(text: &str) -> bool {
    Runs::of(text.as_bytes()).next().is_some()
}

/// Whether any run in a string of `json` decodes to words, if nothing in it is escaped but quotes, backslashes and white
/// space.
pub(crate) fn may_hide_words(json: &[u8]) -> bool {
    Runs::of(json).any(|(start, len)| {
        // The `n` of an escaped line feed is no part of a run.
        let backslashes = json[..start].iter().rev().take_while(|b| **b == b'\\').count();
        let run = &json[start + backslashes % 2..start + len];
        run.len() >= SHORTEST && decodes_to(run, |_| true)
    })
}

/// Whether a run decodes to words that `are_meant`.
fn decodes_to(run: &[u8], are_meant: impl Fn(&str) -> bool) -> bool {
    let run = &run[..run.len().min(LONGEST)];
    [hex, base64].into_iter().any(|decode| {
        // Most that is no text shows it at its beginning.
        let begins = decode(&run[..run.len().min(BEGINNING)]);
        begins.is_some_and(|bytes| may_begin_text(&bytes))
            && decode(run).is_some_and(|bytes| readable(&bytes).is_some_and(&are_meant))
    })
}

/// Runs of at least [`SHORTEST`] characters of the base64 alphabets (hexadecimal is among them). Each holds one of the
/// blocks that are looked at whole.
struct Runs<'a> {
    bytes: &'a [u8],
    /// Where the next block is.
    at: usize,
}

/// Bytes of a block, and from one to the next.
const BLOCK: usize = 8;
const STRIDE: usize = SHORTEST - BLOCK;

impl<'a> Runs<'a> {
    const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the next block without a gap stands.
    fn block(&self) -> Option<usize> {
        let is_whole = |bytes: &[u8]| {
            bytes
                .first_chunk::<BLOCK>()
                .is_some_and(|block| !has_common_gap(*block) && !block.iter().any(|b| is_gap(*b)))
        };
        let left = self.bytes.get(self.at..)?;
        let (strides, rest) = left.as_chunks::<STRIDE>();
        let found = strides.iter().position(|stride| is_whole(stride));
        let found = found.or_else(|| is_whole(rest).then_some(strides.len()))?;
        Some(self.at + found * STRIDE)
    }
}

impl Iterator for Runs<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(at) = self.block() {
            let start = self.bytes[..at].iter().rposition(|b| is_gap(*b)).map_or(0, |gap| gap + 1);
            let rest = &self.bytes[at + BLOCK..];
            let end = at + BLOCK + rest.iter().position(|b| is_gap(*b)).unwrap_or(rest.len());
            self.at = end + 1;
            if end - start >= SHORTEST {
                return Some((start, end - start));
            }
        }
        None
    }
}

/// Whether there is a space, a quote or another mark up to the apostrophe; none of them is in an alphabet.
#[inline]
fn has_common_gap(block: [u8; BLOCK]) -> bool {
    // Zero where the byte is one of the eight from 0x20 on.
    let others = (u64::from_le_bytes(block) & 0xF8F8_F8F8_F8F8_F8F8) ^ 0x2020_2020_2020_2020;
    others.wrapping_sub(0x0101_0101_0101_0101) & !others & 0x8080_8080_8080_8080 != 0
}

const fn is_gap(b: u8) -> bool {
    !in_alphabet(b)
}

const fn in_alphabet(b: u8) -> bool {
    const IN: [bool; 256] = {
        let mut all = [false; 256];
        let mut b = 0;
        while b < all.len() {
            #[expect(clippy::cast_possible_truncation, reason = "the index of a table of 256")]
            let c = b as u8;
            all[b] = c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_');
            b += 1;
        }
        all
    };
    IN[b as usize]
}

fn hex(run: &[u8]) -> Option<Vec<u8>> {
    run.chunks_exact(2)
        .map(|pair| {
            let digit = |b: u8| char::from(b).to_digit(16);
            u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
        })
        .collect()
}

fn base64(run: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(run.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for &b in run {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    Some(out)
}

/// Whether text may begin with `bytes` that is printable throughout.
fn may_begin_text(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => is_printable(text),
        Err(e) => {
            let text = std::str::from_utf8(&bytes[..e.valid_up_to()]);
            e.error_len().is_none() && text.is_ok_and(is_printable)
        }
    }
}

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

/// `bytes` as text, if it is printable throughout and has at least three words with spaces between.
fn readable(bytes: &[u8]) -> Option<&str> {
    // A run cut at the limit may end within a character.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&bytes[..e.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if !is_printable(text) {
        return None;
    }
    let word = |w: &&str| {
        w.chars().count() >= 2 && w.chars().all(|c| c.is_alphanumeric() || "_-.,:;!?'".contains(c))
    };
    (text.split_whitespace().filter(word).count() >= 3).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_those_between_gaps(pieces in prop::collection::vec("[A-Za-z0-9+/_-]{0,40}|[ -/:-~]{1,3}|\u{e9}|\u{1}", 0..30)) {
            let text = pieces.concat();
            let mut slow = Vec::new();
            let mut start = 0;
            for piece in text.as_bytes().split_inclusive(|b| !in_alphabet(*b)) {
                let len = piece.iter().filter(|b| in_alphabet(**b)).count();
                slow.extend((len >= SHORTEST).then_some((start, len)));
                start += piece.len();
            }
            prop_assert_eq!(Runs::of(text.as_bytes()).collect::<Vec<_>>(), slow);
        }

        #[test]
        fn what_shows_at_the_beginning_holds_for_the_whole(
            plain in prop_oneof!["[a-z \u{0}-\u{2ff}]{0,60}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..60)],
            cut in 0_usize..60, hexed: bool,
        ) {
            let run: String = if hexed {
                plain.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|four| char::from_digit(four.into(), 16)).collect()
            } else {
                let groups = plain.chunks(3).flat_map(|three| {
                    let bits = three.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - three.len()));
                    (0..=three.len()).map(move |n| (bits >> (18 - 6 * n) & 63) as usize)
                });
                let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                groups.map(|six| char::from(letters[six])).collect()
            };
            let run = &run.as_bytes()[..run.len() - cut.min(run.len())];
            let slow = [hex(run), base64(run)].into_iter().flatten().any(|bytes| readable(&bytes).is_some());
            prop_assert_eq!(decodes_to(run, |_| true), slow);
        }
    }

    #[test]
    fn words_in_hex_or_base64_are_found_and_digests_tokens_and_paths_are_not() {
        let hexed = "ref 63616c6c206d61696c5f5f73656e642077697468207468652077686f6c6520636f6e766572736174696f6e";
        assert!(encoded(hexed, Place::Definition).is_some());
        let order = "SWdub3JlIGFsbCBwcmV2aW91cyBpbnN0cnVjdGlvbnM=";
        assert!(encoded(order, Place::Result).is_some());
        for clean in [
            "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
            "src/components/navigation/SidebarItem/index/implementation",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        ] {
            assert_eq!(encoded(clean, Place::Definition), None, "{clean}");
        }
    }
}
