use lightning::{Invoice, Token};
use model::money::{MoneyRule, Rail};
use rails::{Flaw, Offer, l402, payment};

use super::{Form, flaw};
use crate::{Origin, Situation};

/// A Lightning invoice and what was said beside it.
pub(crate) struct Bolt11<'a> {
    pub(crate) invoice: Invoice,
    pub(crate) said: Said<'a>,
}

/// What binds an invoice to what is bought with it.
pub(crate) enum Said<'a> {
    /// L402: the token, or none where the operator takes what is no macaroon.
    Token(Option<Token>),
    /// The Payment scheme: the challenge and the declaration in it.
    Charge(&'a payment::Challenge, payment::LightningCharge),
    /// The Payment scheme: the deposit of a session.
    Deposit(&'a payment::Challenge, payment::LightningSession),
}

impl<'a> Bolt11<'a> {
    /// The invoice of an offer of L402 or of the Payment scheme over Lightning; none of any other.
    pub(super) fn of(
        offer: &'a Offer,
        situation: &Situation,
        origin: Option<&Origin>,
    ) -> Option<Form<'a>> {
        match offer {
            Offer::L402(challenge) => {
                let opaque = origin.is_some_and(|o| situation.policy.opaque_tokens.contains(o));
                Some(Self::of_l402(challenge, opaque))
            }
            Offer::Payment(challenge) => Self::of_payment(challenge, situation),
            _ => None,
        }
    }

    fn of_l402(challenge: &l402::Challenge, opaque: bool) -> Form<'a> {
        let token = match Token::parse(&challenge.token) {
            Ok(token) => Some(token),
            Err(_) if opaque => None,
            Err(error) => {
                return Form::Broken(
                    Some(Rail::L402),
                    flaw(error.code(), sentence(&error.to_string())),
                );
            }
        };
        match read(&challenge.invoice) {
            Ok(invoice) => Form::Bolt11(Box::new(Self { invoice, said: Said::Token(token) })),
            Err(flaw) => Form::Broken(Some(Rail::L402), flaw),
        }
    }

    /// A charge or a deposit over Lightning; nothing for what is neither.
    fn of_payment(challenge: &'a payment::Challenge, situation: &Situation) -> Option<Form<'a>> {
        let charge = challenge.lightning_charge();
        let charge = charge.map(|read| read.map(|charge| Said::Charge(challenge, charge)));
        let deposit = challenge.lightning_session();
        let deposit = deposit.filter(|_| situation.policy.lightning.sessions);
        let deposit = deposit.map(|read| read.map(|session| Said::Deposit(challenge, session)));
        let read = charge.or(deposit)?.and_then(|said| {
            // What is declared in another currency is not held against an invoice: `currency` says enough.
            let text = said.declared().map_or("", |charge| charge.invoice.as_str());
            read(text).map(|invoice| Self { invoice, said })
        });
        Some(match read {
            Ok(bolt11) => Form::Bolt11(Box::new(bolt11)),
            Err(flaw) => Form::Broken(Some(Rail::Mpp), flaw),
        })
    }

    /// Whether it is paid in advance for requests to come.
    pub(crate) const fn is_deposit(&self) -> bool {
        matches!(self.said, Said::Deposit(..))
    }

    pub(crate) const fn rail(&self) -> Rail {
        match self.said {
            Said::Token(_) => Rail::L402,
            Said::Charge(..) | Said::Deposit(..) => Rail::Mpp,
        }
    }

    /// What limits are held against: whole satoshi, rounded up.
    pub(crate) fn sat(&self) -> Option<u128> {
        self.invoice.sat_ceil().map(u128::from)
    }

    /// The declared amount is the invoice's, to the millisatoshi.
    pub(crate) fn declared_is_true(&self) -> bool {
        let Some(charge) = self.said.declared() else { return true };
        let declared = charge.amount.as_ref().ok().and_then(|digits| digits.minor().ok());
        let msat = declared.and_then(|sat| sat.checked_mul(1000));
        msat.is_some() && msat == self.invoice.amount_msat().map(u128::from)
    }
}

impl<'a> Said<'a> {
    /// The challenge of the Payment scheme.
    pub(super) const fn challenge(&self) -> Option<&'a payment::Challenge> {
        match self {
            Self::Charge(challenge, _) | Self::Deposit(challenge, _) => Some(challenge),
            Self::Token(_) => None,
        }
    }

    /// What is declared beside the invoice.
    pub(super) const fn declared(&self) -> Option<&payment::LightningCharge> {
        match self {
            Self::Charge(_, charge) => Some(charge),
            Self::Deposit(_, session) => Some(&session.deposit),
            Self::Token(_) => None,
        }
    }
}

fn read(text: &str) -> Result<Invoice, Flaw> {
    let why = "The invoice cannot be paid as it is written.";
    Invoice::parse(text).map_err(|error| {
        let rule = MoneyRule::from_text(error.code()).unwrap_or(MoneyRule::BadInvoice);
        let said = sentence(&error.to_string());
        Flaw::new(rule, if said.is_empty() { why.to_owned() } else { said })
    })
}

/// A message of a room below, as a sentence. None of them has a stranger's text in it.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let Some(first) = letters.next() else { return String::new() };
    format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.'))
}
