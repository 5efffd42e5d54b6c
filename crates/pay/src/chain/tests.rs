use std::collections::BTreeSet;
use std::time::Duration;

use evm::evidence::{Flag, Outcome, Payment, Proof};
use evm::{Address, Bytes32, U256, keccak256, known};
use model::money::MoneyRule;

use super::fake::{ACCOUNT_0, B0, Event, FakeNode, Fault, PAYEE, T0, World, address, usdc};
use super::*;
use crate::Boxed;

const WAIT: Duration = Duration::from_secs(10);

/// Transactions that are in the books already.
#[derive(Default)]
pub(crate) struct Taken(pub(crate) BTreeSet<String>);

impl Unique for Taken {
    fn taken<'a>(&'a self, _: &'a str, transaction: &'a str) -> Boxed<'a, bool> {
        Box::pin(std::future::ready(self.0.contains(transaction)))
    }
}

fn nonce() -> Bytes32 {
    keccak256("nonce")
}

fn payment(proof: Proof) -> Payment {
    Payment {
        chain_id: 84532,
        token: usdc().address,
        from: address(ACCOUNT_0),
        to: address(PAYEE),
        amount: U256::from(10_000_u64),
        proof,
        valid_until: T0 + 60,
    }
}

fn number() -> U256 {
    U256::from_be_bytes(*nonce().as_bytes())
}

fn chain(nodes: &[&FakeNode], quorum: usize, confirmations: u64) -> Chain {
    let endpoints = nodes.iter().map(|node| node.client.clone()).collect();
    Chain { id: 84532, endpoints, quorum, confirmations }
}

/// The transfer of the payment, by EIP-3009.
fn paid(world: &mut World, token: Address) -> Bytes32 {
    let (from, to) = (address(ACCOUNT_0), address(PAYEE));
    let logs =
        vec![Event::transfer(token, from, to, 10_000), Event::used(usdc().address, from, nonce())];
    let hash = world.mine("paid", true, logs);
    world.spend(nonce());
    hash
}

/// The transfer of the payment, by Permit2.
fn paid_by_permit(world: &mut World, name: &str, nonce: Bytes32) -> Bytes32 {
    let (from, to) = (address(ACCOUNT_0), address(PAYEE));
    let logs =
        vec![Event::transfer(usdc().address, from, to, 10_000), Event::settled(known::EXACT_PROXY)];
    let hash = world.mine(name, true, logs);
    world.spend(nonce);
    hash
}

async fn seek(chain: &Chain, proof: Proof, claimed: Option<Bytes32>, taken: &Taken) -> Finding {
    let payment = payment(proof);
    let sought = Sought { id: "p", payment: &payment, since: T0 - 120, claimed, search: true };
    chain.seek(&sought, taken, WAIT).await
}

async fn outcome(chain: &Chain, claimed: Option<Bytes32>) -> (Outcome, Vec<Flag>) {
    let found = seek(chain, Proof::Authorization(nonce()), claimed, &Taken::default()).await;
    (found.judgement.outcome, found.judgement.flags)
}

fn settled(transaction: Bytes32) -> Outcome {
    Outcome::Settled { amount: U256::from(10_000_u64), transaction }
}

#[tokio::test]
async fn a_transaction_that_was_named_is_proof_once_it_is_deep_enough() {
    let node = FakeNode::start(World::new()).await;
    let hash = paid(&mut node.world(), usdc().address);
    let chain = chain(&[&node], 0, 3);
    assert_eq!(outcome(&chain, Some(hash)).await, (Outcome::Pending, vec![]));
    node.world().head += 2;
    assert_eq!(outcome(&chain, Some(hash)).await, (settled(hash), vec![]));
}

#[tokio::test]
async fn a_transaction_that_nobody_named_is_found_by_its_nonce() {
    // FLW-05
    let node = FakeNode::start(World::new()).await;
    let hash = paid(&mut node.world(), usdc().address);
    node.world().pass(100_000);
    assert_eq!(outcome(&chain(&[&node], 0, 1), None).await, (settled(hash), vec![]));
    assert_eq!(outcome(&chain(&[&node], 0, 1), Some(keccak256("lie"))).await.0, settled(hash));
}

