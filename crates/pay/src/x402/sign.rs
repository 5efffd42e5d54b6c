use std::time::Duration;

use evm::eip712::{PermitExact, PermitUpto};
use evm::evidence::{Payment, Proof};
use evm::{Address, Bytes32, Signable, Signature, U256, known};
use model::money::MoneyRule;
use rails::Credential;
use rails::payment::{self, bound_nonce};
use rails::x402::{Authorization, Permit2Authorization};
use spend::Scheme;

use super::X402;
use super::beside::Beside;
use super::match_terms::{Dialect, Matched, match_terms};
use super::nonce::Nonce;
use super::sealed::{Carrying, Made, Sealed};
use super::wallet::Window;
use crate::chain::{Lack, Node, is_spent, lack};
use crate::{Job, Payload, Stop};

/// How long a node has to say whether the money is there. The call waits for it, so it is short.
const FUNDS: Duration = Duration::from_millis(1500);

impl X402 {
    /// Makes what will be sealed: the agreed terms held against the offer once more, funds looked at, a nonce that counts
    /// once, one signature, and the text for the seller.
    pub(super) async fn make(&self, job: &Job) -> Result<Payload, Stop> {
        let wallet = self.wallet.address().await?;
        let matched = match_terms(job, &self.settings.tokens, wallet)?;
        self.allowed(&matched)?;
        let now = self.settings.now().max(job.now.as_secs());
        let window = Window::of(now, matched.seconds).until(matched.ends);
        if window.before <= now {
            let why = "The challenge is past its time.".to_owned();
            return Err(Stop { rule: MoneyRule::ChallengeExpired, why });
        }
        let place = Carrying::of(matched.dialect, &job.errand.request)?;
        let nonce = nonce(matched.dialect);
        let beside = self.funded(&matched, nonce, window, wallet).await?;
        let (payment, signature, credential) = match (matched.scheme, matched.dialect) {
            (Scheme::ExactEip3009, _) => {
                self.by_authorization(job, &matched, nonce, window).await?
            }
            (Scheme::ExactPermit2 | Scheme::Upto, Dialect::Entry(offer, entry)) => {
                let ask = (offer, entry);
                self.by_permit2(job, &matched, ask, window, wallet, beside.as_ref()).await?
            }
            (Scheme::ExactPermit2 | Scheme::Upto, Dialect::Charge(_)) => {
                let why = "A charge of the Payment scheme is not paid by Permit2.".to_owned();
                return Err(Stop { rule: MoneyRule::Scheme, why });
            }
        };
        let made = Made {
            scheme: matched.scheme,
            dialect: matched.dialect,
            place,
            payment,
            signature,
            beside: beside.map(|beside| beside.signature),
            signed_at: now,
            valid_after: window.after,
        };
        Sealed::new(&made, &credential).write().map_err(|_| Stop {
            rule: MoneyRule::Ledger,
            why: "What was signed cannot be written down.".to_owned(),
        })
    }

    /// The chain is one of ours, and the token passed the test at the start.
    fn allowed(&self, matched: &Matched<'_>) -> Result<(), Stop> {
        if self.settings.chain(matched.token.chain_id).is_none() {
            let why = "The network is not one that is paid on.".to_owned();
            return Err(Stop { rule: MoneyRule::Network, why });
        }
        match self.disabled(matched.token) {
            Some((rule, why)) => Err(Stop { rule, why }),
            None => Ok(()),
        }
    }

    /// That the money is there and the nonce unspent, as far as the first node says; with the allowance that has to be signed
    /// beside, if one has to be and may be.
    async fn funded(
        &self,
        matched: &Matched<'_>,
        nonce: Nonce,
        window: Window,
        wallet: Address,
    ) -> Result<Option<Beside>, Stop> {
        let chain = self.settings.chain(matched.token.chain_id);
        let Some(client) = chain.and_then(|chain| chain.endpoints.first()) else { return Ok(None) };
        let by_permit2 = matched.scheme != Scheme::ExactEip3009;
        let node = Node::new(client, FUNDS);
        let (lack, spent) =
            tokio::join!(lack(&node, matched.token, wallet, matched.amount, by_permit2), async {
                match nonce {
                    Nonce::Bound(nonce) => is_spent(&node, matched.token, wallet, nonce).await,
                    Nonce::Random => false,
                }
            });
        if spent {
            // What is signed for it could never be taken, and nothing would ever prove that.
            let why = "This challenge has been paid before: its nonce is spent.".to_owned();
            return Err(Stop { rule: MoneyRule::NonceReuse, why });
        }
        let why = match (lack, &matched.extra) {
            (None, _) => return Ok(None),
            (Some(Lack::Allowance), Some(extra)) => {
                return self.allow(extra, matched, &node, window, wallet).await.map(Some);
            }
            (Some(Lack::Balance), _) => "The wallet has less of the asset than is asked for.",
            (Some(Lack::Allowance), None) => "The wallet has not allowed Permit2 to take as much.",
        };
        Err(Stop { rule: MoneyRule::Insufficient, why: why.to_owned() })
    }

