use super::{Flag, Payment, Proof};
use crate::abi::word_of;
use crate::known::{EXACT_PROXY, UPTO_PROXY};
use crate::rpc::{Log, Receipt};
use crate::{Address, Bytes32, U256};

/// `Transfer(address indexed from,address indexed to,uint256 value)` of ERC-20.
pub const TRANSFER: &str = "Transfer(address,address,uint256)";
/// `Approval(address indexed owner,address indexed spender,uint256 value)` of ERC-20.
pub const APPROVAL: &str = "Approval(address,address,uint256)";
/// `AuthorizationUsed(address indexed authorizer,bytes32 indexed nonce)` of EIP-3009.
pub const AUTHORIZATION_USED: &str = "AuthorizationUsed(address,bytes32)";
/// `AuthorizationCanceled(address indexed authorizer,bytes32 indexed nonce)` of EIP-3009.
pub const AUTHORIZATION_CANCELED: &str = "AuthorizationCanceled(address,bytes32)";
/// `x402PermitTransfer(address from,address to,uint256 amount,address asset)`: what the specification of x402 has the proxies
/// of Permit2 note down.
pub const PERMIT_TRANSFER: &str = "x402PermitTransfer(address,address,uint256,address)";
/// What the code of the proxy at [`EXACT_PROXY`] really notes down, without arguments. (CREATE2 over the published code gives
/// that address, and the code has this topic and not that of [`PERMIT_TRANSFER`].)
pub const SETTLED: &str = "Settled()";
/// As [`SETTLED`], after an allowance by EIP-2612.
pub const SETTLED_WITH_PERMIT: &str = "SettledWithPermit()";
/// `Registered(uint256 indexed agentId,string agentURI,address indexed owner)` of ERC-8004.
pub const REGISTERED: &str = "Registered(uint256,string,address)";

/// What stands in the first topic of an event.
pub(super) fn topic(event: &str) -> Bytes32 {
    crate::keccak256(event)
}

/// What a transaction transferred for a payment, in atomic units, or why it is no proof.
///
/// Of `upto` any amount from 1 up to the most may have been taken; where a transaction holds several that fit, the largest
/// counts. An amount of 0 proves nothing: with ERC-20 anyone can make a `Transfer` of 0 in the name of anyone.
pub(super) fn carried(payment: &Payment, receipt: &Receipt) -> Result<U256, Flag> {
    let fits = |amount: &U256| match payment.proof {
        Proof::PermitUpto(_) => (U256::from(1_u64)..=payment.amount).contains(amount),
        _ => *amount == payment.amount && *amount != U256::ZERO,
    };
    let amounts: Vec<_> =
        receipt.logs.iter().filter_map(|log| transfer(payment, log)).filter(fits).collect();
    if amounts.is_empty() {
        return Err(Flag::NoTransferLog);
    }
    let proven = amounts.into_iter().filter(|amount| proven(payment, *amount, receipt));
    proven.max().ok_or(Flag::ReceiptMismatch)
}

fn transfer(payment: &Payment, log: &Log) -> Option<U256> {
    let [event, from, to] = *log.topics.as_slice() else { return None };
    let payer_fits = payment.proof == Proof::Person || from == word_of(payment.from);
    let ours = log.address == payment.token
        && event == topic(TRANSFER)
        && payer_fits
        && to == word_of(payment.to);
    let amount = <[u8; 32]>::try_from(log.data.as_slice()).ok()?;
    ours.then_some(U256::from_be_bytes(amount))
}

/// Whether the transaction shows that it carried this very payment, as far as events can.
fn proven(payment: &Payment, amount: U256, receipt: &Receipt) -> bool {
    let shown = |log: &Log| match payment.proof {
        Proof::Authorization(nonce) => {
            let topics = [topic(AUTHORIZATION_USED), word_of(payment.from), nonce];
            log.address == payment.token && log.topics == topics
        }
        Proof::PermitExact(_) => log.address == EXACT_PROXY && settles(payment, amount, log),
        Proof::PermitUpto(_) => log.address == UPTO_PROXY && settles(payment, amount, log),
        Proof::Person => true,
    };
    receipt.logs.iter().any(shown)
}

/// The event of a proxy. If it names the terms, they are ours.
fn settles(payment: &Payment, amount: U256, log: &Log) -> bool {
    let [event] = *log.topics.as_slice() else { return false };
    if event == topic(PERMIT_TRANSFER) {
        return log.data == terms(payment.from, payment.to, amount, payment.token);
    }
    let bare = event == topic(SETTLED) || event == topic(SETTLED_WITH_PERMIT);
    bare && log.data.is_empty()
}

fn terms(from: Address, to: Address, amount: U256, asset: Address) -> Vec<u8> {
    crate::abi::Words::new().address(from).address(to).uint(amount).address(asset).into_bytes()
}
