use std::sync::Arc;

use model::money::{Amount, Flag, MoneyRule};

use crate::errand::{Answer, Attachment, Errand, Unpaid};

/// Pays for what is behind the gate, within what the operator allows. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Payer(pub(crate) Arc<Inner>);

pub(crate) struct Inner {}

/// A payment that is ready to go with a request, or was made before it.
pub struct Paid {
    attachment: Attachment,
}

/// What became of a paid request, in words for the record and the caller.
#[derive(Debug, Clone)]
pub struct Told {
    /// The payment.
    pub id: String,
    /// Its state.
    pub state: &'static str,
    /// What it cost so far.
    pub amount: Amount,
    /// Why it is held.
    pub rule: Option<MoneyRule>,
    /// Marks.
    pub flags: Vec<Flag>,
}

impl Payer {
    /// Whether anything at this origin may be paid at all: what may not need not be looked at.
    pub fn serves(&self, _origin: &str) -> bool {
        true
    }

    /// What was bought before and still serves this request.
    pub async fn credit(&self, _errand: &Errand) -> Option<Attachment> {
        None
    }

    /// Pays for what an answer asks, or says why not.
    pub async fn pay(&self, _errand: &Errand, _answer: &Answer) -> Result<Paid, Unpaid> {
        Err(Unpaid::NoDemand)
    }
}

impl Paid {
    /// What goes with the request.
    pub const fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    /// The seller answered the paid request.
    pub async fn answered(self, _answer: &Answer) -> Told {
        unreachable!()
    }

    /// There was no answer; `sent` says whether the seller may have the request.
    pub async fn lost(self, _sent: bool) -> Told {
        unreachable!()
    }
}
