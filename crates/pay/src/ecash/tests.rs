use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ledger::{Budget, Intent, Policy, Released, Unit, Window};
use model::money::{Amount, Asset, Flag, MoneyRule, Rail, Terms};
use model::{PrincipalId, TenantId, Timestamp};
use spend::{Choice, Entry, Plan};
use treasury::{BlobKind, LedgerKey, Sent, Treasury};
use zeroize::Zeroizing;

use super::fake::{FakeMint, Fault};
use super::*;
use crate::{
    Answer, Asking, Attachment, Dispatched, Driver, Errand, Job, Open, Payload, Request, Standing,
};

const T0: u64 = 1_740_672_100_000;
const URL: &str = "https://api.example.com/weather";

/// A mint, and a wallet at it with books of its own.
struct Bench {
    mint: FakeMint,
    dir: tempfile::TempDir,
    clock: Clock,
    treasury: Treasury,
    wallet: Arc<Ecash>,
}

/// A payment that was sent.
struct Sending {
    open: Open,
    payload: Payload,
    attachment: Attachment,
    sent: Sent,
}

impl Bench {
    async fn new(coins: &[u64]) -> Self {
        let (mint, dir) = (FakeMint::start().await, tempfile::tempdir().unwrap());
        let clock = Clock::manual(T0);
        let treasury = books(&dir, &clock);
        let wallet = Ecash::new(vec![mint.mint()], treasury.clone(), clock.clone());
        let bench = Self { mint, dir, clock, treasury, wallet: Arc::new(wallet) };
        for coin in coins {
            let quote = bench.wallet.mint_quote(bench.url(), *coin).await.unwrap().quote;
            bench.mint.world().paid.insert(quote.clone());
            assert_eq!(bench.wallet.mint(&quote).await.unwrap().amount, *coin);
        }
        bench
    }

    fn url(&self) -> &str {
        self.mint.url.as_str()
    }

    /// As after a crash a minute ago: nothing is left but the file.
    async fn restart(&mut self) {
        let (mint, clock) = (self.mint.mint(), self.clock.clone());
        let gone = tempfile::tempdir().unwrap();
        self.treasury = books(&gone, &clock);
        self.wallet = Arc::new(Ecash::new(Vec::new(), self.treasury.clone(), clock.clone()));
        self.clock.advance(Duration::from_mins(1));
        self.treasury = books(&self.dir, &clock);
        self.wallet = Arc::new(Ecash::new(vec![mint], self.treasury.clone(), clock));
        self.wallet.begin().await;
    }

    async fn free(&self) -> u64 {
        self.wallet.balance().await.unwrap()[0].free
    }

    /// Nothing was lost or made: what is free is all that is out there.
    async fn all_is_free(&self) -> bool {
        let balance = &self.wallet.balance().await.unwrap()[0];
        let afloat = self.mint.world().afloat;
        i128::from(balance.free) == afloat && (balance.held, balance.exchanging) == (0, 0)
    }

    fn job(&self, amount: u64, fee_limit: u128) -> Job {
        let ask = cashu::Ask {
            amount,
            unit: "sat".to_owned(),
            mints: vec![self.mint.url.clone()],
            locking: None,
        };
        let terms = Terms {
            rail: Rail::Cashu,
            scheme: "cashu".to_owned(),
            network: self.url().to_owned(),
            amount: Amount::new(Asset::sat(), u128::from(amount)),
            fee_limit,
            payee: "api.example.com".to_owned(),
            origin: "https://api.example.com".to_owned(),
            resource: format!("GET {URL}"),
            expires: None,
        };
        let entry = Entry { offer: 0, index: 0 };
        let plan = Plan::Ecash { ask };
        let choice = Choice { terms, entry, plan, approvers: 1, flags: vec![], spare: vec![] };
        let offer = rails::Offer::Cashu(rails::cashu::Request { text: "creqA".to_owned() });
        Job { id: String::new(), errand: errand(), choice, offer, now: Timestamp(T0) }
    }

