use super::event::{AUTHORIZATION_USED, TRANSFER, topic};
use super::{Payment, Proof};
use crate::Call;
use crate::abi::word_of;
use crate::rpc::{At, LogFilter};

/// Which events lead to the transaction of a payment that nobody named: our nonce of EIP-3009, else transfers of the token
/// to the payee. Each transaction that is found is judged like one that was claimed.
pub fn search(payment: &Payment, from: u64, to: At) -> LogFilter {
    let payer = Some(word_of(payment.from));
    let payee = Some(word_of(payment.to));
    let topics = match payment.proof {
        Proof::Authorization(nonce) => vec![Some(topic(AUTHORIZATION_USED)), payer, Some(nonce)],
        Proof::PermitExact(_) | Proof::PermitUpto(_) => vec![Some(topic(TRANSFER)), payer, payee],
        Proof::Person => vec![Some(topic(TRANSFER)), None, payee],
    };
    LogFilter { address: payment.token, topics, from, to }
}

/// The question whether the nonce of a payment is spent; the answer is read with [`crate::rpc::read_bool`] for EIP-3009, with
/// [`crate::rpc::read_uint`] and [`crate::nonce_bit`] for Permit2. `None` for a person's transfer.
pub fn nonce_question(payment: &Payment) -> Option<Call> {
    match payment.proof {
        Proof::Authorization(nonce) => {
            Some(Call::authorization_state(payment.token, payment.from, nonce))
        }
        Proof::PermitExact(nonce) | Proof::PermitUpto(nonce) => {
            Some(Call::nonce_bitmap(payment.from, nonce))
        }
        Proof::Person => None,
    }
}
