use egress::Boxed;
use lightning::{Invoice, PaymentHash};

use crate::{Outcome, Trouble};

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

    /// A word for records: `lnbits`, `lnd`, `cln`.
    fn kind(&self) -> &'static str;
}
