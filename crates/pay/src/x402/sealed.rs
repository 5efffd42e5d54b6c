use evm::evidence::{Payment, Proof};
use evm::{Address, Bytes32, U256};
use model::money::MoneyRule;
use rails::payment::Request as Form;
use rails::x402::{Carrier, Version};
use rails::{Credential, Place, jcs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::match_terms::Dialect;
use crate::{Payload, Request, Stop};

/// The version of the written form. Another one is not guessed at.
const FORM: u8 = 1;

/// What rests sealed in the books: the very text that goes to the seller, so that it can be sent again without being made
/// again, and what the chain is asked for. It pays: it has no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    form: u8,
    /// How it is paid: `exact/eip3009`, `exact/permit2`, `upto`.
    scheme: String,
    /// The chosen entry of the offer, or the request of the challenge, as the seller wrote it.
    entry: String,
    /// The identifier of the challenge, where the Payment scheme asked.
    pub(super) challenge: Option<String>,
    /// What carries the payment.
    pub(super) place: Carrying,
    /// What goes to the seller.
    pub(super) credential: String,
    /// r, s and v.
    pub(super) signature: String,
    /// The same of the allowance beside it, if one was signed.
    pub(super) beside: Option<String>,
    chain: u64,
    token: String,
    from: String,
    to: String,
    amount: String,
    nonce: String,
    /// Seconds since 1970: when it was signed.
    pub(super) signed_at: u64,
    valid_after: u64,
    /// Seconds since 1970: `validBefore`, or the deadline of a permit.
    pub(super) valid_until: u64,
}

/// Where the payment is put. The names of header fields are those of the two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Carrying {
    /// `X-PAYMENT` (version 1).
    HeaderV1,
    /// `PAYMENT-SIGNATURE` (version 2).
    HeaderV2,
    /// `_meta["x402/payment"]` of a `tools/call`, before MCP 2026-07-28.
    Mcp,
    /// The same of any request that may be paid, since MCP 2026-07-28.
    McpNext,
    /// `Authorization` (the Payment scheme over HTTP).
    Authorization,
    /// `_meta["org.paymentauth/credential"]` (the Payment scheme over MCP).
    McpCredential,
}

/// What was signed, and when.
pub(super) struct Made<'a> {
    pub(super) scheme: spend::Scheme,
    pub(super) dialect: Dialect<'a>,
    pub(super) place: Carrying,
    pub(super) payment: Payment,
    pub(super) signature: evm::Signature,
    pub(super) beside: Option<evm::Signature>,
    pub(super) signed_at: u64,
    pub(super) valid_after: u64,
}

impl Sealed {
    pub(super) fn new(made: &Made<'_>, credential: &Credential) -> Self {
        let payment = &made.payment;
        Self {
            form: FORM,
            scheme: made.scheme.as_str().to_owned(),
            entry: made.dialect.written(),
            challenge: made.dialect.challenge().map(|challenge| challenge.id.clone()),
            place: made.place,
            credential: credential.reveal().to_owned(),
            signature: made.signature.to_string(),
            beside: made.beside.map(|signature| signature.to_string()),
            chain: payment.chain_id,
            token: payment.token.to_string(),
            from: payment.from.to_string(),
            to: payment.to.to_string(),
            amount: payment.amount.to_string(),
            nonce: nonce_of(payment).to_string(),
            signed_at: made.signed_at,
            valid_after: made.valid_after,
            valid_until: payment.valid_until,
        }
    }

    /// As it is sealed; its mark is the nonce.
    pub(super) fn write(&self) -> Result<Payload, serde_json::Error> {
        Ok(Payload { mark: Some(self.nonce.clone()), value: serde_json::to_value(self)? })
    }

    /// Reads it back. `None` if it is none of ours: then nothing is known, and nothing follows.
    pub(super) fn read(payload: &Payload) -> Option<Self> {
        let sealed = Self::deserialize(&payload.value).ok()?;
        (sealed.form == FORM && sealed.payment().is_some()).then_some(sealed)
    }

    /// What the chain is held against.
    pub(super) fn payment(&self) -> Option<Payment> {
        let nonce = Bytes32::parse(&self.nonce).ok()?;
        let number = U256::from_be_bytes(*nonce.as_bytes());
        let proof = match self.scheme.as_str() {
            "exact/eip3009" => Proof::Authorization(nonce),
            "exact/permit2" => Proof::PermitExact(number),
            "upto" => Proof::PermitUpto(number),
            _ => return None,
        };
        Some(Payment {
            chain_id: self.chain,
            token: Address::parse(&self.token).ok()?,
            from: Address::parse(&self.from).ok()?,
            to: Address::parse(&self.to).ok()?,
            amount: U256::parse_amount(&self.amount).ok()?,
            proof,
            valid_until: self.valid_until,
        })
    }

    /// The nonce, as it is written.
    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }
}

impl Dialect<'_> {
    fn written(self) -> String {
        match self {
            Self::Entry(_, entry) => String::from_utf8_lossy(entry.raw()).into_owned(),
            Self::Charge(challenge) => match &challenge.request {
                Form::Encoded(text, _) => text.clone(),
                Form::Native(members) => {
                    jcs::write(&Value::Object(members.clone())).unwrap_or_default()
                }
            },
        }
    }
}

impl Carrying {
    /// Where the payment goes: the way back that the offer came by, which is also that of the request.
    pub(super) fn of(dialect: Dialect<'_>, request: &Request) -> Result<Self, Stop> {
        let found = match (dialect, request) {
            (Dialect::Entry(offer, _), Request::Http { .. }) => {
                match (offer.carrier, offer.version) {
                    (Carrier::Body, Version::V1) => Some(Self::HeaderV1),
                    (Carrier::Header, Version::V2) => Some(Self::HeaderV2),
                    _ => None,
                }
            }
            (Dialect::Entry(offer, _), Request::Mcp { negotiated, .. }) => {
                let place = if *negotiated { Self::McpNext } else { Self::Mcp };
                (offer.carrier == Carrier::Mcp).then_some(place)
            }
            (Dialect::Charge(challenge), request) => match (&challenge.request, request) {
                (Form::Encoded(..), Request::Http { .. }) => Some(Self::Authorization),
                (Form::Native(_), Request::Mcp { .. }) => Some(Self::McpCredential),
                _ => None,
            },
        };
        found.ok_or_else(|| Stop {
            rule: MoneyRule::RequestChanged,
            why: "The offer came another way than the request goes.".to_owned(),
        })
    }

    pub(super) const fn place(self) -> Place {
        match self {
            Self::Authorization => Place::Header("Authorization"),
            Self::McpCredential => Place::Meta("org.paymentauth/credential"),
            Self::HeaderV1 => Place::Header("X-PAYMENT"),
            Self::HeaderV2 => Place::Header("PAYMENT-SIGNATURE"),
            Self::Mcp | Self::McpNext => Place::Meta("x402/payment"),
        }
    }
}

fn nonce_of(payment: &Payment) -> Bytes32 {
    match payment.proof {
        Proof::Authorization(nonce) => nonce,
        Proof::PermitExact(nonce) | Proof::PermitUpto(nonce) => Bytes32::new(*nonce.as_be_bytes()),
        Proof::Person => Bytes32::new([0; 32]),
    }
}
