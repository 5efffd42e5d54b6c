use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Carrier, Entry, Offer, Version};
use crate::{Credential, Place, encode_standard, jcs};

/// A signed EIP-3009 authorisation, in the texts that go on the wire.
pub struct Authorization<'a> {
    /// Who pays, EIP-55.
    pub from: &'a str,
    /// Who is paid, EIP-55.
    pub to: &'a str,
    /// How many smallest units, in decimal digits.
    pub value: &'a str,
    /// Valid after this second of the Unix epoch.
    pub valid_after: u64,
    /// Valid before this second of the Unix epoch.
    pub valid_before: u64,
    /// The nonce.
    pub nonce: &'a [u8; 32],
    /// r, s and v.
    pub signature: &'a [u8; 65],
}

/// A signed Permit2 transfer with a witness, in the texts that go on the wire.
pub struct Permit2Authorization<'a> {
    /// Who pays, EIP-55.
    pub from: &'a str,
    /// The token, EIP-55.
    pub token: &'a str,
    /// How many smallest units at most, in decimal digits.
    pub amount: &'a str,
    /// The pinned proxy, EIP-55.
    pub spender: &'a str,
    /// The nonce, in decimal digits.
    pub nonce: &'a str,
    /// Valid until this second of the Unix epoch.
    pub deadline: u64,
    /// Who is paid, EIP-55.
    pub to: &'a str,
    /// Who settles a payment of scheme `upto`, EIP-55.
    pub facilitator: Option<&'a str>,
    /// Valid after this second of the Unix epoch.
    pub valid_after: u64,
    /// r, s and v.
    pub signature: &'a [u8; 65],
}

/// A signed allowance for Permit2 (EIP-2612) that goes with a payment, in the texts that go on the wire (extension
/// `eip2612GasSponsoring`).
pub struct GasPermit<'a> {
    /// Whose tokens they are, EIP-55.
    pub from: &'a str,
    /// The token, EIP-55.
    pub asset: &'a str,
    /// Permit2, EIP-55.
    pub spender: &'a str,
    /// How many smallest units, in decimal digits.
    pub amount: &'a str,
    /// The token's own nonce of the owner, in decimal digits.
    pub nonce: &'a str,
    /// Valid until this second of the Unix epoch.
    pub deadline: u64,
    /// r, s and v.
    pub signature: &'a [u8; 65],
}

impl GasPermit<'_> {
    fn put_into(&self, info: &mut Map<String, Value>) {
        let deadline = self.deadline.to_string();
        let signature = hex(self.signature);
        let members: [(&str, &str); 7] = [
            ("from", self.from),
            ("asset", self.asset),
            ("spender", self.spender),
            ("amount", self.amount),
            ("nonce", self.nonce),
            ("deadline", &deadline),
            ("signature", &signature),
        ];
        for (name, text) in members {
            info.insert(name.to_owned(), Value::String(text.to_owned()));
        }
    }
}

impl Authorization<'_> {
    fn write(&self) -> Zeroizing<String> {
        let Self { from, to, value, valid_after, valid_before, .. } = self;
        Zeroizing::new(format!(
            r#"{{"signature":"{}","authorization":{{"from":"{from}","to":"{to}","value":"{value}","validAfter":"{valid_after}","validBefore":"{valid_before}","nonce":"{}"}}}}"#,
            *hex(self.signature),
            *hex(self.nonce),
        ))
    }

    /// The same as the payload of a charge of the Payment scheme: one object, its members in canonical order.
    pub(crate) fn write_flat(&self) -> Zeroizing<String> {
        let Self { from, to, value, valid_after, valid_before, .. } = self;
        Zeroizing::new(format!(
            r#"{{"from":"{from}","nonce":"{}","signature":"{}","to":"{to}","type":"authorization","validAfter":"{valid_after}","validBefore":"{valid_before}","value":"{value}"}}"#,
            *hex(self.nonce),
            *hex(self.signature),
        ))
    }
}