    async fn by_authorization(
        &self,
        job: &Job,
        matched: &Matched<'_>,
        nonce: Nonce,
        window: Window,
    ) -> Result<(Payment, Signature, Credential), Stop> {
        let Matched { token, payee, amount, .. } = *matched;
        let signed = self.wallet.authorize(token, payee, amount, window, nonce).await?;
        let m = signed.message;
        let proof = Proof::Authorization(m.nonce);
        let (from, to, value) = (m.from.to_string(), m.to.to_string(), m.value.to_string());
        let written = Authorization {
            from: &from,
            to: &to,
            value: &value,
            valid_after: m.valid_after,
            valid_before: m.valid_before,
            nonce: m.nonce.as_bytes(),
            signature: signed.signature.as_bytes(),
        };
        let credential = match matched.dialect {
            Dialect::Entry(offer, entry) => offer.pay(entry, &written, Some(&job.id)),
            Dialect::Charge(challenge) => {
                let payer = format!("did:pkh:eip155:{}:{from}", token.chain_id);
                let signed = payment::Payload::Authorization(&written);
                challenge
                    .credential(&signed, Some(&payer))
                    .map_err(|flaw| Stop { rule: flaw.rule, why: flaw.why.into_owned() })?
            }
        };
        Ok((signed_payment(matched, m.from, proof, window), signed.signature, credential))
    }

    async fn by_permit2(
        &self,
        job: &Job,
        matched: &Matched<'_>,
        (offer, entry): (&rails::x402::Offer, &rails::x402::Entry),
        window: Window,
        wallet: Address,
        beside: Option<&Beside>,
    ) -> Result<(Payment, Signature, Credential), Stop> {
        let nonce = U256::from_be_bytes(*Nonce::Random.draw()?.as_bytes());
        let signature = self.permit(matched, window, nonce).await?;
        let (spender, proof) = match matched.scheme {
            Scheme::Upto => (known::UPTO_PROXY, Proof::PermitUpto(nonce)),
            _ => (known::EXACT_PROXY, Proof::PermitExact(nonce)),
        };
        let [from, token, spender, to] =
            [wallet, matched.token.address, spender, matched.payee].map(|one| one.to_string());
        let (amount, number) = (matched.amount.to_string(), nonce.to_string());
        let facilitator = facilitator(matched).map(|one| one.to_string());
        let written = Permit2Authorization {
            from: &from,
            token: &token,
            amount: &amount,
            spender: &spender,
            nonce: &number,
            deadline: window.before,
            to: &to,
            facilitator: facilitator.as_deref(),
            valid_after: window.after,
            signature: signature.as_bytes(),
        };
        let gas = beside.map(Beside::written);
        let credential = offer.pay_by_permit2(entry, &written, Some(&job.id), gas.as_ref());
        Ok((signed_payment(matched, wallet, proof, window), signature, credential))
    }

    async fn permit(
        &self,
        matched: &Matched<'_>,
        window: Window,
        nonce: U256,
    ) -> Result<Signature, Stop> {
        let (token, amount, to) = (matched.token.address, matched.amount, matched.payee);
        let (deadline, valid_after, chain) = (window.before, window.after, matched.token.chain_id);
        if let Some(facilitator) = facilitator(matched) {
            let m = PermitUpto { token, amount, nonce, deadline, to, facilitator, valid_after };
            return self.wallet.sign(&Signable::PermitUpto(chain, &m)).await;
        }
        let m = PermitExact { token, amount, nonce, deadline, to, valid_after };
        self.wallet.sign(&Signable::PermitExact(chain, &m)).await
    }
}

/// Who alone may settle: a matter of `upto`, and there it is always named.
fn facilitator(matched: &Matched<'_>) -> Option<Address> {
    matched.facilitator.filter(|_| matched.scheme == Scheme::Upto)
}

fn signed_payment(matched: &Matched<'_>, from: Address, proof: Proof, window: Window) -> Payment {
    Payment {
        chain_id: matched.token.chain_id,
        token: matched.token.address,
        from,
        to: matched.payee,
        amount: matched.amount,
        proof,
        valid_until: window.before,
    }
}

/// A charge of the Payment scheme binds its payment to itself by the nonce.
fn nonce(dialect: Dialect<'_>) -> Nonce {
    match dialect {
        Dialect::Entry(..) => Nonce::Random,
        Dialect::Charge(challenge) => {
            Nonce::Bound(Bytes32::new(bound_nonce(&challenge.id, &challenge.realm)))
        }
    }
}
