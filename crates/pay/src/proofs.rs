use treasury::Treasury;

use crate::chain::Unique;
use crate::driver::Boxed;

/// The proofs that are in the books.
pub struct Proofs(Treasury);

impl Proofs {
    /// Those of this treasury.
    pub const fn new(treasury: Treasury) -> Self {
        Self(treasury)
    }
}

impl Unique for Proofs {
    fn taken<'a>(&'a self, id: &'a str, transaction: &'a str) -> Boxed<'a, bool> {
        Box::pin(async move {
            let Ok(id) = id.parse() else { return true };
            // What cannot be looked up may be taken.
            self.0.is_proof_of_another(id, transaction.to_owned()).await.unwrap_or(true)
        })
    }
}
