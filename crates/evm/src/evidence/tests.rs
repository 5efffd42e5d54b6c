use proptest::prelude::*;

use super::*;
use crate::abi::{Words, word_of};
use crate::known::{EXACT_PROXY, UPTO_PROXY};
use crate::rpc::{Block, Log, Receipt};
use crate::vectors::{ACCOUNT_0, STRANGER, address, payee, usdc, v1, v2, v3};
use crate::{Address, Bytes32, U256, keccak256};

const TX: Bytes32 = Bytes32::new([0xab; 32]);
const MINED: u64 = 100;
const CONFIRMATIONS: u64 = 3;
const VALID_UNTIL: u64 = 1_740_672_154;

fn authorized() -> Payment {
    Payment {
        chain_id: 84532,
        token: usdc().address,
        from: address(ACCOUNT_0),
        to: payee(),
        amount: v1().value,
        proof: Proof::Authorization(v1().nonce),
        valid_until: VALID_UNTIL,
    }
}

fn permitted() -> Payment {
    Payment { proof: Proof::PermitExact(v2().nonce), ..authorized() }
}

fn up_to() -> Payment {
    Payment { amount: v3().amount, proof: Proof::PermitUpto(v3().nonce), ..authorized() }
}

fn by_hand() -> Payment {
    Payment { proof: Proof::Person, ..authorized() }
}

fn log(contract: Address, topics: Vec<Bytes32>, data: Vec<u8>) -> Log {
    Log { address: contract, topics, data, transaction: TX, block: MINED }
}

fn transfer(token: Address, to: Address, amount: u64) -> Log {
    let topics = vec![keccak256(TRANSFER), word_of(address(ACCOUNT_0)), word_of(to)];
    log(token, topics, Words::new().uint(amount).into_bytes())
}

fn paid(amount: u64) -> Log {
    transfer(usdc().address, payee(), amount)
}

fn used(nonce: Bytes32) -> Log {
    log(
        usdc().address,
        vec![keccak256(AUTHORIZATION_USED), word_of(address(ACCOUNT_0)), nonce],
        vec![],
    )
}

fn settled_by(proxy: Address, amount: u64) -> Log {
    let terms = Words::new()
        .address(address(ACCOUNT_0))
        .address(payee())
        .uint(amount)
        .address(usdc().address);
    log(proxy, vec![keccak256(PERMIT_TRANSFER)], terms.into_bytes())
}

fn carried(logs: Vec<Log>) -> Sighting {
    Sighting::Found(Receipt { transaction: TX, block: MINED, success: true, logs })
}

/// A node that has seen the transaction deep enough, and whose last final block is older.
fn view(sighting: Sighting) -> View {
    View {
        chain_id: 84532,
        head: Block { number: MINED + 2, timestamp: VALID_UNTIL - 10 },
        sighting,
        nonce_used: Some(true),
        nonce_used_before: None,
        finalised: Some(Finalised {
            block: Block { number: MINED - 60, timestamp: VALID_UNTIL - 100 },
            nonce_used: false,
        }),
    }
}

fn honest() -> View {
    view(carried(vec![used(v1().nonce), paid(10_000)]))
}

/// A node for which the window of the payment is over, in its last final block as well.
fn over() -> View {
    View {
        head: Block { number: 300, timestamp: VALID_UNTIL + 1000 },
        sighting: Sighting::Missing,
        nonce_used: Some(false),
        finalised: Some(Finalised {
            block: Block { number: 200, timestamp: VALID_UNTIL + 1 },
            nonce_used: false,
        }),
        ..honest()
    }
}

fn settled(amount: u64) -> Judgement {
    Judgement {
        outcome: Outcome::Settled { amount: U256::from(amount), transaction: TX },
        flags: vec![],
    }
}

fn pending(flags: &[&str]) -> (Outcome, Vec<&'static str>) {
    let flags =
        [Flag::ReceiptUnverified, Flag::NoTransferLog, Flag::ReceiptFailed, Flag::ReceiptMismatch]
            .map(Flag::code)
            .into_iter()
            .filter(|code| flags.contains(code));
    (Outcome::Pending, flags.collect())
}

