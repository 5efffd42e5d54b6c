use cashu::{Life, fee, split};
use ledger::State;

use super::driver::Ecash;
use super::exchange::Counter;
use super::kept::{Blank, Kept};
use super::open::{Exchange, Purpose};
use super::purse::{self, Purse};
use super::trouble::Trouble;

/// How ecash comes back that was set aside or handed over.
impl Ecash {
    /// Takes the ecash of a payment back by a swap of our own; only that shows that nobody else can have it any more.
    pub(super) async fn reclaim(&self, counter: Counter<'_>, payment: &str) -> Result<(), Trouble> {
        let mint = counter.mint;
        let keysets = mint.keysets().await?;
        let into = mint.active().await?.id;
        mint.keys(&into).await?;
        let (payment, begun) = (payment.to_owned(), counter.begun());
        let begin = move |purse: &mut Purse| {
            let inputs = purse.take(|kept| kept.is_of(&payment) && !kept.life.is_over());
            let outputs = exchanged(&inputs, &keysets, &into)?;
            let exchange = Exchange::new(Purpose::Back(payment), begun, inputs, outputs)?;
            let twin = exchange.twin()?;
            purse.open.push(exchange);
            Ok(twin)
        };
        let exchange = purse::change(&self.treasury, mint.url(), begin).await?;
        counter.carry(&exchange).await
    }

    /// Ends what was left open, and frees what payments that are over have left behind.
    pub(super) async fn tidy(&self, counter: Counter<'_>) -> Result<(), Trouble> {
        counter.resume().await?;
        let purse = purse::look(&self.treasury, counter.mint.url()).await?;
        let mut payments: Vec<&str> =
            purse.proofs.iter().filter_map(|kept| kept.payment.as_deref()).collect();
        payments.extend(purse.costs.keys().map(String::as_str));
        payments.sort_unstable();
        payments.dedup();
        for payment in payments {
            let Ok(id) = payment.parse() else { continue };
            let Some(known) = self.treasury.payment(id).await? else { continue };
            if let Err(trouble) = self.tidy_one(counter, payment, &known.state).await {
                tracing::warn!(
                    payment,
                    "ecash of a payment that is over stays as it is: {trouble}"
                );
            }
        }
        Ok(())
    }

    async fn tidy_one(
        &self,
        counter: Counter<'_>,
        payment: &str,
        state: &State,
    ) -> Result<(), Trouble> {
        let free = matches!(state, State::Released(_) | State::Denied(_));
        if !free && *state != State::Settled {
            return Ok(());
        }
        let owner = payment.to_owned();
        let step = move |purse: &mut Purse| {
            // Booked with the payment; what is still open ends without it.
            purse.costs.remove(&owner);
            if !free {
                // The seller's, whether they have taken it yet or not.
                purse.take(|kept| kept.is_of(&owner));
                return Ok(false);
            }
            purse.take(|kept| kept.is_of(&owner) && kept.life.is_over());
            for kept in purse.proofs.iter_mut().filter(|kept| kept.is_of(&owner)) {
                if kept.life == Life::Reserved {
                    kept.life = Life::Free;
                    kept.payment = None;
                }
            }
            Ok(!purse.lives(&owner).is_empty())
        };
        let left = purse::change(&self.treasury, counter.mint.url(), step).await?;
        // It was given out of hand, and the books say that nothing of it can leave: made sure of by a swap.
        if left { self.reclaim(counter, payment).await } else { Ok(()) }
    }
}

/// Outputs for all that inputs hold, less the fee for them.
pub(super) fn exchanged(
    inputs: &[Kept],
    keysets: &[cashu::mint::Keyset],
    into: &cashu::KeysetId,
) -> Result<Vec<Blank>, Trouble> {
    let (mut sum, mut ppk) = (0u64, Vec::new());
    for input in inputs {
        let keyset = keysets.iter().find(|keyset| keyset.id == input.id);
        let keyset =
            keyset.ok_or_else(|| Trouble::new("bad_keyset", "the mint has no such keyset"))?;
        ppk.push(keyset.input_fee_ppk.unwrap_or(0));
        let more = sum.checked_add(input.amount);
        sum = more.ok_or_else(|| Trouble::new("overflow", "a sum is too large"))?;
    }
    let left = sum.checked_sub(fee(ppk)?).filter(|left| *left > 0);
    let left = left.ok_or_else(|| Trouble::new("insufficient", "the fee would take all of it"))?;
    split(left).into_iter().map(|part| Blank::fresh(into, part)).collect()
}