#[tokio::test]
async fn a_transaction_without_our_transfer_is_no_proof() {
    // FLW-07, FLW-08
    for token in [None, Some(address("0x2222222222222222222222222222222222222222"))] {
        let node = FakeNode::start(World::new()).await;
        let hash = match token {
            Some(other) => paid(&mut node.world(), other),
            None => node.world().mine("queued", true, vec![]),
        };
        let (outcome, flags) = outcome(&chain(&[&node], 0, 1), Some(hash)).await;
        assert_eq!((outcome, flags), (Outcome::Pending, vec![Flag::NoTransferLog]));
    }
}

#[tokio::test]
async fn a_transaction_that_was_reverted_is_no_proof() {
    let node = FakeNode::start(World::new()).await;
    let hash = node.world().mine("reverted", false, vec![]);
    let found = outcome(&chain(&[&node], 0, 1), Some(hash)).await;
    assert_eq!(found, (Outcome::Pending, vec![Flag::ReceiptFailed]));
}

#[tokio::test]
async fn a_transaction_that_a_reorganisation_took_away_is_no_proof_any_more() {
    let node = FakeNode::start(World::new()).await;
    let hash = paid(&mut node.world(), usdc().address);
    let chain = chain(&[&node], 0, 2);
    assert_eq!(outcome(&chain, Some(hash)).await.0, Outcome::Pending);
    {
        let mut world = node.world();
        world.transactions.clear();
        world.spent.clear();
        world.head += 5;
    }
    assert_eq!(outcome(&chain, Some(hash)).await.0, Outcome::Pending);
    node.world().pass(1_000);
    assert_eq!(outcome(&chain, Some(hash)).await.0, Outcome::NotPaid { definite: true });
}

#[tokio::test]
async fn nothing_ends_before_the_nonce_is_unspent_at_a_final_block_past_the_end() {
    // FLW-06
    let node = FakeNode::start(World::new()).await;
    let chain = chain(&[&node], 0, 1);
    node.world().head += 31;
    assert_eq!(outcome(&chain, None).await.0, Outcome::NotPaid { definite: false });
    node.world().finalised = B0 + 29;
    assert_eq!(outcome(&chain, None).await.0, Outcome::NotPaid { definite: false });
    node.world().finalised = B0 + 30;
    let found = seek(&chain, Proof::Authorization(nonce()), None, &Taken::default()).await;
    assert_eq!(found.judgement.outcome, Outcome::NotPaid { definite: true });
    assert_eq!(found.finalised, Some(B0 + 30));
}

#[tokio::test]
async fn what_a_faulty_node_says_proves_nothing() {
    for fault in [Fault::Redirect, Fault::Garbage, Fault::Double, Fault::Status, Fault::OtherId] {
        let node = FakeNode::start(World::new()).await;
        let hash = paid(&mut node.world(), usdc().address);
        node.world().pass(1_000);
        node.world().fault = fault;
        let (outcome, _) = outcome(&chain(&[&node], 0, 1), Some(hash)).await;
        assert_eq!(outcome, Outcome::Pending, "{fault:?}");
        assert!(!node.world().asked.is_empty());
    }
}

#[tokio::test]
async fn a_node_that_has_forgotten_old_states_still_proves_by_the_event_of_the_token() {
    let node = FakeNode::start(World::new()).await;
    let hash = paid(&mut node.world(), usdc().address);
    node.world().fault = Fault::Forgetful;
    assert_eq!(outcome(&chain(&[&node], 0, 1), Some(hash)).await.0, settled(hash));
    // But it cannot tell that something was never paid.
    let other = FakeNode::start(World::new()).await;
    other.world().fault = Fault::Forgetful;
    other.world().pass(1_000);
    assert_eq!(
        outcome(&chain(&[&other], 0, 1), None).await.0,
        Outcome::NotPaid { definite: false }
    );
}

#[tokio::test]
async fn nodes_that_disagree_prove_nothing() {
    // FLW-13
    let (one, other) = tokio::join!(FakeNode::start(World::new()), FakeNode::start(World::new()));
    let hash = paid(&mut one.world(), usdc().address);
    other.world().head += 1;
    let found = outcome(&chain(&[&one, &other], 2, 1), Some(hash)).await;
    assert_eq!(found, (Outcome::Pending, vec![Flag::ReceiptUnverified]));
    paid(&mut other.world(), usdc().address);
    assert_eq!(outcome(&chain(&[&one, &other], 2, 1), Some(hash)).await.0, settled(hash));
    // All of them by default: one that is away is one too few.
    other.world().fault = Fault::Status;
    assert_eq!(outcome(&chain(&[&one, &other], 0, 1), Some(hash)).await.0, Outcome::Pending);
    assert_eq!(outcome(&chain(&[&one, &other], 1, 1), Some(hash)).await.0, settled(hash));
}