    /// Reserved, signed, sealed and given out, as the engine does.
    async fn send(&self, amount: u64, fee_limit: u128) -> Result<Sending, MoneyRule> {
        let mut job = self.job(amount, fee_limit);
        let reservation = self.treasury.reserve(intent(&job)).await.unwrap();
        let id = reservation.id();
        job.id = id.to_string();
        let payload = match self.wallet.sign(&job).await {
            Ok(payload) => payload,
            Err(stop) => {
                reservation.release().await.unwrap();
                return Err(stop.rule);
            }
        };
        let sealed = Zeroizing::new(serde_json::to_vec(&payload).unwrap());
        let signed = reservation.sign(payload.mark.clone(), sealed).await.unwrap();
        let sent = signed.sent().await.unwrap();
        let open = self.treasury.payment(id).await.unwrap().unwrap();
        let Dispatched::Carry(attachment) = self.wallet.dispatch(&job, &payload).await else {
            panic!("not carried");
        };
        Ok(Sending { open, payload, attachment, sent })
    }

    async fn look(&self, sending: &Sending) -> Standing {
        self.wallet.look(&sending.open, &sending.payload).await
    }
}

impl Sending {
    fn token(&self) -> &str {
        assert_eq!(self.attachment.headers[0].0, "X-Cashu");
        &self.attachment.headers[0].1
    }
}

fn books(dir: &tempfile::TempDir, clock: &Clock) -> Treasury {
    let path = dir.path().join("ledger.db");
    let key = LedgerKey::new(&[7; 32]).unwrap();
    let unit = Unit::Asset(Asset::sat());
    let budget = Budget { limit: Some(50_000), ..Budget::new("sat", Window::Call, unit) };
    let policy = Policy { budgets: vec![budget], ..Policy::default() };
    Treasury::open(&path, key, policy, clock.clone()).unwrap()
}

fn intent(job: &Job) -> Intent {
    let mut request = [0; 32];
    ambient::random(&mut request).unwrap();
    Intent {
        tenant: TenantId::new("acme"),
        agent: PrincipalId::new("a1"),
        session: String::new(),
        source: "weather".to_owned(),
        tool: "weather".to_owned(),
        terms: job.terms().clone(),
        request,
        key: None,
        concerns: vec![],
    }
}

fn errand() -> Errand {
    let binding = approvals::Binding {
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new("a1"),
        session: String::new(),
        method: "tools/call".to_owned(),
        source: model::SourceName::new("weather").unwrap(),
        tool: "weather".to_owned(),
        definition: "d1".to_owned(),
        arguments: [1; 32],
        terms: None,
        policy: [9; 32],
    };
    Errand {
        tenant: "acme".to_owned(),
        principal: "a1".to_owned(),
        session: None,
        source: "weather".to_owned(),
        tool: "weather".to_owned(),
        request: Request::Http {
            method: "GET".to_owned(),
            url: URL.parse().unwrap(),
            body: [0; 32],
            bytes: Bytes::new(),
        },
        asking: Asking {
            binding,
            credential: model::Credential::ApiKey("k1".into()),
            arguments: "{}".to_owned(),
            named: None,
        },
        key: None,
        correlation: None,
    }
}

fn answer(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    Answer::Http {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
        url: URL.parse().unwrap(),
    }
}

fn told(standing: &Standing) -> (&'static str, u128, u128) {
    match standing {
        Standing::Settled { amount, fee, .. } => ("settled", *amount, *fee),
        Standing::Released { .. } => ("released", 0, 0),
        Standing::Held { .. } => ("held", 0, 0),
    }
}

#[tokio::test]
async fn csh_01_ten_satoshi_go_in_the_header_and_the_rest_stays() {
    let bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    assert_eq!(bench.mint.world().redeem(sending.token()), 10);
    assert!(sending.attachment.secrets.contains(&sending.token().to_owned()));
    let standing = bench.wallet.answered(&sending.open, &sending.payload, &answer(200)).await;
    assert_eq!(told(&standing), ("settled", 10, 0));
    assert!(bench.all_is_free().await);
    assert_eq!(bench.free().await, 54);
}

