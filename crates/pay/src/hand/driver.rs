use model::money::MoneyRule;
use spend::Plan;

use super::{Hand, NotProven, transfer};
use crate::driver::{Boxed, Dispatched, Driver, Job, Open, Payload, Standing, Stop};
use crate::errand::{Answer, Attachment};
use crate::lightning::by_hand::{ByHand, Unproven};

impl Hand {
    /// The payload with the proof in it and what is booked, if that is what the text proves.
    pub(crate) async fn proven(
        &self,
        open: &Open,
        payload: &Payload,
        text: &str,
    ) -> Result<(Payload, Standing), NotProven> {
        if is_transfer(open) {
            return self.transfers.proven(&open.id.to_string(), payload, text).await;
        }
        ByHand::proven(payload, text).map_err(|unproven| match unproven {
            Unproven::Form => NotProven::of_rule(
                MoneyRule::BadProof,
                "A preimage is 64 hexadecimal digits; your wallet shows it beside the payment.",
            ),
            Unproven::Mismatch => {
                NotProven::of_rule(MoneyRule::BadProof, "This is the preimage of another payment.")
            }
            Unproven::Unreadable => {
                NotProven::of_rule(MoneyRule::Ledger, "What was sealed cannot be read.")
            }
        })
    }

    /// What a wallet opens.
    pub(crate) fn uri(open: &Open, payload: &Payload) -> Option<String> {
        if is_transfer(open) {
            return transfer::Sealed::read(payload).map(|sealed| sealed.uri);
        }
        ByHand::uri(payload)
    }
}

fn is_transfer(open: &Open) -> bool {
    open.intent.terms.scheme == "transfer"
}

impl Driver for Hand {
    fn sign<'a>(&'a self, job: &'a Job) -> Boxed<'a, Result<Payload, Stop>> {
        let sealed = match job.choice.plan {
            Plan::Transfer { .. } => self.transfers.seal(job),
            _ => self.invoices.seal(job),
        };
        Box::pin(std::future::ready(sealed))
    }

    /// It is shown from here on, so it may be paid at any moment.
    fn dispatch<'a>(&'a self, _job: &'a Job, _payload: &'a Payload) -> Boxed<'a, Dispatched> {
        Box::pin(std::future::ready(Dispatched::Stop(waits())))
    }

    fn answered<'a>(
        &'a self,
        open: &'a Open,
        payload: &'a Payload,
        answer: &'a Answer,
    ) -> Boxed<'a, Standing> {
        // It goes with a request only once it is settled.
        let flags = if is_transfer(open) {
            open.flags.clone()
        } else {
            ByHand::flags(open, payload, answer)
        };
        let receipt = open.proof.clone().unwrap_or_default();
        let settled = Standing::Settled { amount: open.paid, fee: open.fee, receipt, flags };
        Box::pin(std::future::ready(settled))
    }

    fn look<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Standing> {
        if is_transfer(open) {
            // Anybody may transfer the same sum to the same payee: nothing is this payment before somebody says so.
            return Box::pin(std::future::ready(waits()));
        }
        Box::pin(self.invoices.look(payload))
    }

    fn again<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Option<Attachment>> {
        if open.state != ledger::State::Settled {
            return Box::pin(std::future::ready(None));
        }
        if is_transfer(open) {
            let sealed = transfer::Sealed::read(payload);
            let attachment = sealed.and_then(|sealed| sealed.attachment(open.proof.as_deref()));
            return Box::pin(std::future::ready(attachment));
        }
        Box::pin(self.invoices.credential(payload, open.proof.as_deref()))
    }
}

const fn waits() -> Standing {
    Standing::Held { rule: MoneyRule::InFlight, flags: Vec::new() }
}
