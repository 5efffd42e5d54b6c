use evm::rpc::{At, Block};

use super::Node;

/// The number of the first block of at least this time (seconds since 1970), from `low` up to that of `head`. Found by
/// halving: some thirty questions, whatever the chain. `None` if the node does not answer one of them.
pub(super) async fn first_since(node: &Node<'_>, time: u64, low: u64, head: Block) -> Option<u64> {
    let (mut low, mut high) = (low, head.number);
    while low < high {
        let middle = low + (high - low) / 2;
        let block = node.block(At::Number(middle)).await.ok()??;
        if block.number != middle {
            return None;
        }
        if block.timestamp < time { low = middle.checked_add(1)? } else { high = middle }
    }
    Some(low)
}
