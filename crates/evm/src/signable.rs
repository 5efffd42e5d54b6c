use crate::eip712::{Permit, PermitExact, PermitUpto, TransferWithAuthorization};
use crate::sign_in::SignIn;
use crate::{Address, Bytes32, Refused, Token};

/// Everything that a [`crate::SigningKey`] signs. What is not in this list cannot be signed: no digest, no text, no
/// transaction, no authorisation of EIP-7702, no allowance for anyone but Permit2.
#[derive(Debug, Clone, Copy)]
pub enum Signable<'a> {
    /// EIP-3009, in the domain of a listed token.
    Transfer(&'a Token, &'a TransferWithAuthorization),
    /// Permit2 with the witness of `exact`, on a chain.
    PermitExact(u64, &'a PermitExact),
    /// Permit2 with the witness of `upto`, on a chain.
    PermitUpto(u64, &'a PermitUpto),
    /// EIP-2612 to Permit2, as the firewall let it through.
    Permit(&'a Permit),
    /// A sign-in text, rebuilt from fields that were judged.
    SignIn(&'a SignIn),
}

impl Signable<'_> {
    /// The digest that is signed.
    pub fn digest(&self) -> Bytes32 {
        match self {
            Self::Transfer(token, message) => message.digest(token),
            Self::PermitExact(chain_id, message) => message.digest(*chain_id),
            Self::PermitUpto(chain_id, message) => message.digest(*chain_id),
            Self::Permit(message) => message.digest(),
            Self::SignIn(message) => message.digest(),
        }
    }

    /// Refuses what `signer` cannot mean: to sign as another, to pay itself, nobody or a contract that only passes on.
    pub(crate) fn check(&self, signer: Address) -> Result<(), Refused> {
        let (payer, payee) = match self {
            Self::Transfer(token, message) => {
                (Some(message.from), Some((message.to, token.address)))
            }
            Self::PermitExact(_, message) => (None, Some((message.to, message.token))),
            Self::PermitUpto(_, message) => (None, Some((message.to, message.token))),
            Self::Permit(message) => (Some(message.owner()), None),
            Self::SignIn(message) => (Some(message.address()), None),
        };
        if payer.is_some_and(|payer| payer != signer) {
            return Err(Refused::SigningFirewall("in the name of another"));
        }
        payee.map_or(Ok(()), |(payee, token)| crate::firewall::judge_payee(payee, signer, token))
    }
}
