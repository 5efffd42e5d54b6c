use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use model::money::MoneyRule;
use pay::{
    Answer, Attachment, Boxed, Dispatched, Driver, Job, Open, Payload, SigningIn, Standing, Stop,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// How a rail carries a payment out.
#[derive(Clone)]
pub enum Way {
    /// With the request.
    Carry,
    /// Before the request.
    Done(Standing),
    /// It does not come to a proof.
    Stop(Standing),
}

/// What a rail will say.
#[derive(Clone)]
pub struct Script {
    pub refuses: Option<Stop>,
    pub way: Way,
    pub answered: Standing,
    pub look: Standing,
    pub reuse: Option<pay::Reuse>,
    /// Signing waits for it.
    pub until: Option<Arc<Notify>>,
}

/// A rail that does as it is told, and counts.
pub struct Rail {
    signed: AtomicUsize,
    dispatched: AtomicUsize,
    looked: AtomicUsize,
    heard: Mutex<Vec<ledger::State>>,
    script: Mutex<Script>,
}

impl Default for Rail {
    fn default() -> Self {
        let script = Script {
            refuses: None,
            way: Way::Carry,
            answered: settled(10_000),
            look: held(MoneyRule::NoProof),
            reuse: None,
            until: None,
        };
        let zero = || AtomicUsize::new(0);
        let (heard, script) = (Mutex::default(), Mutex::new(script));
        Self { signed: zero(), dispatched: zero(), looked: zero(), heard, script }
    }
}

impl Rail {
    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// How often it signed, sent and looked.
    pub fn counts(&self) -> (usize, usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (of(&self.signed), of(&self.dispatched), of(&self.looked))
    }

    /// The states in which payments were when it was told what their sellers answered.
    pub fn heard(&self) -> Vec<ledger::State> {
        self.heard.lock().unwrap().clone()
    }

    fn script(&self) -> Script {
        self.script.lock().unwrap().clone()
    }

    fn attachment(payload: &Payload, script: &Script) -> Attachment {
        let text = payload.value["signature"].as_str().unwrap().to_owned();
        let headers = vec![("PAYMENT-SIGNATURE".to_owned(), text.clone())];
        let reuse = script.reuse.clone();
        Attachment { headers, secrets: vec![text], reuse, ..Attachment::default() }
    }
}

impl Driver for Rail {
    fn sign<'a>(&'a self, job: &'a Job) -> Boxed<'a, Result<Payload, Stop>> {
        Box::pin(async move {
            let script = self.script();
            if let Some(until) = script.until {
                until.notified().await;
            }
            if let Some(stop) = script.refuses {
                return Err(stop);
            }
            let count = self.signed.fetch_add(1, Ordering::SeqCst);
            let value: Value = json!({"signature": format!("signed {count} for {}", job.id)});
            Ok(Payload { mark: Some(format!("nonce {count} of {}", job.id)), value })
        })
    }

    fn dispatch<'a>(&'a self, _: &'a Job, payload: &'a Payload) -> Boxed<'a, Dispatched> {
        Box::pin(async move {
            self.dispatched.fetch_add(1, Ordering::SeqCst);
            let script = self.script();
            let attachment = Self::attachment(payload, &script);
            match script.way {
                Way::Carry => Dispatched::Carry(attachment),
                Way::Done(standing) => Dispatched::Done(standing, attachment),
                Way::Stop(standing) => Dispatched::Stop(standing),
            }
        })
    }

    fn answered<'a>(
        &'a self,
        open: &'a Open,
        _: &'a Payload,
        _: &'a Answer,
    ) -> Boxed<'a, Standing> {
        self.heard.lock().unwrap().push(open.state.clone());
        Box::pin(async move { self.script().answered })
    }

    fn look<'a>(&'a self, _: &'a Open, _: &'a Payload) -> Boxed<'a, Standing> {
        Box::pin(async move {
            self.looked.fetch_add(1, Ordering::SeqCst);
            self.script().look
        })
    }

    /// Whatever has a new nonce is signed.
    fn sign_in<'a>(&'a self, asked: &'a SigningIn<'a>) -> Boxed<'a, Result<Attachment, Stop>> {
        Box::pin(async move {
            let nonce = asked.extension["info"]["nonce"].as_str().unwrap();
            if !asked.nonces.take(nonce).await {
                let why = "seen".to_owned();
                return Err(Stop { rule: MoneyRule::Siwx, why });
            }
            let signs =
                asked.paid.map_or("anyone", |paid| paid.value["signature"].as_str().unwrap());
            let headers = vec![("SIGN-IN-WITH-X".to_owned(), format!("{signs}, {nonce}"))];
            Ok(Attachment { headers, ..Attachment::default() })
        })
    }

    fn again<'a>(&'a self, _: &'a Open, payload: &'a Payload) -> Boxed<'a, Option<Attachment>> {
        Box::pin(async move { Some(Self::attachment(payload, &self.script())) })
    }
}

pub fn settled(amount: u128) -> Standing {
    Standing::Settled { amount, fee: 0, receipt: "0xproof".to_owned(), flags: Vec::new() }
}

pub const fn held(rule: MoneyRule) -> Standing {
    Standing::Held { rule, flags: Vec::new() }
}

pub fn released() -> Standing {
    let proof = "the nonce is unused at a finalised block".to_owned();
    Standing::Released { reason: ledger::Released::Unused { proof }, rule: None }
}
