use ledger::PaymentId;
use model::money::{Flag, Rail};

use crate::conclude::{Change, Concluded};
use crate::credit::Buyer;
use crate::driver::{Driver, Payload, Standing, unsigned};
use crate::payer::{Inner, Payer};
use crate::record::{Entry, Who};

/// What looking into one held payment came to.
#[derive(Debug, Clone)]
pub struct Found {
    /// The payment.
    pub id: PaymentId,
    /// `settled`, `released` or `held`.
    pub state: &'static str,
    /// Why it is still held, or what shows the rest.
    pub why: String,
}

impl Payer {
    /// Looks into every payment whose outcome is not known: wallet, mint and chain are asked, and what they prove is
    /// booked. Nothing is ever sent again from here.
    ///
    /// # Errors
    /// The ledger.
    pub async fn reconcile(&self) -> Result<Vec<Found>, treasury::Refused> {
        for driver in self.0.drivers.all() {
            driver.tend().await;
        }
        let mut found = Vec::new();
        for open in self.0.treasury.holds().await? {
            found.push(self.0.looked_into(&open).await?);
        }
        self.0.tell_desk().await;
        Ok(found)
    }
}

impl Inner {
    async fn looked_into(&self, open: &ledger::Payment) -> Result<Found, treasury::Refused> {
        let id = open.id;
        let held = |why: &str| Ok(Found { id, state: "held", why: why.to_owned() });
        let Some(driver) = self.drivers.by_terms(&open.intent.terms) else {
            return held("no wallet for its rail is configured");
        };
        let Some(sealed) = self.treasury.payload(id).await? else {
            if open.signed {
                return held("what was signed is not there any more");
            }
            let Some(reason) = unsigned(driver.as_ref(), &id.to_string()).await else {
                return held("what it has cost cannot be told");
            };
            self.treasury.release_held(id, reason).await?;
            return Ok(Found { id, state: "released", why: "nothing was signed".to_owned() });
        };
        let Ok(payload) = serde_json::from_slice::<Payload>(&sealed) else {
            return held("what was signed cannot be read");
        };
        let standing = driver.look(open, &payload).await;
        if matches!(standing, Standing::Settled { .. }) {
            self.kept(open, &payload, driver.as_ref()).await;
        }
        self.booked(open, &payload, standing).await
    }

    /// Keeps what a payment has bought that serves again, though nobody waited for its proof.
    async fn kept(&self, open: &ledger::Payment, payload: &Payload, driver: &dyn Driver) {
        // What a person has paid for is told to the one call that comes for it.
        if open.intent.terms.rail == Rail::Human {
            return;
        }
        let bought = driver.again(open, payload).await;
        if let (Some(buyer), Some(bought)) = (Buyer::of_intent(&open.intent), bought) {
            self.credits.keep_for(&buyer, &bought).await;
        }
    }

    /// Books what was found of a held payment, and records it.
    pub(crate) async fn booked(
        &self,
        open: &ledger::Payment,
        payload: &Payload,
        standing: Standing,
    ) -> Result<Found, treasury::Refused> {
        let (id, terms) = (open.id, &open.intent.terms);
        let told = Concluded::new(terms, standing);
        let why = match &told.change {
            Change::Settle(settlement) => {
                self.treasury.settle_held(id, settlement.clone()).await?;
                told.receipt.clone().unwrap_or_default()
            }
            Change::Release(reason) => {
                self.treasury.release_held(id, reason.clone()).await?;
                format!("{reason:?}")
            }
            Change::Hold(rule) => {
                let new = |flag: &&Flag| !open.flags.contains(flag);
                let new: Vec<_> = told.flags.iter().filter(new).copied().collect();
                if !new.is_empty() {
                    let contradicts = new.contains(&Flag::BadResponse);
                    self.treasury.flag(id, new).await?;
                    if contradicts {
                        self.stop_rail(terms, *rule).await;
                    }
                }
                // Nothing has changed, and a record a minute would say so for ever.
                return Ok(Found { id, state: "held", why: rule.to_string() });
            }
        };
        let name = id.to_string();
        let entry = Entry {
            rules: told.rule.into_iter().collect(),
            flags: told.flags,
            fee: told.fee,
            nonce: payload.mark.clone(),
            receipt: told.receipt,
            ..Entry::new(&name, told.state, terms)
        };
        self.note(Who::from(&open.intent), entry).await;
        Ok(Found { id, state: told.state, why })
    }
}
