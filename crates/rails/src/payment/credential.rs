use model::money::MoneyRule;
use serde_json::{Map, Value};
use sha3::{Digest as _, Keccak256};
use zeroize::Zeroizing;

use super::{Challenge, Request};
use crate::l402::push_hex;
use crate::x402::Authorization;
use crate::{Credential, Flaw, MAX_CREDENTIAL, Place, encode_url, jcs};

/// The key of the credential in `_meta` of an MCP request.
const META: &str = "org.paymentauth/credential";

/// What a method wants to see as proof.
pub enum Payload<'a> {
    /// Lightning: the preimage.
    Preimage(&'a [u8; 32]),
    /// An EVM chain: a signed authorization by EIP-3009.
    Authorization(&'a Authorization<'a>),
    /// Any other, as JSON members.
    Members(Map<String, Value>),
}

impl Challenge {
    /// The credential: an exact echo of the challenge (all but its description), the proof, and who pays, if that is to
    /// be told. Over HTTP `Authorization: Payment` with base64url, over MCP a JSON object.
    ///
    /// # Errors
    /// `bad_credential` if a number in it has no canonical form or it is longer than a seller reads.
    pub fn credential(
        &self,
        payload: &Payload<'_>,
        source: Option<&str>,
    ) -> Result<Credential, Flaw> {
        // The members in canonical order: challenge, payload, source.
        let mut text = Zeroizing::new(String::with_capacity(4096));
        text.push_str("{\"challenge\":");
        text.push_str(&canonical(&Value::Object(self.echo()))?);
        text.push_str(",\"payload\":");
        match payload {
            Payload::Preimage(preimage) => {
                text.push_str("{\"preimage\":\"");
                push_hex(&mut text, *preimage);
                text.push_str("\"}");
            }
            Payload::Authorization(signed) => text.push_str(&signed.write_flat()),
            Payload::Members(members) => {
                let members = Zeroizing::new(canonical(&Value::Object(members.clone()))?);
                text.push_str(&members);
            }
        }
        if let Some(source) = source {
            text.push_str(",\"source\":");
            text.push_str(&canonical(&Value::String(source.to_owned()))?);
        }
        text.push('}');
        if text.len() > MAX_CREDENTIAL {
            return Err(refused("The credential would be longer than sellers read."));
        }
        Ok(match self.request {
            Request::Native(_) => Credential::new(Place::Meta(META), text),
            Request::Encoded(..) => {
                let encoded = Zeroizing::new(encode_url(text.as_bytes()));
                let header = Zeroizing::new(["Payment ", &encoded].concat());
                Credential::new(Place::Header("Authorization"), header)
            }
        })
    }

    fn echo(&self) -> Map<String, Value> {
        let mut echo = Map::new();
        let mut put = |name: &str, value: Value| echo.insert(name.to_owned(), value);
        for (name, text) in [
            ("id", &self.id),
            ("realm", &self.realm),
            ("method", &self.method),
            ("intent", &self.intent),
        ] {
            put(name, Value::String(text.clone()));
        }
        put("request", self.request.echo());
        for (name, text) in [("expires", &self.expires), ("digest", &self.digest)] {
            if let Some(text) = text {
                put(name, Value::String(text.clone()));
            }
        }
        if let Some(opaque) = &self.opaque {
            put("opaque", opaque.clone());
        }
        echo
    }
}

fn canonical(value: &Value) -> Result<String, Flaw> {
    jcs::write(value).ok_or_else(|| refused("The challenge holds a number that cannot be echoed."))
}

fn refused(why: &'static str) -> Flaw {
    Flaw::new(MoneyRule::BadCredential, why)
}

/// The nonce that binds an EIP-3009 signature to a challenge: Keccak-256 of the identifier and the realm, one behind the
/// other (draft-evm-charge-00, Challenge Binding).
pub fn bound_nonce(id: &str, realm: &str) -> [u8; 32] {
    Keccak256::new().chain_update(id).chain_update(realm).finalize().into()
}
