//! A wallet at the other end of Nostr relays (Nostr Wallet Connect, NIP-47), sealed by NIP-44.

mod carry;
mod line;

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use egress::{Boxed, Deadline};
use lightning::{Invoice, PaymentHash, Preimage};
use model::{NoSecret, Secrets, Template, Usage};
use nostr::nwc::{self, Answer, Connection, Request, after_list, after_lookup, after_payment};
use relays::Relays;
use serde_json::{Map, Value};

use crate::read::{msat, said};
use crate::{Outcome, Trouble, Wallet, codes};
use carry::{Silent, carried, meaningless};
use line::Errand;

/// How long a wallet may take for anything but a payment.
const ASK: Duration = Duration::from_secs(20);
/// How long a wallet may act on what pays nothing, in seconds: long, so that clocks may differ.
const HARMLESS: u64 = 600;
/// How far back a list of payments is asked for.
const LISTED: Duration = Duration::from_hours(30 * 24);
/// How many payments of it: an answer with so many is still one that most relays carry.
const ENTRIES: u32 = 20;

/// A wallet that a connection URI leads to. The URI is a secret and is fetched for each request.
///
/// A request is one event. It goes to every relay of the URI at once, and again where a connection breaks; a wallet that gets
/// it twice knows it by its id. NIP-47 has no limit for fees: the wallet's own stands, and a fee above is marked afterwards.
pub struct Nwc {
    uri: Template,
    secrets: Arc<dyn Secrets>,
    relays: Relays,
    clock: Clock,
    patience: Duration,
}

impl Nwc {
    /// `uri` is `nostr+walletconnect://…`. A payment is waited for as long as `patience` says, and is unknown then.
    pub fn new(
        uri: Template,
        secrets: Arc<dyn Secrets>,
        relays: Relays,
        clock: Clock,
        patience: Duration,
    ) -> Self {
        Self { uri, secrets, relays, clock, patience }
    }

    /// The connection. Plain `ws` is left to the way out: it leads only to what the operator has named as private.
    async fn open(&self) -> Result<Connection, Trouble> {
        let uri = self.uri.fill(&*self.secrets, Usage::Wallet).await.map_err(|error| {
            let code = match error {
                NoSecret::Missing(_) | NoSecret::NotFor(..) => codes::WALLET_AUTH,
                NoSecret::Unavailable(_) => codes::WALLET_UNAVAILABLE,
            };
            Trouble::new(code, format!("the connection URI is not given out: {error}"))
        })?;
        Connection::read(uri.reveal().trim(), true).map_err(|fault| {
            Trouble::new(codes::WALLET_AUTH, format!("the connection URI: {}: {fault}", fault.code))
        })
    }

