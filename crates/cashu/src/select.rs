use crate::amount::{fee, split};
use crate::fault::Fault;

/// A proof of the wallet that is free to be picked, as far as picking goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coin {
    /// Its amount.
    pub amount: u64,
    /// What its keyset charges for it as an input, in thousandths.
    pub input_fee_ppk: u64,
}

/// Whether proofs of the wallet may be handed over as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handing {
    /// As they are, where they make up the amount; swapped otherwise.
    AsTheyAre,
    /// Swapped always: a lock is asked for, or nobody is to tie the proofs to where they came from.
    Fresh,
}

/// What to spend, and what is to become of it.
///
/// `sum of spend = fee + sum of give + sum of keep`. With nothing to swap, `fee` and `keep` are empty and the proofs
/// of `spend` are what is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Places in the list of coins, ascending.
    pub spend: Vec<usize>,
    /// Whether a swap comes first.
    pub swap: bool,
    /// What the mint charges for that swap.
    pub fee: u64,
    /// Amounts of the outputs to hand over, powers of two, ascending.
    pub give: Vec<u64>,
    /// Amounts of the outputs to keep, powers of two, ascending.
    pub keep: Vec<u64>,
}

impl Selection {
    /// What leaves the wallet: what is handed over and the fee. This is what is booked and compared with caps.
    ///
    /// # Errors
    /// `overflow`.
    pub fn cost(&self) -> Result<u64, Fault> {
        self.give.iter().try_fold(self.fee, |sum, part| sum.checked_add(*part)).ok_or(OVERFLOW)
    }
}

const OVERFLOW: Fault = Fault::new("overflow", "a sum is too large");
const INSUFFICIENT: Fault = Fault::new("insufficient", "the wallet has not that much at this mint");

/// Picks proofs of one mint and unit for an amount to be handed over. The same list gives the same selection.
///
/// Largest first, so that there are few inputs, since each costs a fee; then the last one is replaced by the smallest
/// that does, so that little is swapped without need. Coins that cost more than they hold are left alone.
///
/// # Errors
/// `zero_amount`, `insufficient` (fees counted), `overflow`.
pub fn select(coins: &[Coin], amount: u64, handing: Handing) -> Result<Selection, Fault> {
    if amount == 0 {
        return Err(Fault::new("zero_amount", "nothing is asked for"));
    }
    let mut order: Vec<usize> = (0..coins.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(coins[*at].amount), coins[*at].input_fee_ppk, *at));
    if handing == Handing::AsTheyAre
        && let Some(spend) = exact(coins, &order, amount)
    {
        let mut give: Vec<u64> = spend.iter().map(|at| coins[*at].amount).collect();
        give.sort_unstable();
        return Ok(Selection { spend, swap: false, fee: 0, give, keep: Vec::new() });
    }
    let mut spend = enough(coins, &order, amount)?;
    spend.sort_unstable();
    let (sum, fee) = worth(coins, &spend)?;
    let change = sum.checked_sub(fee).and_then(|left| left.checked_sub(amount));
    let keep = split(change.ok_or(INSUFFICIENT)?);
    Ok(Selection { spend, swap: true, fee, give: split(amount), keep })
}

/// Coins that make up the amount as they are. With powers of two, taking the largest that fits finds them if there are any.
fn exact(coins: &[Coin], order: &[usize], amount: u64) -> Option<Vec<usize>> {
    let mut left = amount;
    let mut spend = Vec::new();
    for at in order {
        let coin = coins[*at].amount;
        if coin != 0 && coin <= left {
            left -= coin;
            spend.push(*at);
        }
    }
    spend.sort_unstable();
    (left == 0).then_some(spend)
}

/// The fewest coins, largest first, that hold the amount and the fee for swapping them.
fn enough(coins: &[Coin], order: &[usize], amount: u64) -> Result<Vec<usize>, Fault> {
    let worthwhile = |at: &&usize| {
        let coin = coins[**at];
        u128::from(coin.amount) * 1000 > u128::from(coin.input_fee_ppk)
    };
    let order: Vec<usize> = order.iter().filter(worthwhile).copied().collect();
    let mut spend: Vec<usize> = Vec::new();
    for (place, at) in order.iter().enumerate() {
        spend.push(*at);
        if !covers(coins, &spend, amount)? {
            continue;
        }
        // From the smallest up: the first that does instead of the last one taken. That one itself does.
        for other in order[place..].iter().rev() {
            spend.pop();
            spend.push(*other);
            if covers(coins, &spend, amount)? {
                break;
            }
        }
        return Ok(spend);
    }
    Err(INSUFFICIENT)
}

