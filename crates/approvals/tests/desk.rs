//! The desk over a real store and a real log.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use approvals::{
    Answer, Answerer, Binding, Bounds, Desk, DeskError, Full, Hand, NoAnswer, Paid, Parts,
    Question, State, Taken, What,
};
use journal::{Journal, Options};
use model::money::{Amount, Asset, MoneyRule, Rail, Terms};
use model::{Credential, Principal, PrincipalId, Role, Scopes, SourceName, TenantId, Timestamp};
use store::{IntegrityKey, SqliteStore};

const YES: Answer = Answer::Yes { keep: false, widen: false };
const START: u64 = 1_740_672_100_000;

struct House {
    dir: tempfile::TempDir,
    clock: Clock,
    journal: Journal,
    desk: Desk,
}

impl House {
    fn new() -> Self {
        Self::with(Bounds::default())
    }

    fn with(bounds: Bounds) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let options = Options::new(dir.path().join("audit"), "test/audit");
        let (journal, _) = Journal::open(options, clock.clone()).unwrap();
        let desk = desk(&dir, &clock, Some(journal.clone()), bounds);
        Self { dir, clock, journal, desk }
    }

    /// The desk of another program on the same installation, without the log.
    fn other(&self) -> Desk {
        desk(&self.dir, &self.clock, None, Bounds::default())
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// `rule` and note of each record of an approval.
    fn records(&self) -> Vec<(String, String)> {
        self.journal.close();
        let all = journal::records(&self.dir.path().join("audit"), 1).unwrap();
        let entries = all.map(|r| r.unwrap().entry).filter(|e| e.kind == "approval");
        entries.map(|e| (e.rule.unwrap(), e.note.unwrap())).collect()
    }
}

fn desk(dir: &tempfile::TempDir, clock: &Clock, journal: Option<Journal>, bounds: Bounds) -> Desk {
    let path = dir.path().join("state.db");
    let store = SqliteStore::open(&path, IntegrityKey::new(&[7; 32]), clock.clone()).unwrap();
    let page = Some("http://127.0.0.1:8403/approvals".to_owned());
    Desk::new(Parts { store: Arc::new(store), journal, clock: clock.clone(), bounds, page })
}

fn call(principal: &str, tool: &str) -> Binding {
    Binding {
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new(principal),
        session: "s1".to_owned(),
        method: "tools/call".to_owned(),
        source: SourceName::new("shop").unwrap(),
        tool: tool.to_owned(),
        definition: "d1".to_owned(),
        arguments: [1; 32],
        terms: None,
        policy: [9; 32],
    }
}

fn price(minor: u128) -> Terms {
    Terms {
        rail: Rail::L402,
        scheme: "lightning".to_owned(),
        network: "lightning:mainnet".to_owned(),
        amount: Amount { asset: Asset::sat(), minor },
        fee_limit: 10,
        payee: "02aa".to_owned(),
        origin: "https://api.example.com".to_owned(),
        resource: "GET https://api.example.com/weather".to_owned(),
        expires: None,
    }
}