#[tokio::test]
async fn csh_13_what_the_mint_takes_is_booked_with_what_is_handed_over() {
    let bench = Bench::new(&[4, 4, 4, 4]).await;
    bench.mint.world().ppk = 1000;
    bench.wallet.begin().await;
    let (wallet, mint) = (&bench.wallet, bench.mint.mint());
    mint.forget().await;
    // What was known of the fees is old.
    let fresh = Ecash::new(vec![mint], bench.treasury.clone(), bench.clock.clone());
    fresh.begin().await;
    let limit = async |wallet: &Ecash| wallet.facts().await.purses[0].fee_limit;
    assert_eq!((limit(wallet).await, limit(&fresh).await), (0, 16));
    let bench = Bench { wallet: Arc::new(fresh), ..bench };
    assert_eq!(bench.send(10, 3).await.err(), Some(MoneyRule::FeeLimit));
    let sending = bench.send(10, 4).await.unwrap();
    bench.mint.world().redeem(sending.token());
    assert_eq!(told(&bench.look(&sending).await), ("settled", 10, 4));
}

#[tokio::test]
async fn what_the_mint_took_for_ecash_that_came_back_is_spent() {
    let mut bench = Bench::new(&[16]).await;
    bench.mint.world().ppk = 1000;
    bench.restart().await;
    let sending = bench.send(10, 16).await.unwrap();
    // One for the input of the first swap, two for the 8 and the 2 that are taken back.
    let standing = bench.look(&sending).await;
    let Standing::Released { reason, .. } = standing else { panic!("{standing:?}") };
    assert_eq!((reason.fee(), bench.free().await), (3, 13));
    sending.sent.release(reason).await.unwrap();
    bench.wallet.tend().await;
    assert_eq!(bench.wallet.wasted(&sending.open.id.to_string()).await, Some(0));
    assert!(bench.all_is_free().await);
}

#[tokio::test]
async fn a_swap_that_may_have_been_made_may_have_cost_its_fee() {
    let mut bench = Bench::new(&[16]).await;
    bench.mint.world().ppk = 1000;
    bench.restart().await;
    for (fault, cost) in [(Fault::Refuses, 0), (Fault::AnswerLost, 1)] {
        bench.mint.fault(fault);
        let job = bench.job(10, 16);
        assert!(bench.wallet.sign(&job).await.is_err());
        assert_eq!(bench.wallet.wasted(&job.id).await, Some(cost), "{fault:?}");
    }
}

#[tokio::test]
async fn csh_14_what_nobody_took_is_taken_back_and_then_released() {
    let bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    assert_eq!(told(&bench.look(&sending).await), ("released", 0, 0));
    assert_eq!(bench.free().await, 64);
    // Its proofs stay until the books have it, so that the same is found again.
    assert_eq!(told(&bench.look(&sending).await), ("released", 0, 0));
    let reason = Released::Refused { proof: "p".to_owned() };
    sending.sent.release(reason).await.unwrap();
    bench.wallet.begin().await;
    assert!(bench.all_is_free().await);
}

#[tokio::test]
async fn csh_15_what_was_taken_is_settled_and_marked() {
    let bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    bench.mint.world().redeem(sending.token());
    let standing = bench.look(&sending).await;
    assert_eq!(told(&standing), ("settled", 10, 0));
    assert!(matches!(standing, Standing::Settled { flags, .. } if flags == [Flag::NoDelivery]));
}

#[tokio::test]
async fn csh_16_17_what_is_pending_or_cannot_be_asked_is_held() {
    for fault in [Fault::Pending, Fault::Down] {
        let bench = Bench::new(&[64]).await;
        let sending = bench.send(10, 0).await.unwrap();
        bench.mint.fault(fault);
        assert_eq!(told(&bench.look(&sending).await), ("held", 0, 0), "{fault:?}");
        let balance = &bench.wallet.balance().await.unwrap()[0];
        assert_eq!((balance.free, balance.held), (54, 10));
    }
}

#[tokio::test]
async fn csh_19_two_payments_at_once_never_pick_one_proof() {
    let bench = Bench::new(&[8, 8]).await;
    let (one, other, third) = tokio::join!(bench.send(8, 0), bench.send(8, 0), bench.send(8, 0));
    let results = [one, other, third];
    let sent: Vec<&Sending> = results.iter().filter_map(|r| r.as_ref().ok()).collect();
    // The mint asserts that no proof is spent twice.
    let sum: u64 = sent.iter().map(|s| bench.mint.world().redeem(s.token())).sum();
    assert_eq!((sent.len(), sum), (2, 16));
    let refused: Vec<_> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    assert_eq!(refused, [&MoneyRule::Insufficient]);
}

