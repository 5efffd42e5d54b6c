use evm::known::PERMIT2;
use evm::rpc::{self, At};
use evm::{Address, Bytes32, Call, Token, U256};

use super::Node;

/// What a wallet lacks for a payment, as far as a node says so; who says nothing hinders nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The token itself.
    Balance,
    /// Permit2 may not take as much.
    Allowance,
}

/// Whether a wallet has what it is about to sign away. A signature that cannot be carried out would hold its amount until the
/// chain has passed its end.
pub(crate) async fn lack(
    node: &Node<'_>,
    token: &Token,
    wallet: Address,
    amount: U256,
    by_permit2: bool,
) -> Option<Lack> {
    let balance = Call::balance_of(token.address, wallet);
    let allowance = Call::allowance(token.address, wallet, PERMIT2);
    let (balance, allowance) = tokio::join!(below(node, &balance, amount), async {
        by_permit2 && below(node, &allowance, amount).await
    });
    match (balance, allowance) {
        (true, _) => Some(Lack::Balance),
        (false, true) => Some(Lack::Allowance),
        (false, false) => None,
    }
}

/// Whether a nonce of EIP-3009 is spent, as far as a node says so.
pub(crate) async fn is_spent(
    node: &Node<'_>,
    token: &Token,
    wallet: Address,
    nonce: Bytes32,
) -> bool {
    let question = Call::authorization_state(token.address, wallet, nonce);
    let answer = node.call(&question, At::Latest).await.ok();
    answer.is_some_and(|word| rpc::read_bool(&word) == Ok(true))
}

async fn below(node: &Node<'_>, call: &Call, amount: U256) -> bool {
    let answer = node.call(call, At::Latest).await.ok();
    answer.and_then(|word| rpc::read_uint(&word).ok()).is_some_and(|has| has < amount)
}
