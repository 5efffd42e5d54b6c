use std::sync::Arc;

use model::money::{Flag, MoneyRule};
use treasury::Sent;

use crate::conclude::conclude;
use crate::crash;
use crate::driver::Standing;
use crate::errand::{Answer, Attachment};
use crate::flow::{Bearings, rule_of};
use crate::payer::Inner;

/// A payment that is ready to go with a request, or was made before it. Dropped without an answer, its money stays held.
#[must_use = "dropped, its money stays held"]
pub struct Paid {
    inner: Arc<Inner>,
    bearings: Bearings,
    attachment: Attachment,
    /// There while the outcome hangs on the answer.
    sent: Option<Sent>,
}

/// What became of a paid request, for whoever made it.
#[derive(Debug, Clone)]
pub struct Told {
    /// The payment.
    pub id: String,
    /// Its state, as the books have it: `sent` where it is shown to the seller by another call at the same time.
    pub state: &'static str,
    /// Why it is held.
    pub rule: Option<MoneyRule>,
}

impl Paid {
    pub(crate) const fn carrying(
        inner: Arc<Inner>,
        bearings: Bearings,
        sent: Sent,
        attachment: Attachment,
    ) -> Self {
        Self { inner, bearings, attachment, sent: Some(sent) }
    }

    /// One whose outcome does not hang on the answer alone: it was made before the request, or is shown once more.
    pub(crate) const fn made(
        inner: Arc<Inner>,
        bearings: Bearings,
        attachment: Attachment,
    ) -> Self {
        Self { inner, bearings, attachment, sent: None }
    }

    /// What goes with the request.
    pub const fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    /// The payment's id.
    pub fn id(&self) -> String {
        self.bearings.open.id.to_string()
    }

    /// Marked: something about what was bought is not as it should be.
    pub fn marked(mut self, flag: Flag) -> Self {
        self.bearings.flags.push(flag);
        self
    }

    /// The seller answered the paid request. Its answer may be handed on, whatever becomes of the money: delivery is told
    /// apart from payment.
    pub async fn answered(self, answer: &Answer) -> Told {
        let answer = answer.clone();
        let id = self.id();
        // Finished though nobody may wait for it.
        let told = tokio::spawn(async move { self.finish(&answer).await }).await;
        told.unwrap_or(Told { id, state: "held", rule: Some(MoneyRule::SentUnknown) })
    }

    async fn finish(self, answer: &Answer) -> Told {
        let Self { inner, mut bearings, sent, .. } = self;
        let id = bearings.open.id.to_string();
        crash::at("after-answer");
        let second = asks_again(answer);
        bearings.flags.extend(delivery(answer));
        let Some(sent) = sent else { return inner.shown(bearings, second, answer).await };
        let standing = if second {
            // Whatever it asks: the first payment may still be taken, so its money is held, and nothing is signed.
            Standing::Held { rule: MoneyRule::Second402, flags: Vec::new() }
        } else {
            bearings.driver.answered(&bearings.open, &bearings.payload, answer).await
        };
        let rule = (!matches!(standing, Standing::Settled { .. })).then(|| rule_of(&standing));
        let state = conclude(&inner, &bearings, sent, standing).await;
        Told { id, state, rule }
    }

    /// There was no answer; `sent` says whether the seller may have the request.
    pub async fn lost(self, sent: bool) -> Told {
        let id = self.id();
        let lost = tokio::spawn(async move { self.give_up(sent).await }).await;
        lost.unwrap_or(Told { id, state: "held", rule: Some(MoneyRule::SentUnknown) })
    }

    async fn give_up(self, left: bool) -> Told {
        let Self { inner, bearings, sent, .. } = self;
        let id = bearings.open.id.to_string();
        let Some(sent) = sent else { return inner.known(bearings.open.id).await };
        let standing = if left {
            Standing::Held { rule: MoneyRule::SentUnknown, flags: Vec::new() }
        } else {
            bearings.driver.unsent(&bearings.open, &bearings.payload).await
        };
        let rule = Some(rule_of(&standing));
        let state = conclude(&inner, &bearings, sent, standing).await;
        Told { id, state, rule }
    }
}

impl Inner {
    /// What is known of a payment that was made before this request, now that the seller has answered: the books say it,
    /// and what is held is looked into with the answer.
    async fn shown(&self, mut bearings: Bearings, second: bool, answer: &Answer) -> Told {
        let id = bearings.open.id;
        if let Ok(Some(open)) = self.treasury.payment(id).await {
            bearings.open = open;
        }
        let Bearings { driver, open, payload, .. } = &bearings;
        let held = matches!(open.state, ledger::State::Held(_));
        if second {
            self.credits.forget(&bearings.errand).await;
        } else if held || open.state == ledger::State::Settled {
            let standing = driver.answered(open, payload, answer).await;
            match standing {
                standing if held => {
                    if let Err(error) = self.booked(open, payload, standing).await {
                        tracing::error!(payment = %id, "an outcome could not be booked: {error}");
                    }
                }
                // A receipt that contradicts what was paid.
                Standing::Settled { flags, .. } => bearings.flags.extend(flags),
                Standing::Held { .. } | Standing::Released { .. } => {}
            }
        }
        let open = &bearings.open;
        bearings.flags.retain(|flag| !open.flags.contains(flag));
        if !bearings.flags.is_empty() {
            let _ = self.treasury.flag(id, bearings.flags.clone()).await;
        }
        let told = self.known(id).await;
        Told { rule: second.then_some(MoneyRule::Second402).or(told.rule), ..told }
    }

    /// A payment as the books have it. Where they cannot be read, nothing is known.
    async fn known(&self, id: ledger::PaymentId) -> Told {
        let name = id.to_string();
        match self.treasury.payment(id).await {
            Ok(Some(payment)) => {
                let rule = match payment.state {
                    ledger::State::Held(rule) => Some(rule),
                    _ => None,
                };
                Told { id: name, state: payment.state.as_str(), rule }
            }
            _ => Told { id: name, state: "held", rule: Some(MoneyRule::SentUnknown) },
        }
    }
}

/// Whether money is asked for once more.
fn asks_again(answer: &Answer) -> bool {
    match answer {
        Answer::Http { status, .. } => status.as_u16() == 402,
        Answer::Mcp(result) => {
            let offer = &result["structuredContent"];
            result["resultType"] == "payment_required"
                || (result["isError"] == true && offer.get("x402Version").is_some())
        }
        Answer::McpError(_, data) => data.get("challenges").is_some(),
        Answer::Nothing => false,
    }
}

/// What is to be marked about what came, apart from the money.
fn delivery(answer: &Answer) -> Option<Flag> {
    match answer {
        Answer::Http { status, body, .. } if status.is_success() => {
            body.is_empty().then_some(Flag::EmptyDelivery)
        }
        Answer::Mcp(result) if result["isError"] != true => None,
        Answer::Http { .. } | Answer::Mcp(_) | Answer::McpError(..) | Answer::Nothing => {
            Some(Flag::NoDelivery)
        }
    }
}
