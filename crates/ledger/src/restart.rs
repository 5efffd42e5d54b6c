use model::Timestamp;
use model::money::{MoneyRule, Rail};

use crate::{Books, Change, Released, State};

impl Books {
    /// What becomes of the payments of processes that are gone: nothing signed, released; signed or sent, held; reserved
    /// for ecash, held, because the mint may have taken its fee already. What
    /// persons are asked about is nobody's and stays until its time is over.
    pub fn after_restart(&self, is_gone: impl Fn(&str) -> bool) -> Vec<Change> {
        let gone = self.open().filter(|payment| is_gone(&payment.owner));
        gone.filter_map(|payment| match payment.state {
            State::Reserved if payment.intent.terms.rail != Rail::Cashu => {
                Some(Change::Released { id: payment.id, reason: Released::Unsigned })
            }
            State::Reserved | State::Signed | State::Sent => {
                Some(Change::Held { id: payment.id, rule: MoneyRule::SentUnknown })
            }
            _ => None,
        })
        .collect()
    }

    /// What was asked about, and not answered or not taken up in time.
    pub fn lapsed(&self, now: Timestamp) -> Vec<Change> {
        let over = self.waiting.iter().take_while(|(until, _)| *until <= now);
        over.map(|(_, id)| Change::Denied { id: *id, rule: MoneyRule::ApprovalExpired }).collect()
    }

    /// The processes that open payments belong to.
    pub fn owners(&self) -> Vec<&str> {
        let mut owners: Vec<_> = self.open().map(|payment| payment.owner.as_str()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }
}
