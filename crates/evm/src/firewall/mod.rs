//! What a seller may ask to have signed, and whom it may ask to have paid. What is not known is refused.
//!
//! These judgements come on top of [`crate::Signable`], which cannot sign anything else in any case: they name the reason
//! before an offer is taken up.

mod ask;
mod eip7702;
mod extension;

pub use ask::{PrimaryType, judge_ask};
pub use eip7702::authorization_hash;
pub use extension::{ExtraSignature, judge_extensions};

use crate::known::{EXACT_PROXY, PERMIT2, UPTO_PROXY};
use crate::{Address, Refused, Token, U256};

/// How a payment over Permit2 is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The amount, no more and no less.
    Exact,
    /// The amount at most.
    Upto,
}

impl Scheme {
    /// The one spender of the scheme.
    pub const fn spender(self) -> Address {
        match self {
            Self::Exact => EXACT_PROXY,
            Self::Upto => UPTO_PROXY,
        }
    }
}

/// The payment that something is asked beside.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The listed token.
    pub token: &'a Token,
    /// Atomic units; of `upto` the most.
    pub amount: U256,
    /// Our account.
    pub wallet: Address,
}

/// Permits are signed for the pinned proxy of their scheme; any other spender is [`Refused::Spender`].
pub fn judge_spender(scheme: Scheme, spender: Address) -> Result<(), Refused> {
    if spender == scheme.spender() { Ok(()) } else { Err(Refused::Spender) }
}

/// Whom no payment goes to ([`Refused::BadPayee`]): nobody, ourselves, the token, Permit2 and the proxies.
pub fn judge_payee(payee: Address, wallet: Address, token: Address) -> Result<(), Refused> {
    let never = [
        (Address::ZERO, "the zero address"),
        (wallet, "the own wallet"),
        (token, "the token itself"),
        (PERMIT2, "Permit2"),
        (EXACT_PROXY, "a proxy of Permit2"),
        (UPTO_PROXY, "a proxy of Permit2"),
    ];
    match never.iter().find(|(address, _)| *address == payee) {
        Some((_, who)) => Err(Refused::BadPayee(who)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{ACCOUNT_0, address, payee, usdc};

    #[test]
    fn addresses_that_are_never_paid_are_refused() {
        let refused = [
            "0x0000000000000000000000000000000000000000", // PAY-02
            "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", // PAY-03
            "0x000000000022D473030F116dDEE9F6B43aC78BA3", // PAY-04
            "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "0x402085c248EeA27D92E8b30b2C58ed07f9E20001",
            "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002",
        ];
        for text in refused {
            let judged = judge_payee(address(text), address(ACCOUNT_0), usdc().address);
            assert_eq!(judged.unwrap_err().code(), "bad_payee", "{text}");
        }
        assert_eq!(judge_payee(payee(), address(ACCOUNT_0), usdc().address), Ok(()));
    }

    #[test]
    fn only_the_pinned_proxy_of_the_scheme_spends() {
        // SIG-04: the proxy of `upto` with one digit more, and each other's proxies.
        let stranger =
            address("0x402085c248EeA27D92E8b30b2C58ed07f9E20002".to_lowercase().as_str());
        for spender in [stranger, UPTO_PROXY, PERMIT2] {
            assert_eq!(judge_spender(Scheme::Exact, spender).unwrap_err().code(), "spender");
        }
        assert_eq!(judge_spender(Scheme::Upto, EXACT_PROXY).unwrap_err().code(), "spender");
        assert_eq!(judge_spender(Scheme::Exact, EXACT_PROXY), Ok(()));
        assert_eq!(judge_spender(Scheme::Upto, UPTO_PROXY), Ok(()));
    }
}
