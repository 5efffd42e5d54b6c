use ledger::{Intent, Judgement};

use crate::{Refused, Treasury};

impl Treasury {
    /// What each of these intents would meet now. Reserves nothing: a reservation judges again and decides.
    ///
    /// # Errors
    /// The ledger.
    pub async fn judge(&self, intents: Vec<Intent>) -> Result<Vec<Judgement>, Refused> {
        let work = move |round: &mut crate::round::Round<'_, '_>| {
            Ok(intents.iter().map(|intent| round.judge(intent)).collect())
        };
        self.queue().simply(work).await
    }
}
