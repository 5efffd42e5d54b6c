use bytes::Bytes;
use evm::evidence::Claim;
use evm::{Address, Bytes32, U256};
use model::money::{Flag, MoneyRule};
use rails::mcp::{self, Asked};
use rails::x402::{self, Receipt, Version, receipt_header};
use rails::{Demand, Flaw};
use serde_json::{Value, json};

use super::sealed::{Carrying, Sealed};
use crate::Answer;
use crate::receipt::{is_about, receipts};

/// What a seller says of a payment that was sent.
pub(super) struct Said {
    /// Whether it asks for money again.
    pub(super) asks_again: bool,
    /// Its receipt, if there is one that can be read.
    pub(super) claim: Option<Claim>,
    /// What is wrong with the receipt.
    pub(super) flags: Vec<Flag>,
}

/// Reads a seller's answer. Nothing in it is proof.
pub(super) fn read(answer: &Answer, sealed: &Sealed) -> Said {
    let asks_again = asks_again(answer);
    let (claim, flags) = match &sealed.challenge {
        Some(challenge) => claim_of_charge(answer, challenge),
        None => match receipt(answer, sealed.place) {
            None => (None, Vec::new()),
            Some(Err(flaw)) => (None, vec![flag(&flaw)]),
            Some(Ok(receipt)) => {
                let (claim, flags) = claim(&receipt);
                (Some(claim), flags)
            }
        },
    };
    Said { asks_again, claim, flags }
}

/// What the receipts of a charge claim: the transaction of the first that is about it. What else they say is a mark.
fn claim_of_charge(answer: &Answer, challenge: &str) -> (Option<Claim>, Vec<Flag>) {
    let mut claimed: Option<Claim> = None;
    let mut flags = Vec::new();
    for receipt in receipts(answer) {
        let transaction = receipt.as_ref().and_then(|said| Bytes32::parse(&said.reference).ok());
        let flag = match (receipt, claimed) {
            (Some(said), _) if !is_about(&said, "evm", challenge) => Flag::ReceiptMismatch,
            (Some(said), None) if transaction.is_some() => {
                let chain_id = said.chain_id;
                claimed =
                    Some(Claim { success: true, transaction, chain_id, payer: None, amount: None });
                continue;
            }
            (Some(_), Some(known)) if known.transaction == transaction => continue,
            (Some(_), Some(_)) if transaction.is_some() => Flag::ReceiptMismatch,
            _ => Flag::BadResponse,
        };
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    (claimed, flags)
}

/// Over HTTP every 402 is a demand, whatever is in it; over MCP whatever reads as one, in either era: to pay is done once.
fn asks_again(answer: &Answer) -> bool {
    let demands = |demand: Demand| !matches!(demand, Demand::None);
    match answer {
        Answer::Http { status, .. } => *status == http::StatusCode::PAYMENT_REQUIRED,
        Answer::Mcp(result) => {
            let text = Bytes::from(result.to_string());
            [false, true].into_iter().any(|modern| {
                let asked = Asked { method: "tools/call", modern, negotiated: modern };
                demands(mcp::result(&text, &asked))
            })
        }
        Answer::McpError(code, data) => {
            let text = json!({"code": code, "message": "", "data": data}).to_string();
            demands(mcp::error(&Bytes::from(text)))
        }
        Answer::Nothing => false,
    }
}

fn receipt(answer: &Answer, carrying: Carrying) -> Option<Result<Receipt, Flaw>> {
    match answer {
        Answer::Http { headers, .. } => {
            let version = if carrying == Carrying::HeaderV1 { Version::V1 } else { Version::V2 };
            let mut all = headers.get_all(receipt_header(version)).iter();
            let first = all.next()?;
            if all.any(|other| other != first) {
                let why = "The answer has two different receipts.";
                return Some(Err(Flaw::new(MoneyRule::BadResponse, why)));
            }
            Some(Receipt::from_header(first.as_bytes()))
        }
        Answer::Mcp(result) => {
            let receipt = result.get("_meta").and_then(|meta| meta.get(mcp::RECEIPT_META))?;
            Some(Receipt::from_json(receipt.to_string().as_bytes()))
        }
        Answer::McpError(_, data) => {
            let receipt = data.get(mcp::RECEIPT_META).filter(|value| Value::is_object(value))?;
            Some(Receipt::from_json(receipt.to_string().as_bytes()))
        }
        Answer::Nothing => None,
    }
}

/// What a receipt claims; a member of another form is no claim, and a mark.
fn claim(receipt: &Receipt) -> (Claim, Vec<Flag>) {
    let transaction = receipt.transaction.as_deref().map(Bytes32::parse);
    let payer = receipt.payer.as_deref().map(Address::parse);
    let bad = matches!(transaction, Some(Err(_))) || matches!(payer, Some(Err(_)));
    let claim = Claim {
        success: receipt.success,
        transaction: transaction.and_then(Result::ok),
        chain_id: chain(&receipt.network),
        payer: payer.and_then(Result::ok),
        amount: receipt.amount.map(U256::from),
    };
    (claim, if bad { vec![Flag::BadResponse] } else { Vec::new() })
}

/// The chain that is named in either version's way; 0 for one that is none of ours, `None` where none is named.
fn chain(network: &str) -> Option<u64> {
    if network.is_empty() {
        return None;
    }
    let long = x402::caip2_of_v1(network).unwrap_or(network);
    Some(x402::chain_id(long).unwrap_or(0))
}

fn flag(flaw: &Flaw) -> Flag {
    if flaw.rule == MoneyRule::BadType { Flag::BadType } else { Flag::BadResponse }
}
