use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cashu::mint::{
    BlindedMessage, CheckStateRequest, CheckStateResponse, Keys, KeysResponse, Keyset, MeltQuote,
    MeltQuoteRequest, MintError, MintQuote, MintQuoteRequest, MintRequest, ProofState,
    RestoreRequest, RestoreResponse, SignaturesResponse, is_quote_id,
};
use cashu::{KeysetId, MintUrl, Point};
use egress::{Client, Deadline, ExchangeOptions, Outgoing};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::trouble::Trouble;

/// Largest answer of a mint, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long a mint may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The one unit that is counted.
pub(crate) const UNIT: &str = "sat";

/// A listed mint, reached through a client of its own. What it says is checked before it is used.
pub struct Mint {
    url: MintUrl,
    client: Client,
    keysets: Mutex<Option<Arc<Vec<Keyset>>>>,
    keys: Mutex<BTreeMap<KeysetId, Arc<Keys>>>,
}

impl Mint {
    /// The mint at `url`, an operator's; the client is for its origin.
    pub fn new(url: MintUrl, client: Client) -> Self {
        Self { url, client, keysets: Mutex::default(), keys: Mutex::default() }
    }

    /// Where it is.
    pub const fn url(&self) -> &MintUrl {
        &self.url
    }

    /// All keysets in satoshi (NUT-02), kept until [`Mint::forget`]. Those whose ids cannot be read are left out.
    pub(crate) async fn keysets(&self) -> Result<Arc<Vec<Keyset>>, Trouble> {
        let mut kept = self.keysets.lock().await;
        if let Some(known) = &*kept {
            return Ok(known.clone());
        }
        let answer: serde_json::Value = self.get("/v1/keysets").await?;
        let listed = answer["keysets"].as_array().cloned().unwrap_or_default();
        let read = listed.into_iter().filter_map(|one| serde_json::from_value(one).ok());
        let keysets: Vec<Keyset> =
            read.filter(|one: &Keyset| one.unit == UNIT && !one.id.is_short()).collect();
        let keysets = Arc::new(keysets);
        *kept = Some(keysets.clone());
        Ok(keysets)
    }

    /// What is known of the keysets, without asking.
    pub(crate) async fn known(&self) -> Option<Arc<Vec<Keyset>>> {
        self.keysets.lock().await.clone()
    }

    /// Keysets are asked for anew the next time: the mint may have turned to others.
    pub(crate) async fn forget(&self) {
        *self.keysets.lock().await = None;
    }

    /// The keyset that new ecash is made with: the cheapest that is active.
    pub(crate) async fn active(&self) -> Result<Keyset, Trouble> {
        let keysets = self.keysets().await?;
        let active = keysets.iter().filter(|one| one.active);
        let cheapest = active.min_by_key(|one| one.input_fee_ppk.unwrap_or(0)).cloned();
        cheapest.ok_or_else(|| Trouble::new("unit", "the mint signs no satoshi"))
    }

    /// The keys of a keyset; their id is derived from them, or they are not used (NUT-02).
    pub(crate) async fn keys(&self, id: &KeysetId) -> Result<Arc<Keys>, Trouble> {
        let mut kept = self.keys.lock().await;
        if let Some(known) = kept.get(id) {
            return Ok(known.clone());
        }
        let bad = || Trouble::new("bad_keyset", "the mint shows no keys that fit the keyset's id");
        let keysets = self.keysets().await?;
        let listed = keysets.iter().find(|one| one.id == *id).ok_or_else(bad)?;
        let answer: KeysResponse = self.get(&format!("/v1/keys/{}", id.to_hex())).await?;
        let keys = answer.keysets.into_iter().find(|keys| keys.fit(listed)).ok_or_else(bad)?;
        let keys = Arc::new(keys);
        kept.insert(id.clone(), keys.clone());
        Ok(keys)
    }

    /// The key for an amount of a keyset.
    pub(crate) async fn key(&self, id: &KeysetId, amount: u64) -> Result<Point, Trouble> {
        let keys = self.keys(id).await?;
        let key = keys.keys.get(&amount).copied();
        key.ok_or_else(|| Trouble::new("bad_response", "the mint has no key for the amount"))
    }

    /// Sends a swap (NUT-03). The body holds money.
    pub(crate) async fn swap(&self, body: &str) -> Result<SignaturesResponse, Trouble> {
        self.post("/v1/swap", Bytes::copy_from_slice(body.as_bytes())).await
    }

    /// What of these messages was signed (NUT-09).
    pub(crate) async fn restore(
        &self,
        outputs: Vec<BlindedMessage>,
    ) -> Result<RestoreResponse, Trouble> {
        self.post("/v1/restore", json(&RestoreRequest { outputs })?).await
    }

