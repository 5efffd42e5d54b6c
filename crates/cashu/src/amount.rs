use crate::fault::Fault;

const OVERFLOW: Fault = Fault::new("overflow", "a sum is too large");

/// An amount as powers of two, ascending (NUT-00): the outputs that ecash of that amount is made of.
pub fn split(amount: u64) -> Vec<u64> {
    (0..u64::BITS).map(|bit| amount & 1 << bit).filter(|part| *part != 0).collect()
}

/// What a mint charges for inputs (NUT-02): the sum of their `input_fee_ppk`, in thousandths, rounded up to whole units.
///
/// # Errors
/// `overflow`.
pub fn fee(ppk: impl IntoIterator<Item = u64>) -> Result<u64, Fault> {
    let sum = ppk.into_iter().try_fold(0u64, u64::checked_add).ok_or(OVERFLOW)?;
    Ok(sum.div_ceil(1000))
}

/// The least amount that leaves `amount` once the receiver has paid for swapping it, at `ppk` an input.
///
/// # Errors
/// `overflow`, also where the fee eats what is added.
pub fn gross_up(amount: u64, ppk: u64) -> Result<u64, Fault> {
    let mut gross = amount;
    // Each round adds what the last one fell short by; the number of parts is at most 64, so it settles at once.
    for _ in 0..u64::BITS {
        let parts = split(gross).len();
        let fee = fee(std::iter::repeat_n(ppk, parts))?;
        let needed = amount.checked_add(fee).ok_or(OVERFLOW)?;
        if needed <= gross {
            return Ok(gross);
        }
        gross = needed;
    }
    Err(OVERFLOW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fees_are_rounded_up_once_for_all_inputs() {
        for (inputs, expected) in [(0, 0), (1, 1), (3, 1), (10, 1), (11, 2), (20, 2), (21, 3)] {
            assert_eq!(fee(std::iter::repeat_n(100, inputs)), Ok(expected));
        }
        assert_eq!(fee([u64::MAX, 1]).map_err(|f| f.code), Err("overflow"));
    }

    #[test]
    fn what_is_handed_over_counts_the_fee_of_whoever_takes_it() {
        assert_eq!(gross_up(10, 1000), Ok(12));
        assert_eq!(gross_up(10, 0), Ok(10));
        assert!(gross_up(u64::MAX, 1).is_err());
    }

    proptest! {
        #[test]
        fn the_parts_are_powers_of_two_in_order_and_make_up_the_amount(amount: u64) {
            let parts = split(amount);
            prop_assert!(parts.iter().all(|part| part.is_power_of_two()));
            prop_assert!(parts.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(parts.iter().sum::<u64>(), amount);
        }

        #[test]
        fn what_is_grossed_up_leaves_the_amount(amount in 0u64..1 << 40, ppk in 0u64..5000) {
            let gross = gross_up(amount, ppk).unwrap();
            let fee = fee(std::iter::repeat_n(ppk, split(gross).len())).unwrap();
            prop_assert!(gross - fee >= amount);
            prop_assert!(gross - amount <= 64 * 5);
        }
    }
}
