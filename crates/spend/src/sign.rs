use evm::eip712::{PermitExact, PermitUpto, TransferWithAuthorization};
use evm::known::{EXACT_PROXY, UPTO_PROXY};
use evm::{Address, Bytes32, Signable, Signature, SigningKey, U256};
use model::Timestamp;
use model::money::MoneyRule;
use rails::{Credential, Demand, Offer, x402};

use crate::candidate::flaw;
use crate::{Choice, Plan, Reason, Scheme};

/// How long before now a signature is valid already, in seconds: clocks of chains lag.
const BEFORE: u64 = 600;

/// A payment that is signed and was shown to nobody yet.
pub struct Signed {
    /// What pays.
    pub credential: Credential,
    /// The nonce: by it a chain knows whether the payment was taken.
    pub nonce: Bytes32,
    /// Valid after this second of the Unix epoch.
    pub valid_after: u64,
    /// Valid before this second of the Unix epoch (Permit2: until it).
    pub valid_before: u64,
}

/// Signs what was chosen, and writes it as the dialect of the demand wants it. Amount, payee, token and domain are those
/// that were judged; of the seller's text only the entry goes back, as it came.
///
/// `nonce` is 32 random bytes, or those that bind the payment to a challenge. `identifier` is sent to sellers that ask for
/// a `payment-identifier`.
///
/// # Errors
/// `self_check` where demand and choice are not of one judgement or the signature is not ours; `signing_firewall` and
/// `bad_payee` as the key has it.
pub fn sign(
    (demand, choice): (&Demand, &Choice),
    key: &SigningKey,
    nonce: Bytes32,
    now: Timestamp,
    identifier: Option<&str>,
) -> Result<Signed, Reason> {
    let (offer, entry) = judged(demand, choice).ok_or_else(other)?;
    let Plan::Evm { scheme, token, payee: to, valid_for, facilitator, .. } = &choice.plan else {
        return Err(other());
    };
    let valid_after = now.as_secs().saturating_sub(BEFORE);
    let valid_before = now.as_secs().saturating_add(*valid_for);
    let amount = U256::from(choice.terms.amount.minor);
    let refused = |refused: evm::Refused| flaw(refused.code(), "This payment is not signed.");
    let signed = |what: &Signable<'_>| key.sign(what).map_err(refused);
    let permit = PermitExact {
        token: token.address,
        amount,
        nonce: U256::from_be_bytes(*nonce.as_bytes()),
        deadline: valid_before,
        to: *to,
        valid_after,
    };
    let from = key.address();
    let credential = match scheme {
        Scheme::ExactEip3009 => {
            let message = TransferWithAuthorization {
                from,
                to: *to,
                value: amount,
                valid_after,
                valid_before,
                nonce,
            };
            let signature = signed(&Signable::Transfer(token, &message))?;
            by_transfer((offer, entry), &message, &signature, identifier)
        }
        Scheme::ExactPermit2 => {
            let signature = signed(&Signable::PermitExact(token.chain_id, &permit))?;
            by_permit((offer, entry), from, (&permit, None), &signature, identifier)
        }
        Scheme::Upto => {
            let facilitator = facilitator.ok_or_else(other)?;
            let message = upto(&permit, facilitator);
            let signature = signed(&Signable::PermitUpto(token.chain_id, &message))?;
            by_permit((offer, entry), from, (&permit, Some(facilitator)), &signature, identifier)
        }
    };
    Ok(Signed { credential, nonce, valid_after, valid_before })
}

/// The permit of scheme `upto` with the members of the other, and who settles it.
const fn upto(permit: &PermitExact, facilitator: Address) -> PermitUpto {
    let PermitExact { token, amount, nonce, deadline, to, valid_after } = *permit;
    PermitUpto { token, amount, nonce, deadline, to, facilitator, valid_after }
}

fn other() -> Reason {
    Reason::new(MoneyRule::SelfCheck, "The offer is not the one that was judged.")
}

/// The offer and the entry that were chosen, if they still say what was judged.
fn judged<'a>(demand: &'a Demand, choice: &Choice) -> Option<(&'a x402::Offer, &'a x402::Entry)> {
    let Demand::Offers(offers) = demand else { return None };
    let Offer::X402(offer) = offers.get(choice.entry.offer)? else { return None };
    let entry = offer.entries.get(choice.entry.index)?.as_ref().ok()?;
    let terms = &choice.terms;
    let same = entry.amount.as_ref().ok()?.minor() == Ok(terms.amount.minor)
        && entry.network.as_ref().ok()? == &terms.network
        && Address::parse(&entry.pay_to).ok()?.to_string() == terms.payee;
    same.then_some((offer, entry))
}

fn by_transfer(
    (offer, entry): (&x402::Offer, &x402::Entry),
    message: &TransferWithAuthorization,
    signature: &Signature,
    identifier: Option<&str>,
) -> Credential {
    let signed = x402::Authorization {
        from: &message.from.to_string(),
        to: &message.to.to_string(),
        value: &message.value.to_string(),
        valid_after: message.valid_after,
        valid_before: message.valid_before,
        nonce: message.nonce.as_bytes(),
        signature: signature.as_bytes(),
    };
    offer.pay(entry, &signed, identifier)
}

fn by_permit(
    (offer, entry): (&x402::Offer, &x402::Entry),
    from: Address,
    (permit, facilitator): (&PermitExact, Option<Address>),
    signature: &Signature,
    identifier: Option<&str>,
) -> Credential {
    let spender = if facilitator.is_some() { UPTO_PROXY } else { EXACT_PROXY };
    let facilitator = facilitator.map(|address| address.to_string());
    let signed = x402::Permit2Authorization {
        from: &from.to_string(),
        token: &permit.token.to_string(),
        amount: &permit.amount.to_string(),
        spender: &spender.to_string(),
        nonce: &permit.nonce.to_string(),
        deadline: permit.deadline,
        to: &permit.to.to_string(),
        facilitator: facilitator.as_deref(),
        valid_after: permit.valid_after,
        signature: signature.as_bytes(),
    };
    offer.pay_by_permit2(entry, &signed, identifier, None)
}
