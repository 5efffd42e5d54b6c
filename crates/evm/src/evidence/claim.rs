use super::{Flag, Judgement, Outcome, Payment, Proof};
use crate::{Address, Bytes32, U256};

/// What a seller says became of a payment (x402 `SettlementResponse`). What it does not say is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// `success`
    pub success: bool,
    /// `transaction`; `None` if it is empty.
    pub transaction: Option<Bytes32>,
    /// `network`, if it is one of EIP-155; `Some(0)` for any other.
    pub chain_id: Option<u64>,
    /// `payer`
    pub payer: Option<Address>,
    /// `amount`, in atomic units.
    pub amount: Option<U256>,
}

/// What the chain says, marked with what of the seller's claim is not so. The outcome is the chain's in any case: a success
/// settles nothing, a failure or an amount of 0 releases nothing.
pub fn judge_claim(payment: &Payment, claim: &Claim, chain: Judgement) -> Judgement {
    let settled = match chain.outcome {
        Outcome::Settled { amount, transaction } => Some((amount, transaction)),
        Outcome::Pending | Outcome::NotPaid { .. } => None,
    };
    let failed = (!claim.success).then_some(Flag::ReceiptFailed);
    let mismatch =
        (claim.success && differs(payment, claim, settled)).then_some(Flag::ReceiptMismatch);
    let unverified = (claim.success && settled.is_none()).then_some(Flag::ReceiptUnverified);
    let Judgement { outcome, flags } = chain;
    Judgement::new(outcome, flags.into_iter().chain(failed).chain(mismatch).chain(unverified))
}

/// Whether a claim names another chain, payer, transaction or amount.
fn differs(payment: &Payment, claim: &Claim, settled: Option<(U256, Bytes32)>) -> bool {
    let amount_fits = |amount: U256| match (settled, payment.proof) {
        (Some((settled, _)), _) => amount == settled,
        (None, Proof::PermitUpto(_)) => amount <= payment.amount,
        (None, _) => amount == payment.amount,
    };
    let transaction_fits = |said| settled.is_none_or(|(_, transaction)| said == transaction);
    claim.chain_id.is_some_and(|chain| chain != payment.chain_id)
        || claim.payer.is_some_and(|payer| payment.proof != Proof::Person && payer != payment.from)
        || claim.amount.is_some_and(|amount| !amount_fits(amount))
        || claim.transaction.is_some_and(|said| !transaction_fits(said))
}
