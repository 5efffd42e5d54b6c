//! Lightning invoices paid with ecash.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use ledger::Policy;
use lightning::Invoice;
use treasury::{LedgerKey, Treasury};
use wallets::{Outcome, Wallet};

use super::fake::{FakeMint, Fault, RESERVE};
use super::*;

/// Ten satoshi; its preimage is 32 times 01.
const INVOICE: &str = "lnbc100n1pnuprqqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5wtxkappzcsrlkmgfs6g0zyct0hkhashh7hsaxz7e65slq9fkx7fsdqvwajkzargv4eqxqrrss9qrsgqdjgeastsujylltl34jf25h5kdp2ylegjz6gmeku98a0svayezxjja5ysgwp0zq8pfx6yx20s02snprs4hhk8pwly3wpuh6equam3lucqfkvntm";

/// Mints, and one wallet with 64 satoshi at each of them.
struct Bench {
    mints: Vec<FakeMint>,
    clock: Clock,
    treasury: Treasury,
    ecash: Arc<Ecash>,
    melter: Melter,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn new(mints: usize) -> Self {
        let mut all = Vec::new();
        for _ in 0..mints {
            all.push(FakeMint::start().await);
        }
        let (dir, clock) = (tempfile::tempdir().unwrap(), Clock::manual(1_740_672_100_000));
        let key = LedgerKey::new(&[7; 32]).unwrap();
        let policy = Policy { unbounded: true, ..Policy::default() };
        let path = dir.path().join("ledger.db");
        let treasury = Treasury::open(&path, key, policy, clock.clone()).unwrap();
        let each = all.iter().map(FakeMint::mint).collect();
        let ecash = Arc::new(Ecash::new(each, treasury.clone(), clock.clone()));
        for mint in &all {
            let quote = ecash.mint_quote(mint.url.as_str(), 64).await.unwrap().quote;
            mint.world().paid.insert(quote.clone());
            ecash.mint(&quote).await.unwrap();
        }
        let melter = Melter::new(ecash.clone());
        Self { mints: all, clock, treasury, ecash, melter, _dir: dir }
    }

    async fn pay(&self, fee_limit: u64) -> Outcome {
        self.melter.pay(&invoice(), fee_limit * 1000, "p1").await
    }

    async fn look(&self) -> Outcome {
        self.melter.lookup(invoice().payment_hash()).await
    }

    /// What is free at each mint, and what is in exchange at all of them.
    async fn purses(&self) -> (Vec<u64>, u64) {
        let all = self.ecash.balance().await.unwrap();
        (all.iter().map(|one| one.free).collect(), all.iter().map(|one| one.exchanging).sum())
    }

    /// How often mints were told to pay.
    fn melted(&self) -> usize {
        self.mints.iter().map(|mint| mint.world().melted).sum()
    }

    /// Nothing was lost or made, and nothing is in exchange.
    async fn adds_up(&self) -> bool {
        let afloat: i128 = self.mints.iter().map(|mint| mint.world().afloat).sum();
        let (free, open) = self.purses().await;
        i128::from(free.iter().sum::<u64>()) == afloat && open == 0
    }
}

fn invoice() -> Invoice {
    Invoice::parse(INVOICE).unwrap()
}

fn paid(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Settled { preimage, fee_msat } => {
            assert_eq!(preimage.reveal(), &[1; 32]);
            *fee_msat
        }
        _ => None,
    }
}

#[tokio::test]
async fn an_invoice_is_paid_proven_and_what_was_kept_for_the_way_comes_back() {
    let bench = Bench::new(1).await;
    assert_eq!(bench.look().await.code(), "absent");
    assert_eq!(paid(&bench.pay(RESERVE).await), Some(1000));
    assert_eq!(bench.purses().await, (vec![53], 0));
    assert!(bench.adds_up().await);
    // Known for good, and never paid again.
    assert_eq!(paid(&bench.look().await), Some(1000));
    assert_eq!((bench.pay(RESERVE).await.code(), bench.melted()), ("sent_unknown", 1));
}

#[tokio::test]
async fn the_fee_for_the_inputs_is_a_part_of_what_it_costs() {
    let bench = Bench::new(1).await;
    bench.mints[0].world().ppk = 1000;
    let fresh =
        Ecash::new(vec![bench.mints[0].mint()], bench.treasury.clone(), bench.clock.clone());
    let bench = Bench { melter: Melter::new(Arc::new(fresh)), ..bench };
    assert_eq!((bench.pay(RESERVE).await.code(), bench.melted()), ("fee_limit", 0));
    assert_eq!(paid(&bench.pay(RESERVE + 1).await), Some(2000));
    assert!(bench.adds_up().await);
}

#[tokio::test]
async fn csh_18_what_is_pending_is_in_flight_until_the_mint_has_the_word() {
    for (end, code, free) in [("PAID", "settled", 53), ("UNPAID", "payment_failed", 64)] {
        let bench = Bench::new(1).await;
        bench.mints[0].fault(Fault::Pending);
        assert_eq!(bench.pay(RESERVE).await.code(), "in_flight");
        bench.clock.advance(Duration::from_mins(2));
        assert_eq!(bench.look().await.code(), "in_flight");
        bench.ecash.resume().await.unwrap();
        assert_eq!(bench.purses().await, (vec![0], 64), "{end}");
        bench.mints[0].fault(Fault::None);
        bench.mints[0].world().end_melt(end);
        assert_eq!(bench.look().await.code(), code);
        assert_eq!(bench.look().await.code(), code, "and stays so");
        assert_eq!((bench.purses().await, bench.melted()), ((vec![free], 0), 1));
        assert!(bench.adds_up().await, "{end}");
    }
}

