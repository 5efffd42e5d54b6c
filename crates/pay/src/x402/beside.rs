use evm::firewall::ExtraSignature;
use evm::rpc::{At, read_uint};
use evm::{Address, Call, Signable, Signature, U256, known};
use model::money::MoneyRule;
use rails::x402::GasPermit;

use super::X402;
use super::match_terms::Matched;
use super::wallet::Window;
use crate::Stop;
use crate::chain::Node;

/// A second signature beside that of the payment: an allowance for Permit2 of exactly the amount (EIP-2612), which the
/// seller carries to the chain. Made only where the seller asks for it and Permit2 may not take as much yet.
pub(super) struct Beside {
    pub(super) signature: Signature,
    from: String,
    asset: String,
    spender: String,
    amount: String,
    nonce: String,
    deadline: u64,
}

impl Beside {
    /// As it goes on the wire.
    pub(super) fn written(&self) -> GasPermit<'_> {
        GasPermit {
            from: &self.from,
            asset: &self.asset,
            spender: &self.spender,
            amount: &self.amount,
            nonce: &self.nonce,
            deadline: self.deadline,
            signature: self.signature.as_bytes(),
        }
    }
}

impl X402 {
    /// Signs the allowance. Its nonce is the token's own, so a node has to say it.
    pub(super) async fn allow(
        &self,
        extra: &ExtraSignature,
        matched: &Matched<'_>,
        node: &Node<'_>,
        window: Window,
        wallet: Address,
    ) -> Result<Beside, Stop> {
        let nonce = next_nonce(matched, node, wallet).await.ok_or_else(|| Stop {
            rule: MoneyRule::WalletUnavailable,
            why: "No node says which allowance of the wallet is the next one.".to_owned(),
        })?;
        let permit = extra.permit(nonce, window.before);
        let signature = self.wallet.sign(&Signable::Permit(&permit)).await?;
        Ok(Beside {
            signature,
            from: wallet.to_string(),
            asset: matched.token.address.to_string(),
            spender: known::PERMIT2.to_string(),
            amount: extra.amount().to_string(),
            nonce: nonce.to_string(),
            deadline: window.before,
        })
    }
}

async fn next_nonce(matched: &Matched<'_>, node: &Node<'_>, wallet: Address) -> Option<U256> {
    let question = Call::nonces(matched.token.address, wallet);
    read_uint(&node.call(&question, At::Latest).await.ok()?).ok()
}
