//! Wallets against small servers on loopback, faults included.

mod cln;
mod lnbits;
mod lnd;
mod nwc;
mod nwc_answers;
mod receive;
mod server;
mod service;

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use egress::{Egress, HeaderTemplates, Options, Policy, Target};
use http::HeaderName;
use lightning::{Invoice, InvoiceBuilder, Network, NodeKey, PaymentHash, Preimage};
use model::{Given, NoSecret, Secret, SecretName, Secrets, Template, Usage};
use url::Url;

use crate::{Outcome, Place};
use server::Server;

/// The key in the vault.
pub(crate) const KEY: &str = "canary-key-4711";
/// The preimage of the vectors, and one of another payment.
pub(crate) const RIGHT: &str = "0101010101010101010101010101010101010101010101010101010101010101";
pub(crate) const WRONG: &str = "0202020202020202020202020202020202020202020202020202020202020202";

/// A vault with one secret, `wallet`, for every host.
struct OneSecret;

impl Secrets for OneSecret {
    fn secret<'a>(&'a self, name: &'a SecretName, _: Usage<'a>) -> Given<'a> {
        let found = match name.as_str() {
            "wallet" => Ok(Secret::new(KEY.to_owned())),
            _ => Err(NoSecret::Missing(name.clone())),
        };
        Box::pin(std::future::ready(found))
    }
}

/// A place that is asked with the secret of this name in this header field.
pub(crate) fn place_with(server: &Server, header: &'static str, secret: &str) -> Place {
    let base = Url::parse(&format!("{}/prefix/", server.url())).unwrap();
    let target = Target { policy: Policy::naming(&base), ..Target::new(base.clone()) };
    let options = Options { secrets: Arc::new(OneSecret), ..Options::default() };
    let client = Egress::new(options, Clock::system()).client(&target).unwrap();
    let template = Template::parse(&format!("vault:{secret}")).unwrap();
    let credential = HeaderTemplates(vec![(HeaderName::from_static(header), template)]);
    Place::new(client, base, Arc::new(credential), Duration::from_secs(10))
}

pub(crate) fn place(server: &Server, header: &'static str) -> Place {
    place_with(server, header, "wallet")
}

/// An invoice over 10 sat whose preimage is [`RIGHT`].
pub(crate) fn invoice() -> Invoice {
    build(|_| ())
}

pub(crate) fn amountless() -> Invoice {
    build(|builder| builder.amount_msat = None)
}

fn build(change: impl FnOnce(&mut InvoiceBuilder)) -> Invoice {
    let made = 1_740_672_000;
    let mut builder =
        InvoiceBuilder::new(Network::Mainnet, 10_000, made, hash(), [0x11; 32], "weather");
    change(&mut builder);
    builder.sign(&NodeKey::from_bytes([0x21; 32]).unwrap()).unwrap()
}

pub(crate) fn hash() -> PaymentHash {
    Preimage::from_bytes([1; 32]).hash()
}

/// What an outcome says, in a form that can be compared: its kind, its code, its fee.
pub(crate) fn told(outcome: &Outcome) -> (&'static str, &'static str, Option<u64>) {
    let (kind, fee) = match outcome {
        Outcome::Settled { preimage, fee_msat } => {
            assert_eq!(*preimage.hex(), RIGHT, "the proof is in lower case");
            ("settled", *fee_msat)
        }
        Outcome::Failed(_) => ("failed", None),
        Outcome::InFlight => ("in_flight", None),
        Outcome::Unknown(_) => ("unknown", None),
        Outcome::Absent => ("absent", None),
    };
    (kind, outcome.code(), fee)
}

pub(crate) const fn settled(fee: u64) -> (&'static str, &'static str, Option<u64>) {
    ("settled", "settled", Some(fee))
}

pub(crate) const fn failed(code: &'static str) -> (&'static str, &'static str, Option<u64>) {
    ("failed", code, None)
}

pub(crate) const fn unknown(code: &'static str) -> (&'static str, &'static str, Option<u64>) {
    ("unknown", code, None)
}

pub(crate) const IN_FLIGHT: (&str, &str, Option<u64>) = ("in_flight", "in_flight", None);
pub(crate) const ABSENT: (&str, &str, Option<u64>) = ("absent", "absent", None);
