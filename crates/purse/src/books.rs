//! What the books say of the caller's own payments, and of nobody else's.

use std::collections::BTreeMap;

use audit::rfc3339;
use ledger::{Payment, PaymentId, State};
use model::Timestamp;
use model::money::{Amount, Asset};
use serde_json::{Value, json};

use crate::arguments::No;
use crate::purse::{Call, Ended};
use crate::reply::Found;
use crate::shown;

/// Most payments that are shown at once.
const SHOWN: usize = 20;

impl Call<'_> {
    /// `payment_status`. A payment of somebody else is as unknown as one that never was.
    pub(crate) async fn status(&self) -> Result<Found, Ended> {
        let unknown = || No::new("unknown_payment", "you made no payment of that id");
        let payments = match self.arguments.text("id", 64)? {
            Some(text) => {
                let id: PaymentId = text.parse().map_err(|_| unknown())?;
                let found = self.payer.treasury().payment(id).await?;
                vec![found.filter(|payment| self.owns(payment)).ok_or_else(unknown)?]
            }
            None => self.own().await?.into_iter().take(SHOWN).collect(),
        };
        let each: Vec<Value> = payments.iter().map(|p| shown::payment(self.payer, p)).collect();
        Ok(json!({ "payments": each }).into())
    }

    /// `balance`: what the caller has spent, and what is held for it, by asset.
    pub(crate) async fn balance(&self) -> Result<Found, Ended> {
        let (mut spent, mut held) = (Sums::default(), Sums::default());
        for payment in self.own().await? {
            let asset = payment.intent.terms.asset().clone();
            if payment.state == State::Settled {
                spent.add(asset, payment.paid.saturating_add(payment.fee));
            } else if payment.state.is_open() {
                held.add(asset, payment.holds);
            }
        }
        let words = |sums: Sums| -> Vec<String> {
            let each = sums.0.into_values();
            each.map(|amount| self.payer.said(&amount)).collect()
        };
        Ok(json!({ "spent": words(spent), "held": words(held) }).into())
    }

    /// `credentials_list`: where something still serves that the caller bought.
    pub(crate) async fn credentials(&self) -> Result<Found, Ended> {
        let bought = self.payer.bought(self.tenant(), self.principal()).await?;
        let each = bought.iter().map(|one| {
            let until = one.until.map(|until| rfc3339(Timestamp(until)));
            let path = one.path.as_deref().map(shown::cut);
            let kind = if path.is_some() { "credential" } else { "session" };
            json!({ "kind": kind, "origin": one.origin, "path": path, "until": until })
        });
        Ok(json!({ "credentials": each.collect::<Vec<_>>() }).into())
    }

    /// The caller's payments, the latest change first.
    pub(crate) async fn own(&self) -> Result<Vec<Payment>, Ended> {
        let mut all = self.payer.treasury().recent(usize::MAX).await?;
        all.retain(|payment| self.owns(payment));
        Ok(all)
    }

    fn owns(&self, payment: &Payment) -> bool {
        payment.intent.tenant.as_str() == self.tenant()
            && payment.intent.agent.as_str() == self.principal()
    }
}

/// Sums by asset: two assets never add up.
#[derive(Default)]
struct Sums(BTreeMap<Asset, Amount>);

impl Sums {
    fn add(&mut self, asset: Asset, minor: u128) {
        let sum = self.0.entry(asset.clone()).or_insert_with(|| Amount::new(asset, 0));
        sum.minor = sum.minor.saturating_add(minor);
    }
}
