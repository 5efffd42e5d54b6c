//! Calls that cost something: a server's own demand, in either binding of x402 for MCP or as a payment challenge, is met
//! where the operator allows it. Nothing that a result merely says is a demand.

use aws_lc_rs::digest::{SHA256, digest};
use gate::Clearance;
use http::HeaderMap;
use memchr::memmem;
use model::{Masks, SourceName};
use pay::{Answer, Attachment, Errand, Paid, Payer, Request, Unpaid};
use protocol::json::{Edit, Limits, Object, Raw, canonical, quote, value};
use protocol::mcp::{Era, codes};
use protocol::rpc::RpcError;
use serde_json::Value;
use url::Url;

use super::{Call, End, bad_params};
use crate::asks::Asks;
use crate::fault::Fault;

/// Members of `_meta` that carry payments and receipts. None of them comes from, or goes to, an agent.
const RECEIPTS: [&str; 2] = ["x402/payment-response", "org.paymentauth/receipt"];
/// How a modern server says that it may ask for payment (`server/discover`).
const EXTENSION: &[u8] = b"\"org.x402/payment\"";

/// What pays for the calls of a server, and where that server is.
pub(crate) struct Till {
    pub(crate) payer: Payer,
    pub(crate) server: Option<Url>,
}

impl Till {
    /// None where nothing at this server may be paid.
    pub(crate) fn new(payer: Payer, name: &SourceName, server: Option<Url>) -> Option<Self> {
        let serves = match &server {
            Some(url) => payer.serves(&url.origin().ascii_serialization()),
            None => payer.serves(&format!("mcp://{name}")),
        };
        serves.then_some(Self { payer, server })
    }
}

type Outcome = Result<Raw, RpcError>;

impl Call<'_> {
    /// Sends one request; where the server asks for money and gets it, sends it once more with the payment.
    pub(super) async fn bought(
        &self,
        id: u64,
        params: &[u8],
        headers: HeaderMap,
        asks: &mut Asks,
    ) -> Result<Outcome, End> {
        let Some(till) = &self.hub.till else {
            return Ok(self.converse(id, params, headers, asks).await?);
        };
        let outcome = self.converse(id, params, headers.clone(), asks).await?;
        let Some(demand) = demand(&outcome) else { return Ok(outcome) };
        // Apart: what is rare must not make every call's future large.
        Box::pin(self.met(till, params, headers, asks, (outcome, demand))).await
    }

    async fn met(
        &self,
        till: &Till,
        params: &[u8],
        headers: HeaderMap,
        asks: &mut Asks,
        (outcome, demand): (Outcome, Answer),
    ) -> Result<Outcome, End> {
        let errand = self.errand(till)?;
        let paid = match till.payer.pay(&errand, &demand).await {
            Ok(paid) => paid,
            Err(Unpaid::NoDemand) => return Ok(outcome),
            Err(unpaid) => return Err(End::Unpaid(unpaid)),
        };
        let id = self.session.next_id();
        let params = with_payment(params, id, paid.attachment())?;
        match self.converse(id, &params, headers, asks).await {
            Ok(outcome) => Ok(settled(outcome, paid).await),
            Err(fault) => {
                paid.lost(fault.unknown).await;
                Err(fault.into())
            }
        }
    }

    fn errand(&self, till: &Till) -> Result<Errand, End> {
        let Clearance { client, method, target, params, about, approval, .. } = self.clearance;
        let Some(approval) = approval.as_deref() else {
            return Err(Fault::down("nobody could be asked about a payment").into());
        };
        let gate::Approval { binding, credential, arguments, named } = approval.clone();
        let asking = pay::Asking { binding, credential, arguments, named };
        let asked = Edit::new().remove("_meta").remove("requestState").remove("inputResponses");
        let asked = canonical(&asked.apply(params), Limits::REQUEST).map_err(bad_params)?;
        let asked = digest(&SHA256, asked.as_bytes());
        let principal = &client.principal;
        Ok(Errand {
            tenant: principal.tenant.as_str().to_owned(),
            principal: principal.id.as_str().to_owned(),
            session: (!client.session.is_empty()).then(|| client.session.clone()),
            source: self.hub.name.as_str().to_owned(),
            tool: about.exposed.clone(),
            request: Request::Mcp {
                target: target.clone(),
                method: method.as_str().to_owned(),
                server: till.server.clone(),
                digest: asked.as_ref().try_into().unwrap_or_default(),
                modern: self.session.era() == Era::Modern,
                negotiated: self.negotiated(),
            },
            asking,
            key: pay::idempotency_key(params),
            correlation: about.trace_id.clone().or_else(|| about.request_id.clone()),
        })
    }

    /// Whether the server has said that it may ask for payment in the manner of 2026-07-28.
    fn negotiated(&self) -> bool {
        let said = self.session.said.as_ref();
        self.session.era() == Era::Modern
            && said.is_some_and(|s| memmem::find(s.capabilities.raw(), EXTENSION).is_some())
    }
}

