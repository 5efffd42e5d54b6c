//! The parts of the market that both ways to pay share.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ambient::Clock;
use bytes::Bytes;
use egress::{Client, Egress, ExchangeOptions, HeaderTemplates, Options, Outgoing, Policy, Target};
use evm::{Address, Token};
use http::{HeaderMap, HeaderName, Method};
use model::{NoVault, Template};
use pay::x402::Wallet;
use serde_json::Value;
use url::Url;
use wallets::{LnBits, Place};

use crate::Outcome;
use crate::bare::Rail;

/// What `fixtures/market/run` has opened.
pub(crate) struct Market {
    pub(crate) clock: Clock,
    /// The seller of each rail, and the URL of what it sells.
    pub(crate) x402: (Client, Url),
    pub(crate) l402: (Client, Url),
    pub(crate) chain: Client,
    pub(crate) token: Token,
    pub(crate) payee: String,
    /// The key of the account that pays on the chain.
    pub(crate) key: String,
    pub(crate) account: Wallet,
    pub(crate) lnbits: Arc<LnBits>,
}

impl Market {
    pub(crate) fn open() -> Outcome<Self> {
        let file = ambient::env("MARKET").ok_or("run this by fixtures/market/run")?;
        let facts: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        let text = |at: &str| {
            facts
                .pointer(at)
                .and_then(Value::as_str)
                .ok_or_else(|| format!("the market has no {at}"))
        };
        let clock = Clock::system();
        let egress = Egress::new(Options::default(), clock.clone());
        let client = |at: &str, path: &str| -> Outcome<(Client, Url)> {
            let url = Url::parse(text(at)?)?;
            let target = Target { policy: Policy::naming(&url), ..Target::new(url.clone()) };
            Ok((egress.client(&target)?, url.join(path)?))
        };
        let key = text("/chain/payer/key")?.to_owned();
        let token = Token {
            chain_id: 84532,
            address: Address::parse(text("/chain/token/address")?).map_err(|e| e.to_string())?,
            name: text("/chain/token/name")?.to_owned(),
            version: text("/chain/token/version")?.to_owned(),
            decimals: 6,
        };
        let (wallet, base) = client("/lnbits/url", "/")?;
        let secret = Template::plain(text("/lnbits/payer/admin_key")?.to_owned());
        let secret = HeaderTemplates(vec![(HeaderName::from_static("x-api-key"), secret)]);
        let place = Place::new(wallet, base, Arc::new(secret), Duration::from_secs(20));
        Ok(Self {
            clock,
            x402: client("/seller-x402-v2/url", "/weather")?,
            l402: client("/seller-l402/url", "/weather")?,
            chain: client("/chain/url", "/")?.0,
            token,
            payee: text("/chain/payee")?.to_owned(),
            account: Wallet::new(Template::plain(key.clone()), Arc::new(NoVault)),
            key,
            lnbits: Arc::new(LnBits::new(place)),
        })
    }

    pub(crate) const fn seller(&self, rail: Rail) -> &(Client, Url) {
        match rail {
            Rail::X402 => &self.x402,
            Rail::L402 => &self.l402,
        }
    }
}

/// A plain request for what is sold.
pub(crate) fn request(url: &Url) -> Outgoing {
    let (url, headers) = (url.clone(), HeaderMap::new());
    Outgoing { method: Method::GET, url, headers, body: Bytes::new() }
}

pub(crate) fn options() -> ExchangeOptions {
    ExchangeOptions { max_body: 1 << 20, ..ExchangeOptions::default() }
}

/// How long single durable writes take where the books are.
pub(crate) fn syncs(count: usize) -> Outcome<Vec<Duration>> {
    let mut file = tempfile::tempfile()?;
    let one = |_| {
        let start = Instant::now();
        file.write_all(&[b'x'; 500])?;
        file.sync_data()?;
        Ok(start.elapsed())
    };
    (0..count).map(one).collect()
}
