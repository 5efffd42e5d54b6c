use super::*;

#[tokio::test]
async fn nothing_is_asked_of_the_wallet_before_it_is_sealed_and_the_mark_is_the_payment_hash() {
    let (driver, fake, _) = driver(Does::Pays(1, Some(7)), Does::HasNone);
    let payload = sealed(&driver, &base()).await;
    assert_eq!(payload.mark.as_deref(), Some(format!("ln:{H1}").as_str()));
    assert_eq!(fake.paid.load(Ordering::Relaxed) + fake.looked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_payment_is_booked_in_whole_satoshi_rounded_up() {
    for (invoice, fee, wanted) in [
        (INV10, Some(0), "done settled 10+0"),
        (INV10, Some(1), "done settled 10+1"),
        (INV10, Some(10_000), "done settled 10+10"),
        (INV10, Some(10_001), "done settled 10+11 fee_over_limit"),
        (INV10, None, "done settled 10+10"),
        (ODD, Some(1_000), "done settled 2+1"),
    ] {
        let (driver, fake, _) = driver(Does::Pays(1, fee), Does::HasNone);
        let done = dispatched(&driver, &job(l402("L402", MAC, invoice), invoice)).await;
        assert_eq!(told(&done), wanted, "{fee:?}");
        assert_eq!(*fake.limit.lock().unwrap(), Some(10_000), "sat become msat");
        assert_eq!(fake.looked.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn what_a_wallet_says_and_its_books_show_decides() {
    use Does::{Doubts, Fails, Flies, Hangs, HasNone, Pays};
    for (row, pay, look, wanted) in [
        ("L4C-16", Pays(2, Some(1)), HasNone, "hold:bad_proof"),
        ("L4C-18, NWC-15", Doubts("bad_proof"), HasNone, "hold:bad_proof"),
        (
            "a proof in the books ends the doubt",
            Doubts("bad_proof"),
            Pays(1, Some(1)),
            "done settled 10+1",
        ),
        (
            "a failure after a claim is a contradiction",
            Doubts("no_proof"),
            Fails("payment_failed"),
            "hold:bad_response",
        ),
        ("no proof", Doubts("no_proof"), HasNone, "hold:no_proof"),
        ("WLT-01, NWC-07", Doubts("sent_unknown"), Pays(1, Some(1)), "done settled 10+1"),
        ("WLT-02", Doubts("sent_unknown"), HasNone, "hold:sent_unknown"),
        (
            "WLT-02, books away",
            Doubts("sent_unknown"),
            Doubts("wallet_unavailable"),
            "hold:sent_unknown",
        ),
        ("WLT-03, WLT-05", Flies, Flies, "hold:in_flight"),
        ("WLT-03, then away", Flies, Hangs, "hold:in_flight"),
        ("WLT-04, NWC-08", Doubts("sent_unknown"), Fails("payment_failed"), "released"),
        ("WLT-06, NWC-05", Doubts("bad_response"), Doubts("bad_response"), "hold:bad_response"),
        ("NWC-06", Hangs, Pays(1, None), "done settled 10+10"),
        ("NWC-12", Doubts("sent_unknown"), Doubts("sent_unknown"), "hold:sent_unknown"),
        ("nobody answers at all", Hangs, Hangs, "hold:sent_unknown"),
        ("books show another preimage", Hangs, Pays(2, None), "hold:bad_proof"),
        ("BUD-11", Fails("fee_limit"), HasNone, "released fee_limit"),
        ("NWC-13", Fails("wallet_unavailable"), HasNone, "released wallet_unavailable"),
        ("empty", Fails("insufficient"), HasNone, "released insufficient"),
        ("no route", Fails("payment_failed"), HasNone, "released"),
    ] {
        let (driver, fake, _) = driver(pay, look);
        assert_eq!(told(&dispatched(&driver, &base()).await), wanted, "{row}");
        // payments=1, and one look at most.
        assert_eq!(fake.paid.load(Ordering::Relaxed), 1, "{row}");
        assert!(fake.looked.load(Ordering::Relaxed) <= 1, "{row}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_marked_for_whoever_runs_the_rail() {
    // WLT-06
    let (driver, ..) = driver(Does::Doubts("bad_response"), Does::Doubts("bad_response"));
    let Dispatched::Stop(Standing::Held { flags, .. }) = dispatched(&driver, &base()).await else {
        panic!("held")
    };
    assert_eq!(flags, [Flag::BadResponse]);
}

async fn refused(job: &Job) -> MoneyRule {
    let (driver, fake, _) = driver(Does::Pays(1, None), Does::HasNone);
    let stop = driver.sign(job).await.err().expect("not signed");
    assert_eq!(fake.paid.load(Ordering::Relaxed), 0);
    stop.rule
}

#[tokio::test]
async fn nothing_is_sealed_that_is_not_what_was_agreed() {
    assert_eq!(refused(&job(l402("L402", MAC, ODD), INV10)).await, MoneyRule::HashMismatch);
    let mut dearer = base();
    dearer.choice.terms.amount.minor = 9;
    assert_eq!(refused(&dearer).await, MoneyRule::AmountMismatch);
    let mut endless = base();
    endless.choice.terms.fee_limit = u128::MAX;
    assert_eq!(refused(&endless).await, MoneyRule::Overflow);
    let mut elsewhere = base();
    elsewhere.offer = Offer::LnurlCash;
    assert_eq!(refused(&elsewhere).await, MoneyRule::Rail);
    let other = offer(&MPP.replace(r#"intent="charge""#, r#"intent="session""#));
    assert_eq!(refused(&job(other, INV10)).await, MoneyRule::Scheme);
}

#[tokio::test]
async fn what_has_ended_is_neither_sealed_nor_paid() {
    for (offer, end, rule) in [
        (l402("L402", MAC, INV10), 1_740_675_600_000, MoneyRule::InvoiceExpired),
        (offer(MPP), 1_740_672_400_000, MoneyRule::ChallengeExpired),
    ] {
        let job = job(offer, INV10);
        let (driver, fake, clock) = driver(Does::Pays(1, None), Does::HasNone);
        clock.advance(Duration::from_millis(end - T0 - 1));
        let payload = sealed(&driver, &job).await;
        clock.advance(Duration::from_millis(1));
        assert_eq!(driver.sign(&job).await.err().unwrap().rule, rule);
        let stopped = driver.dispatch(&job, &payload).await;
        assert_eq!(told(&stopped), format!("released {rule}"));
        assert_eq!(fake.paid.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn what_was_sealed_long_ago_or_for_another_wallet_is_not_paid() {
    // WLT-07
    let (driver, fake, clock) = driver(Does::Pays(1, None), Does::HasNone);
    let job = base();
    let payload = sealed(&driver, &job).await;
    let second = Lightning::new(fake.clone(), "second", clock.clone(), TIME_LIMIT);
    assert_eq!(told(&second.dispatch(&job, &payload).await), "released wallet_unavailable");
    clock.advance(READY);
    assert_eq!(told(&driver.dispatch(&job, &payload).await), "released expired");
    assert_eq!(fake.paid.load(Ordering::Relaxed), 0);
}
