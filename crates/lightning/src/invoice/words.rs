//! The data part of a bech32 text: words of five bits, most significant bit first.

use bech32::{Bech32, Checksum, Fe32};

/// The checksum of BIP-173 without its limit on length, which BOLT11 lifts.
pub(super) enum Unlimited {}

impl Checksum for Unlimited {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    type CorrectionField = <Bech32 as Checksum>::CorrectionField;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32::ROOT_GENERATOR;
    const ROOT_EXPONENTS: std::ops::RangeInclusive<usize> = Bech32::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = super::MAX_INVOICE;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32::TARGET_RESIDUE;
}

/// Whole bytes out of words; `None` if bits are left over that are not zero, or as many as a word.
pub(super) fn bytes(words: &[Fe32]) -> Option<Vec<u8>> {
    let (mut out, left, bits) = gather(words);
    out.shrink_to_fit();
    (left == 0 && bits < 5).then_some(out)
}

/// Bytes out of words, with zeros behind the last ones up to a whole byte: what an invoice's signature is over.
pub(super) fn padded_bytes(words: &[Fe32]) -> Vec<u8> {
    let (mut out, left, bits) = gather(words);
    if bits > 0 {
        out.push(left << (8 - bits));
    }
    out
}

/// Whole bytes, the bits that are left over (in the lowest places), and how many those are.
fn gather(words: &[Fe32]) -> (Vec<u8>, u8, u8) {
    let mut out = Vec::with_capacity(words.len() * 5 / 8 + 1);
    let (mut held, mut bits) = (0_u16, 0_u8);
    for word in words {
        held = held << 5 | u16::from(word.to_u8());
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            let [_, byte] = (held >> bits).to_be_bytes();
            out.push(byte);
            held &= (1 << bits) - 1;
        }
    }
    let [_, left] = held.to_be_bytes();
    (out, left, bits)
}

/// Words out of bytes, zeros behind the last bits up to a whole word.
pub(super) fn of_bytes(bytes: &[u8]) -> Vec<Fe32> {
    let mut out = Vec::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0_u16, 0_u8);
    for byte in bytes {
        held = held << 8 | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(word(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        out.push(word(held << (5 - bits)));
    }
    out
}

/// A number out of words; `None` if it needs more than 64 bits.
pub(super) fn number(words: &[Fe32]) -> Option<u64> {
    words
        .iter()
        .try_fold(0_u64, |sum, word| sum.checked_mul(32).map(|sum| sum | u64::from(word.to_u8())))
}

/// The fewest words that hold a number; none for zero.
pub(super) fn of_number(number: u64) -> Vec<Fe32> {
    let wanted = usize::try_from((64 - number.leading_zeros()).div_ceil(5)).unwrap_or(0);
    of_number_in(number, wanted)
}

/// The lowest `count` words of a number.
pub(super) fn of_number_in(number: u64, count: usize) -> Vec<Fe32> {
    let mut out: Vec<Fe32> = Vec::with_capacity(count);
    let mut left = number;
    for _ in 0..count {
        let [.., low] = left.to_be_bytes();
        out.push(word(u16::from(low)));
        left >>= 5;
    }
    out.reverse();
    out
}

/// The lowest five bits as a word.
fn word(bits: u16) -> Fe32 {
    let [_, low] = (bits & 31).to_be_bytes();
    Fe32::try_from(low).unwrap_or(Fe32::Q)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_without_limit_is_that_of_bip_173() {
        Unlimited::sanity_check();
    }

    #[test]
    fn bits_left_over_must_be_zero_and_less_than_a_word() {
        assert_eq!(bytes(&[Fe32::Q, Fe32::Q]), Some(vec![0]));
        assert_eq!(bytes(&[Fe32::Q, Fe32::P]), None, "a bit is set in the padding");
        assert_eq!(bytes(&[Fe32::Q]), None, "a whole word of padding");
    }

    proptest! {
        #[test]
        fn bytes_come_back(given in proptest::collection::vec(any::<u8>(), 0..80)) {
            let words = of_bytes(&given);
            prop_assert_eq!(bytes(&words), Some(given.clone()));
            prop_assert_eq!(&padded_bytes(&words)[..given.len()], &given[..]);
        }

        #[test]
        fn numbers_come_back_in_the_fewest_words(given: u64) {
            let words = of_number(given);
            prop_assert_eq!(number(&words), Some(given));
            prop_assert!(words.first() != Some(&Fe32::Q));
        }
    }
}