#[tokio::test]
async fn a_node_of_another_chain_proves_nothing() {
    let node = FakeNode::start(World::new()).await;
    let hash = paid(&mut node.world(), usdc().address);
    node.world().chain_id = 8453;
    assert_eq!(outcome(&chain(&[&node], 0, 1), Some(hash)).await.0, Outcome::Pending);
}

#[tokio::test]
async fn a_chain_without_nodes_proves_nothing() {
    assert_eq!(outcome(&chain(&[], 0, 1), Some(nonce())).await.0, Outcome::Pending);
}

#[tokio::test]
async fn a_transaction_proves_one_permit_only() {
    // g-money-34
    let node = FakeNode::start(World::new()).await;
    let chain = chain(&[&node], 0, 1);
    let first = paid_by_permit(&mut node.world(), "first", keccak256("other nonce"));
    let proof = Proof::PermitExact(number());
    let found = seek(&chain, proof, Some(first), &Taken::default()).await;
    assert_eq!(found.judgement.outcome, Outcome::Pending, "our nonce is not spent");
    let second = paid_by_permit(&mut node.world(), "second", nonce());
    // The first was before our nonce was spent, so the second is found.
    let found = seek(&chain, proof, Some(first), &Taken::default()).await;
    assert_eq!(found.judgement.outcome, settled(second));
    // What the books have as the proof of another is none.
    let taken = Taken([second.to_string()].into());
    let found = seek(&chain, proof, Some(second), &taken).await;
    assert_eq!(found.judgement.outcome, Outcome::Pending);
    assert_eq!(found.judgement.flags, [Flag::ReceiptMismatch]);
    let found = seek(&chain, proof, None, &taken).await;
    assert_eq!(found.judgement.outcome, Outcome::Pending);
}

#[tokio::test]
async fn of_upto_the_amount_of_the_chain_counts() {
    let node = FakeNode::start(World::new()).await;
    let (from, to) = (address(ACCOUNT_0), address(PAYEE));
    let logs =
        vec![Event::transfer(usdc().address, from, to, 2_350), Event::settled(known::UPTO_PROXY)];
    let hash = node.world().mine("upto", true, logs);
    node.world().spend(nonce());
    let chain = chain(&[&node], 0, 1);
    let found = seek(&chain, Proof::PermitUpto(number()), None, &Taken::default()).await;
    let expected = Outcome::Settled { amount: U256::from(2_350_u64), transaction: hash };
    assert_eq!(found.judgement.outcome, expected);
}

#[tokio::test]
async fn a_token_is_tested_on_its_chain() {
    // AST-10, AST-11
    let node = FakeNode::start(World::new()).await;
    let chain = chain(&[&node], 0, 1);
    assert_eq!(chain.check(&usdc(), WAIT).await, None);
    let rule = |problem: Option<Problem>| problem.and_then(|problem| problem.rule);
    node.world().decimals = 18;
    assert_eq!(rule(chain.check(&usdc(), WAIT).await), Some(MoneyRule::DecimalsMismatch));
    node.world().separator = keccak256("other");
    assert_eq!(rule(chain.check(&usdc(), WAIT).await), Some(MoneyRule::DomainMismatch));
    node.world().chain_id = 0x2105;
    assert_eq!(rule(chain.check(&usdc(), WAIT).await), Some(MoneyRule::Network));
}

#[tokio::test]
async fn a_node_that_says_nothing_is_reported_and_disables_nothing() {
    for fault in [Fault::Redirect, Fault::Garbage, Fault::Status] {
        let node = FakeNode::start(World::new()).await;
        node.world().fault = fault;
        let problem = chain(&[&node], 0, 1).check(&usdc(), WAIT).await.unwrap();
        assert!(!problem.disables());
        // Keys of providers stand in paths.
        assert!(!problem.why.contains("hunter2"), "{}", problem.why);
    }
}