impl Permit2Authorization<'_> {
    fn write(&self) -> Zeroizing<String> {
        let Self { from, token, amount, spender, nonce, deadline, to, valid_after, .. } = self;
        let facilitator =
            self.facilitator.map(|f| format!(r#""facilitator":"{f}","#)).unwrap_or_default();
        Zeroizing::new(format!(
            r#"{{"signature":"{}","permit2Authorization":{{"permitted":{{"token":"{token}","amount":"{amount}"}},"from":"{from}","spender":"{spender}","nonce":"{nonce}","deadline":"{deadline}","witness":{{"to":"{to}",{facilitator}"validAfter":"{valid_after}"}}}}}}"#,
            *hex(self.signature),
        ))
    }
}

impl Offer {
    /// The payment of an entry by EIP-3009. `identifier` is sent where the seller has the extension
    /// `payment-identifier` (16 to 128 of `[A-Za-z0-9_-]`).
    pub fn pay(
        &self,
        entry: &Entry,
        signed: &Authorization<'_>,
        identifier: Option<&str>,
    ) -> Credential {
        self.payment(entry, &signed.write(), identifier, None)
    }

    /// The payment of an entry by Permit2; with an allowance where the seller carries one to the chain.
    pub fn pay_by_permit2(
        &self,
        entry: &Entry,
        signed: &Permit2Authorization<'_>,
        identifier: Option<&str>,
        gas: Option<&GasPermit<'_>>,
    ) -> Credential {
        self.payment(entry, &signed.write(), identifier, gas)
    }

    /// `PaymentPayload`. In version 2 the entry goes back as `accepted`, byte for byte; in version 1 only its scheme and
    /// network do.
    fn payment(
        &self,
        entry: &Entry,
        payload: &str,
        identifier: Option<&str>,
        gas: Option<&GasPermit<'_>>,
    ) -> Credential {
        let mut text = Zeroizing::new(String::with_capacity(4096));
        match self.version {
            Version::V1 => {
                text.push_str(r#"{"x402Version":1,"scheme":"#);
                text.push_str(&quoted(&entry.scheme));
                text.push_str(r#","network":"#);
                text.push_str(&quoted(&entry.network_name));
            }
            Version::V2 => {
                text.push_str(r#"{"x402Version":2"#);
                if let Some(resource) = self.whole.raw("resource") {
                    text.push_str(r#","resource":"#);
                    text.push_str(&String::from_utf8_lossy(resource));
                }
                text.push_str(r#","accepted":"#);
                text.push_str(&String::from_utf8_lossy(entry.raw()));
            }
        }
        text.push_str(r#","payload":"#);
        text.push_str(payload);
        if let Some(extensions) = self.echo_extensions(identifier, gas) {
            text.push_str(r#","extensions":"#);
            text.push_str(&extensions);
        }
        text.push('}');
        match (self.carrier, self.version) {
            (Carrier::Mcp, _) => Credential::new(Place::Meta("x402/payment"), text),
            (_, Version::V1) => header("X-PAYMENT", &text),
            (_, Version::V2) => header("PAYMENT-SIGNATURE", &text),
        }
    }

    /// Extensions go back as they came; only the identifier of the payment, and an allowance for Permit2, are put in where
    /// they were asked for.
    fn echo_extensions(
        &self,
        identifier: Option<&str>,
        gas: Option<&GasPermit<'_>>,
    ) -> Option<String> {
        if self.version == Version::V1 || self.extensions.is_empty() {
            return None;
        }
        let mut all = self.extensions.clone();
        let mut changed = false;
        if let (Some(info), Some(id)) = (info_of(&mut all, "payment-identifier"), identifier) {
            info.insert("id".to_owned(), Value::String(id.to_owned()));
            changed = true;
        }
        if let (Some(info), Some(gas)) = (info_of(&mut all, "eip2612GasSponsoring"), gas) {
            gas.put_into(info);
            changed = true;
        }
        if changed {
            // Numbers of others are written as they came, not as doubles.
            return Some(Value::Object(all).to_string());
        }
        self.whole.raw("extensions").map(|raw| String::from_utf8_lossy(raw).into_owned())
    }
}

fn info_of<'a>(all: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    all.get_mut(name)?.get_mut("info")?.as_object_mut()
}

fn header(name: &'static str, text: &str) -> Credential {
    Credential::new(Place::Header(name), Zeroizing::new(encode_standard(text.as_bytes())))
}

fn quoted(text: &str) -> String {
    jcs::write(&Value::String(text.to_owned())).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 + 2 * bytes.len()));
    text.push_str("0x");
    crate::l402::push_hex(&mut text, bytes);
    text
}
