use model::money::MoneyRule;
use serde_json::{Map, Value};

use super::challenge::{Challenge, bad};
use super::{LightningCharge, Payload};
use crate::{Credential, Digits, Flaw, strict};

/// The request of method `lightning`, intent `session` (draft-lightning-session-00): a deposit is paid, and what is used is
/// taken from it, unit by unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightningSession {
    /// The price of one unit, in `currency`, or what is wrong with it.
    pub unit: Result<Digits, Flaw>,
    /// The deposit: its amount is `depositAmount`, its invoice `depositInvoice`.
    pub deposit: LightningCharge,
    /// After how many seconds without a request the seller closes the session, if it says so.
    pub idle: Option<u64>,
}

/// What is done with a session. Each proves that the deposit was paid, by its preimage in hex.
#[derive(Clone, Copy)]
pub enum SessionAct<'a> {
    /// The deposit is paid; what is left of it in the end goes to an invoice without an amount.
    Open {
        /// The preimage of the deposit.
        preimage: &'a str,
        /// Where the rest goes (BOLT 11).
        return_invoice: &'a str,
    },
    /// A request is paid for from the deposit.
    Bearer {
        /// The session: the payment hash of its deposit.
        id: &'a str,
        /// The preimage of the deposit.
        preimage: &'a str,
    },
    /// The session ends, and the rest is paid back.
    Close {
        /// The session: the payment hash of its deposit.
        id: &'a str,
        /// The preimage of the deposit.
        preimage: &'a str,
    },
}

impl Challenge {
    /// Whether it is about a session over Lightning, be it to open one or to use one.
    pub fn is_lightning_session(&self) -> bool {
        self.method == "lightning" && self.intent == "session"
    }

    /// The request as the deposit of a session over Lightning. `None` for another method or intent.
    ///
    /// # Errors
    /// `bad_challenge` for a missing member, `bad_type` for one of another type.
    pub fn lightning_session(&self) -> Option<Result<LightningSession, Flaw>> {
        self.is_lightning_session().then(|| session(self.request.members()))
    }

    /// The credential of one act of a session, as [`Challenge::credential`] writes it.
    ///
    /// # Errors
    /// The same.
    pub fn session_credential(&self, act: SessionAct<'_>) -> Result<Credential, Flaw> {
        let members = act.members().into_iter();
        let members = members.map(|(name, text)| (name.to_owned(), Value::from(text)));
        self.credential(&Payload::Members(members.collect()), None)
    }
}

impl<'a> SessionAct<'a> {
    fn members(self) -> Vec<(&'static str, &'a str)> {
        match self {
            Self::Open { preimage, return_invoice } => {
                vec![("action", "open"), ("preimage", preimage), ("returnInvoice", return_invoice)]
            }
            Self::Bearer { id, preimage } => {
                vec![("action", "bearer"), ("sessionId", id), ("preimage", preimage)]
            }
            Self::Close { id, preimage } => {
                vec![("action", "close"), ("sessionId", id), ("preimage", preimage)]
            }
        }
    }
}

fn session(members: &Map<String, Value>) -> Result<LightningSession, Flaw> {
    let amount = |name: &str| match members.get(name) {
        Some(Value::String(text)) => Digits::parse(text),
        Some(_) => Err(Flaw::new(MoneyRule::BadType, "An amount of the session is not a string.")),
        None => Err(bad("The session does not say what it costs.")),
    };
    let idle = strict::optional_text(members, "idleTimeout")?;
    let idle = idle.map(|text| {
        text.parse().map_err(|_| bad("The session ends after a time that cannot be read."))
    });
    let required =
        |name| Ok::<_, Flaw>(strict::text(members, name, MoneyRule::BadChallenge)?.to_owned());
    Ok(LightningSession {
        unit: amount("amount"),
        deposit: LightningCharge {
            amount: amount("depositAmount"),
            currency: required("currency")?,
            invoice: required("depositInvoice")?,
            payment_hash: Some(required("paymentHash")?),
            network: None,
        },
        idle: idle.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::Request;
    use crate::{decode, encode_url};

    fn challenge(request: &Value) -> Challenge {
        let members = request.as_object().unwrap().clone();
        let encoded = encode_url(request.to_string().as_bytes());
        Challenge {
            id: "nX7kPqWvT2mJrHsY4aDfEb".to_owned(),
            realm: "api.example.com".to_owned(),
            method: "lightning".to_owned(),
            intent: "session".to_owned(),
            request: Request::Encoded(encoded, members),
            expires: None,
            digest: None,
            description: None,
            opaque: None,
        }
    }

    fn request() -> Value {
        serde_json::json!({
            "amount": "2", "currency": "sat", "depositInvoice": "lnbc1", "paymentHash": "7f3a",
            "depositAmount": "40", "idleTimeout": "300", "unitType": "token",
        })
    }

    #[test]
    fn a_session_is_a_deposit_and_the_price_of_a_unit() {
        let session = challenge(&request()).lightning_session().unwrap().unwrap();
        assert_eq!(session.unit.unwrap().minor(), Ok(2));
        assert_eq!(session.deposit.amount.as_ref().unwrap().minor(), Ok(40));
        assert_eq!(session.deposit.payment_hash.as_deref(), Some("7f3a"));
        assert_eq!(session.idle, Some(300));
        let other = Challenge { intent: "charge".to_owned(), ..challenge(&request()) };
        assert!(other.lightning_session().is_none());
    }

    #[test]
    fn what_is_missing_or_of_another_form_makes_no_session() {
        for name in ["currency", "depositInvoice", "paymentHash"] {
            let mut request = request();
            request.as_object_mut().unwrap().remove(name);
            let flaw = challenge(&request).lightning_session().unwrap().unwrap_err();
            assert_eq!(flaw.rule, MoneyRule::BadChallenge, "{name}");
        }
        let with = |name: &str, value: Value| {
            let mut request = request();
            request[name] = value;
            challenge(&request).lightning_session().unwrap()
        };
        assert!(with("idleTimeout", "soon".into()).is_err());
        assert!(with("idleTimeout", 300.into()).is_err());
        assert!(with("depositAmount", 40.into()).unwrap().deposit.amount.is_err());
        assert!(with("amount", "-2".into()).unwrap().unit.is_err());
    }

    #[test]
    fn an_act_echoes_the_challenge_and_names_the_session() {
        let act = SessionAct::Bearer { id: "7f3a", preimage: "a3f1" };
        let credential = challenge(&request()).session_credential(act).ok().unwrap();
        let token = credential.reveal().strip_prefix("Payment ").unwrap();
        let told: Value = serde_json::from_slice(&decode(token.as_bytes()).unwrap()).unwrap();
        assert_eq!(told["challenge"]["id"], "nX7kPqWvT2mJrHsY4aDfEb");
        let payload =
            serde_json::json!({"action": "bearer", "sessionId": "7f3a", "preimage": "a3f1"});
        assert_eq!(told["payload"], payload);
    }
}