    /// Asks the wallet, once; it may act on that for as many seconds as `acts` says.
    async fn ask(
        &self,
        connection: &Connection,
        request: &Request,
        needs: &[&'static str],
        acts: u64,
        within: Duration,
    ) -> Result<Answer, Silent> {
        let unsent = |why: String| Silent::Unsent(Trouble::new(codes::WALLET_UNAVAILABLE, why));
        let (mut nonce, mut random) = ([0; 32], [0; 32]);
        let drawn = ambient::random(&mut nonce).and_then(|()| ambient::random(&mut random));
        drawn.map_err(|e| unsent(e.to_string()))?;
        let now = self.clock.now_millis() / 1000;
        let sent = connection.request(request, now, now.saturating_add(acts), &nonce, &random);
        let sent = sent.map_err(|fault| unsent(fault.to_string()))?;
        let deadline = Deadline::after(within);
        let errand = Errand { relays: &self.relays, connection, sent: &sent, needs, deadline };
        carried(errand).await
    }

    /// Asks for something that pays nothing.
    async fn asked(&self, request: &Request) -> Result<Answer, Silent> {
        let connection = self.open().await.map_err(Silent::Unsent)?;
        self.ask(&connection, request, &[request.method()], HARMLESS, ASK).await
    }

    async fn order(&self, invoice: &Invoice) -> Outcome {
        if invoice.amount_msat().is_none() {
            return Outcome::failed(codes::INVOICE_AMOUNT, "the invoice names no amount");
        }
        let connection = match self.open().await {
            Ok(connection) => connection,
            Err(trouble) => return Outcome::Failed(trouble),
        };
        let request = Request::PayInvoice(invoice.text().to_owned(), None);
        // A wallet that cannot be asked what became of a payment is not given one.
        let needs = [request.method(), Request::LookupInvoice(String::new()).method()];
        let acts = self.patience.as_secs();
        match self.ask(&connection, &request, &needs, acts, self.patience).await {
            Ok(answer) => {
                let hash = invoice.payment_hash();
                told(after_payment(&answer, &hash.0), &hash, &answer)
            }
            Err(Silent::Sent(why)) => Outcome::unknown(codes::SENT_UNKNOWN, why),
            Err(Silent::Meaningless) => Outcome::Unknown(meaningless()),
            Err(silent) => Outcome::Failed(silent.into()),
        }
    }

    async fn found(&self, hash: PaymentHash) -> Outcome {
        let found = match self.asked(&Request::LookupInvoice(hash.to_string())).await {
            Ok(answer) => told(after_lookup(&answer, &hash.0), &hash, &answer),
            Err(silent) => Outcome::Unknown(silent.into()),
        };
        match found {
            Outcome::Absent => self.listed(hash).await,
            found => found,
        }
    }

    /// A second look at what a look-up does not know, where the wallet keeps a list.
    async fn listed(&self, hash: PaymentHash) -> Outcome {
        let now = self.clock.now_millis() / 1000;
        let from = now.saturating_sub(LISTED.as_secs());
        let list = Request::ListTransactions(from, now.saturating_add(HARMLESS), ENTRIES);
        match self.asked(&list).await {
            Ok(answer) => told(after_list(&answer, &hash.0), &hash, &answer),
            Err(Silent::Lacks(_)) => Outcome::Absent,
            Err(silent) => Outcome::Unknown(silent.into()),
        }
    }

    /// What comes of something that pays nothing.
    async fn result(&self, request: &Request) -> Result<Map<String, Value>, Trouble> {
        let answer = self.asked(request).await?;
        answer.map_err(|error| {
            let code = error.code.definite().unwrap_or(codes::WALLET_UNAVAILABLE);
            Trouble::new(code, words(&error.message))
        })
    }

    async fn spendable(&self) -> Result<u64, Trouble> {
        let result = self.result(&Request::GetBalance).await?;
        result.get("balance").and_then(msat).ok_or_else(meaningless)
    }

    async fn invoice(&self, memo: &str, seconds: u64) -> Result<String, Trouble> {
        let result = self.result(&Request::MakeInvoice(0, memo.to_owned(), seconds)).await?;
        let invoice = result.get("invoice").and_then(Value::as_str);
        invoice.map(ToOwned::to_owned).ok_or_else(meaningless)
    }

    async fn names(&self) -> Result<String, Trouble> {
        let connection = self.open().await?;
        Ok(format!("{} {}", connection.wallet().to_hex(), connection.client().to_hex()))
    }
}

/// What an answer says, in the words of every wallet.
fn told(outcome: nwc::Outcome, hash: &PaymentHash, answer: &Answer) -> Outcome {
    let why = || match answer {
        Ok(_) => "so the wallet answered".to_owned(),
        Err(error) => words(&error.message),
    };
    match outcome {
        nwc::Outcome::Settled(preimage, fee_msat) => {
            Outcome::proven(Some(&Preimage::from_bytes(preimage).hex()), hash, fee_msat)
        }
        nwc::Outcome::Released(code) => Outcome::failed(code, why()),
        nwc::Outcome::Absent => Outcome::Absent,
        nwc::Outcome::Hold("in_flight") => Outcome::InFlight,
        nwc::Outcome::Hold(code) => Outcome::unknown(code, why()),
    }
}

/// What a wallet says for people; its connection has taken the secrets out.
fn words(message: &str) -> String {
    format!("the wallet says: {}", said(message.as_bytes()))
}

impl Wallet for Nwc {
    fn pay<'a>(&'a self, invoice: &'a Invoice, _: u64, _: &'a str) -> Boxed<'a, Outcome> {
        Box::pin(self.order(invoice))
    }

    fn lookup(&self, hash: PaymentHash) -> Boxed<'_, Outcome> {
        Box::pin(self.found(hash))
    }

    fn balance(&self) -> Boxed<'_, Result<u64, Trouble>> {
        Box::pin(self.spendable())
    }

    fn receive<'a>(&'a self, memo: &'a str, seconds: u64) -> Boxed<'a, Result<String, Trouble>> {
        Box::pin(self.invoice(memo, seconds))
    }

    fn account(&self) -> Boxed<'_, Result<String, Trouble>> {
        Box::pin(self.names())
    }

    fn kind(&self) -> &'static str {
        "nwc"
    }
}
