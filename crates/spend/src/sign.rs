use evm::eip712::{PermitExact, PermitUpto, TransferWithAuthorization};
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
    let Plan::Evm { scheme, token, payee, valid_for, facilitator, .. } = &choice.plan else {
        return Err(other());
    };
    let valid_after = now.as_secs().saturating_sub(BEFORE);
    let valid_before = now.as_secs().saturating_add(*valid_for);
    let (amount, to) = (U256::from(choice.terms.amount.minor), *payee);
    let refused = |refused: evm::Refused| flaw(refused.code(), "This payment is not signed.");
    let credential = match scheme {
        Scheme::ExactEip3009 => {
            let from = key.address();
            let message = TransferWithAuthorization {
                from,
                to,
                value: amount,
                valid_after,
                valid_before,
                nonce,
            };
            let signature = key.sign(&Signable::Transfer(token, &message)).map_err(refused)?;
            by_transfer(offer, entry, &message, &signature, identifier)
        }
        Scheme::ExactPermit2 => {
            let nonce = U256::from_be_bytes(*nonce.as_bytes());
            let deadline = valid_before;
            let token_address = token.address;
            let message =
                PermitExact { token: token_address, amount, nonce, deadline, to, valid_after };
            let signature = key.sign(&Signable::PermitExact(token.chain_id, &message));
            let spender = evm::known::EXACT_PROXY;
            let permit = Permit { nonce, deadline, valid_after, spender, facilitator: None };
            permit.write(
                (offer, entry),
                key.address(),
                choice,
                &signature.map_err(refused)?,
                identifier,
            )
        }
        Scheme::Upto => {
            let nonce = U256::from_be_bytes(*nonce.as_bytes());
            let deadline = valid_before;
            let facilitator = facilitator.ok_or_else(other)?;
            let message = PermitUpto {
                token: token.address,
                amount,
                nonce,
                deadline,
                to,
                facilitator,
                valid_after,
            };
            let signature = key.sign(&Signable::PermitUpto(token.chain_id, &message));
            let spender = evm::known::UPTO_PROXY;
            let permit =
                Permit { nonce, deadline, valid_after, spender, facilitator: Some(facilitator) };
            permit.write(
                (offer, entry),
                key.address(),
                choice,
                &signature.map_err(refused)?,
                identifier,
            )
        }
    };
    let credential = credential.ok_or_else(other)?;
    Ok(Signed { credential, nonce, valid_after, valid_before })
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
    offer: &x402::Offer,
    entry: &x402::Entry,
    message: &TransferWithAuthorization,
    signature: &Signature,
    identifier: Option<&str>,
) -> Option<Credential> {
    let signed = x402::Authorization {
        from: &message.from.to_string(),
        to: &message.to.to_string(),
        value: &message.value.to_string(),
        valid_after: message.valid_after,
        valid_before: message.valid_before,
        nonce: message.nonce.as_bytes(),
        signature: signature.as_bytes(),
    };
    Some(offer.pay(entry, &signed, identifier))
}

/// What the two permits share.
struct Permit {
    nonce: U256,
    deadline: u64,
    valid_after: u64,
    spender: Address,
    facilitator: Option<Address>,
}

impl Permit {
    fn write(
        &self,
        (offer, entry): (&x402::Offer, &x402::Entry),
        from: Address,
        choice: &Choice,
        signature: &Signature,
        identifier: Option<&str>,
    ) -> Option<Credential> {
        let Plan::Evm { token, payee, .. } = &choice.plan else { return None };
        let facilitator = self.facilitator.map(|facilitator| facilitator.to_string());
        let signed = x402::Permit2Authorization {
            from: &from.to_string(),
            token: &token.address.to_string(),
            amount: &choice.terms.amount.minor.to_string(),
            spender: &self.spender.to_string(),
            nonce: &self.nonce.to_string(),
            deadline: self.deadline,
            to: &payee.to_string(),
            facilitator: facilitator.as_deref(),
            valid_after: self.valid_after,
            signature: signature.as_bytes(),
        };
        Some(offer.pay_by_permit2(entry, &signed, identifier))
    }
}
