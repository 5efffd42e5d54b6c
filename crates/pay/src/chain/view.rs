use evm::evidence::{Finalised, Payment, Proof, Sighting, View, nonce_question};
use evm::rpc::{self, At};
use evm::{Bytes32, nonce_bit};

use super::Node;

/// What one node sees of a payment, and of the transaction that is said to be it. `None` if it does not even say which chain
/// it is on and what its newest block is.
pub(crate) async fn view(
    node: &Node<'_>,
    payment: &Payment,
    transaction: Option<Bytes32>,
) -> Option<View> {
    // The newest block comes first: whatever is asked after it is at least as new, so a transaction that is found is never
    // counted deeper than it is.
    let (chain_id, head) = tokio::join!(node.chain_id(), node.block(At::Latest));
    let (chain_id, head) = (chain_id.ok()?, head.ok()??);
    let (sighting, nonce_used, finalised) = tokio::join!(
        sighting(node, transaction),
        spent(node, payment, At::Latest),
        finalised(node, payment)
    );
    let nonce_used_before = match &sighting {
        Sighting::Found(receipt) => spent_elsewhere(node, payment, receipt.block).await,
        Sighting::Unknown | Sighting::Missing => None,
    };
    Some(View { chain_id, head, sighting, nonce_used, nonce_used_before, finalised })
}

async fn sighting(node: &Node<'_>, transaction: Option<Bytes32>) -> Sighting {
    let Some(transaction) = transaction else { return Sighting::Unknown };
    match node.receipt(transaction).await {
        Ok(Some(receipt)) => Sighting::Found(receipt),
        Ok(None) => Sighting::Missing,
        Err(_) => Sighting::Unknown,
    }
}

/// Whether the nonce was spent in another block than this one. If it was spent before, or is not spent even after it, the
/// transaction carried another payment: both are told to the judge as *before*.
async fn spent_elsewhere(node: &Node<'_>, payment: &Payment, block: u64) -> Option<bool> {
    let before = At::Number(block.checked_sub(1)?);
    if matches!(payment.proof, Proof::Authorization(_)) {
        // The event names the nonce: there is no later block to look at.
        return spent(node, payment, before).await;
    }
    let (before, after) =
        tokio::join!(spent(node, payment, before), spent(node, payment, At::Number(block)));
    if after == Some(false) { Some(true) } else { before }
}

/// Whether the nonce is spent as of a block, if the node says so.
async fn spent(node: &Node<'_>, payment: &Payment, at: At) -> Option<bool> {
    let answer = node.call(&nonce_question(payment)?, at).await.ok()?;
    match payment.proof {
        Proof::Authorization(_) => rpc::read_bool(&answer).ok(),
        Proof::PermitExact(nonce) | Proof::PermitUpto(nonce) => {
            rpc::read_uint(&answer).ok().map(|bitmap| nonce_bit(bitmap, nonce))
        }
        Proof::Person => None,
    }
}

/// The newest final block, and the nonce as of that very block: asked by its number, since `finalized` moves on.
async fn finalised(node: &Node<'_>, payment: &Payment) -> Option<Finalised> {
    let block = node.block(At::Finalized).await.ok()??;
    let nonce_used = spent(node, payment, At::Number(block.number)).await?;
    Some(Finalised { block, nonce_used })
}
