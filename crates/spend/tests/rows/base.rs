//! The base state of the cases.

use evm::{Address, Token};
use model::Timestamp;
use model::money::{Asset, Rail};
use serde_json::{Value, json};
use spend::explain::Base;
use spend::{
    AssetRow, Known, Lightning, Limit, Limits, Listed, Pin, Pins, Policy, Price, Scheme, Situation,
    Target, Thresholds, Window,
};

/// T0.
pub const NOW: u64 = 1_740_672_100;
pub const URL: &str = "https://api.example.com/weather";
pub const PAYEE: &str = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
pub const STRANGER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
pub const MAC: &str = "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAAGIJdrVCVZITmZWLFJk8sYTuevLL2sM2dLy5B79kRKCAij";
pub const INV10: &str = "lnbc100n1pnuprqqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5wtxkappzcsrlkmgfs6g0zyct0hkhashh7hsaxz7e65slq9fkx7fsdqvwajkzargv4eqxqrrss9qrsgqdjgeastsujylltl34jf25h5kdp2ylegjz6gmeku98a0svayezxjja5ysgwp0zq8pfx6yx20s02snprs4hhk8pwly3wpuh6equam3lucqfkvntm";
pub const INV1000: &str = "lnbc10u1pnuprqqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5wtxkappzcsrlkmgfs6g0zyct0hkhashh7hsaxz7e65slq9fkx7fsdqvwajkzargv4eqxqrrss9qrsgqwvt3360yp59qjfskwk9yx8vtu6jwm3c445yfe5cnd4stkafjug3j66yw5fasd26qu5jhllleftk7ezr9v2xdrz7hps8ddzg0j5ttlmsqkcch03";

/// The entry of the base offer.
pub fn entry() -> Value {
    json!({"scheme": "exact", "network": "eip155:84532", "amount": "10000",
        "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "payTo": PAYEE, "maxTimeoutSeconds": 60,
        "extra": {"name": "USDC", "version": "2"}})
}

/// The base offer.
pub fn offer() -> Value {
    json!({"x402Version": 2, "error": "payment required",
        "resource": {"url": URL, "description": "Weather report", "mimeType": "application/json"}, "accepts": [entry()]})
}

fn token(chain_id: u64, contract: &str, decimals: u8, name: &str, version: &str) -> AssetRow {
    let address = Address::parse(contract).unwrap();
    AssetRow {
        asset: Asset::erc20(chain_id, address.as_bytes()),
        token: Some(Token {
            chain_id,
            address,
            name: name.to_owned(),
            version: version.to_owned(),
            decimals,
        }),
        symbol: if name == "TWO" { "TWO" } else { "USDC" }.to_owned(),
        decimals,
        worth: Some(1_000_000_000),
    }
}

fn policy() -> Policy {
    let listed = |text| Listed::parse(text).unwrap();
    let sat = AssetRow {
        asset: Asset::sat(),
        token: None,
        symbol: "sat".to_owned(),
        decimals: 0,
        worth: None,
    };
    Policy {
        origins: vec![listed("https://api.example.com"), listed("https://pay.example.net")],
        rails: vec![Rail::X402, Rail::L402, Rail::Mpp, Rail::Cashu],
        networks: vec!["eip155:84532".to_owned()],
        schemes: vec![Scheme::ExactEip3009, Scheme::ExactPermit2, Scheme::Upto],
        assets: vec![
            token(84532, "0x036CbD53842c5426634e7929541eC2318f3dCF7e", 6, "USDC", "2"),
            token(84532, "0x2222222222222222222222222222222222222222", 2, "TWO", "1"),
            token(8453, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", 6, "USD Coin", "2"),
            sat,
        ],
        reference: "USD".to_owned(),
        denied_payees: Vec::new(),
        tolerance_percent: 20,
        thresholds: Thresholds::default(),
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

pub fn base() -> Base {
    let price = |text| Price::parse(text, "USD").unwrap();
    let limit = |window, text| Limit { window, most: price(text), spent: 0, origin: None };
    let pin = Pin {
        origin: Target::parse(URL).unwrap().origin,
        tool: "weather".to_owned(),
        payee: Some(Address::parse(PAYEE).unwrap()),
        node: None,
        price: Some(price("0.01")),
        advertised: None,
    };
    let known = Known {
        now: Timestamp(NOW * 1000),
        wallets: vec![Address::parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").unwrap()],
        pins: Pins(vec![pin]),
        ..Known::default()
    };
    let limits = Limits {
        all: vec![
            limit(Window::Call, "0.10"),
            limit(Window::Day, "1.00"),
            limit(Window::Week, "5.00"),
            limit(Window::Call, "1000 sat"),
            limit(Window::Minute, "10000 sat"),
            limit(Window::Day, "50000 sat"),
        ],
        velocity: Some((30, 0)),
    };
    Base { situation: Situation { policy: policy(), known }, limits }
}
