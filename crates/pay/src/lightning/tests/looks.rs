use ledger::State;

use super::*;

const HELD: State = State::Held(MoneyRule::SentUnknown);

/// What a look comes to so many seconds after T0.
async fn look(state: State, does: Does, after: u64) -> String {
    let (driver, fake, clock) = driver(Does::Flies, does);
    let job = base();
    let payload = sealed(&driver, &job).await;
    clock.advance(Duration::from_secs(after));
    let standing = driver.look(&open(&job, state), &payload).await;
    assert_eq!(fake.paid.load(Ordering::Relaxed), 0, "a look never pays");
    word(&standing)
}

#[tokio::test]
async fn only_proof_or_the_final_word_of_the_books_ends_a_doubt() {
    use Does::{Doubts, Fails, Flies, Hangs, Pays};
    assert_eq!(look(HELD, Pays(1, Some(1)), 5).await, "settled 10+1"); // NWC-07, NWC-11
    assert_eq!(look(HELD, Fails("payment_failed"), 5).await, "released"); // NWC-08
    assert_eq!(look(HELD, Flies, 1 << 30).await, "hold:in_flight");
    assert_eq!(look(HELD, Hangs, 1 << 30).await, "hold:sent_unknown");
    assert_eq!(look(HELD, Doubts("wallet_unavailable"), 1 << 30).await, "hold:sent_unknown");
    assert_eq!(look(HELD, Pays(2, None), 5).await, "hold:bad_proof");
    let claimed = State::Held(MoneyRule::BadProof);
    assert_eq!(look(claimed.clone(), Fails("payment_failed"), 5).await, "hold:bad_response");
    assert_eq!(look(claimed.clone(), Does::HasNone, 1 << 30).await, "hold:bad_proof");
    assert_eq!(look(claimed, Pays(1, None), 5).await, "settled 10+10");
}

#[tokio::test]
async fn an_absent_payment_is_released_only_when_nothing_can_still_pay_it() {
    // The invoice ends 3500 s after T0; the order at the latest 120 s after it, and quiet is kept for 600 s more.
    assert_eq!(look(HELD, Does::HasNone, 5).await, "hold:sent_unknown"); // NWC-09
    assert_eq!(look(HELD, Does::HasNone, 900).await, "hold:sent_unknown");
    assert_eq!(look(HELD, Does::HasNone, 3_499).await, "hold:sent_unknown");
    assert_eq!(look(HELD, Does::HasNone, 3_500).await, "released"); // NWC-10
}

#[tokio::test]
async fn an_order_that_ended_just_now_outlasts_an_invoice_that_ended_before_it() {
    let (driver, _, clock) = driver(Does::Flies, Does::HasNone);
    let job = base();
    clock.advance(Duration::from_secs(3_490));
    let payload = sealed(&driver, &job).await;
    for (wait, wanted) in [(719, "hold:sent_unknown"), (1, "released")] {
        clock.advance(Duration::from_secs(wait));
        let standing = driver.look(&open(&job, HELD), &payload).await;
        assert_eq!(word(&standing), wanted);
    }
}

#[tokio::test]
async fn another_wallets_books_say_nothing_but_a_proof_is_a_proof() {
    // WLT-07
    let (driver, fake, clock) = driver(Does::Flies, Does::HasNone);
    let job = base();
    let payload = sealed(&driver, &job).await;
    clock.advance(Duration::from_secs(1 << 30));
    let second = Lightning::new(fake.clone(), "second", clock, TIME_LIMIT);
    for (does, wanted) in [
        (Does::HasNone, "hold:sent_unknown"),
        (Does::Fails("payment_failed"), "hold:sent_unknown"),
        (Does::Pays(1, None), "settled 10+10"),
    ] {
        fake.then(does);
        assert_eq!(word(&second.look(&open(&job, HELD), &payload).await), wanted);
    }
}

#[tokio::test]
async fn a_wallet_with_another_key_at_the_same_place_is_another_wallet() {
    // WLT-07
    let (driver, fake, clock) = driver(Does::Pays(1, None), Does::HasNone);
    let is = |account| *fake.account.lock().unwrap() = account;
    let job = base();
    is(Some("one"));
    let payload = sealed(&driver, &job).await;
    for (account, wanted) in [
        (Some("two"), "released wallet_unavailable"),
        (None, "released wallet_auth"),
        (Some("one"), "done settled 10+10"),
    ] {
        is(account);
        assert_eq!(told(&driver.dispatch(&job, &payload).await), wanted, "{account:?}");
    }
    assert_eq!(fake.paid.load(Ordering::Relaxed), 1);
    clock.advance(Duration::from_secs(1 << 30));
    for (account, wanted) in
        [(Some("two"), "hold:sent_unknown"), (None, "hold:sent_unknown"), (Some("one"), "released")]
    {
        is(account);
        assert_eq!(word(&driver.look(&open(&job, HELD), &payload).await), wanted, "{account:?}");
    }
    is(None);
    assert_eq!(driver.sign(&base()).await.err().unwrap().rule, MoneyRule::WalletAuth);
}

#[tokio::test]
async fn what_cannot_be_read_stays_held() {
    let (driver, ..) = driver(Does::Flies, Does::HasNone);
    let payload = Payload { mark: None, value: serde_json::json!({"rail": "l402"}) };
    let job = base();
    assert_eq!(word(&driver.look(&open(&job, HELD), &payload).await), "hold:sent_unknown");
    assert!(driver.again(&open(&job, HELD), &payload).await.is_none());
    assert_eq!(told(&driver.dispatch(&job, &payload).await), "released self_check");
}

#[tokio::test]
async fn a_preimage_that_comes_late_still_makes_the_credential() {
    // MPC-14, B11-20, L4C-19
    for (offer, wanted) in [
        (l402("L402", MAC, INV10), format!("L402 {MAC}:{}", right())),
        (l402("LSAT", MAC, INV10), format!("LSAT {MAC}:{}", right())),
    ] {
        let (driver, fake, _) = driver(Does::Flies, Does::HasNone);
        let job = job(offer, INV10);
        let payload = sealed(&driver, &job).await;
        assert!(driver.again(&open(&job, HELD), &payload).await.is_none());
        fake.then(Does::Pays(2, None));
        assert!(driver.again(&open(&job, HELD), &payload).await.is_none());
        fake.then(Does::Pays(1, None));
        // As it was sealed, over a restart.
        let text = serde_json::to_string(&payload).unwrap();
        let payload: Payload = serde_json::from_str(&text).unwrap();
        let again = driver.again(&open(&job, State::Settled), &payload).await.expect("known now");
        assert_eq!(again.headers, [("Authorization".to_owned(), wanted)]);
        assert_eq!(fake.paid.load(Ordering::Relaxed), 0);
    }
}
