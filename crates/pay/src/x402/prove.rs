use std::time::Duration;

use evm::evidence::{self, Claim, Judgement, Outcome, Payment, judge_claim};
use ledger::Released;
use model::money::{Flag, MoneyRule};
use tokio::time::{Instant, sleep};

use super::X402;
use super::answer::Said;
use super::sealed::Sealed;
use super::settings::{BRIEF, WAIT};
use crate::Standing;
use crate::chain::{Chain, Finding, Sought, flag};

/// How long before a chain is asked again.
const PAUSE: Duration = Duration::from_millis(400);

/// How long before it was signed, in seconds, a block may say that it is in which a payment is: clocks differ.
const SLACK: u64 = 120;

impl X402 {
    /// What the chain makes of a seller's answer. Waits a little for confirmations, then the money is held.
    pub(super) async fn after_answer(&self, id: &str, sealed: &Sealed, said: Said) -> Standing {
        let failed = said.claim.is_some_and(|claim| !claim.success);
        if said.asks_again {
            let mut flags = said.flags;
            flags.extend(failed.then_some(Flag::ReceiptFailed));
            return Standing::Held { rule: MoneyRule::Second402, flags };
        }
        let Some((chain, payment)) = self.provable(sealed) else {
            let mut flags = said.flags;
            flags.push(if failed { Flag::ReceiptFailed } else { Flag::ReceiptUnverified });
            return Standing::Held { rule: MoneyRule::SentUnknown, flags };
        };
        let claimed = said.claim.filter(|claim| claim.success).and_then(|claim| claim.transaction);
        let mut sought = Sought {
            id,
            payment: &payment,
            since: sealed.signed_at.saturating_sub(SLACK),
            claimed,
            search: claimed.is_none(),
        };
        let end = Instant::now() + self.settings.patience;
        let mut finding = chain.seek(&sought, &*self.settings.unique, BRIEF).await;
        while claimed.is_some() && waits(&finding.judgement) && Instant::now() + PAUSE < end {
            sleep(PAUSE).await;
            finding = chain.seek(&sought, &*self.settings.unique, BRIEF).await;
        }
        if claimed.is_some() && !waits(&finding.judgement) && !is_end(&finding.judgement) {
            // What was named is no proof; perhaps something else is.
            sought.search = true;
            finding = better(finding, chain.seek(&sought, &*self.settings.unique, BRIEF).await);
        }
        standing(chain, &payment, finding, said.claim.as_ref(), said.flags)
    }

    /// What the chain says now, with nobody's claim beside it.
    pub(super) async fn reconcile(&self, id: &str, sealed: &Sealed) -> Standing {
        let Some((chain, payment)) = self.provable(sealed) else {
            let flags = vec![Flag::ReceiptUnverified];
            return Standing::Held { rule: MoneyRule::SentUnknown, flags };
        };
        let since = sealed.signed_at.saturating_sub(SLACK);
        let sought = Sought { id, payment: &payment, since, claimed: None, search: true };
        let finding = chain.seek(&sought, &*self.settings.unique, WAIT).await;
        standing(chain, &payment, finding, None, Vec::new())
    }

    /// The chain of a payment, if anybody can be asked there.
    fn provable(&self, sealed: &Sealed) -> Option<(&Chain, Payment)> {
        let payment = sealed.payment()?;
        let chain = self.settings.chain(payment.chain_id)?;
        (!chain.endpoints.is_empty()).then_some((chain, payment))
    }
}

/// Whether more blocks, or a node that is behind, may yet bring the proof.
fn waits(judgement: &Judgement) -> bool {
    let behind = |flag: &evidence::Flag| *flag == evidence::Flag::ReceiptUnverified;
    judgement.outcome == Outcome::Pending && judgement.flags.iter().all(behind)
}

const fn is_end(judgement: &Judgement) -> bool {
    matches!(judgement.outcome, Outcome::Settled { .. } | Outcome::NotPaid { definite: true })
}

/// What was found by searching, if that is an end; else what the claim came to, with its marks.
fn better(claimed: Finding, searched: Finding) -> Finding {
    if is_end(&searched.judgement) { searched } else { claimed }
}

fn standing(
    chain: &Chain,
    payment: &Payment,
    finding: Finding,
    claim: Option<&Claim>,
    mut flags: Vec<Flag>,
) -> Standing {
    let judgement = match claim {
        Some(claim) => judge_claim(payment, claim, finding.judgement),
        None => finding.judgement,
    };
    flags.extend(judgement.flags.into_iter().map(flag));
    match judgement.outcome {
        Outcome::Settled { amount, transaction } => match amount.to_u128() {
            Ok(amount) => {
                Standing::Settled { amount, fee: 0, receipt: transaction.to_string(), flags }
            }
            // It was signed for an amount that fits: something else is odd here.
            Err(_) => Standing::Held { rule: MoneyRule::BadProof, flags },
        },
        Outcome::NotPaid { definite: true } => {
            let block = finding.finalised.map_or_else(String::new, |number| number.to_string());
            let proof = format!("eip155:{} unused at final block {block}", chain.id);
            Standing::Released { reason: Released::Unused { proof }, rule: None }
        }
        Outcome::NotPaid { definite: false } | Outcome::Pending => {
            Standing::Held { rule: MoneyRule::SentUnknown, flags }
        }
    }
}
