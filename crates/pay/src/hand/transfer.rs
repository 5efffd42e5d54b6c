//! Transfers on EVM chains that a person makes: what is shown to their wallet, and what proves that it was done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evm::eip681::transfer_uri;
use evm::evidence::{Outcome, Payment, Proof};
use evm::{Address, Bytes32, U256};
use model::money::MoneyRule;
use serde::{Deserialize, Serialize};
use spend::Plan;

use super::NotProven;
use crate::chain::{Chain, Sought, Unique, flag};
use crate::driver::{Job, Payload, Standing, Stop};
use crate::errand::Attachment;

/// How long the nodes have to say what they know of a transaction; somebody waits for it.
const WAIT: Duration = Duration::from_secs(8);
/// How long before it was shown, in seconds, a block may say that it is in which the transfer is: clocks differ.
const SLACK: u64 = 120;
/// Where sellers look for the hash that take one.
const HEADER: &str = "X-PAYMENT";

/// The chains that are looked at.
pub(crate) struct Transfers {
    pub(crate) chains: BTreeMap<String, Chain>,
    pub(crate) unique: Arc<dyn Unique>,
}

/// What is sealed of a transfer. Nothing in it pays.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    network: String,
    chain_id: u64,
    token: String,
    to: String,
    amount: String,
    pub(crate) uri: String,
    /// Seconds since 1970.
    since: u64,
    /// The transaction, once it is proven.
    transaction: Option<String>,
}

impl Sealed {
    pub(crate) fn read(payload: &Payload) -> Option<Self> {
        serde_json::from_value(payload.value.clone()).ok()
    }

    fn payload(&self) -> Option<Payload> {
        // A transfer has no mark of its own: each transaction is taken once, by its proof.
        Some(Payload { mark: None, value: serde_json::to_value(self).ok()? })
    }

    fn payment(&self) -> Option<Payment> {
        Some(Payment {
            chain_id: self.chain_id,
            token: Address::parse(&self.token).ok()?,
            from: Address::ZERO,
            to: Address::parse(&self.to).ok()?,
            amount: U256::from(self.amount.parse::<u128>().ok()?),
            proof: Proof::Person,
            valid_until: u64::MAX,
        })
    }

    /// What goes with the request: the hash and the chain, in base64. `booked` is the proof that stands in the books, where
    /// an operator wrote it there.
    pub(crate) fn attachment(&self, booked: Option<&str>) -> Option<Attachment> {
        let hash = self.transaction.as_deref().or(booked)?;
        let hash = Bytes32::parse(hash).ok()?.to_string();
        let text = serde_json::json!({ "txHash": hash, "network": self.network }).to_string();
        let value = rails::encode_standard(text.as_bytes());
        let headers = vec![(HEADER.to_owned(), value.clone())];
        Some(Attachment { headers, secrets: vec![value], ..Attachment::default() })
    }
}

impl Transfers {
    pub(crate) fn seal(&self, job: &Job) -> Result<Payload, Stop> {
        let stop = |rule, why: &str| Stop { rule, why: why.to_owned() };
        let terms = job.terms();
        let Plan::Transfer { token, payee } = &job.choice.plan else {
            return Err(stop(MoneyRule::Rail, "What was agreed is no transfer."));
        };
        let watched = self.chains.get(&terms.network).is_some_and(|c| !c.endpoints.is_empty());
        if !watched {
            let why = "No node of this chain is named, so nothing on it could ever be proven.";
            return Err(stop(MoneyRule::Network, why));
        }
        let sealed = Sealed {
            network: terms.network.clone(),
            chain_id: token.chain_id,
            token: token.address.to_string(),
            to: payee.to_string(),
            amount: terms.amount.minor.to_string(),
            uri: transfer_uri(token, *payee, U256::from(terms.amount.minor)),
            since: job.now.as_secs().saturating_sub(SLACK),
            transaction: None,
        };
        sealed.payload().ok_or_else(|| stop(MoneyRule::Ledger, "It cannot be written down."))
    }

    /// Whether this transaction is the transfer: taken once, made since it was asked for, deep enough, of the right token,
    /// to the right payee, for exactly the amount.
    pub(crate) async fn proven(
        &self,
        id: &str,
        payload: &Payload,
        text: &str,
    ) -> Result<(Payload, Standing), NotProven> {
        let unreadable =
            || NotProven::of_rule(MoneyRule::Ledger, "What was sealed cannot be read.");
        let mut sealed = Sealed::read(payload).ok_or_else(unreadable)?;
        let payment = sealed.payment().ok_or_else(unreadable)?;
        let transaction = Bytes32::parse(text).map_err(|_| {
            NotProven::of_rule(
                MoneyRule::BadProof,
                "A transaction is 0x and 64 hexadecimal digits.",
            )
        })?;
        let hash = transaction.to_string();
        if self.unique.taken(id, &hash).await {
            let why = "This transaction is the proof of another payment already.";
            return Err(NotProven::of_rule(MoneyRule::AlreadyUsed, why));
        }
        let chain = self.chains.get(&sealed.network).ok_or_else(|| {
            NotProven::of_rule(MoneyRule::Network, "Nobody is named who knows this chain.")
        })?;
        let since = sealed.since;
        let sought =
            Sought { id, payment: &payment, since, claimed: Some(transaction), search: false };
        let judgement = chain.seek(&sought, &*self.unique, WAIT).await.judgement;
        let Outcome::Settled { amount, transaction } = judgement.outcome else {
            let flags = judgement.flags.iter().map(|one| flag(*one)).collect();
            return Err(NotProven::of_chain(flags));
        };
        if chain.predates(transaction, since, WAIT).await {
            let why = "This transaction is older than the payment.";
            return Err(NotProven::of_rule(MoneyRule::BadProof, why));
        }
        let amount = amount.to_u128().map_err(|_| unreadable())?;
        sealed.transaction = Some(hash.clone());
        let payload = sealed.payload().ok_or_else(unreadable)?;
        let standing = Standing::Settled { amount, fee: 0, receipt: hash, flags: Vec::new() };
        Ok((payload, standing))
    }
}