fn question(binding: Binding) -> Question {
    Question::new(binding, Credential::ApiKey("k1".into()), r#"{"id":1}"#.to_owned())
}

fn four_eyes(binding: Binding) -> Question {
    Question { persons: 2, ..question(binding) }
}

fn key(id: &str, role: Role) -> Answerer {
    let principal = Principal {
        id: PrincipalId::new(id),
        tenant: TenantId::new("acme"),
        role,
        scopes: Scopes::default(),
        credential: Credential::ApiKey("k9".into()),
    };
    Answerer::Key { principal, made: Timestamp(START - 1) }
}

fn ada() -> Answerer {
    Answerer::System("ada".to_owned())
}

async fn granted(house: &House, binding: &Binding) -> String {
    let ticket = house.desk.ask(question(binding.clone())).await.unwrap();
    house.desk.answer(&ticket.id, ada(), YES).await.unwrap();
    ticket.id
}

/// APR-02, g-policy-47, b-policy-13
#[tokio::test]
async fn a_yes_is_used_once_and_until_its_time_is_over_the_same_call_is_refused() {
    let house = House::new();
    let call = call("a1", "refund");
    let id = granted(&house, &call).await;
    let Taken::Granted(grant) = house.desk.take(&call, None).await.unwrap() else { panic!() };
    assert_eq!(
        (grant.id.as_str(), grant.by, grant.keep),
        (id.as_str(), vec!["os:ada".to_owned()], false)
    );
    for named in [None, Some(id.as_str())] {
        let again = house.desk.take(&call, named).await.unwrap();
        assert_eq!(again.rule(), Some(MoneyRule::ApprovalUsed));
    }
    house.later(15 * 60);
    assert_eq!(house.desk.take(&call, None).await.unwrap(), Taken::None);
}

#[tokio::test]
async fn of_many_that_take_one_yes_at_once_one_gets_it() {
    let house = House::new();
    let call = call("a1", "refund");
    granted(&house, &call).await;
    let desks = [house.desk.clone(), house.other()];
    let takes = (0..40).map(|n| {
        let (desk, call) = (desks[n % 2].clone(), call.clone());
        tokio::spawn(async move { desk.take(&call, None).await.unwrap() })
    });
    let mut got = 0;
    for take in takes.collect::<Vec<_>>() {
        got += usize::from(matches!(take.await.unwrap(), Taken::Granted(_)));
    }
    assert_eq!(got, 1);
}

/// APR-03, APR-08, g-policy-16, b-policy-05
#[tokio::test]
async fn an_answer_a_second_late_is_refused_and_so_is_a_yes_used_a_second_late() {
    let house = House::new();
    let (one, two) = (call("a1", "refund"), call("a1", "cancel"));
    let ticket = house.desk.ask(question(one.clone())).await.unwrap();
    assert_eq!(ticket.expires, Timestamp(START).after(Duration::from_mins(15)));
    granted(&house, &two).await;
    house.later(15 * 60);
    let late = house.desk.answer(&ticket.id, ada(), YES).await.unwrap_err();
    assert_eq!((late.code(), late), ("approval_expired", NoAnswer::Expired));
    for call in [one, two] {
        let taken = house.desk.take(&call, None).await.unwrap();
        assert_eq!(taken.rule(), Some(MoneyRule::ApprovalExpired));
        // Told once, and then it may be asked anew.
        assert_eq!(house.desk.take(&call, None).await.unwrap(), Taken::None);
    }
}

#[tokio::test]
async fn no_question_lives_longer_than_fifteen_minutes_or_than_its_offer() {
    let house = House::with(Bounds { life: Duration::from_hours(2), ..Bounds::default() });
    let long = house.desk.ask(question(call("a1", "t"))).await.unwrap();
    assert_eq!(long.expires, Timestamp(START).after(Duration::from_mins(15)));
    let offer = Some(Timestamp(START + 60_000));
    let short = Question { not_after: offer, ..question(call("a1", "u")) };
    assert_eq!(house.desk.ask(short).await.unwrap().expires, Timestamp(START + 60_000));
}

/// What is another call is no call that was approved: principal, session, tool, arguments, definition, policy, terms.
#[tokio::test]
async fn whatever_differs_is_another_call() {
    let house = House::new();
    let paid = call("a1", "weather").with_terms(price(5));
    let id = granted(&house, &paid).await;
    let others = [
        (
            Binding { principal: PrincipalId::new("a2"), ..paid.clone() },
            MoneyRule::ApprovalPrincipal,
        ),
        (Binding { tenant: TenantId::new("globex"), ..paid.clone() }, MoneyRule::ApprovalPrincipal),
        (Binding { session: "s2".to_owned(), ..paid.clone() }, MoneyRule::ApprovalMismatch),
        (Binding { tool: "refund".to_owned(), ..paid.clone() }, MoneyRule::ApprovalMismatch),
        (Binding { arguments: [2; 32], ..paid.clone() }, MoneyRule::ApprovalMismatch),
        (Binding { definition: "d2".to_owned(), ..paid.clone() }, MoneyRule::ApprovalMismatch),
        (Binding { policy: [8; 32], ..paid.clone() }, MoneyRule::ApprovalMismatch),
        (Binding { method: "prompts/get".to_owned(), ..paid.clone() }, MoneyRule::ApprovalMismatch),
        (paid.clone().with_terms(price(6)), MoneyRule::ApprovalMismatch),
        (
            paid.clone().with_terms(Terms { payee: "02bb".to_owned(), ..price(5) }),
            MoneyRule::ApprovalMismatch,
        ),
        (paid.clone().with_terms(Terms { fee_limit: 11, ..price(5) }), MoneyRule::ApprovalMismatch),
        (Binding { terms: None, ..paid.clone() }, MoneyRule::ApprovalMismatch),
    ];
    for (other, rule) in others {
        assert_eq!(house.desk.take(&other, None).await.unwrap(), Taken::None, "{rule}");
        assert_eq!(house.desk.take(&other, Some(&id)).await.unwrap().rule(), Some(rule));
    }
    assert!(matches!(house.desk.take(&paid, Some(&id)).await.unwrap(), Taken::Granted(_)));
}

#[tokio::test]
async fn a_person_may_widen_a_yes_to_every_session_of_the_principal() {
    let house = House::new();
    let here = call("a1", "refund");
    let there = Binding { session: "s2".to_owned(), ..here.clone() };
    let ticket = house.desk.ask(question(here)).await.unwrap();
    let wide = Answer::Yes { keep: true, widen: true };
    house.desk.answer(&ticket.id, ada(), wide).await.unwrap();
    let Taken::Granted(grant) = house.desk.take(&there, None).await.unwrap() else { panic!() };
    assert!(grant.keep);
}

/// APR-01, APR-07, FRN-02, g-policy-48
#[tokio::test]
async fn agents_never_answer_and_nobody_answers_their_own() {
    let house = House::new();
    let ticket = house.desk.ask(question(call("opal", "refund"))).await.unwrap();
    for who in [key("a1", Role::Agent), key("opal", Role::Operator)] {
        let no = house.desk.answer(&ticket.id, who, YES).await.unwrap_err();
        assert_eq!(no.code(), "not_permitted");
    }
    assert!(house.desk.list(&key("a1", Role::Agent)).await.unwrap().is_empty());
    let foreign = Answerer::Key {
        principal: Principal {
            id: PrincipalId::new("eve"),
            tenant: TenantId::new("globex"),
            role: Role::Operator,
            scopes: Scopes::default(),
            credential: Credential::None,
        },
        made: Timestamp(0),
    };
    assert!(house.desk.list(&foreign).await.unwrap().is_empty());
    let unknown = house.desk.answer(&ticket.id, foreign, YES).await.unwrap_err();
    assert_eq!(unknown.code(), "unknown");
    assert_eq!(house.desk.ticket(&ticket.id).await.unwrap().unwrap().state, State::Waiting);
}

/// APR-09
#[tokio::test]
async fn four_eyes_are_two_persons_with_keys_that_were_there_before() {
    let house = House::new();
    let call = call("a1", "refund");
    let ticket = house.desk.ask(four_eyes(call.clone())).await.unwrap();
    let young = match key("mallory", Role::Operator) {
        Answerer::Key { principal, .. } => Answerer::Key { principal, made: Timestamp(START) },
        other @ Answerer::System(_) => other,
    };
    for who in [ada(), young] {
        let no = house.desk.answer(&ticket.id, who, YES).await.unwrap_err();
        assert_eq!(no.code(), "not_permitted");
    }
    let opal = key("opal", Role::Operator);
    let first = house.desk.answer(&ticket.id, opal.clone(), YES).await.unwrap();
    assert_eq!((first.state, first.yes, first.persons), (State::Waiting, 1, 2));
    assert!(matches!(house.desk.take(&call, None).await.unwrap(), Taken::Waiting(_)));
    assert_eq!(house.desk.answer(&ticket.id, opal, YES).await.unwrap_err().code(), "not_permitted");
    let second = house.desk.answer(&ticket.id, key("otto", Role::Operator), YES).await.unwrap();
    assert_eq!(second.state, State::Granted);
    let Taken::Granted(grant) = house.desk.take(&call, None).await.unwrap() else { panic!() };
    assert_eq!(grant.by, ["opal", "otto"]);
}

#[tokio::test]
async fn the_first_answer_that_is_committed_decides() {
    let house = House::new();
    let call = call("a1", "refund");
    let ticket = house.desk.ask(question(call.clone())).await.unwrap();
    house.other().answer(&ticket.id, ada(), Answer::No).await.unwrap();
    let late = house.desk.answer(&ticket.id, ada(), YES).await.unwrap_err();
    assert_eq!((late.code(), late), ("denied", NoAnswer::Closed(State::Refused)));
    assert_eq!(house.desk.take(&call, None).await.unwrap().rule(), Some(MoneyRule::Denied));
}

#[tokio::test]
async fn an_equal_open_question_gives_the_same_ticket_and_there_are_not_too_many() {
    let bounds = Bounds { open: 3, per_principal: 2, ..Bounds::default() };
    let house = House::with(bounds);
    let one = house.desk.ask(question(call("a1", "t0"))).await.unwrap();
    assert_eq!(house.desk.ask(question(call("a1", "t0"))).await.unwrap(), one);
    house.desk.ask(question(call("a1", "t1"))).await.unwrap();
    let full = house.desk.ask(question(call("a1", "t2"))).await.unwrap_err();
    assert_eq!(full, DeskError::Full(Full::Principal));
    house.desk.ask(question(call("a2", "t0"))).await.unwrap();
    let full = house.desk.ask(question(call("a3", "t0"))).await.unwrap_err();
    assert_eq!(full, DeskError::Full(Full::All));
    house.later(15 * 60);
    house.desk.ask(question(call("a3", "t0"))).await.unwrap();
}

#[tokio::test]
async fn another_policy_asks_anew_and_the_old_question_is_void() {
    let house = House::new();
    let old = call("a1", "refund");
    let id = granted(&house, &old).await;
    let new = Binding { policy: [8; 32], ..old.clone() };
    assert_eq!(house.desk.take(&new, None).await.unwrap(), Taken::None);
    house.desk.ask(question(new)).await.unwrap();
    assert_eq!(house.desk.ticket(&id).await.unwrap().unwrap().state, State::Void);
    let no = house.desk.answer(&id, ada(), YES).await.unwrap_err();
    assert_eq!(no.code(), "approval_mismatch");
    assert_eq!(house.desk.take(&old, None).await.unwrap(), Taken::None);
}

#[tokio::test]
async fn a_yes_that_is_given_back_counts_again_and_a_round_happens_once() {
    let house = House::new();
    let call = call("a1", "refund");
    let id = granted(&house, &call).await;
    assert!(matches!(house.desk.take(&call, None).await.unwrap(), Taken::Granted(_)));
    house.desk.give_back(&id).await.unwrap();
    assert!(matches!(house.desk.take(&call, None).await.unwrap(), Taken::Granted(_)));
    for (round, well) in [(2, false), (1, true), (1, false), (2, true)] {
        let taken = house.desk.go_on(&call, &id, round).await.unwrap();
        assert_eq!(matches!(taken, Taken::Granted(_)), well, "{round}");
    }
    let other = Binding { arguments: [2; 32], ..call };
    let taken = house.desk.go_on(&other, &id, 3).await.unwrap();
    assert_eq!(taken.rule(), Some(MoneyRule::ApprovalMismatch));
}

#[tokio::test]
async fn a_person_sees_what_changed_since_the_last_such_call() {
    let house = House::new();
    let first = call("a1", "weather").with_terms(price(5));
    granted(&house, &first).await;
    assert!(house.desk.list(&ada()).await.unwrap()[0].changes.is_none());
    assert!(matches!(house.desk.take(&first, None).await.unwrap(), Taken::Granted(_)));
    let second = Binding { arguments: [2; 32], ..first }.with_terms(price(7));
    let asks = Question { arguments: r#"{"id":2,"to":"Rome"}"#.to_owned(), ..question(second) };
    let ticket = house.desk.ask(asks).await.unwrap();
    let shown = house.desk.show(&ada(), &ticket.id).await.unwrap().unwrap();
    let changes = shown.changes.unwrap();
    let told: Vec<_> =
        changes.iter().map(|c| (c.what.as_str(), c.before.as_deref(), c.now.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("price", Some("5 sat"), Some("7 sat")),
            ("argument id", Some("1"), Some("2")),
            ("argument to", None, Some("\"Rome\"")),
        ]
    );
}

#[tokio::test]
async fn each_thing_that_happens_is_one_record_whoever_did_it() {
    let house = House::new();
    let call = call("a1", "refund").with_terms(price(5));
    let ticket = house.desk.ask(question(call.clone())).await.unwrap();
    house.other().answer(&ticket.id, ada(), YES).await.unwrap();
    house.desk.tend().await.unwrap();
    house.desk.tend().await.unwrap();
    house.desk.take(&call, None).await.unwrap();
    house.desk.ask(question(self::call("a1", "other"))).await.unwrap();
    house.later(15 * 60);
    house.desk.tend().await.unwrap();
    assert_eq!(house.desk.tally().of(What::Asked), 2);
    assert_eq!(house.desk.tally().of(What::Expired), 1);
    let records = house.records();
    let rules: Vec<_> = records.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["asked", "granted", "used", "asked", "expired"]);
    let note = &records[1].1;
    assert!(note.contains("granted by os:ada; 5 sat to 02aa at https://api.example.com"), "{note}");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_granted() {
    let house = House::new();
    let call = call("a1", "refund");
    granted(&house, &call).await;
    house.journal.close();
    assert!(matches!(house.desk.take(&call, None).await, Err(DeskError::Log(_))));
}

#[tokio::test]
async fn who_waits_hears_of_an_answer_that_another_program_took() {
    let house = House::new();
    let ticket = house.desk.ask(question(call("a1", "refund"))).await.unwrap();
    let (desk, id) = (house.desk.clone(), ticket.id.clone());
    let waits = tokio::spawn(async move { desk.wait(&id, Duration::from_secs(20)).await.unwrap() });
    house.other().answer(&ticket.id, ada(), YES).await.unwrap();
    assert_eq!(waits.await.unwrap(), State::Granted);
    let other = house.desk.ask(question(call("a1", "x"))).await.unwrap();
    let state = house.desk.wait(&other.id, Duration::from_millis(10)).await.unwrap();
    assert_eq!(state, State::Waiting);
}

fn by_hand(payment: &str) -> Question {
    let call = call("a1", "weather").with_terms(price(5));
    let uri = "lightning:lnbc1".to_owned();
    let hand = Hand { payment: payment.to_owned(), request: "r1".to_owned(), uri, ends: None };
    Question { hand: Some(hand), price: "5 sat".to_owned(), ..question(call) }
}

#[tokio::test]
async fn what_is_paid_by_hand_is_neither_approved_nor_ended_by_time() {
    let house = House::new();
    let ticket = house.desk.ask(by_hand("p1")).await.unwrap();
    assert_eq!(house.desk.ask(by_hand("p1")).await.unwrap().id, ticket.id, "one payment, one page");
    house.later(1);
    assert_ne!(house.desk.ask(by_hand("p2")).await.unwrap().id, ticket.id);
    let yes = house.desk.answer(&ticket.id, ada(), YES).await;
    assert_eq!(yes.unwrap_err().code(), "not_permitted");
    let call = call("a1", "weather").with_terms(price(5));
    assert_eq!(house.desk.take(&call, None).await.unwrap(), Taken::None);
    house.later(86_400);
    house.desk.tend().await.unwrap();
    assert_eq!(house.desk.ticket(&ticket.id).await.unwrap().unwrap().state, State::Waiting);
    assert_eq!(house.desk.may_tell(&ticket.id, &ada()).await.unwrap().payment, "p1");
    house.desk.concluded("p1", "os:ada", Paid::Yes).await.unwrap();
    house.desk.concluded("p1", "", Paid::No).await.unwrap();
    let found = house.desk.by_hand(("acme", "a1", "r1")).await.unwrap();
    assert!(found.is_some_and(|found| found.payment == "p2"), "the newest of the request");
    assert!(house.desk.take_paid(&ticket.id).await.unwrap());
    assert!(!house.desk.take_paid(&ticket.id).await.unwrap(), "it is taken up once");
    assert_eq!(house.desk.may_tell(&ticket.id, &ada()).await.unwrap_err().code(), "approval_used");
}

#[tokio::test]
async fn an_agent_and_whoever_calls_tell_nothing_of_a_payment_by_hand() {
    let house = House::new();
    let ticket = house.desk.ask(by_hand("p1")).await.unwrap();
    let plain = house.desk.ask(question(call("a1", "refund"))).await.unwrap();
    assert_eq!(house.desk.may_tell(&plain.id, &ada()).await.unwrap_err().code(), "not_permitted");
    for who in [key("a9", Role::Agent), key("a1", Role::Operator)] {
        let told = house.desk.may_tell(&ticket.id, &who).await;
        assert_eq!(told.unwrap_err().code(), "not_permitted");
    }
}