/// What may be a demand. A glance: most answers hold none of these words.
fn demand(outcome: &Outcome) -> Option<Answer> {
    match outcome {
        Ok(raw) => {
            let text: &[u8] = raw;
            let words: [&[u8]; 3] = [b"x402", b"payment_required", b"paymentauth"];
            words.iter().find(|word| memmem::find(text, word).is_some())?;
            value(text, Limits::REPLY).ok().map(Answer::Mcp)
        }
        Err(error) if error.code == codes::URL_ELICITATION_REQUIRED => {
            let data = error.data.as_ref()?;
            let data = value(data, Limits::REPLY).ok()?;
            data.get("challenges")?;
            Some(Answer::McpError(i64::from(error.code), data))
        }
        Err(_) => None,
    }
}

/// The params once more, with the payment in `_meta` and this exchange's own progress token.
fn with_payment(params: &[u8], id: u64, paid: &Attachment) -> Result<Vec<u8>, End> {
    let params = Object::parse(bytes::Bytes::copy_from_slice(params), Limits::REQUEST)
        .map_err(bad_params)?;
    let meta = params.object("_meta").map_err(bad_params)?.unwrap_or_else(Object::empty);
    let values: Vec<_> = paid.meta.iter().map(|(key, value)| (key, value.to_string())).collect();
    let mut edit = Edit::new();
    for (key, value) in &values {
        edit = edit.set(key, value.as_bytes());
    }
    if meta.raw("progressToken").is_some() {
        edit = edit.set_str("progressToken", &id.to_string());
    }
    let meta = edit.apply(&meta);
    Ok(Edit::new().set("_meta", &meta[..]).apply(&params).to_vec())
}

/// Tells the payer what came back, and takes out of it what is no agent's to see.
async fn settled(outcome: Outcome, paid: Paid) -> Outcome {
    let mut masks = Masks::none();
    for secret in &paid.attachment().secrets {
        masks.add("payment", secret);
    }
    let answer = match &outcome {
        Ok(raw) => value(raw, Limits::REPLY).map_or(Answer::Nothing, Answer::Mcp),
        Err(error) => {
            let data = error.data.as_ref().and_then(|data| value(data, Limits::REPLY).ok());
            Answer::McpError(i64::from(error.code), data.unwrap_or(Value::Null))
        }
    };
    paid.answered(&answer).await;
    masked(without_receipts(outcome), &masks)
}

/// A result without receipts: they are for whoever paid. The gate takes out, and records, those that nobody asked for.
fn without_receipts(outcome: Outcome) -> Outcome {
    let Ok(raw) = &outcome else { return outcome };
    let cut = || -> Option<Raw> {
        let result = raw.clone().object().ok()?;
        let meta = result.object("_meta").ok()??;
        RECEIPTS.iter().find(|key| meta.raw(key).is_some())?;
        let edit = RECEIPTS.iter().fold(Edit::new(), |edit, key| edit.remove(key));
        let meta = edit.apply(&meta);
        let result = Edit::new().set("_meta", &meta[..]).apply(&result);
        Raw::parse(&result, Limits::REPLY).ok()
    };
    match cut() {
        Some(raw) => Ok(raw),
        None => outcome,
    }
}

fn masked(outcome: Outcome, masks: &Masks) -> Outcome {
    match outcome {
        Ok(raw) => {
            let masked = masks.masked(&raw).map(bytes::Bytes::from);
            Ok(masked.and_then(|text| Raw::parse(&text, Limits::REPLY).ok()).unwrap_or(raw))
        }
        Err(error) => Err(RpcError {
            message: masks.text(error.message),
            data: error.data.map(|data| masks.masked(&data).map_or(data, Into::into)),
            ..error
        }),
    }
}

/// What a caller reads whose call was not paid for.
pub(super) fn why(unpaid: &pay::Refused) -> RpcError {
    let data = format!(
        "{{\"rule\":{},\"payment\":{}}}",
        quote(unpaid.rule.as_str()),
        unpaid.payment.as_deref().map_or_else(|| "null".to_owned(), quote)
    );
    RpcError::new(codes::INTERNAL, format!("{}: {}", unpaid.rule, unpaid.message)).with_data(data)
}