#[tokio::test]
async fn csh_18_what_is_not_paid_may_still_be_until_its_ecash_is_swapped() {
    let bench = Bench::new(1).await;
    bench.mints[0].fault(Fault::SwapLost);
    assert_eq!(bench.pay(RESERVE).await.code(), "sent_unknown");
    bench.mints[0].fault(Fault::None);
    // Unpaid, and all of it unspent: a copy that is late could still be paid.
    assert_eq!(bench.look().await.code(), "in_flight");
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(bench.look().await.code(), "payment_failed");
    assert!(bench.adds_up().await);
    assert_eq!(bench.purses().await, (vec![64], 0));
}

#[tokio::test]
async fn crs_05_the_change_of_an_answer_that_was_lost_is_asked_for_again() {
    let bench = Bench::new(1).await;
    bench.mints[0].fault(Fault::AnswerLost);
    assert_eq!(bench.pay(RESERVE).await.code(), "sent_unknown");
    assert_eq!(bench.purses().await, (vec![0], 64));
    bench.mints[0].fault(Fault::None);
    assert_eq!(paid(&bench.look().await), Some(1000));
    assert!(bench.adds_up().await);
}

#[tokio::test]
async fn what_the_mint_refuses_to_pay_is_free_at_once() {
    let bench = Bench::new(1).await;
    bench.mints[0].fault(Fault::Refuses);
    assert_eq!(bench.pay(RESERVE).await.code(), "payment_failed");
    assert_eq!(bench.purses().await, (vec![64], 0));
    assert_eq!(bench.look().await.code(), "payment_failed");
}

#[tokio::test]
async fn a_preimage_that_is_none_proves_nothing() {
    let bench = Bench::new(1).await;
    bench.mints[0].fault(Fault::NoPreimage);
    assert_eq!(bench.pay(RESERVE).await.code(), "bad_proof");
    assert_eq!(bench.look().await.code(), "bad_proof");
    assert!(bench.adds_up().await, "the change is back all the same");
}

#[tokio::test]
async fn the_mint_that_takes_least_pays_and_after_it_no_other() {
    let bench = Bench::new(2).await;
    bench.mints[0].world().ppk = 1000;
    let each = bench.mints.iter().map(FakeMint::mint).collect();
    let ecash = Arc::new(Ecash::new(each, bench.treasury.clone(), bench.clock.clone()));
    let bench = Bench { melter: Melter::new(ecash), ..bench };
    bench.mints[1].fault(Fault::AnswerLost);
    assert_eq!(bench.pay(9).await.code(), "sent_unknown");
    assert_eq!([0, 1].map(|n: usize| bench.mints[n].world().melted), [0, 1]);
    assert_eq!((bench.pay(9).await.code(), bench.melted()), ("sent_unknown", 1));
}

#[tokio::test]
async fn dns_05_a_mint_whose_name_leads_elsewhere_between_quote_and_melt_is_not_followed() {
    let bench = Bench::new(1).await;
    let port = url::Url::parse(bench.mints[0].url.as_str()).unwrap().port().unwrap();
    let [home, elsewhere] = ["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse().unwrap());
    let listener = tokio::net::TcpListener::bind((elsewhere, port)).await.unwrap();
    let ecash = |addresses: &[std::net::IpAddr]| {
        let mint = bench.mints[0].by_name("mint.example.com", addresses);
        Arc::new(Ecash::new(vec![mint], bench.treasury.clone(), bench.clock.clone()))
    };
    let filled = ecash(&[home]);
    let name = filled.mints[0].url().to_string();
    let quote = filled.mint_quote(&name, 64).await.unwrap().quote;
    bench.mints[0].world().paid.insert(quote.clone());
    filled.mint(&quote).await.unwrap();
    // Home for the keysets, their keys and the quote; elsewhere for what is to be melted.
    let melter = Melter::new(ecash(&[home, home, home, elsewhere]));
    assert_eq!(melter.pay(&invoice(), RESERVE * 1000, "p1").await.code(), "sent_unknown");
    let quoted = bench.mints[0].world().melts.len();
    assert_eq!((quoted, bench.melted()), (1, 0));
    for _ in 0..3 {
        assert_eq!(melter.lookup(invoice().payment_hash()).await.code(), "sent_unknown");
    }
    assert_eq!(filled.balance().await.unwrap()[0].exchanging, 64, "it is held");
    let connects = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(connects.is_err(), "nobody came to the other address");
    // Where the name leads home again, the ecash comes back.
    bench.clock.advance(Duration::from_mins(1));
    let melter = Melter::new(ecash(&[home]));
    assert_eq!(melter.lookup(invoice().payment_hash()).await.code(), "payment_failed");
    assert_eq!(filled.balance().await.unwrap()[0].free, 64);
}
