use rails::Offer;

use super::{Bolt11, Candidate, Chain, Form};
use crate::{Entry, Origin, Scheme, Situation};

/// What a person can pay: every invoice but the deposit of a session, which is paid back to a wallet of the gate, and at sellers that take the hash of a transfer, every exact sum on a chain. What
/// cannot be read is among the others already.
pub(super) fn candidates<'a>(
    offers: &'a [Offer],
    situation: &'a Situation,
    origin: Option<&Origin>,
) -> Vec<Candidate<'a>> {
    let transfers = &situation.policy.transfers;
    let takes_hash = origin.is_some_and(|o| transfers.iter().any(|listed| listed.covers(o)));
    let mut all = Vec::new();
    for (at, offer) in offers.iter().enumerate() {
        let mut push = |index, form| {
            all.push(Candidate { entry: Entry { offer: at, index }, form, by_hand: true });
        };
        match offer {
            Offer::X402(offer) if takes_hash => {
                for (index, entry) in offer.entries.iter().enumerate() {
                    let Ok(entry) = entry else { continue };
                    let chain = Chain::of_entry(offer, entry, &situation.policy);
                    if matches!(chain.scheme, Ok(Scheme::ExactEip3009 | Scheme::ExactPermit2)) {
                        push(index, Form::Chain(Box::new(chain)));
                    }
                }
            }
            offer => {
                if let Some(Form::Bolt11(bolt11)) = Bolt11::of(offer, situation, origin)
                    && !bolt11.is_deposit()
                {
                    push(0, Form::Bolt11(bolt11));
                }
            }
        }
    }
    all
}
