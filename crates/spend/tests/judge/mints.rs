//! Which mint's ecash a request is paid with.

use cashu::{Coin, MintUrl, PaymentRequest};
use rails::{Demand, answer};
use spend::{Plan, Purse, Situation, Verdict};

use super::{judged, rule, situation};

const A: &str = "https://mint.example.com";
const B: &str = "https://mint.example.org";
const C: &str = "https://mint.example.net";

fn url(text: &str) -> MintUrl {
    MintUrl::parse(text).unwrap()
}

fn asks(sat: u64, mints: &[&str]) -> Demand {
    let request = PaymentRequest {
        amount: Some(sat),
        unit: Some("sat".to_owned()),
        mints: mints.iter().map(|mint| (*mint).to_owned()).collect(),
        ..PaymentRequest::default()
    };
    answer(402, &[("X-Cashu", request.to_creq_a().as_bytes())], b"")
}

fn purse(mint: &str, coins: &[u64], input_fee_ppk: u64) -> Purse {
    let coin = |amount: &u64| Coin { amount: *amount, input_fee_ppk };
    let fee_limit = u128::from(16 * input_fee_ppk).div_ceil(1000);
    Purse { mint: url(mint), fee_limit, coins: Some(coins.iter().map(coin).collect()) }
}

/// Mints A and B are listed.
fn with(purses: Vec<Purse>) -> Situation {
    let mut situation = situation();
    situation.policy.mints = vec![url(A), url(B)];
    situation.known.purses = purses;
    situation
}

/// The mints in the order in which they are tried.
fn tried(verdict: Verdict) -> Vec<String> {
    let Verdict::Allow(choice) = verdict else { panic!("{verdict:?}") };
    let spare = choice.spare.clone();
    let all = std::iter::once(*choice).chain(spare);
    all.map(|choice| {
        let Plan::Ecash { ask } = &choice.plan else { panic!() };
        assert_eq!((ask.mints.len(), ask.mints[0].as_str()), (1, choice.terms.network.as_str()));
        choice.terms.network
    })
    .collect()
}

#[test]
fn every_agreed_mint_with_money_is_tried_the_one_that_takes_least_first() {
    // Ten satoshi cost 14 at A (four coins), 12 at B (one coin): the rate alone does not say so.
    let both = with(vec![purse(A, &[4, 4, 4, 2], 1000), purse(B, &[16], 2000)]);
    assert_eq!(tried(judged(&asks(10, &[]), &both)), [B, A]);
    assert_eq!(tried(judged(&asks(10, &[A, C]), &both)), [A], "only what the seller takes");
    let equal = with(vec![purse(A, &[64], 0), purse(B, &[64], 0)]);
    assert_eq!(tried(judged(&asks(10, &[B, A]), &equal)), [A, B], "the operator's order");
    let poor = with(vec![purse(A, &[8], 0), purse(B, &[64], 0)]);
    assert_eq!(tried(judged(&asks(10, &[]), &poor)), [B], "not where there is too little");
}

#[test]
fn what_a_person_is_asked_about_does_not_move_with_what_is_in_the_purses() {
    let mut two = with(vec![purse(A, &[8, 2, 4], 1000), purse(B, &[16], 2000)]);
    two.known.pins.0.clear();
    let mut last = None;
    for coins in [&[16][..], &[16, 16], &[8, 8]] {
        two.known.purses[1] = purse(B, coins, 2000);
        let Verdict::Ask { choice, .. } = judged(&asks(10, &[]), &two) else { panic!() };
        assert!(choice.spare.is_empty(), "one yes is for one mint");
        let terms = choice.terms.canonical();
        assert_eq!(*last.get_or_insert(terms.clone()), terms);
    }
}

#[test]
fn one_request_has_one_reason_however_many_mints_it_may_be_paid_at() {
    let poor = with(vec![purse(A, &[8], 0), purse(B, &[8], 0)]);
    assert_eq!(rule(&judged(&asks(10, &[]), &poor)), "insufficient");
    assert_eq!(rule(&judged(&asks(10, &[C]), &poor)), "mint");
    // More inputs than the limit for fees allows.
    let crumbs = with(vec![purse(A, &[2; 20], 1000)]);
    assert_eq!(rule(&judged(&asks(17, &[A]), &crumbs)), "fee_limit");
}
