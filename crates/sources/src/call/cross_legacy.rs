use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use gate::Clearance;
use gate::port::{Ask, Reply};
use http::HeaderMap;
use protocol::json::{Limits, Object};
use protocol::mcp::Method;
use protocol::mcp::translate::{self, Caching, UrlElicitation};
use protocol::rpc::RpcError;

use super::{Call, End, bad_params, peek, refused_result};
use crate::asks::Asks;
use crate::fault::Fault;

impl Call<'_> {
    /// ML: what the server asks on the way goes to the client through its link, which may park the call.
    pub(super) async fn modern_to_legacy(&self) -> Result<Reply, End> {
        if let Some(level) = self.clearance.level {
            // Many servers log on the stream outside any request, not on that of the call.
            self.session.listen(self.hub).await;
            self.session.hear_from(level, self.hub.times.list).await;
        }
        let mut asks = Asks::new(&self.hub.bounds);
        let error = match self.ask_legacy(&mut asks).await? {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        let Some(urls) = translate::url_elicitations(&error) else {
            return Err(self.modern_error(error));
        };
        // The call has ended without having run: once the person has visited the pages it is sent again, on the same
        // session, for the server remembers there who has been where (section 7.6).
        if !self.clearance.client.capabilities.elicitation_url {
            return Err(End::Needs(br#"{"elicitation":{"url":{}}}"#[..].into()));
        }
        if !self.visited(urls).await {
            return match self.clearance.method {
                Method::ToolsCall => {
                    Ok(refused_result("The page that the tool needs was not visited."))
                }
                _ => Err(Fault::untranslatable("the page that it needs was not visited").into()),
            };
        }
        match self.ask_legacy(&mut asks).await? {
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.modern_error(error)),
        }
    }

    /// One exchange with the legacy server.
    async fn ask_legacy(&self, asks: &mut Asks) -> Result<Result<Reply, RpcError>, End> {
        let Clearance { method, .. } = self.clearance;
        let id = self.session.next_id();
        let token = self.token(id);
        let version = self.session.version;
        let hop = self.hop(token.as_deref());
        let params = translate::params_to_legacy(&self.named()?, method, version, &hop)
            .map_err(bad_params)?;
        let raw = match self.bought(id, &params, HeaderMap::new(), asks).await? {
            Ok(raw) => raw,
            Err(error) => return Ok(Err(error)),
        };
        let peek = peek(raw)?;
        let info = self.session.said.as_ref().and_then(|said| said.info.as_ref());
        let result = translate::result_to_modern(method, peek.object, Caching::default(), info);
        Ok(Ok(Reply::Complete { result, failed: peek.is_error }))
    }

    /// Asks the person to visit each page; whether all were.
    async fn visited(&self, urls: Vec<UrlElicitation>) -> bool {
        let most = usize::try_from(self.hub.bounds.asks).unwrap_or(usize::MAX);
        if urls.len() > most {
            return false;
        }
        let ask =
            |url: UrlElicitation| self.link.ask(Ask { method: Method::Elicit, params: url.params });
        self.trace.asking.fetch_add(1, Ordering::Relaxed);
        let answers = join_all(urls.into_iter().map(ask)).await;
        self.trace.asking.fetch_sub(1, Ordering::Relaxed);
        answers.into_iter().all(|answer| {
            let object = answer.ok().and_then(|raw| Object::parse(raw, Limits::REQUEST).ok());
            object.is_some_and(|o| o.str("action").as_deref() == Some("accept"))
        })
    }

    fn modern_error(&self, error: RpcError) -> End {
        End::Answered(translate::error_to_modern(error, self.uri()))
    }
}