    /// The states of proofs (NUT-07), in the order asked.
    pub(crate) async fn states(&self, ys: Vec<Point>) -> Result<Vec<ProofState>, Trouble> {
        let asked = CheckStateRequest { ys };
        let answer: CheckStateResponse = self.post("/v1/checkstate", json(&asked)?).await?;
        Ok(answer.states_of(&asked)?)
    }

    /// Asks for an invoice that buys ecash (NUT-23).
    pub(crate) async fn quote(&self, amount: u64) -> Result<MintQuote, Trouble> {
        let unit = UNIT.to_owned();
        let asked = MintQuoteRequest { amount, unit, description: None, pubkey: None };
        let quote: MintQuote = self.post("/v1/mint/quote/bolt11", json(&asked)?).await?;
        let fits = quote.amount.is_none_or(|given| given == amount)
            && quote.unit.as_deref().is_none_or(|given| given == UNIT)
            && is_quote_id(&quote.quote);
        fits.then_some(quote)
            .ok_or_else(|| Trouble::new("bad_response", "the mint's quote is for something else"))
    }

    /// Where a quote stands (NUT-23).
    pub(crate) async fn quoted(&self, quote: &str) -> Result<MintQuote, Trouble> {
        if !is_quote_id(quote) {
            return Err(Trouble::new("quote", "that is no name of a quote"));
        }
        self.get(&format!("/v1/mint/quote/bolt11/{quote}")).await
    }

    /// Has ecash given out for a quote that was paid (NUT-04).
    pub(crate) async fn issue(
        &self,
        quote: &str,
        outputs: Vec<BlindedMessage>,
    ) -> Result<SignaturesResponse, Trouble> {
        let asked = MintRequest { quote: quote.to_owned(), outputs, signature: None };
        self.post("/v1/mint/bolt11", json(&asked)?).await
    }

    /// What paying a Lightning invoice would take (NUT-23).
    pub(crate) async fn melt_quote(&self, invoice: &str) -> Result<MeltQuote, Trouble> {
        let (request, unit) = (invoice.to_owned(), UNIT.to_owned());
        let asked = MeltQuoteRequest { request, unit };
        let quote: MeltQuote = self.post("/v1/melt/quote/bolt11", json(&asked)?).await?;
        let fits = is_quote_id(&quote.quote);
        fits.then_some(quote)
            .ok_or_else(|| Trouble::new("bad_response", "the mint's quote has no name"))
    }

    /// Where paying an invoice stands (NUT-23).
    pub(crate) async fn melting(&self, quote: &str) -> Result<MeltQuote, Trouble> {
        self.get(&format!("/v1/melt/quote/bolt11/{quote}")).await
    }

    /// Has an invoice paid (NUT-05). The body holds money.
    pub(crate) async fn melt(&self, body: &str) -> Result<MeltQuote, Trouble> {
        self.post("/v1/melt/bolt11", Bytes::copy_from_slice(body.as_bytes())).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        self.exchange(Method::GET, path, Bytes::new()).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: Bytes) -> Result<T, Trouble> {
        self.exchange(Method::POST, path, body).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, Trouble> {
        let away = |why: &str| {
            Trouble::new("mint_unavailable", format!("the mint gave no answer ({why})"))
        };
        let url = Url::parse(&format!("{}{path}", self.url)).map_err(|_| away("no_url"))?;
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]);
        let options = ExchangeOptions {
            max_body: MAX_ANSWER,
            deadline: Deadline::after(PATIENCE),
            ..ExchangeOptions::default()
        };
        let request = Outgoing { method, url, headers, body };
        let whole = self.client.exchange(request, None, options).await;
        // Where it is and what failed within is the operator's to know.
        let whole = whole.map_err(|e| {
            tracing::warn!(mint = %self.url, "a mint gave no answer: {e}");
            away(e.code())
        })?;
        let status = whole.status.as_u16();
        match status {
            200 => serde_json::from_slice(&whole.body)
                .map_err(|_| Trouble::new("bad_response", "the mint's answer cannot be read")),
            400 => Err(Trouble::new("mint_refused", refusal(&whole.body))),
            _ => Err(away(&format!("HTTP {status}"))),
        }
    }
}

/// The mint's refusal by its number; its words are a stranger's.
fn refusal(body: &[u8]) -> String {
    let read: Option<MintError> = serde_json::from_slice(body).ok();
    let code = read.and_then(|error| error.code);
    let code = code.map(|code| format!(" (code {code})")).unwrap_or_default();
    format!("the mint refused the request{code}")
}

fn json(value: &impl Serialize) -> Result<Bytes, Trouble> {
    let written = serde_json::to_vec(value).map(Bytes::from);
    written.map_err(|_| Trouble::new("bad_response", "a request cannot be written"))
}
