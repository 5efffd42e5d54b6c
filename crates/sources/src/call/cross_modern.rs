use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use gate::Clearance;
use gate::port::{Ask, Reply};
use http::HeaderMap;
use protocol::json::{Limits, Object, Raw};
use protocol::mcp::translate::{
    self, InputRequired, InputResponses, Modern, ResultType, Unanswerable,
};
use protocol::mcp::{Method, codes};
use protocol::rpc::RpcError;

use super::{Call, End, bad_params, is_plain, peek, refused_result, unknown_type, unreadable};
use crate::asks::Asks;
use crate::fault::Fault;
use crate::session::name_headers;
use crate::wire::Wire;

/// The pause before a request is repeated that needs nothing but to be repeated.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the rounds of questions end early.
enum Stop {
    /// The client said no in a way that the other era has no words for.
    Refused,
    End(End),
}

impl Call<'_> {
    /// LM: between rounds nothing is under way upstream; what it wants is asked of the client, then it is called again.
    pub(super) async fn legacy_to_modern(&self) -> Result<Reply, End> {
        let Clearance { client, method, .. } = self.clearance;
        let mut asks = Asks::new(&self.hub.bounds);
        let mut given: Option<InputResponses> = None;
        for round in 0..=self.hub.bounds.rounds {
            let peek = match self.ask_modern(given.as_ref(), &mut asks).await? {
                Ok(raw) => peek(raw)?,
                Err(error) => return Err(self.legacy_error(error)),
            };
            if is_plain(&peek) {
                let result = translate::result_to_legacy(method, peek.object, client.version)
                    .map_err(unreadable)?;
                return Ok(Reply::Complete { result, failed: peek.is_error });
            }
            if peek.result_type == ResultType::Task {
                return Err(Fault::untranslatable(
                    "started a task, which this client cannot follow",
                )
                .into());
            }
            if peek.result_type != ResultType::InputRequired || !translate::may_ask(method) {
                return Err(unknown_type(&peek));
            }
            let required = translate::parse_input_required(&peek.object)
                .map_err(|e| Fault::malformed(format!("its input_required: {e}")))?;
            if required.inputs.is_empty() {
                tokio::time::sleep(PAUSE * (1 << round.min(6))).await;
            }
            given = Some(match self.gather(required, &mut asks).await {
                Ok(given) => given,
                Err(Stop::End(end)) => return Err(end),
                Err(Stop::Refused) if *method == Method::ToolsCall => {
                    return Ok(refused_result("What the tool asked for was refused."));
                }
                Err(Stop::Refused) => {
                    let why = "what the server asked for was refused";
                    return Err(End::Answered(RpcError::new(codes::INTERNAL, why)));
                }
            });
        }
        Err(Fault::malformed("asks again and again").into())
    }

    async fn ask_modern(
        &self,
        given: Option<&InputResponses>,
        asks: &mut Asks,
    ) -> Result<Result<Raw, RpcError>, End> {
        let Clearance { client, method, target, param_headers, level, .. } = self.clearance;
        let id = self.session.next_id();
        let token = self.token(id);
        let modern = Modern {
            version: self.session.version,
            capabilities: self.session.declared.raw(),
            client_info: client.info.as_deref(),
            log_level: *level,
        };
        let hop = self.hop(token.as_deref());
        let mut params =
            translate::params_to_modern(&self.named()?, &modern, &hop).map_err(bad_params)?;
        if let Some(given) = given {
            let all = Object::parse(params, Limits::REQUEST).map_err(bad_params)?;
            params = translate::with_inputs(&all, given);
        }
        let headers = match self.session.wire {
            Wire::Http(_) => name_headers(method, target, param_headers),
            Wire::Pipe(_) => HeaderMap::new(),
        };
        self.bought(id, &params, headers, asks).await
    }

    /// Asks the client everything that one round wants.
    async fn gather(
        &self,
        required: InputRequired,
        asks: &mut Asks,
    ) -> Result<InputResponses, Stop> {
        let mut questions = Vec::with_capacity(required.inputs.len());
        for (key, method, params) in required.inputs {
            let params =
                Object::parse(params, Limits::REPLY).map_err(|e| Stop::End(unreadable(e)))?;
            if self.session.declared.allows(&method, &params).is_err() {
                let what = method.as_str();
                let fault = Fault::malformed(format!("asked undeclared for {what}"));
                return Err(Stop::End(fault.into()));
            }
            if !asks.take(&method) {
                return Err(Stop::Refused);
            }
            let id = fresh_id().map_err(Stop::End)?;
            let version = self.clearance.client.version;
            let params = translate::ask_from_modern(&method, &params, version, Some(&id))
                .map_err(|e| Stop::End(Fault::untranslatable(e.to_string()).into()))?;
            questions.push(async move {
                let ask = Ask { method: method.clone(), params };
                (key, method, self.link.ask(ask).await)
            });
        }
        let mut answers = Vec::with_capacity(questions.len());
        self.trace.asking.fetch_add(1, Ordering::Relaxed);
        let given = join_all(questions).await;
        self.trace.asking.fetch_sub(1, Ordering::Relaxed);
        for (key, method, answer) in given {
            match translate::answer_as_input_response(&method, answer) {
                Ok(answer) => answers.push((key, answer)),
                Err(Unanswerable::Refused(_)) => return Err(Stop::Refused),
                Err(Unanswerable::Malformed(why)) => {
                    let error = RpcError::new(codes::INVALID_PARAMS, why);
                    return Err(Stop::End(End::Answered(error)));
                }
            }
        }
        Ok(InputResponses { answers, state: required.state })
    }

    fn legacy_error(&self, error: RpcError) -> End {
        if error.code == codes::HEADER_MISMATCH {
            return Fault::malformed(format!("did not take our headers: {}", error.message)).into();
        }
        End::Answered(translate::error_to_legacy(&self.clearance.method, error, self.uri()))
    }
}

/// An id for a page to visit: legacy versions want one, and it must not be guessed.
fn fresh_id() -> Result<String, End> {
    let mut bytes = [0; 16];
    ambient::random(&mut bytes).map_err(|e| Fault::down(e.to_string()))?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
