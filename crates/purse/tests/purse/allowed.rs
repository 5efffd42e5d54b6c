//! What an operator allows in these tests.

use ledger::{Budget, Scope, Unit, Window};
use model::money::{Asset, Rail};
use spend::{AssetRow, Listed, Pin, Price, Scheme, Target as Seller};

const SYMBOL: &str = "sat";

pub(crate) fn budgets(limit: u128, dollars: bool) -> ledger::Policy {
    let mut budget = Budget::new("each day", Window::Day, Unit::Symbol(SYMBOL.to_owned(), 0));
    budget.per = Scope::Agent;
    budget.limit = Some(limit);
    let mut others = Budget::new("of somebody else", Window::Day, budget.unit.clone());
    others.per = Scope::Agent;
    others.only = Some("somebody-else".to_owned());
    others.limit = Some(1);
    let mut budgets = vec![budget, others];
    if dollars {
        let mut cents = Budget::new("dollars", Window::Day, Unit::Symbol("USDC".to_owned(), 6));
        cents.limit = Some(1_000_000);
        budgets.push(cents);
    }
    let token = |symbol: &str, decimals| ledger::Token { symbol: symbol.to_owned(), decimals };
    ledger::Policy {
        budgets,
        tokens: [(asset(), token(SYMBOL, 0)), (usdc_row().asset, token("USDC", 6))].into(),
        rates: std::collections::BTreeMap::new(),
        strict_fees: false,
        unbounded: false,
    }
}

fn asset() -> Asset {
    Asset::parse("sat@regtest").unwrap()
}

/// The token that sellers on chains take here.
fn usdc_row() -> AssetRow {
    let address = evm::Address::parse("0x036cbd53842c5426634e7929541ec2318f3dcf7e").unwrap();
    let (name, version) = ("USDC".to_owned(), "2".to_owned());
    let token = evm::Token { chain_id: 84532, address, name, version, decimals: 6 };
    AssetRow {
        asset: Asset::parse("eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e")
            .unwrap(),
        token: Some(token),
        symbol: "USDC".to_owned(),
        decimals: 6,
        worth: None,
    }
}

pub(crate) fn allowed(at: &str, seller: Option<&str>, mints: Vec<cashu::MintUrl>) -> spend::Policy {
    let sat = AssetRow {
        asset: asset(),
        token: None,
        symbol: SYMBOL.to_owned(),
        decimals: 0,
        worth: None,
    };
    spend::Policy {
        origins: [at].into_iter().chain(seller).map(|o| Listed::parse(o).unwrap()).collect(),
        rails: vec![Rail::L402, Rail::X402, Rail::Cashu],
        networks: vec!["eip155:84532".to_owned()],
        schemes: vec![Scheme::ExactEip3009],
        assets: vec![sat, usdc_row()],
        reference: "USD".to_owned(),
        denied_payees: Vec::new(),
        tolerance_percent: 20,
        thresholds: spend::Thresholds::default(),
        lightning: spend::Lightning {
            network: lightning::Network::Regtest,
            fee_floor: 10,
            fee_basis_points: 100,
            sessions: false,
        },
        fees_in_caps: false,
        ecash: !mints.is_empty(),
        mints,
        ecash_locks: false,
        opaque_tokens: Vec::new(),
        transfers: Vec::new(),
        sign_in: spend::SignIn::default(),
    }
}

pub(crate) fn agreed(at: &str, tool: &str) -> Pin {
    Pin {
        origin: Seller::parse(at).unwrap().origin,
        tool: tool.to_owned(),
        payee: None,
        node: None,
        price: Some(Price::parse("10 sat", "USD").unwrap()),
        advertised: None,
    }
}