fn covers(coins: &[Coin], spend: &[usize], amount: u64) -> Result<bool, Fault> {
    let (sum, fee) = worth(coins, spend)?;
    Ok(sum.checked_sub(fee).is_some_and(|left| left >= amount))
}

/// The sum of coins, and the fee for them.
fn worth(coins: &[Coin], spend: &[usize]) -> Result<(u64, u64), Fault> {
    let picked = || spend.iter().map(|at| coins[*at]);
    let sum = picked().try_fold(0u64, |sum, coin| sum.checked_add(coin.amount)).ok_or(OVERFLOW)?;
    Ok((sum, fee(picked().map(|coin| coin.input_fee_ppk))?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coins(amounts: &[u64], input_fee_ppk: u64) -> Vec<Coin> {
        amounts.iter().map(|amount| Coin { amount: *amount, input_fee_ppk }).collect()
    }

    #[test]
    fn what_makes_up_the_amount_is_handed_over_without_a_swap() {
        let coins = coins(&[1, 8, 2, 32, 2], 100);
        let picked = select(&coins, 12, Handing::AsTheyAre).unwrap();
        assert_eq!(picked.spend, [1, 2, 4]);
        assert_eq!((picked.swap, picked.cost()), (false, Ok(12)));
        let fresh = select(&coins, 12, Handing::Fresh).unwrap();
        assert_eq!((fresh.spend, fresh.swap, fresh.fee), (vec![3], true, 1));
        assert_eq!((fresh.give, fresh.keep), (vec![4, 8], vec![1, 2, 16]));
    }

    #[test]
    fn csh_13_fees_are_a_part_of_what_leaves_the_wallet() {
        // CSH-13: 10 sat for the seller, who pays 2 to swap them; 2 more for the swap before: 14 leave.
        let handed = crate::gross_up(10, 1000).unwrap();
        let picked = select(&coins(&[8, 8], 1000), handed, Handing::Fresh).unwrap();
        assert_eq!((handed, picked.fee, picked.cost()), (12, 2, Ok(14)));
        assert_eq!(picked.keep, [2]);
    }

    #[test]
    fn too_little_is_insufficient_and_so_is_enough_but_for_the_fee() {
        for (amounts, ppk, amount) in
            [(&[][..], 0, 1), (&[8, 1], 0, 10), (&[8, 2], 100, 10), (&[1, 1, 1], 1000, 1)]
        {
            let code = select(&coins(amounts, ppk), amount, Handing::Fresh).map_err(|f| f.code);
            assert_eq!(code, Err("insufficient"));
        }
        let code = select(&coins(&[8], 0), 0, Handing::Fresh).map_err(|f| f.code);
        assert_eq!(code, Err("zero_amount"));
        let code = select(&coins(&[u64::MAX, u64::MAX], 0), u64::MAX, Handing::Fresh);
        assert!(code.is_ok());
        assert!(select(&coins(&[u64::MAX - 1; 2], 0), u64::MAX, Handing::Fresh).is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made_and_nothing_is_picked_in_vain(
            held in prop::collection::vec((0u32..12, prop::sample::select(vec![0u64, 100, 1000, 2500])), 0..20),
            amount in 1u64..5000, fresh: bool,
        ) {
            let coins: Vec<Coin> =
                held.iter().map(|(bit, input_fee_ppk)| Coin { amount: 1 << bit, input_fee_ppk: *input_fee_ppk }).collect();
            let handing = if fresh { Handing::Fresh } else { Handing::AsTheyAre };
            let picked = select(&coins, amount, handing);
            prop_assert_eq!(&picked, &select(&coins, amount, handing));
            let Ok(picked) = picked else {
                let all: Vec<usize> = (0..coins.len()).filter(|at| coins[*at].amount * 1000 > coins[*at].input_fee_ppk).collect();
                prop_assert!(!covers(&coins, &all, amount).unwrap());
                return Ok(());
            };
            prop_assert!(picked.spend.windows(2).all(|pair| pair[0] < pair[1]));
            let sum: u64 = picked.spend.iter().map(|at| coins[*at].amount).sum();
            let (give, keep): (u64, u64) = (picked.give.iter().sum(), picked.keep.iter().sum());
            prop_assert_eq!(give, amount);
            prop_assert_eq!(sum, give + keep + picked.fee);
            prop_assert!(picked.swap || (keep == 0 && picked.fee == 0 && !fresh));
            if picked.swap {
                prop_assert_eq!(fee(picked.spend.iter().map(|at| coins[*at].input_fee_ppk)), Ok(picked.fee));
            }
        }
    }
}