#[tokio::test]
async fn crs_05_a_swap_whose_answer_was_lost_gives_its_ecash_after_a_restart() {
    for fault in [Fault::AnswerLost, Fault::SwapLost] {
        let mut bench = Bench::new(&[64]).await;
        bench.mint.fault(fault);
        assert_eq!(bench.send(10, 0).await.err(), Some(MoneyRule::WalletUnavailable));
        let balance = &bench.wallet.balance().await.unwrap()[0];
        assert_eq!((balance.free, balance.exchanging), (0, 64));
        bench.mint.fault(Fault::None);
        bench.restart().await;
        assert!(bench.all_is_free().await, "{fault:?}");
        assert_eq!(bench.free().await, 64);
    }
}

#[tokio::test]
async fn crs_05_value_is_conserved_wherever_a_payment_is_broken_off() {
    for steps in 0..40 {
        let mut bench = Bench::new(&[64]).await;
        {
            let mut paying = Box::pin(bench.send(10, 0));
            for _ in 0..steps {
                if futures_util::poll!(paying.as_mut()).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        bench.restart().await;
        for open in bench.treasury.holds().await.unwrap() {
            let sealed = bench.treasury.payload(open.id).await.unwrap();
            let Some(sealed) = sealed else {
                // As the engine does where nothing was sealed.
                bench.treasury.release_held(open.id, Released::Unsigned).await.unwrap();
                continue;
            };
            let payload: Payload = serde_json::from_slice(&sealed).unwrap();
            assert_eq!(told(&bench.wallet.look(&open, &payload).await).0, "released", "{steps}");
        }
        bench.clock.advance(Duration::from_mins(1));
        bench.wallet.begin().await;
        let known = bench.treasury.under_way().await.unwrap();
        let state = known.first().map(|open| open.state.clone());
        let balance = bench.wallet.balance().await.unwrap();
        assert_eq!(bench.free().await, 64, "{steps}: {state:?}, {balance:?}");
    }
}

#[tokio::test]
async fn crs_05_ecash_that_was_bought_is_not_lost_with_the_mints_answer() {
    let mut bench = Bench::new(&[]).await;
    let quote = bench.wallet.mint_quote(bench.url(), 21).await.unwrap().quote;
    let unpaid = bench.wallet.mint(&quote).await.unwrap_err();
    assert_eq!(unpaid.code, "unpaid");
    bench.mint.world().paid.insert(quote.clone());
    bench.mint.fault(Fault::AnswerLost);
    assert!(bench.wallet.mint(&quote).await.is_err());
    assert_eq!(bench.wallet.mint(&quote).await.unwrap_err().code, "quote");
    bench.mint.fault(Fault::None);
    bench.restart().await;
    assert_eq!(bench.free().await, 21);
    assert_eq!(bench.wallet.mint(&quote).await.unwrap_err().code, "quote");
}

#[tokio::test]
async fn a_signature_without_proof_of_the_key_is_not_money() {
    for fault in [Fault::WrongKey, Fault::NoDleq] {
        let mut bench = Bench::new(&[64]).await;
        bench.mint.fault(fault);
        assert_eq!(bench.send(10, 0).await.err(), Some(MoneyRule::BadResponse), "{fault:?}");
        assert_eq!(bench.free().await, 0);
        bench.restart().await;
        assert_eq!(bench.free().await, 0, "{fault:?}");
        bench.mint.fault(Fault::None);
        bench.restart().await;
        assert_eq!(bench.free().await, 64, "{fault:?}");
    }
}

#[tokio::test]
async fn what_the_mint_refuses_to_swap_is_free_again() {
    let bench = Bench::new(&[64]).await;
    bench.mint.fault(Fault::Refuses);
    assert_eq!(bench.send(10, 0).await.err(), Some(MoneyRule::BadResponse));
    assert!(bench.all_is_free().await);
}

#[tokio::test]
async fn a_fee_that_is_not_what_the_mint_said_is_refused_and_nothing_is_lost() {
    let bench = Bench::new(&[64]).await;
    bench.mint.world().ppk = 1000;
    assert!(bench.send(10, 16).await.is_err());
    assert!(bench.all_is_free().await);
    // The keysets are asked for anew after a refusal.
    let sending = bench.send(10, 16).await.unwrap();
    bench.mint.world().redeem(sending.token());
    assert_eq!(told(&bench.look(&sending).await), ("settled", 10, 1));
}

#[tokio::test]
async fn what_was_delivered_is_settled_though_the_seller_has_not_taken_it() {
    let bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    let (open, payload) = (&sending.open, &sending.payload);
    let standing = bench.wallet.answered(open, payload, &answer(200)).await;
    assert_eq!(told(&standing), ("settled", 10, 0));
    // Not even where the answer was never booked.
    assert_eq!(told(&bench.look(&sending).await), ("settled", 10, 0));
    assert_eq!(bench.mint.world().redeem(sending.token()), 10);
}

#[tokio::test]
async fn a_sellers_refusal_is_a_claim_and_the_mint_has_the_word() {
    let bench = Bench::new(&[64]).await;
    for (taken, expected) in [(true, "settled"), (false, "released")] {
        let sending = bench.send(10, 0).await.unwrap();
        if taken {
            bench.mint.world().redeem(sending.token());
        }
        let standing = bench.wallet.answered(&sending.open, &sending.payload, &answer(400)).await;
        assert_eq!(told(&standing).0, expected);
        assert!(bench.wallet.again(&sending.open, &sending.payload).await.is_none());
    }
    assert_eq!(bench.free().await, 54);
}

#[tokio::test]
async fn our_own_swap_does_not_look_like_the_sellers() {
    let mut bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    bench.mint.fault(Fault::AnswerLost);
    assert_eq!(told(&bench.look(&sending).await).0, "held");
    assert_eq!(told(&bench.look(&sending).await).0, "held");
    bench.mint.fault(Fault::None);
    bench.restart().await;
    assert_eq!(told(&bench.look(&sending).await).0, "released");
    assert_eq!(bench.free().await, 64);
}

#[tokio::test]
async fn a_seller_who_is_quicker_than_our_swap_is_paid() {
    let bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    bench.mint.fault(Fault::SwapLost);
    assert_eq!(told(&bench.look(&sending).await).0, "held");
    bench.mint.world().redeem(sending.token());
    bench.mint.fault(Fault::None);
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(told(&bench.look(&sending).await), ("settled", 10, 0));
    assert_eq!(bench.free().await, 54);
}

#[tokio::test]
async fn what_the_books_have_released_comes_back_to_the_purse() {
    let bench = Bench::new(&[64]).await;
    let sending = bench.send(10, 0).await.unwrap();
    sending.sent.release(Released::Refused { proof: "p".to_owned() }).await.unwrap();
    bench.wallet.begin().await;
    bench.wallet.begin().await;
    assert!(bench.all_is_free().await);
    assert_eq!(bench.free().await, 64);
}

#[tokio::test]
async fn a_token_is_made_ours_at_once_and_only_once() {
    let (payer, payee) = (Bench::new(&[64]).await, Bench::new(&[]).await);
    let sending = payer.send(10, 0).await.unwrap();
    let unlisted = payee.wallet.receive(sending.token()).await.unwrap_err();
    assert_eq!(unlisted.code, "mint");
    let received = payer.wallet.receive(sending.token()).await.unwrap();
    assert_eq!((received.mint.as_str(), received.amount, received.fee), (payer.url(), 10, 0));
    assert_eq!(payer.wallet.receive(sending.token()).await.unwrap_err().code, "spent");
    assert_eq!(payer.wallet.receive("cashuBo2F").await.unwrap_err().code, "bad_token");
    assert_eq!(payer.free().await, 64);
}

#[tokio::test]
async fn crs_06_a_purse_that_cannot_be_read_is_left_as_it_is() {
    let bench = Bench::new(&[64]).await;
    let broken = Zeroizing::new(b"{broken".to_vec());
    let id = bench.url().to_owned();
    bench.treasury.put_blob(BlobKind::Ecash, id.clone(), broken.clone()).await.unwrap();
    assert_eq!(bench.send(10, 0).await.err(), Some(MoneyRule::Ledger));
    assert_eq!(bench.wallet.mint_quote(bench.url(), 1).await.unwrap_err().code, "store");
    let kept = bench.treasury.blob(BlobKind::Ecash, id).await.unwrap().unwrap();
    assert_eq!(kept, broken);
}

#[tokio::test]
async fn crs_07_a_store_whose_key_is_lost_does_not_load_and_is_left_as_it_is() {
    let bench = Bench::new(&[64]).await;
    let path = bench.dir.path().join("ledger.db");
    let other = || LedgerKey::new(&[8; 32]).unwrap();
    let read = || std::fs::read(&path).unwrap();
    let Bench { dir, clock, treasury, wallet, mint } = bench;
    drop((wallet, treasury));
    let before = read();
    let opened = Treasury::open(&path, other(), Policy::default(), clock.clone());
    assert_eq!(opened.err().unwrap().rule(), MoneyRule::Store);
    assert_eq!(read(), before);
    // With its own key all of it is there.
    let treasury = books(&dir, &clock);
    let wallet = Ecash::new(vec![mint.mint()], treasury, clock);
    assert_eq!(wallet.balance().await.unwrap()[0].free, 64);
}

#[tokio::test]
async fn dns_05_a_mint_whose_name_leads_elsewhere_meanwhile_is_not_followed_and_holds() {
    let mut bench = Bench::new(&[]).await;
    let port = url::Url::parse(bench.url()).unwrap().port().unwrap();
    let home: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    // An address that nobody named, at the same port.
    let elsewhere: std::net::IpAddr = "127.0.0.2".parse().unwrap();
    let listener = tokio::net::TcpListener::bind((elsewhere, port)).await.unwrap();
    let wallet = |bench: &Bench, address| {
        let mint = bench.mint.by_name("mint.example.com", &[address]);
        Ecash::new(vec![mint], bench.treasury.clone(), bench.clock.clone())
    };
    bench.wallet = Arc::new(wallet(&bench, home));
    bench.mint.url = bench.wallet.mints[0].url().clone();
    let name = bench.url().to_owned();
    let quote = bench.wallet.mint_quote(&name, 64).await.unwrap().quote;
    bench.mint.world().paid.insert(quote.clone());
    bench.wallet.mint(&quote).await.unwrap();
    let sending = bench.send(10, 0).await.unwrap();
    bench.wallet = Arc::new(wallet(&bench, elsewhere));
    for _ in 0..3 {
        assert_eq!(told(&bench.look(&sending).await), ("held", 0, 0));
    }
    assert_eq!(bench.wallet.mint_quote(&name, 1).await.unwrap_err().code, "mint_unavailable");
    let connects = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(connects.is_err(), "nobody came to the other address");
    // Where the name leads home again, the ecash comes back.
    bench.wallet = Arc::new(wallet(&bench, home));
    assert_eq!(told(&bench.look(&sending).await), ("released", 0, 0));
}

#[tokio::test]
async fn nothing_is_signed_for_other_terms_than_were_agreed() {
    let bench = Bench::new(&[64]).await;
    let swaps = bench.mint.world().swaps;
    let refused = async |change: &dyn Fn(&mut Job, &mut cashu::Ask)| {
        let mut job = bench.job(10, 0);
        let Plan::Ecash { mut ask } = job.choice.plan.clone() else { unreachable!() };
        change(&mut job, &mut ask);
        job.choice.plan = Plan::Ecash { ask };
        bench.wallet.sign(&job).await.err().unwrap().rule
    };
    let locking = || cashu::Locking { kind: "P2PK".into(), data: "02".into(), tags: Vec::new() };
    assert_eq!(refused(&|_, ask| ask.locking = Some(locking())).await, MoneyRule::Lock);
    assert_eq!(refused(&|_, ask| ask.unit = "usd".into()).await, MoneyRule::Unit);
    assert_eq!(refused(&|_, ask| ask.amount = 11).await, MoneyRule::AmountMismatch);
    assert_eq!(refused(&|_, ask| ask.mints.clear()).await, MoneyRule::Mint);
    let many = refused(&|job, ask| {
        ask.amount = 65;
        job.choice.terms.amount.minor = 65;
    });
    assert_eq!(many.await, MoneyRule::Insufficient);
    assert_eq!(bench.mint.world().swaps, swaps);
    assert_eq!(bench.free().await, 64);
}
