//! Paying without a gate: the offer is read and paid, whatever it says.

use egress::Whole;
use evm::{Address, U256};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderName, HeaderValue, StatusCode};
use lightning::Invoice;
use pay::x402::{Nonce, Window};
use rails::x402::{Authorization, Offer};
use rails::{Credential, Place, challenge, l402};
use wallets::{Outcome as Paid, Wallet as _};

use crate::Outcome;
use crate::market::{Market, options, request};

#[derive(Clone, Copy)]
pub(crate) enum Rail {
    X402,
    L402,
}

impl Rail {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::X402 => "x402",
            Self::L402 => "L402",
        }
    }

    /// Asks, pays, and asks again with the proof.
    pub(crate) async fn pay(self, market: &Market) -> Outcome<()> {
        let (client, url) = market.seller(self);
        let asked = client.exchange(request(url), None, options()).await?;
        if asked.status != StatusCode::PAYMENT_REQUIRED {
            return Err(format!("{} where a price was expected", asked.status).into());
        }
        let credential = match self {
            Self::X402 => sign(market, &asked).await?,
            Self::L402 => buy(market, &asked).await?,
        };
        let Place::Header(name) = credential.place() else { return Err("no header".into()) };
        let mut again = request(url);
        let name = HeaderName::try_from(name)?;
        again.headers.insert(name, HeaderValue::try_from(credential.reveal())?);
        let served = client.exchange(again, None, options()).await?;
        if served.status != StatusCode::OK {
            return Err(format!("{} for a payment", served.status).into());
        }
        Ok(())
    }
}

/// x402: an authorization (EIP-3009) for the first entry.
async fn sign(market: &Market, asked: &Whole) -> Outcome<Credential> {
    let text = asked.headers.get("payment-required").ok_or("no offer")?;
    let offer = Offer::from_header(text.as_bytes()).map_err(|flaw| flaw.why.to_string())?;
    let entry = offer.entries.first().and_then(|entry| entry.as_ref().ok()).ok_or("no entry")?;
    let amount = entry.transfer.amount.as_ref().map_err(|flaw| flaw.why.to_string())?.to_string();
    let payee = Address::parse(&entry.transfer.pay_to).map_err(|e| e.to_string())?;
    let value = U256::parse(&amount).map_err(|e| e.to_string())?;
    let window = Window::of(market.clock.now_millis() / 1000, 60);
    let signed = market.account.authorize(&market.token, payee, value, window, Nonce::Random).await;
    let signed = signed.map_err(|stop| stop.why)?;
    let (from, to) = (signed.message.from.to_string(), signed.message.to.to_string());
    let written = Authorization {
        from: &from,
        to: &to,
        value: &amount,
        valid_after: window.after,
        valid_before: window.before,
        nonce: signed.message.nonce.as_bytes(),
        signature: signed.signature.as_bytes(),
    };
    Ok(offer.pay(entry, &written, None))
}

/// L402: the invoice paid by the wallet, and the preimage shown.
async fn buy(market: &Market, asked: &Whole) -> Outcome<Credential> {
    let line = asked.headers.get(WWW_AUTHENTICATE).ok_or("no challenge")?;
    let all = challenge::parse(line.as_bytes()).map_err(|flaw| flaw.why.to_string())?;
    let first = all.first().ok_or("no challenge")?;
    let scheme = l402::Scheme::of(first).ok_or("another scheme")?;
    let challenge = l402::Challenge::read(scheme, first).map_err(|flaw| flaw.why.to_string())?;
    let invoice = Invoice::parse(&challenge.invoice).map_err(|e| e.to_string())?;
    match market.lnbits.pay(&invoice, 10_000, "bare").await {
        Paid::Settled { preimage, .. } => Ok(challenge.credential(preimage.reveal())),
        other => Err(format!("not paid: {}", other.code()).into()),
    }
}
