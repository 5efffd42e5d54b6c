//! The ways to pay of a demand, each read as far as it can be: what is wrong with a part is kept with that part, for the
//! rule that looks at it.

mod by_hand;
mod chain;
mod ecash;
mod invoice;

use model::money::{MoneyRule, Rail};
use rails::{Flaw, Offer, payment};

pub(crate) use chain::{Chain, Dialect};
pub(crate) use ecash::Ecash;
pub(crate) use invoice::{Bolt11, sentence};

use crate::{Entry, Origin, Situation};

/// One way to pay.
pub(crate) struct Candidate<'a> {
    pub(crate) entry: Entry,
    pub(crate) form: Form<'a>,
    /// Whether a person pays it, and no wallet of the gate.
    pub(crate) by_hand: bool,
}

pub(crate) enum Form<'a> {
    /// Syntax or size is wrong.
    Broken(Option<Rail>, Flaw),
    /// A dialect that is no rail of this house.
    LnurlCash,
    /// A method or an intent of the Payment scheme that is not spoken.
    Method(&'a payment::Challenge),
    /// A transfer on an EVM chain, of x402 or of the Payment scheme.
    Chain(Box<Chain<'a>>),
    /// A Lightning invoice, of L402 or of the Payment scheme.
    Bolt11(Box<Bolt11<'a>>),
    /// Ecash of one mint.
    Ecash(Box<Ecash>),
}

impl Candidate<'_> {
    pub(crate) fn rail(&self) -> Option<Rail> {
        match &self.form {
            _ if self.by_hand => Some(Rail::Human),
            Form::Broken(rail, _) => *rail,
            Form::LnurlCash => None,
            Form::Method(_) => Some(Rail::Mpp),
            Form::Chain(chain) => Some(chain.rail()),
            Form::Bolt11(bolt11) => Some(bolt11.rail()),
            Form::Ecash(_) => Some(Rail::Cashu),
        }
    }
}

/// All ways to pay, in the order of the demand.
pub(crate) fn candidates<'a>(
    offers: &'a [Offer],
    situation: &'a Situation,
    origin: Option<&Origin>,
) -> Vec<Candidate<'a>> {
    let mut all = Vec::new();
    for (at, offer) in offers.iter().enumerate() {
        let mut push = |index, form| {
            all.push(Candidate { entry: Entry { offer: at, index }, form, by_hand: false });
        };
        match offer {
            Offer::Broken(rail, flaw) => push(0, Form::Broken(Some(*rail), flaw.clone())),
            Offer::LnurlCash => push(0, Form::LnurlCash),
            Offer::X402(offer) => {
                for (index, entry) in offer.entries.iter().enumerate() {
                    push(
                        index,
                        match entry {
                            Ok(entry) => {
                                let chain = Chain::of_entry(offer, entry, &situation.policy);
                                Form::Chain(Box::new(chain))
                            }
                            Err(flaw) => Form::Broken(Some(Rail::X402), flaw.clone()),
                        },
                    );
                }
            }
            Offer::L402(_) => {
                if let Some(form) = Bolt11::of(offer, situation, origin) {
                    push(0, form);
                }
            }
            Offer::Payment(challenge) => {
                let form = Bolt11::of(offer, situation, origin)
                    .or_else(|| Chain::of_charge(challenge, &situation.policy));
                push(0, form.unwrap_or(Form::Method(challenge)));
            }
            Offer::Cashu(request) => {
                for form in Ecash::read(request, &situation.policy) {
                    push(0, form);
                }
            }
        }
    }
    if situation.policy.rails.contains(&Rail::Human) {
        let by_hand = by_hand::candidates(offers, situation, origin);
        // Where no wallet may be used, what a person may pay stands for it, and its own reasons with it.
        let twin = |one: &Candidate<'_>| by_hand.iter().any(|other| other.entry == one.entry);
        let rails = &situation.policy.rails;
        all.retain(|one| one.rail().is_some_and(|rail| rails.contains(&rail)) || !twin(one));
        all.extend(by_hand);
    }
    refuse_rails_that_disagree(&mut all);
    all
}

/// An invoice of L402 and one of the Payment scheme in one answer are two forms of one price; a deposit is another price.
fn refuse_rails_that_disagree(all: &mut [Candidate<'_>]) {
    let amounts = |rail: Rail| {
        all.iter().filter_map(move |candidate| match &candidate.form {
            Form::Bolt11(bolt11) if bolt11.rail() == rail && !bolt11.is_deposit() => {
                Some(bolt11.invoice.amount_msat())
            }
            _ => None,
        })
    };
    let (Some(l402), charges) =
        (amounts(Rail::L402).next(), amounts(Rail::Mpp).collect::<Vec<_>>())
    else {
        return;
    };
    if charges.iter().all(|charge| *charge == l402) {
        return;
    }
    let why = "The answer asks for two different amounts over two rails.";
    for candidate in all {
        if matches!(&candidate.form, Form::Bolt11(bolt11) if !bolt11.is_deposit()) {
            let rail = candidate.rail();
            candidate.form = Form::Broken(rail, Flaw::new(MoneyRule::Ambiguous, why));
        }
    }
}

/// A flaw of another room: its stable word and our sentence.
pub(crate) fn flaw(code: &str, why: impl Into<std::borrow::Cow<'static, str>>) -> Flaw {
    Flaw::new(MoneyRule::from_text(code).unwrap_or(MoneyRule::BadChallenge), why)
}

/// The challenge of the Payment scheme that an invoice came with.
pub(crate) const fn invoice_charge<'a>(bolt11: &Bolt11<'a>) -> Option<&'a payment::Challenge> {
    bolt11.said.challenge()
}

/// What was declared beside an invoice.
pub(crate) const fn invoice_declared<'b>(
    bolt11: &'b Bolt11<'_>,
) -> Option<&'b payment::LightningCharge> {
    bolt11.said.declared()
}

/// The session that an invoice is the deposit of.
pub(crate) const fn session<'b>(bolt11: &'b Bolt11<'_>) -> Option<&'b payment::LightningSession> {
    match &bolt11.said {
        invoice::Said::Deposit(_, session) => Some(session),
        invoice::Said::Charge(..) | invoice::Said::Token(_) => None,
    }
}

/// The token that an invoice buys.
pub(crate) const fn token<'b>(bolt11: &'b Bolt11<'_>) -> Option<&'b lightning::Token> {
    match &bolt11.said {
        invoice::Said::Token(token) => token.as_ref(),
        invoice::Said::Charge(..) | invoice::Said::Deposit(..) => None,
    }
}
