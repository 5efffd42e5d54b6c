use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use egress::{Credential, Outgoing, Whole};
use http::{HeaderMap, Method};
use lightning::{Invoice, InvoiceBuilder, Network, NodeKey, Preimage};
use model::NoVault;
use pay::{Answer, Broken, Carrier, Errand, Exchanged, Request, Sending};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::{House, T0};

/// A seller that answers as it was told, and notes down what came.
#[derive(Default)]
pub struct Shop {
    answers: Mutex<VecDeque<Answer>>,
    came: Mutex<Vec<(HeaderMap, Sending)>>,
    /// Before it answers the request of that number, another shop has to have one of that number.
    meets: Option<(usize, Arc<Barrier>)>,
}

impl Carrier for Shop {
    type Trouble = &'static str;

    async fn send(
        &self,
        mut request: Outgoing,
        shown: Option<&dyn Credential>,
        how: Sending,
    ) -> Result<Whole, Self::Trouble> {
        if let Some(shown) = shown {
            shown.apply(&mut request, &NoVault).await.unwrap();
        }
        let number = {
            let mut came = self.came.lock().unwrap();
            came.push((request.headers, how));
            came.len()
        };
        if let Some((_, other)) = self.meets.as_ref().filter(|(at, _)| *at == number) {
            other.wait().await;
        }
        // Others get a turn, as they would while something is on its way.
        tokio::task::yield_now().await;
        // One request more than the seller has answers is one too many.
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        let Answer::Http { status, headers, body, url } = answer else { return Err("gone") };
        Ok(Whole { status, headers, body, url, truncated: false })
    }

    fn may_have_left(_: &Self::Trouble) -> bool {
        true
    }
}

impl Shop {
    /// One that answers so, in this order; [`Answer::Nothing`] is no answer at all.
    pub fn says(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    /// The same; its answer to the request of this number waits until the other shop has had as many.
    pub fn meeting(self, number: usize, other: &Arc<Barrier>) -> Self {
        Self { meets: Some((number, other.clone())), ..self }
    }

    /// What came in a header field, request by request. Whatever costs something is sent once, without redirects.
    pub fn came(&self, name: &str) -> Vec<Option<String>> {
        let all = self.came.lock().unwrap();
        let value = |(headers, how): &(HeaderMap, Sending)| {
            let value = headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            assert!(value.is_none() || *how == Sending::Once);
            value
        };
        all.iter().map(value).collect()
    }

    /// One exchange. Whether the answer was a good one, and whether a payment was made for it.
    pub async fn sells(&self, house: &House, errand: &Errand) -> (u16, bool) {
        let Exchanged { whole, told, .. } = self.exchanged(house, errand).await.unwrap();
        (whole.status.as_u16(), told.is_some())
    }

    pub async fn exchanged(
        &self,
        house: &House,
        errand: &Errand,
    ) -> Result<Exchanged, Broken<&'static str>> {
        let Request::Http { url, .. } = &errand.request else { panic!("over HTTP") };
        let request = Outgoing {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        house.payer.exchange(errand, request, None, self).await
    }
}

/// 402 with the deposit of a session over 200 sat, ten a unit; its preimage is made of `secret`, and `id` names the challenge.
pub fn session(secret: u8, id: &str, realm: &str, change: impl FnOnce(&mut Value)) -> Answer {
    let hash = Preimage::from_bytes([secret; 32]).hash();
    let made = T0 / 1000;
    let invoice = InvoiceBuilder::new(Network::Mainnet, 200_000, made, hash, [0x11; 32], "deposit");
    let invoice: Invoice = invoice.sign(&NodeKey::from_bytes([0x21; 32]).unwrap()).unwrap();
    let mut request = json!({
        "amount": "10", "currency": "sat", "depositInvoice": invoice.text(),
        "paymentHash": hash.to_string(), "depositAmount": "200", "idleTimeout": "300",
    });
    change(&mut request);
    let request = rails::encode_url(request.to_string().as_bytes());
    let line = format!(
        r#"Payment id="{id}", realm="{realm}", method="lightning", intent="session", request="{request}""#
    );
    super::demand(402, &[("www-authenticate", line)], super::URL)
}

/// What a credential of the Payment scheme says.
pub fn credential(header: Option<&str>) -> Value {
    let text = header.and_then(|text| text.strip_prefix("Payment ")).unwrap();
    serde_json::from_slice(&rails::decode(text.as_bytes()).unwrap()).unwrap()
}
