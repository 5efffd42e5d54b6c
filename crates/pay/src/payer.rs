use std::sync::Arc;

use ambient::Clock;
use approvals::Desk;
use journal::Journal;
use model::money::{Amount, MoneyRule};
use spend::Target;
use treasury::Treasury;

use crate::credit::Credits;
use crate::errand::{Answer, Attachment, Errand, Refused, Unpaid};
use crate::free::{Refusals, Turns};
use crate::paid::Paid;
use crate::settings::{Drivers, Parts};
use crate::tally::Tally;
use crate::{flow, judge};

/// Pays for what is behind the gate, within what the operator allows. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Payer(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) treasury: Treasury,
    pub(crate) desk: Desk,
    pub(crate) policy: spend::Policy,
    pub(crate) policy_digest: [u8; 32],
    pub(crate) pins: Vec<spend::Pin>,
    pub(crate) drivers: Drivers,
    pub(crate) journal: Journal,
    pub(crate) clock: Clock,
    pub(crate) credits: Credits,
    pub(crate) pin_nodes: bool,
    pub(crate) tally: Tally,
    pub(crate) refusals: Refusals,
    pub(crate) turns: Turns,
}

impl Inner {
    /// See [`Payer::said`].
    pub(crate) fn said(&self, amount: &Amount) -> String {
        let row = self.policy.assets.iter().find(|row| row.asset == amount.asset);
        row.map_or_else(
            || amount.to_string(),
            |row| format!("{} {}", Amount::decimal(amount.minor, row.decimals), row.symbol),
        )
    }

    /// Whether the node that is paid over Lightning is pinned, too.
    pub(crate) const fn pins_nodes(&self) -> bool {
        self.pin_nodes
    }
}

/// What would become of a payment, without making it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// `pass`, `allow`, `ask` or `deny`.
    pub verdict: &'static str,
    /// The rules that ask or refuse, the first in their order first.
    pub rules: Vec<MoneyRule>,
    /// One sentence.
    pub reason: String,
    /// What would be paid, where it is known.
    pub terms: Option<model::money::Terms>,
}

impl Payer {
    /// A payer of these parts.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            treasury,
            desk,
            policy,
            policy_digest,
            pins,
            pin_nodes,
            drivers,
            journal,
            clock,
        } = parts;
        let credits = Credits::new(treasury.clone(), clock.clone());
        Self(Arc::new(Inner {
            treasury,
            desk,
            policy,
            policy_digest,
            pins,
            drivers,
            journal,
            clock,
            credits,
            pin_nodes,
            tally: Tally::default(),
            refusals: Refusals::default(),
            turns: Turns::default(),
        }))
    }

    /// Whether anything at this origin may be paid at all: what may not need not be looked at.
    pub fn serves(&self, origin: &str) -> bool {
        let target = Target::parse(origin);
        target.is_ok_and(|t| self.0.policy.origins.iter().any(|listed| listed.covers(&t.origin)))
    }

    /// Whether sessions are opened.
    pub fn opens_sessions(&self) -> bool {
        self.0.policy.lightning.sessions
    }

    /// What was bought before and still serves this request.
    pub async fn credit(&self, errand: &Errand) -> Option<Attachment> {
        self.0.credits.of(errand).await
    }

    /// Pays for what an answer asks, or says why not. What was begun is finished though nobody may wait for it: a caller
    /// that goes away leaves no payment half made.
    ///
    /// # Errors
    /// See [`Unpaid`].
    pub async fn pay(&self, errand: &Errand, answer: &Answer) -> Result<Paid, Unpaid> {
        let (payer, errand, answer) = (self.clone(), errand.clone(), answer.clone());
        let paying = tokio::spawn(async move {
            let paid = Box::pin(flow::pay(&payer.0, errand, &answer)).await;
            if let Err(Unpaid::Refused(no)) = &paid {
                payer.0.tally.refused(no.rule);
            }
            paid
        });
        paying.await.unwrap_or_else(|_| {
            let message = "the payment was broken off; its money is held until it is looked into";
            Err(Unpaid::Refused(Refused {
                rule: MoneyRule::SentUnknown,
                message: message.to_owned(),
                payment: None,
            }))
        })
    }

    /// What paying for an answer would come to. Nothing is reserved, asked or signed.
    pub async fn preview(&self, errand: &Errand, answer: &Answer) -> Preview {
        let demand = crate::demand::read(errand, answer);
        match judge::judge(&self.0, errand, answer, &demand).await {
            Ok(verdict) => Preview::of(verdict),
            Err(no) => {
                Preview { verdict: "deny", rules: vec![no.rule], reason: no.message, terms: None }
            }
        }
    }

    /// Lets every rail test what can be tested beforehand.
    pub async fn begin(&self) {
        for driver in self.0.drivers.all() {
            driver.begin().await;
        }
    }

    /// An amount as people say it: in the symbol and decimals of the operator's table, `0.01 USDC`.
    pub fn said(&self, amount: &Amount) -> String {
        self.0.said(amount)
    }

    /// What was refused since the start, by rule.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// The books.
    pub fn treasury(&self) -> &Treasury {
        &self.0.treasury
    }
}

impl Preview {
    fn of(verdict: spend::Verdict) -> Self {
        let because = |reasons: &[spend::Reason]| {
            reasons.iter().map(|r| r.why.as_ref()).collect::<Vec<_>>().join(" ")
        };
        match verdict {
            spend::Verdict::Pass => Self {
                verdict: "pass",
                rules: Vec::new(),
                reason: "Nothing was asked for.".to_owned(),
                terms: None,
            },
            spend::Verdict::Allow(choice) => Self {
                verdict: "allow",
                rules: Vec::new(),
                reason: "Every rule allows it.".to_owned(),
                terms: Some(choice.terms),
            },
            spend::Verdict::Ask { choice, rules } => Self {
                verdict: "ask",
                reason: because(&rules),
                rules: rules.iter().map(|r| r.rule).collect(),
                terms: Some(choice.terms),
            },
            spend::Verdict::Deny(denial) => Self {
                verdict: "deny",
                rules: vec![denial.rule],
                reason: denial.reason.into_owned(),
                terms: None,
            },
        }
    }
}

/// The books cannot be written or read: nothing is paid.
pub(crate) fn ledger_is_away(error: &treasury::Refused) -> Refused {
    tracing::error!("the ledger cannot be used, so nothing is paid: {error}");
    Refused {
        rule: error.rule(),
        message: "the ledger cannot be written, so nothing was paid".to_owned(),
        payment: None,
    }
}

/// What a budget says, for a caller.
pub(crate) fn in_words(refusal: &ledger::Refusal) -> String {
    let budget = refusal.budget.as_deref().map(|b| format!(" of budget {b}")).unwrap_or_default();
    let left = refusal.left.map(|left| format!("; {left} left")).unwrap_or_default();
    format!("the limit{budget} would be exceeded ({}){left}", refusal.rule)
}
