use bech32::Fe32;

/// Feature bits of an invoice (field `9`; BOLT9, context "9").
///
/// An even bit must be understood by whoever pays, an odd one may be passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    /// Words of five bits, as in the invoice: the last one holds bits 0 to 4, the first is not zero.
    words: Vec<u8>,
}

/// Even bits that are understood, by every wallet that is worth asking: `var_onion_optin`, `payment_secret`, `basic_mpp`,
/// `option_route_blinding`, `option_attribution_data`, `option_payment_metadata`.
const KNOWN: [usize; 6] = [8, 14, 16, 24, 36, 48];

impl Features {
    /// These bits.
    pub fn of(bits: &[usize]) -> Self {
        let count = bits.iter().max().map_or(0, |most| most / 5 + 1);
        let mut words = vec![0; count];
        for bit in bits {
            words[count - 1 - bit / 5] |= 1 << (bit % 5);
        }
        Self { words }
    }

    /// What is required by default: variable-length onions and a payment secret.
    pub fn usual() -> Self {
        Self::of(&[8, 14])
    }

    pub(super) fn of_words(words: &[Fe32]) -> Self {
        Self { words: words.iter().map(|w| w.to_u8()).collect() }
    }

    pub(super) fn words(&self) -> Vec<Fe32> {
        self.words.iter().map(|w| Fe32::try_from(*w).unwrap_or(Fe32::Q)).collect()
    }

    /// Whether this bit is set.
    pub fn has(&self, bit: usize) -> bool {
        let word = self.words.len().checked_sub(1 + bit / 5).and_then(|at| self.words.get(at));
        word.is_some_and(|word| word >> (bit % 5) & 1 == 1)
    }

    /// The bits that are set, lowest first.
    pub fn bits(&self) -> impl Iterator<Item = usize> {
        (0..self.words.len() * 5).filter(|bit| self.has(*bit))
    }

    /// The lowest bit that must be understood and is not.
    pub fn unknown(&self) -> Option<usize> {
        self.bits().find(|bit| bit % 2 == 0 && !KNOWN.contains(bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_where_they_were_put_and_even_unknown_ones_are_found() {
        let features = Features::of(&[8, 14, 101]);
        assert_eq!(features.bits().collect::<Vec<_>>(), [8, 14, 101]);
        assert_eq!(features.unknown(), None);
        assert_eq!(Features::of(&[8, 14, 100]).unknown(), Some(100));
        assert_eq!(Features::of(&[0]).unknown(), Some(0));
        assert!(!features.has(5_000));
        assert_eq!(Features::of(&[]).bits().count(), 0);
    }
}
