use std::time::Duration;

use evm::Bytes32;
use evm::evidence::{Judgement, Outcome, Payment, Proof, View, quorum};
use evm::rpc::At;
use futures_util::future::join_all;

use super::search::candidates;
use super::view::view;
use super::{Chain, Node};
use crate::Boxed;

/// A payment whose proof is sought.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// The name of the payment in the books.
    pub id: &'a str,
    /// What was signed.
    pub payment: &'a Payment,
    /// Seconds since 1970: no transaction of an earlier block can have carried it.
    pub since: u64,
    /// The transaction that the seller named.
    pub claimed: Option<Bytes32>,
    /// Whether other transactions are looked for, where that one proves nothing: some thirty questions to each node.
    pub search: bool,
}

/// Knows which transactions have proven other payments already: what proves one proves no second.
pub trait Unique: Send + Sync {
    /// Whether `transaction` (0x and 64 digits) is in the books as the proof of another payment than `id`.
    fn taken<'a>(&'a self, id: &'a str, transaction: &'a str) -> Boxed<'a, bool>;
}

/// What the chain says of a payment, and the newest final block that any node told of.
pub(crate) struct Finding {
    pub(crate) judgement: Judgement,
    pub(crate) finalised: Option<u64>,
}

impl Chain {
    /// What the nodes prove of a payment together. First the transaction that the seller named is looked at; if that proves
    /// nothing, and the nonce is spent, the transactions that may have spent it are.
    pub(crate) async fn seek(
        &self,
        sought: &Sought<'_>,
        unique: &dyn Unique,
        wait: Duration,
    ) -> Finding {
        let nodes = self.nodes(wait);
        let views = self.views(&nodes, sought.payment, sought.claimed).await;
        let finding = self.judged(sought, &views);
        if let Outcome::Settled { transaction, .. } = finding.judgement.outcome {
            if self.is_free(sought, transaction, unique).await {
                return finding;
            }
        } else if !views.iter().any(|view| view.nonce_used == Some(true)) {
            return finding;
        }
        if !sought.search {
            return pending(finding);
        }
        let mut all = Vec::new();
        for found in
            join_all(nodes.iter().map(|n| candidates(n, sought.payment, sought.since))).await
        {
            all.extend(found.into_iter().filter(|one| Some(*one) != sought.claimed));
        }
        all.sort_unstable();
        all.dedup();
        for transaction in all {
            let views = self.views(&nodes, sought.payment, Some(transaction)).await;
            let other = self.judged(sought, &views);
            let settled = matches!(other.judgement.outcome, Outcome::Settled { .. });
            if settled && self.is_free(sought, transaction, unique).await {
                return other;
            }
        }
        pending(finding)
    }

    /// Whether a transaction is of a block before `since` (seconds since 1970), or no node says of which it is.
    pub(crate) async fn predates(&self, transaction: Bytes32, since: u64, wait: Duration) -> bool {
        for node in self.nodes(wait) {
            let Ok(Some(receipt)) = node.receipt(transaction).await else { continue };
            let Ok(Some(block)) = node.block(At::Number(receipt.block)).await else { continue };
            return block.timestamp < since;
        }
        true
    }

    /// With EIP-3009 the event of the token names the nonce, which is nobody else's: then several payments may share a
    /// transaction, and each is proven by its own event.
    async fn is_free(&self, sought: &Sought<'_>, one: Bytes32, unique: &dyn Unique) -> bool {
        let named = matches!(sought.payment.proof, Proof::Authorization(_));
        named || !unique.taken(sought.id, &one.to_string()).await
    }

    async fn views(
        &self,
        nodes: &[Node<'_>],
        payment: &Payment,
        transaction: Option<Bytes32>,
    ) -> Vec<View> {
        let all = join_all(nodes.iter().map(|node| view(node, payment, transaction))).await;
        all.into_iter().flatten().collect()
    }

    fn judged(&self, sought: &Sought<'_>, views: &[View]) -> Finding {
        let judgement = quorum(sought.payment, views, self.confirmations.max(1), self.need());
        let final_blocks = views.iter().filter_map(|view| view.finalised);
        Finding { judgement, finalised: final_blocks.map(|last| last.block.number).min() }
    }
}

/// The nonce is spent, and no transaction is known that proves how: nobody knows yet.
fn pending(finding: Finding) -> Finding {
    let Finding { judgement, finalised } = finding;
    let outcome = match judgement.outcome {
        // Its transaction has proven another payment.
        Outcome::Settled { .. } => Outcome::Pending,
        other => other,
    };
    let mut flags = judgement.flags;
    if judgement.outcome != outcome {
        flags.push(evm::evidence::Flag::ReceiptMismatch);
    }
    Finding { judgement: Judgement { outcome, flags }, finalised }
}
