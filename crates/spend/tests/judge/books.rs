//! The judge over the ledger's own books.

use std::collections::BTreeMap;

use ledger::{Books, Budget, Intent, Policy, Rate, Token, Unit, Window};
use model::money::{Amount, Rail, Terms};
use model::{PrincipalId, TenantId, Timestamp};
use serde_json::json;
use spend::{InBooks, Situation, judge};

use super::{REQUEST, base, entries, rule, situation};

const NOW: Timestamp = Timestamp(base::NOW * 1000);

/// A limit of a day in USD, in units of 10^-6.
fn policy(situation: &Situation, limit: u128) -> Policy {
    let unit = Unit::Reference("USD".to_owned());
    let day = Budget {
        limit: Some(limit),
        ask_above: Some(50_000),
        ..Budget::new("everything of a day", Window::Day, unit)
    };
    let mut policy = Policy { budgets: vec![day], ..Policy::default() };
    for row in &situation.policy.assets {
        let token = Token { symbol: row.symbol.clone(), decimals: row.decimals };
        policy.tokens.insert(row.asset.clone(), token);
        let rate = Rate {
            worth: 1_000_000,
            minor: 10_u128.pow(u32::from(row.decimals)),
            set: NOW,
            good: None,
        };
        if row.worth.is_some() {
            policy.rates.insert((row.asset.clone(), "USD".to_owned()), rate);
        }
    }
    policy
}

fn intent(situation: &Situation) -> Intent {
    let asset = situation.policy.assets[0].asset.clone();
    Intent {
        tenant: TenantId::new("t1"),
        agent: PrincipalId::new("a1"),
        session: "s1".to_owned(),
        source: "weather".to_owned(),
        tool: "weather".to_owned(),
        terms: Terms {
            rail: Rail::X402,
            scheme: String::new(),
            network: String::new(),
            amount: Amount::new(asset, 1),
            fee_limit: 0,
            payee: String::new(),
            origin: String::new(),
            resource: String::new(),
            expires: None,
        },
        request: [7; 32],
        key: None,
        concerns: Vec::new(),
    }
}

#[test]
fn the_books_have_the_last_word_on_budgets() {
    let mut situation = situation();
    situation.known.pins.0[0].price = Some(spend::Price::parse("1", "USD").unwrap());
    let intent = intent(&situation);
    let books = Books::default();
    for (limit, amount, expected) in [
        (10_000, "10000", "allow"),
        (9_999, "10000", "day_cap"),
        (1_000_000, "50000", "allow"),
        (1_000_000, "50001", "over_threshold"),
    ] {
        let policy = policy(&situation, limit);
        let caps = InBooks { books: &books, policy: &policy, intent: &intent, now: NOW };
        let demand = entries(&[&[("amount", json!(amount))]]);
        assert_eq!(
            rule(&judge(&demand, &REQUEST, &situation, &caps)),
            expected,
            "{limit} {amount}"
        );
    }
    let unbounded = Policy { tokens: BTreeMap::new(), ..Policy::default() };
    let caps = InBooks { books: &books, policy: &unbounded, intent: &intent, now: NOW };
    assert_eq!(rule(&judge(&entries(&[&[]]), &REQUEST, &situation, &caps)), "currency");
}
