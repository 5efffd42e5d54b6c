//! The messages of one batch (2025-03-26 basic): each its own call, answered together, in order.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use model::{Code, Refusal};
use protocol::Rope;
use protocol::json::Limits;
use protocol::mcp::meta::RequestMeta;
use protocol::mcp::{Era, Method};
use protocol::rpc::Message;

use crate::base::malformed;
use crate::exchange::Running;
use crate::legacy::{self, Scene};
use crate::said::Said;

/// Begins all of them. An `initialize` among them refuses the whole: a session cannot open within itself.
pub(crate) fn run(scene: Scene, elements: Vec<Bytes>) -> Result<Running, Refusal> {
    let messages: Vec<_> =
        elements.into_iter().map(|text| Message::parse(text, Limits::REQUEST)).collect();
    let opens = |m: &Message| matches!(m, Message::Request(r) if r.method == Method::Initialize);
    if messages.iter().flatten().any(opens) {
        return Err(Refusal::new(Code::InvalidRequest, "initialize cannot stand in a batch"));
    }
    let scene = Arc::new(scene);
    Ok(Box::pin(async move {
        let answers = messages.into_iter().map(|message| one(&scene, message));
        let answers: Vec<Said> = join_all(answers).await.into_iter().flatten().collect();
        if answers.is_empty() {
            return None;
        }
        let mut text = Rope::new();
        for (at, answer) in answers.into_iter().enumerate() {
            text.push(Bytes::from_static(if at == 0 { b"[" } else { b"," }));
            text.append(answer.text);
        }
        text.push(Bytes::from_static(b"]"));
        Some(Said { text, status: 200, wait: None, challenge: None })
    }))
}

async fn one(scene: &Scene, message: Result<Message, protocol::rpc::BadMessage>) -> Option<Said> {
    let session = &scene.session;
    let refuse = async |refusal, id| {
        let who = Some(&*session.client.principal);
        Some(session.base.refuse(refusal, Era::Legacy, id, &scene.at, who).await)
    };
    match message {
        Err(bad) => refuse(malformed(&bad), bad.id.as_ref()).await,
        Ok(Message::Notification { method, params }) => {
            legacy::hear(session, &method, &params).await;
            None
        }
        Ok(Message::Response(response)) => {
            session.desk.answered(response);
            None
        }
        Ok(Message::Request(request)) => match RequestMeta::read(&request.params) {
            Ok(meta) => legacy::run(scene.again(), request, meta.progress_token).await,
            Err(e) => {
                let refusal = Refusal::new(Code::InvalidParams, e.to_string());
                refuse(refusal, Some(&request.id)).await
            }
        },
    }
}
