use std::sync::Arc;

use ambient::Clock;
use gate::port::Kind;
use gate::{Arrival, Gate, Vetted};
use model::{Code, Principal, PrincipalId, Refusal, TenantId};
use protocol::json::Object;
use protocol::mcp::Era;
use protocol::rpc::{BadMessage, Id, Why};
use tokio_util::sync::CancellationToken;

use crate::said::Said;
use crate::{Gauges, Limits};

/// What limits are counted by.
pub(crate) type Who = (TenantId, PrincipalId);

/// What every door needs.
pub(crate) struct Base {
    pub(crate) gate: Gate,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) gauges: Arc<Gauges>,
    /// Set once the doors close: streams end.
    pub(crate) closing: CancellationToken,
}

impl Base {
    /// A refusal as the client hears it, recorded.
    pub(crate) async fn refuse(
        &self,
        refusal: Refusal,
        era: Era,
        id: Option<&Id>,
        at: &Arrival,
        principal: Option<&Principal>,
    ) -> Said {
        let vetted = self.gate.refuse(refusal, at, principal).await;
        Said::vetted(vetted, era, id)
    }

    /// One page of a list.
    pub(crate) async fn list(
        &self,
        client: &Arc<gate::Client>,
        kind: Kind,
        params: &Object,
        at: &Arrival,
    ) -> Vetted {
        let cursor = params.str("cursor");
        if cursor.is_none() && params.raw("cursor").is_some_and(|raw| raw != b"null") {
            let refusal = Refusal::new(Code::InvalidParams, "params.cursor must be a string");
            return self.gate.refuse(refusal, at, Some(&client.principal)).await;
        }
        self.gate.list(client, kind, cursor.as_deref(), at).await
    }
}

pub(crate) fn who(principal: &Principal) -> Who {
    (principal.tenant.clone(), principal.id.clone())
}

/// What is wrong with a message, as a refusal.
pub(crate) fn malformed(bad: &BadMessage) -> Refusal {
    let code = match bad.why {
        Why::Params => Code::InvalidParams,
        Why::Invalid(_) => Code::InvalidRequest,
        Why::Parse(_) if bad.why.code() == -32600 => Code::InvalidRequest,
        Why::Parse(_) => Code::ParseError,
    };
    Refusal::new(code, bad.to_string())
}

/// The trace id of a `traceparent` (W3C Trace Context section 3.2): 32 hexadecimal digits.
pub(crate) fn trace_id(traceparent: &str) -> Option<String> {
    let mut parts = traceparent.split('-');
    let (version, id) = (parts.next()?, parts.next()?);
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let good = version.len() == 2
        && id.len() == 32
        && id.bytes().all(hex)
        && id.bytes().any(|b| b != b'0');
    good.then(|| id.to_owned())
}

/// 128 random bits.
pub(crate) fn random() -> Result<u128, ambient::NoEntropy> {
    let mut bits = [0; 16];
    ambient::random(&mut bits)?;
    Ok(u128::from_le_bytes(bits))
}
