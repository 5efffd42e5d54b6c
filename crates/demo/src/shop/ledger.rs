use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ambient::{Clock, NoEntropy};
use lightning::{
    Caveat, Derivation, Invoice, InvoiceBuilder, L402Id, Macaroon, Network, NodeKey, PaymentHash,
    Preimage, RootKey, Token,
};

/// What the play wallet begins with, in satoshi.
const FUNDS: u64 = 10_000;

/// Every invoice of the play, and what the wallet has sent.
pub struct Ledger {
    nodes: [NodeKey; 2],
    root: [u8; 32],
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    invoices: HashMap<[u8; 32], Sold>,
    sent: u64,
}

struct Sold {
    preimage: [u8; 32],
    sat: u64,
    paid: bool,
}

/// A bill: what a buyer pays, and what serves once it is paid.
pub(super) struct Bill {
    pub(super) token: String,
    pub(super) invoice: String,
}

/// What the wallet says of a payment.
pub(super) enum Payment {
    Paid { hash: PaymentHash, preimage: Preimage, sat: u64 },
    Open,
    Unknown,
    Poor,
}

impl Ledger {
    /// A new one, its keys drawn by chance.
    ///
    /// # Errors
    /// The system has no chance to give.
    pub fn new(clock: Clock) -> Result<Self, NoEntropy> {
        let nodes = [node()?, node()?];
        Ok(Self { nodes, root: chance()?, clock, state: Mutex::default() })
    }

    /// The key of one of the shop's two nodes, in hex: the first is its own, the second is not what it should be.
    pub fn node(&self, which: usize) -> String {
        self.nodes.get(which).and_then(NodeKey::id).map(|id| id.to_string()).unwrap_or_default()
    }

    /// What the wallet has sent in all, in satoshi: its own books, which no budget can talk out of anything.
    pub fn sent(&self) -> u64 {
        self.lock().sent
    }

    /// Bills for so many satoshi, payable to one of the two nodes.
    pub(super) fn bill(&self, sat: u64, what: &str, node: usize) -> Option<Bill> {
        let preimage = chance().ok()?;
        let hash = Preimage::from_bytes(preimage).hash();
        let now = self.clock.now_millis() / 1000;
        let secret = chance().ok()?;
        let msat = sat.checked_mul(1000)?;
        let builder = InvoiceBuilder::new(Network::Regtest, msat, now, hash, secret, what);
        let invoice = builder.sign(self.nodes.get(node)?).ok()?;
        let id = L402Id { payment_hash: hash, token_id: chance().ok()? };
        let root = RootKey::from_bytes(self.root);
        let caveat = format!("services={what}:0");
        let caveats = Caveat::parse(&caveat);
        let macaroon =
            Macaroon::mint(&root, Derivation::Generator, "shop", &id.to_bytes(), caveats);
        let token = Token::of(&macaroon).ok()?.text().to_owned();
        self.lock().invoices.insert(hash.0, Sold { preimage, sat, paid: false });
        Some(Bill { token, invoice: invoice.text().to_owned() })
    }

    /// Whether a credential is good: a token of this shop for this thing, and the preimage that it was paid with.
    pub(super) fn admits(&self, token: &str, preimage: &str, what: &str) -> bool {
        let Ok(token) = Token::parse(token) else { return false };
        let Ok(id) = L402Id::from_bytes(token.macaroon().identifier()) else { return false };
        let ours =
            token.macaroon().verify(&RootKey::from_bytes(self.root), Derivation::Generator).is_ok();
        let paid = Preimage::from_hex(preimage).is_ok_and(|p| p.proves(&id.payment_hash));
        let service = format!("services={what}:0");
        let mut caveats = token.macaroon().caveats();
        ours && paid && caveats.all(|c| c.is_some_and(|c| c.to_string() == service))
    }

    /// The wallet pays. A hash is paid once.
    pub(super) fn pay(&self, invoice: &str) -> Payment {
        let Ok(invoice) = Invoice::parse(invoice) else { return Payment::Unknown };
        let mut state = self.lock();
        let left = FUNDS.saturating_sub(state.sent);
        let Some(sold) = state.invoices.get_mut(&invoice.payment_hash().0) else {
            return Payment::Unknown;
        };
        if !sold.paid && sold.sat > left {
            return Payment::Poor;
        }
        let (first, sat) = (!std::mem::replace(&mut sold.paid, true), sold.sat);
        let preimage = Preimage::from_bytes(sold.preimage);
        if first {
            state.sent += sat;
        }
        Payment::Paid { hash: invoice.payment_hash(), preimage, sat }
    }

    pub(super) fn look_up(&self, hash: &str) -> Payment {
        let state = self.lock();
        let found = PaymentHash::from_hex(hash).and_then(|h| Some((h, state.invoices.get(&h.0)?)));
        match found {
            Some((hash, Sold { preimage, sat, paid: true })) => {
                Payment::Paid { hash, preimage: Preimage::from_bytes(*preimage), sat: *sat }
            }
            Some(_) => Payment::Open,
            None => Payment::Unknown,
        }
    }

    pub(super) fn balance(&self) -> u64 {
        FUNDS.saturating_sub(self.sent())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn chance() -> Result<[u8; 32], NoEntropy> {
    let mut bytes = [0; 32];
    ambient::random(&mut bytes)?;
    Ok(bytes)
}

/// Nearly every number of 32 bytes is a key; the few that are none are drawn again.
fn node() -> Result<NodeKey, NoEntropy> {
    loop {
        if let Some(key) = NodeKey::from_bytes(chance()?) {
            return Ok(key);
        }
    }
}
