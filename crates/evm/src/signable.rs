use crate::eip712::{Permit, PermitExact, PermitUpto, TransferWithAuthorization};
use crate::firewall::judge_payee;
use crate::sign_in::SignIn;
use crate::{Address, Bytes32, Refused, Token, U256};

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

    /// Refuses what `signer` cannot mean: to sign as another, to pay itself, nobody or a contract that only passes on, to
    /// pay nothing, or without limit.
    pub(crate) fn check(&self, signer: Address) -> Result<(), Refused> {
        match self {
            Self::Transfer(token, m) => {
                in_own_name(m.from, signer)?;
                can_be_meant(signer, m.to, token.address, m.value)
            }
            Self::PermitExact(_, m) => can_be_meant(signer, m.to, m.token, m.amount),
            Self::PermitUpto(_, m) if m.facilitator == Address::ZERO => {
                Err(Refused::SigningFirewall("a permit that nobody in particular carries"))
            }
            Self::PermitUpto(_, m) => can_be_meant(signer, m.to, m.token, m.amount),
            Self::Permit(m) => {
                in_own_name(m.owner(), signer)?;
                bounded(m.value())
            }
            Self::SignIn(m) => in_own_name(m.address(), signer),
        }
    }
}

fn in_own_name(who: Address, signer: Address) -> Result<(), Refused> {
    if who == signer { Ok(()) } else { Err(Refused::SigningFirewall("in the name of another")) }
}

fn can_be_meant(
    signer: Address,
    payee: Address,
    token: Address,
    amount: U256,
) -> Result<(), Refused> {
    bounded(amount)?;
    judge_payee(payee, signer, token)
}

/// No ledger holds more than 128 bits: a larger amount is one that nobody counts.
fn bounded(amount: U256) -> Result<(), Refused> {
    match amount.to_u128() {
        Ok(1..) => Ok(()),
        _ => Err(Refused::SigningFirewall("an amount of 0, or without limit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::PERMIT2;
    use crate::vectors::{account_0, usdc, v1, v2, v3};

    fn code(what: &Signable<'_>) -> &'static str {
        account_0().sign(what).unwrap_err().code()
    }

    #[test]
    fn nothing_is_signed_in_the_name_of_another() {
        let m = TransferWithAuthorization { from: v1().to, ..v1() };
        assert_eq!(code(&Signable::Transfer(&usdc(), &m)), "signing_firewall");
    }

    #[test]
    fn nothing_is_signed_for_a_payee_that_is_never_paid() {
        for to in [Address::ZERO, account_0().address(), usdc().address, PERMIT2] {
            let m = TransferWithAuthorization { to, ..v1() };
            assert_eq!(code(&Signable::Transfer(&usdc(), &m)), "bad_payee");
            assert_eq!(
                code(&Signable::PermitExact(84532, &PermitExact { to, ..v2() })),
                "bad_payee"
            );
            assert_eq!(code(&Signable::PermitUpto(84532, &PermitUpto { to, ..v3() })), "bad_payee");
        }
    }

    #[test]
    fn nothing_is_signed_without_limit() {
        for value in [U256::ZERO, U256::MAX] {
            let m = TransferWithAuthorization { value, ..v1() };
            assert_eq!(code(&Signable::Transfer(&usdc(), &m)), "signing_firewall");
            let m = PermitUpto { amount: value, ..v3() };
            assert_eq!(code(&Signable::PermitUpto(84532, &m)), "signing_firewall");
        }
        let m = PermitUpto { facilitator: Address::ZERO, ..v3() };
        assert_eq!(code(&Signable::PermitUpto(84532, &m)), "signing_firewall");
    }
}
