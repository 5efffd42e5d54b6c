use std::future::Future;
use std::pin::Pin;

/// A boxed future: whoever keeps the books is chosen at run time.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where it is told what became of a payment that a person makes by hand. The console knows nothing of money itself.
pub trait Till: Send + Sync {
    /// An operator brings what proves a payment: a preimage, or the hash of a transaction.
    fn paid<'a>(
        &'a self,
        payment: &'a str,
        by: &'a str,
        proof: &'a str,
    ) -> Boxed<'a, Result<(), NotBooked>>;

    /// An operator answers for it that nothing was paid, and nothing will be.
    fn unpaid<'a>(&'a self, payment: &'a str, by: &'a str) -> Boxed<'a, Result<(), NotBooked>>;
}

/// Why the books stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBooked {
    /// A stable word.
    pub code: String,
    /// One sentence for the person.
    pub why: String,
}