fn seen(payment: &Payment, view: &View) -> (Outcome, Vec<&'static str>) {
    let judgement = judge(payment, view, CONFIRMATIONS);
    (judgement.outcome, judgement.flags.into_iter().map(Flag::code).collect())
}

#[test]
fn topics_are_those_of_the_events() {
    for (event, topic) in [
        (TRANSFER, "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
        (APPROVAL, "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"),
        (AUTHORIZATION_USED, "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"),
        (
            AUTHORIZATION_CANCELED,
            "0x1cdd46ff242716cdaa72d159d339a485b3438398348d68f09d7c8c0a59353d81",
        ),
        (SETTLED, "0x97088ec3606cfe8cc112180570d03fcde05f9b8e1bfef8e27784eaf5dd5691b6"),
        (SETTLED_WITH_PERMIT, "0xde5b89d10fc800c459329c382fabfcad0be0ed7e5328e01fae04e507b09ef5d8"),
        (PERMIT_TRANSFER, "0xc0482a187556d776f2ef86c70df26debca6009f9d1647f6ce59e2f57fea17dc6"),
        (REGISTERED, "0xca52e62c367d81bb2e328eb795f7c7ba24afb478408a26c0e201d155c449bc4a"),
    ] {
        assert_eq!(keccak256(event).to_string(), topic, "{event}");
    }
}

#[test]
fn a_transfer_with_our_nonce_and_its_confirmations_is_settled() {
    // FLW-05, g-money-38
    assert_eq!(judge(&authorized(), &honest(), CONFIRMATIONS), settled(10_000));
    // The event names the nonce: it is proof without the state of the nonce.
    assert_eq!(
        judge(&authorized(), &View { nonce_used: None, ..honest() }, CONFIRMATIONS),
        settled(10_000)
    );
}

#[test]
fn a_transfer_without_its_confirmations_is_held() {
    assert_eq!(judge(&authorized(), &honest(), CONFIRMATIONS + 1).outcome, Outcome::Pending);
    let mut behind = honest();
    behind.head.number = MINED - 1;
    assert_eq!(judge(&authorized(), &behind, 0).outcome, Outcome::Pending);
}

#[test]
fn a_transaction_without_our_transfer_is_held() {
    // FLW-07, g-money-33: nothing of our token; FLW-08: another token; HUM-01: another payee.
    let unlike = [
        vec![used(v1().nonce)],
        vec![used(v1().nonce), transfer(address(STRANGER), payee(), 10_000)],
        vec![used(v1().nonce), transfer(usdc().address, address(STRANGER), 10_000)],
        vec![used(v1().nonce), paid(9_999)],
        vec![used(v1().nonce), paid(10_001)],
        vec![],
    ];
    for logs in unlike {
        let view = view(carried(logs));
        for payment in [authorized(), permitted(), by_hand()] {
            assert_eq!(seen(&payment, &view), pending(&["no_transfer_log"]), "{payment:?}");
        }
    }
}

#[test]
fn a_transaction_of_another_payment_is_held() {
    // g-money-34: the transfer has our terms, but an earlier nonce.
    let earlier = view(carried(vec![used(Bytes32::new([1; 32])), paid(10_000)]));
    assert_eq!(seen(&authorized(), &earlier), pending(&["receipt_mismatch"]));
    let stranger = Log { address: address(STRANGER), ..used(v1().nonce) };
    let forged = view(carried(vec![stranger, paid(10_000)]));
    assert_eq!(seen(&authorized(), &forged), pending(&["receipt_mismatch"]));
}

#[test]
fn a_transaction_that_failed_is_held() {
    let mut view = honest();
    let Sighting::Found(receipt) = &mut view.sighting else { panic!("found") };
    receipt.success = false;
    view.nonce_used = Some(false);
    assert_eq!(seen(&authorized(), &view), pending(&["receipt_failed"]));
}

#[test]
fn nothing_of_another_chain_proves_anything() {
    // AST-10
    let other = View { chain_id: 0x2105, ..honest() };
    assert_eq!(seen(&authorized(), &other), pending(&["receipt_unverified"]));
    assert_eq!(
        seen(&authorized(), &View { chain_id: 1, ..over() }),
        pending(&["receipt_unverified"])
    );
}

#[test]
fn an_unspent_nonce_is_no_refund_before_the_end_is_final() {
    // FLW-06, g-money-37
    let now = over();
    let early =
        Finalised { block: Block { number: 200, timestamp: VALID_UNTIL - 1 }, nonce_used: false };
    for finalised in [None, Some(early)] {
        let view = View { finalised, ..now.clone() };
        assert_eq!(judge(&authorized(), &view, 1).outcome, Outcome::NotPaid { definite: false });
    }
    assert_eq!(judge(&authorized(), &now, 1).outcome, Outcome::NotPaid { definite: true });
    // Time alone ends nothing.
    let unasked = View { nonce_used: None, finalised: None, ..now.clone() };
    assert_eq!(judge(&authorized(), &unasked, 1).outcome, Outcome::Pending);
    let spent = View { nonce_used: Some(true), ..now };
    assert_eq!(judge(&authorized(), &spent, 1).outcome, Outcome::Pending);
}

#[test]
fn a_node_that_contradicts_itself_proves_no_end() {
    let sighting = carried(vec![used(v1().nonce), paid(10_000)]);
    let view = View { sighting, ..over() };
    assert_eq!(seen(&authorized(), &view), pending(&["receipt_unverified"]));
    let ahead =
        Finalised { block: Block { number: 301, timestamp: VALID_UNTIL + 1 }, nonce_used: false };
    let view = View { finalised: Some(ahead), ..over() };
    assert_eq!(seen(&authorized(), &view), pending(&["receipt_unverified"]));
}

#[test]
fn the_last_second_is_that_of_the_contract() {
    // EIP-3009: block.timestamp < validBefore; Permit2: block.timestamp <= deadline.
    assert!(!authorized().is_over(VALID_UNTIL - 1) && authorized().is_over(VALID_UNTIL));
    assert!(!permitted().is_over(VALID_UNTIL) && permitted().is_over(VALID_UNTIL + 1));
    assert!(!by_hand().is_over(u64::MAX));
}

#[test]
fn a_permit_is_proven_by_its_proxy_and_the_bit_of_its_nonce() {
    let view_of = |logs| view(carried(logs));
    let right = view_of(vec![paid(10_000), settled_by(EXACT_PROXY, 10_000)]);
    assert_eq!(judge(&permitted(), &right, CONFIRMATIONS), settled(10_000));
    for nonce_used in [None, Some(false)] {
        let view = View { nonce_used, ..right.clone() };
        assert_eq!(seen(&permitted(), &view), pending(&["receipt_unverified"]));
    }
    for proxy in [UPTO_PROXY, address(STRANGER)] {
        let view = view_of(vec![paid(10_000), settled_by(proxy, 10_000)]);
        assert_eq!(seen(&permitted(), &view), pending(&["receipt_mismatch"]));
    }
    let other_terms = view_of(vec![paid(10_000), settled_by(EXACT_PROXY, 9_999)]);
    assert_eq!(seen(&permitted(), &other_terms), pending(&["receipt_mismatch"]));
    for bare in [SETTLED, SETTLED_WITH_PERMIT] {
        let view = view_of(vec![paid(10_000), log(EXACT_PROXY, vec![keccak256(bare)], vec![])]);
        assert_eq!(judge(&permitted(), &view, CONFIRMATIONS), settled(10_000));
    }
}

#[test]
fn a_nonce_that_was_spent_before_was_spent_by_another_transaction() {
    // A seller takes all that `upto` allows, and shows the cheaper transaction of another payment.
    let other = view(carried(vec![paid(1), settled_by(UPTO_PROXY, 1)]));
    assert_eq!(judge(&up_to(), &other, CONFIRMATIONS), settled(1));
    let fresh = View { nonce_used_before: Some(false), ..other.clone() };
    assert_eq!(judge(&up_to(), &fresh, CONFIRMATIONS), settled(1));
    let spent = View { nonce_used_before: Some(true), ..other };
    assert_eq!(seen(&up_to(), &spent), pending(&["receipt_mismatch"]));
    let spent = View { nonce_used_before: Some(true), ..honest() };
    assert_eq!(seen(&authorized(), &spent), pending(&["receipt_mismatch"]));
}

#[test]
fn the_same_authorization_is_carried_once() {
    // g-money-40: the second transaction fails, and takes nothing back of what the first one proves.
    let mut again = honest();
    let Sighting::Found(receipt) = &mut again.sighting else { panic!("found") };
    (receipt.success, receipt.logs) = (false, vec![]);
    assert_eq!(seen(&authorized(), &again), pending(&["receipt_failed"]));
    assert_eq!(judge(&authorized(), &honest(), CONFIRMATIONS), settled(10_000));
    // g-money-35: nobody said anything.
    assert_eq!(
        judge(&authorized(), &view(Sighting::Unknown), CONFIRMATIONS).outcome,
        Outcome::Pending
    );
}

#[test]
fn of_upto_the_amount_of_the_chain_is_booked() {
    // SIG-06: the receipt says 0.01, the chain 2.35 of at most 5.00.
    let view_of = |amount| view(carried(vec![paid(amount), settled_by(UPTO_PROXY, amount)]));
    let chain = judge(&up_to(), &view_of(2_350_000), CONFIRMATIONS);
    assert_eq!(chain, settled(2_350_000));
    let claim = Claim { amount: Some(U256::from(10_000_u64)), ..success() };
    let judged = judge_claim(&up_to(), &claim, chain);
    assert_eq!(judged, Judgement { flags: vec![Flag::ReceiptMismatch], ..settled(2_350_000) });
    assert_eq!(judge(&up_to(), &view_of(5_000_000), CONFIRMATIONS), settled(5_000_000));
    assert_eq!(seen(&up_to(), &view_of(5_000_001)), pending(&["no_transfer_log"]));
}

#[test]
fn a_transfer_of_nothing_proves_nothing() {
    // Anyone can make one in our name.
    let view = view(carried(vec![paid(0), settled_by(UPTO_PROXY, 0)]));
    assert_eq!(seen(&up_to(), &view), pending(&["no_transfer_log"]));
}

#[test]
fn of_several_transfers_the_largest_that_is_proven_counts() {
    let logs =
        vec![paid(1), paid(7), settled_by(UPTO_PROXY, 7), settled_by(UPTO_PROXY, 1), paid(9)];
    assert_eq!(judge(&up_to(), &view(carried(logs)), CONFIRMATIONS), settled(7));
}

#[test]
fn a_settlement_of_0_is_a_claim() {
    // SIG-07: held until the deadline has passed and the bit is unspent, both for good.
    let claim = Claim { transaction: None, amount: Some(U256::ZERO), ..success() };
    let open = View { nonce_used: Some(false), ..view(Sighting::Unknown) };
    let judged = judge_claim(&up_to(), &claim, judge(&up_to(), &open, CONFIRMATIONS));
    assert_eq!(
        judged,
        Judgement { outcome: Outcome::Pending, flags: vec![Flag::ReceiptUnverified] }
    );
    let judged = judge_claim(&up_to(), &claim, judge(&up_to(), &over(), CONFIRMATIONS));
    assert_eq!(judged.outcome, Outcome::NotPaid { definite: true });
}

fn success() -> Claim {
    Claim {
        success: true,
        transaction: Some(TX),
        chain_id: Some(84532),
        payer: Some(address(ACCOUNT_0)),
        amount: None,
    }
}

#[test]
fn what_a_seller_says_settles_nothing_and_releases_nothing() {
    let unknown = || Judgement { outcome: Outcome::Pending, flags: vec![] };
    let flags = |claim: &Claim| {
        let judged = judge_claim(&authorized(), claim, unknown());
        assert_eq!(judged.outcome, Outcome::Pending);
        judged.flags.into_iter().map(Flag::code).collect::<Vec<_>>()
    };
    assert_eq!(flags(&success()), ["receipt_unverified"]);
    // FLW-09, g-money-37
    assert_eq!(flags(&Claim { success: false, ..success() }), ["receipt_failed"]);
    // g-money-39
    let mismatch = ["receipt_unverified", "receipt_mismatch"];
    assert_eq!(flags(&Claim { chain_id: Some(8453), ..success() }), mismatch);
    assert_eq!(flags(&Claim { payer: Some(payee()), ..success() }), mismatch);
    assert_eq!(flags(&Claim { amount: Some(U256::from(1_u64)), ..success() }), mismatch);
    // g-money-38
    assert_eq!(judge_claim(&authorized(), &success(), settled(10_000)), settled(10_000));
    let other = Claim { transaction: Some(Bytes32::new([1; 32])), ..success() };
    assert_eq!(judge_claim(&authorized(), &other, settled(10_000)).flags, [Flag::ReceiptMismatch]);
}

#[test]
fn a_person_may_pay_from_any_account_but_only_the_payee() {
    let mut any = paid(10_000);
    any.topics[1] = word_of(address(STRANGER));
    let view = View { nonce_used: None, finalised: None, ..view(carried(vec![any])) };
    assert_eq!(judge(&by_hand(), &view, CONFIRMATIONS), settled(10_000));
    // An unpaid one never ends by itself.
    assert_eq!(judge(&by_hand(), &over(), CONFIRMATIONS).outcome, Outcome::Pending);
}

#[test]
fn nodes_that_do_not_agree_prove_nothing() {
    let payment = authorized();
    let behind = || View { sighting: Sighting::Missing, nonce_used: Some(false), ..honest() };
    let judged = |views: &[View], need| quorum(&payment, views, CONFIRMATIONS, need);
    // FLW-13
    let held = judged(&[honest(), behind()], 2);
    assert_eq!(held, Judgement { outcome: Outcome::Pending, flags: vec![Flag::ReceiptUnverified] });
    assert_eq!(judged(&[honest(), honest()], 2), settled(10_000));
    assert_eq!(judged(&[honest(), behind(), honest()], 2), settled(10_000));
    assert_eq!(judged(&[honest(), honest()], 0).outcome, Outcome::Pending);
    assert_eq!(judged(&[], 0).outcome, Outcome::Pending);
    // One shows the same transaction without the transfer, or an end without payment.
    let empty = view(carried(vec![]));
    for liar in [empty, over()] {
        assert_eq!(judged(&[honest(), honest(), liar], 2).outcome, Outcome::Pending);
    }
    let elsewhere = View { chain_id: 1, ..honest() };
    assert_eq!(judged(&[honest(), elsewhere], 2).outcome, Outcome::Pending);
    assert_eq!(judged(&[over(), over()], 2).outcome, Outcome::NotPaid { definite: true });
    let spent = View { nonce_used: Some(true), ..over() };
    assert_eq!(judged(&[over(), over(), spent], 2).outcome, Outcome::Pending);
}

#[test]
fn a_lost_transaction_is_found_by_what_it_noted_down() {
    let filter = search(&authorized(), 7, crate::rpc::At::Latest);
    let fits = |log: &Log| {
        let topics = filter.topics.iter().zip(&log.topics);
        filter.address == log.address
            && topics.into_iter().all(|(want, has)| want.is_none_or(|want| want == *has))
    };
    assert!(fits(&used(v1().nonce)) && !fits(&used(TX)) && !fits(&paid(10_000)));
    let filter = search(&by_hand(), 7, crate::rpc::At::Latest);
    assert_eq!(filter.topics, [Some(keccak256(TRANSFER)), None, Some(word_of(payee()))]);
    assert!(nonce_question(&by_hand()).is_none());
    assert_eq!(nonce_question(&permitted()).unwrap().to, crate::known::PERMIT2);
    assert_eq!(nonce_question(&authorized()).unwrap().to, usdc().address);
}

/// Any of the events that could be in a transaction, in any number.
fn some_logs() -> impl Strategy<Value = Vec<Log>> {
    let one = prop_oneof![
        Just(used(v1().nonce)),
        Just(used(TX)),
        (9_999_u64..=10_001).prop_map(paid),
        Just(transfer(address(STRANGER), payee(), 10_000)),
        Just(transfer(usdc().address, address(STRANGER), 10_000)),
        Just(settled_by(EXACT_PROXY, 10_000)),
        Just(settled_by(UPTO_PROXY, 9_999)),
    ];
    prop::collection::vec(one, 0..5)
}

fn some_view() -> impl Strategy<Value = View> {
    let sighting = prop_oneof![
        Just(Sighting::Unknown),
        Just(Sighting::Missing),
        (some_logs(), any::<bool>()).prop_map(|(logs, success)| {
            Sighting::Found(Receipt { transaction: TX, block: MINED, success, logs })
        }),
    ];
    let times = VALID_UNTIL - 2..VALID_UNTIL + 3;
    let finalised = prop::option::of((MINED - 2..MINED + 3, times.clone(), any::<bool>()));
    let head = (MINED - 1..MINED + 4, times);
    (sighting, head, any::<Option<bool>>(), finalised).prop_map(
        |(sighting, head, nonce_used, finalised)| View {
            chain_id: 84532,
            head: Block { number: head.0, timestamp: head.1 },
            sighting,
            nonce_used,
            nonce_used_before: None,
            finalised: finalised.map(|(number, timestamp, nonce_used)| Finalised {
                block: Block { number, timestamp },
                nonce_used,
            }),
        },
    )
}

proptest! {
    #[test]
    fn money_ends_only_by_proof(view in some_view(), which in 0_usize..4) {
        let payment = [authorized(), permitted(), up_to(), by_hand()][which];
        let payment = Payment { amount: U256::from(10_000_u64), ..payment };
        match judge(&payment, &view, CONFIRMATIONS).outcome {
            Outcome::Settled { amount, .. } => {
                let Sighting::Found(receipt) = &view.sighting else { panic!("settled by nothing") };
                prop_assert!(receipt.success && view.head.number >= MINED + CONFIRMATIONS - 1);
                prop_assert!(receipt.logs.iter().any(|log| *log == paid(u64::try_from(amount.to_u128().unwrap()).unwrap())));
                prop_assert!(amount <= payment.amount && amount != U256::ZERO);
            }
            Outcome::NotPaid { definite: true } => {
                let last = view.finalised.unwrap();
                prop_assert!(!last.nonce_used && payment.is_over(last.block.timestamp));
                prop_assert!(view.nonce_used != Some(true) && payment.proof != Proof::Person);
            }
            Outcome::NotPaid { definite: false } | Outcome::Pending => {}
        }
    }

    #[test]
    fn what_a_larger_quorum_proves_a_smaller_one_proves(views in prop::collection::vec(some_view(), 0..4), need in 0_usize..4) {
        let end = |need| quorum(&authorized(), &views, CONFIRMATIONS, need).outcome;
        let is_end = |outcome| matches!(outcome, Outcome::Settled { .. } | Outcome::NotPaid { definite: true });
        // What a larger quorum proves, a smaller one proves as well; and no quorum is larger than the nodes.
        if is_end(end(need + 1)) && need > 0 {
            prop_assert_eq!(end(need), end(need + 1));
        }
        prop_assert!(!is_end(end(views.len() + 1)) && !is_end(end(0)));
    }
}
