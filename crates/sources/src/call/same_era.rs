use gate::Clearance;
use gate::port::Reply;
use http::HeaderMap;
use protocol::json::{Edit, Limits, Object};
use protocol::mcp::codes;
use protocol::mcp::translate::{self, Peek, ResultType};

use super::{Call, End, bad_params, complete, peek, unknown_type, unreadable};
use crate::asks::Asks;
use crate::fault::Fault;
use crate::session::name_headers;
use crate::wire::Wire;

impl Call<'_> {
    /// MM: relayed as it is, but for the name, the token of this hop and the upstream's own state.
    pub(super) async fn modern_to_modern(&self) -> Result<Reply, End> {
        let Clearance { method, target, param_headers, state, .. } = self.clearance;
        let id = self.session.next_id();
        let token = self.token(id);
        let named = self.named()?;
        let hop = self.hop(token.as_deref());
        let mut params = translate::params_same_era(&named, None, &hop).map_err(bad_params)?;
        if state.is_some() || named.raw("requestState").is_some() {
            // What the client sent back is the gate's seal around it.
            let all = Object::parse(params, Limits::REQUEST).map_err(bad_params)?;
            let edit = match state {
                Some(state) => Edit::new().set_str("requestState", state),
                None => Edit::new().remove("requestState"),
            };
            params = edit.apply(&all);
        }
        let headers = match self.session.wire {
            Wire::Http(_) => name_headers(method, target, param_headers),
            Wire::Pipe(_) => HeaderMap::new(),
        };
        let mut asks = Asks::new(&self.hub.bounds);
        match self.bought(id, &params, headers, &mut asks).await? {
            Ok(raw) => self.modern_result(peek(raw)?),
            Err(e) if e.code == codes::HEADER_MISMATCH => {
                Err(Fault::malformed(format!("did not take our headers: {}", e.message)).into())
            }
            Err(e) => Err(End::Answered(e)),
        }
    }

    fn modern_result(&self, peek: Peek) -> Result<Reply, End> {
        let Clearance { client, method, .. } = self.clearance;
        match peek.result_type {
            ResultType::Complete => Ok(complete(peek)),
            ResultType::Task if client.capabilities.tasks => Ok(complete(peek)),
            ResultType::InputRequired if translate::may_ask(method) => {
                let required = translate::parse_input_required(&peek.object)
                    .map_err(|e| Fault::malformed(format!("its input_required: {e}")))?;
                for (_, method, params) in &required.inputs {
                    let params =
                        Object::parse(params.clone(), Limits::REPLY).map_err(unreadable)?;
                    if client.capabilities.allows(method, &params).is_err() {
                        let what = method.as_str();
                        return Err(Fault::malformed(format!("asked undeclared for {what}")).into());
                    }
                }
                Ok(Reply::InputRequired { inputs: required.inputs, state: required.state })
            }
            _ => Err(unknown_type(&peek)),
        }
    }

    /// LL: relayed as it is; said in older words only where the server knows newer ones than the client.
    pub(super) async fn legacy_to_legacy(&self) -> Result<Reply, End> {
        let Clearance { client, method, .. } = self.clearance;
        let id = self.session.next_id();
        let token = self.token(id);
        let named = self.named()?;
        let hop = self.hop(token.as_deref());
        let params = translate::params_same_era(&named, None, &hop).map_err(bad_params)?;
        let mut asks = Asks::new(&self.hub.bounds);
        let answer = self.bought(id, &params, HeaderMap::new(), &mut asks).await?;
        let peek = peek(answer.map_err(End::Answered)?)?;
        if client.version >= self.session.version {
            return Ok(complete(peek));
        }
        let result = translate::result_between_legacy(method, peek.object, client.version)
            .map_err(unreadable)?;
        Ok(Reply::Complete { result, failed: peek.is_error })
    }
}
