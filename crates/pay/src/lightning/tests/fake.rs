//! A wallet that does what a test says, and what it is asked to do.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::lightning::{Invoice, PaymentHash, Preimage};
use wallets::{Outcome, Trouble, Wallet, codes};

/// One thing that a wallet does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Shows a preimage made of this byte, and says this fee in msat.
    Pays(u8, Option<u64>),
    Fails(&'static str),
    Flies,
    Doubts(&'static str),
    HasNone,
    /// Never answers.
    Hangs,
}

impl Does {
    async fn done(self) -> Outcome {
        let trouble = |code| Trouble { code, why: "so it says".to_owned() };
        match self {
            Self::Pays(byte, fee_msat) => {
                Outcome::Settled { preimage: Preimage::from_bytes([byte; 32]), fee_msat }
            }
            Self::Fails(code) => Outcome::Failed(trouble(code)),
            Self::Flies => Outcome::InFlight,
            Self::Doubts(code) => Outcome::Unknown(trouble(code)),
            Self::HasNone => Outcome::Absent,
            Self::Hangs => std::future::pending().await,
        }
    }
}

pub(super) struct Fake {
    pay: Does,
    look: Mutex<Does>,
    pub(super) paid: AtomicUsize,
    pub(super) looked: AtomicUsize,
    pub(super) limit: Mutex<Option<u64>>,
    /// Which wallet it is; without one nobody can tell.
    pub(super) account: Mutex<Option<&'static str>>,
}

impl Fake {
    pub(super) fn new(pay: Does, look: Does) -> Self {
        let (paid, looked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let account = Mutex::new(Some(""));
        Self { pay, look: Mutex::new(look), paid, looked, limit: Mutex::new(None), account }
    }

    pub(super) fn then(&self, look: Does) {
        *self.look.lock().unwrap() = look;
    }
}

impl Wallet for Fake {
    fn pay<'a>(
        &'a self,
        _invoice: &'a Invoice,
        fee_limit_msat: u64,
        _label: &'a str,
    ) -> egress::Boxed<'a, Outcome> {
        self.paid.fetch_add(1, Ordering::Relaxed);
        *self.limit.lock().unwrap() = Some(fee_limit_msat);
        Box::pin(self.pay.done())
    }

    fn lookup(&self, _hash: PaymentHash) -> egress::Boxed<'_, Outcome> {
        self.looked.fetch_add(1, Ordering::Relaxed);
        let look = *self.look.lock().unwrap();
        Box::pin(look.done())
    }

    fn balance(&self) -> egress::Boxed<'_, Result<u64, Trouble>> {
        let why = "not kept".to_owned();
        Box::pin(async { Err(Trouble { code: codes::WALLET_UNAVAILABLE, why }) })
    }

    fn account(&self) -> egress::Boxed<'_, Result<String, Trouble>> {
        let account = self.account.lock().unwrap().map(str::to_owned);
        let why = "no key".to_owned();
        let account = account.ok_or(Trouble { code: codes::WALLET_AUTH, why });
        Box::pin(std::future::ready(account))
    }

    fn kind(&self) -> &'static str {
        "fake"
    }
}
