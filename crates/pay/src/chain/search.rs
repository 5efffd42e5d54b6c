use evm::Bytes32;
use evm::evidence::{Payment, search};
use evm::rpc::At;

use super::Node;
use super::blocks::first_since;

/// The most transactions that are looked at for one payment.
const MOST: usize = 16;

/// Which transactions may have carried a payment that was signed at `since` (seconds since 1970), as one node tells: those in
/// which its nonce was spent, or for Permit2 those that paid the same payee, in blocks of the time in which the chain takes
/// it. Each is to be judged like one that was claimed.
pub(crate) async fn candidates(node: &Node<'_>, payment: &Payment, since: u64) -> Vec<Bytes32> {
    found(node, payment, since).await.unwrap_or_default()
}

async fn found(node: &Node<'_>, payment: &Payment, since: u64) -> Option<Vec<Bytes32>> {
    let head = node.block(At::Latest).await.ok()??;
    let from = first_since(node, since, 0, head).await?;
    // Nodes refuse long ranges: the chain takes the payment in no block of a later time.
    let last = first_since(node, payment.valid_until.checked_add(1)?, from, head).await?;
    let logs = node.logs(&search(payment, from, At::Number(last))).await.ok()?;
    let mut all: Vec<_> = logs.into_iter().map(|log| log.transaction).collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(MOST);
    Some(all)
}
