use egress::Boxed;
use lightning::{Invoice, PaymentHash};

use crate::{Outcome, Trouble, codes};

/// A Lightning wallet.
pub trait Wallet: Send + Sync {
    /// Pays an invoice, at most once whatever is answered, and for at most `fee_limit_msat` beside its amount.
    ///
    /// The invoice must have been checked ([`Invoice::check`]); one without an amount is refused here too. `label` is a note for the
    /// wallet's own books, where it keeps any. Never answers [`Outcome::Absent`].
    ///
    /// Dropping the future does not stop the payment: what became of it is for [`Wallet::lookup`].
    fn pay<'a>(
        &'a self,
        invoice: &'a Invoice,
        fee_limit_msat: u64,
        label: &'a str,
    ) -> Boxed<'a, Outcome>;

    /// What the wallet's books say of an outgoing payment.
    fn lookup(&self, hash: PaymentHash) -> Boxed<'_, Outcome>;

    /// What can be spent, in msat, as the wallet says.
    fn balance(&self) -> Boxed<'_, Result<u64, Trouble>>;

    /// Makes an invoice (BOLT 11) without an amount, on which money comes back, good for `seconds`. `memo` is what it says it is for.
    ///
    /// # Errors
    /// The wallet makes none, or its key may not.
    fn receive<'a>(&'a self, _memo: &'a str, _seconds: u64) -> Boxed<'a, Result<String, Trouble>> {
        let why = format!("the wallet ({}) makes no invoices without an amount", self.kind());
        Box::pin(std::future::ready(Err(Trouble::new(codes::WALLET_UNAVAILABLE, why))))
    }

    /// Which wallet it is, where that stands in its secret alone and not in its place; nothing of it is secret. The books of
    /// another one say nothing of a payment.
    ///
    /// # Errors
    /// The secret is not given out, or cannot be read.
    fn account(&self) -> Boxed<'_, Result<String, Trouble>> {
        Box::pin(std::future::ready(Ok(String::new())))
    }

    /// A word for records: `lnbits`, `lnd`, `cln`, `nwc`.
    fn kind(&self) -> &'static str;
}
