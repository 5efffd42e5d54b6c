//! What is asked for and by whom: the base state of the cases.

use bytes::Bytes;
use evm::{Address, Token};
use http::{HeaderMap, HeaderValue, StatusCode};
use ledger::{Budget, Scope, Unit, Window};
use model::money::{Asset, Rail};
use model::{Credential, PrincipalId, SourceName, TenantId};
use pay::{Answer, Asking, Errand, Request};
use serde_json::{Value, json};
use spend::{AssetRow, Lightning, Listed, Pin, Policy, Price, Scheme, Target, Thresholds};
use treasury::ledger;

pub const T0: u64 = 1_740_672_100_000;
pub const URL: &str = "https://api.example.com/weather";
pub const PAYEE: &str = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
pub const STRANGER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const USDC: &str = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const MAC: &str = "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAAGIJdrVCVZITmZWLFJk8sYTuevLL2sM2dLy5B79kRKCAij";
const INV10: &str = "lnbc100n1pnuprqqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5wtxkappzcsrlkmgfs6g0zyct0hkhashh7hsaxz7e65slq9fkx7fsdqvwajkzargv4eqxqrrss9qrsgqdjgeastsujylltl34jf25h5kdp2ylegjz6gmeku98a0svayezxjja5ysgwp0zq8pfx6yx20s02snprs4hhk8pwly3wpuh6equam3lucqfkvntm";
/// Ten satoshi at the mint that is listed.
const CREQ: &str = "creqAo2FhCmF1Y3NhdGFtgXgYaHR0cHM6Ly9taW50LmV4YW1wbGUuY29t";

pub fn usdc() -> Asset {
    Asset::erc20(84532, Address::parse(USDC).unwrap().as_bytes())
}

/// What an operator allows in the base state.
pub fn policy(thresholds: Thresholds) -> Policy {
    let token = Token {
        chain_id: 84532,
        address: Address::parse(USDC).unwrap(),
        name: "USDC".to_owned(),
        version: "2".to_owned(),
        decimals: 6,
    };
    let row = |asset, token, symbol: &str, decimals| AssetRow {
        asset,
        token,
        symbol: symbol.to_owned(),
        decimals,
        worth: (decimals == 6).then_some(1_000_000_000),
    };
    Policy {
        origins: vec![Listed::parse("https://api.example.com").unwrap()],
        rails: vec![Rail::Cashu, Rail::L402, Rail::X402, Rail::Mpp],
        networks: vec!["eip155:84532".to_owned()],
        schemes: vec![Scheme::ExactEip3009],
        assets: vec![row(usdc(), Some(token), "USDC", 6), row(Asset::sat(), None, "sat", 0)],
        reference: "USD".to_owned(),
        denied_payees: Vec::new(),
        tolerance_percent: 20,
        thresholds,
        lightning: Lightning {
            network: lightning::Network::Mainnet,
            fee_floor: 10,
            fee_basis_points: 100,
            sessions: false,
        },
        fees_in_caps: false,
        mints: vec![cashu::MintUrl::parse("https://mint.example.com").unwrap()],
        ecash: true,
        ecash_locks: false,
        opaque_tokens: Vec::new(),
        transfers: Vec::new(),
        sign_in: spend::SignIn::default(),
    }
}

/// The caps of the base state.
pub fn caps() -> Vec<Budget> {
    let budget = |name: &str, window, unit, limit| Budget {
        limit: Some(limit),
        ..Budget::new(name.to_owned(), window, unit)
    };
    let usd = || Unit::Symbol("USDC".into(), 6);
    let sat = || Unit::Asset(Asset::sat());
    let velocity = Budget {
        per: Scope::Payee,
        count: Some(30),
        ..Budget::new("velocity".to_owned(), Window::Minute, Unit::Any)
    };
    vec![
        budget("call", Window::Call, usd(), 100_000),
        budget("day", Window::Day, usd(), 1_000_000),
        budget("week", Window::Week, usd(), 5_000_000),
        budget("call sat", Window::Call, sat(), 1000),
        budget("day sat", Window::Day, sat(), 50_000),
        velocity,
    ]
}

/// What is pinned for this tool: payee P and this price.
pub fn pin(tool: &str, price: &str) -> Pin {
    Pin {
        origin: Target::parse(URL).unwrap().origin,
        tool: tool.to_owned(),
        payee: Some(Address::parse(PAYEE).unwrap()),
        node: None,
        price: Some(Price::parse(price, "USD").unwrap()),
        advertised: None,
    }
}

/// The call of the base state, by this principal.
pub fn errand(principal: &str) -> Errand {
    errand_to(principal, "weather", URL)
}

pub fn errand_to(principal: &str, tool: &str, url: &str) -> Errand {
    let binding = approvals::Binding {
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new(principal),
        session: "s1".to_owned(),
        method: "tools/call".to_owned(),
        source: SourceName::new("weather").unwrap(),
        tool: tool.to_owned(),
        definition: "d1".to_owned(),
        arguments: [1; 32],
        terms: None,
        policy: [9; 32],
    };
    Errand {
        tenant: "acme".to_owned(),
        principal: principal.to_owned(),
        session: Some("s1".to_owned()),
        source: "weather".to_owned(),
        tool: tool.to_owned(),
        request: Request::Http {
            method: "GET".to_owned(),
            url: url.parse().unwrap(),
            body: [0; 32],
            bytes: Bytes::new(),
        },
        asking: Asking {
            binding,
            credential: Credential::ApiKey("k1".into()),
            arguments: "{}".to_owned(),
            named: None,
        },
        key: None,
        correlation: Some("trace 7".to_owned()),
    }
}

pub fn keyed(principal: &str, key: &str) -> Errand {
    Errand { key: Some(key.to_owned()), ..errand(principal) }
}

/// The base offer at another price or to another payee.
pub fn offer_of(amount: &str, payee: &str) -> Value {
    json!({"x402Version": 2, "error": "payment required", "resource": {"url": URL},
        "accepts": [{"scheme": "exact", "network": "eip155:84532", "amount": amount, "asset": USDC,
            "payTo": payee, "maxTimeoutSeconds": 60, "extra": {"name": "USDC", "version": "2"}}]})
}

pub fn demand(status: u16, fields: &[(&'static str, String)], url: &str) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::try_from(value).unwrap());
    }
    let (status, url) = (StatusCode::from_u16(status).unwrap(), url.parse().unwrap());
    Answer::Http { status, headers, body: Bytes::new(), url }
}

pub fn x402(offer: &Value) -> (&'static str, String) {
    ("payment-required", rails::encode_standard(offer.to_string().as_bytes()))
}

/// 402 with the base offer at this price.
pub fn asks(amount: &str) -> Answer {
    demand(402, &[x402(&offer_of(amount, PAYEE))], URL)
}

/// 402 with a request for ecash and a Lightning invoice beside it, ten satoshi each.
pub fn asks_ecash_or_lightning() -> Answer {
    let l402 = format!(r#"L402 version="0", token="{MAC}", invoice="{INV10}""#);
    demand(402, &[("x-cashu", CREQ.to_owned()), ("www-authenticate", l402)], URL)
}

/// 402 with a Lightning invoice over ten satoshi.
pub fn asks_lightning() -> Answer {
    let l402 = format!(r#"L402 version="0", token="{MAC}", invoice="{INV10}""#);
    demand(402, &[("www-authenticate", l402)], URL)
}

pub fn serves(body: &'static str) -> Answer {
    Answer::Http {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
        url: URL.parse().unwrap(),
    }
}

pub fn fails(status: u16) -> Answer {
    demand(status, &[], URL)
}
