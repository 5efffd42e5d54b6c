use std::sync::Arc;
use std::time::Duration;

use egress::Deadline;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method};
use protocol::json::Limits;
use protocol::rpc::Message;
use tokio::sync::mpsc;
use url::Url;

use super::endpoint::Endpoint;
use super::events::EventStream;
use super::pipe::{Far, Line, Pipe};
use super::status::{self, is_events};
use crate::desk::Desk;
use crate::fault::Fault;

/// Connects to a server that speaks HTTP+SSE (2024-11-05): one stream for everything that comes, posts for what goes.
pub(crate) async fn dial(
    at: &Endpoint,
    desk: &Arc<Desk>,
    inbox: mpsc::Sender<Message>,
    patience: Duration,
) -> Result<Arc<Pipe>, Fault> {
    let opening = async {
        let mut events = open(at, patience).await?;
        let to = endpoint(at, &mut events).await?;
        Ok::<_, Fault>((events, to))
    };
    let (mut events, to) = match tokio::time::timeout(patience, opening).await {
        Ok(opened) => opened?,
        Err(_) => return Err(Fault::timeout("no `endpoint` event in time").after_sending(false)),
    };
    let (pipe, far) = Pipe::new();
    let (at, desk) = (at.clone(), desk.clone());
    tokio::spawn(async move {
        let Far { mut lines, mut ending, ended } = far;
        let fault = tokio::select! {
            _ = ending.wait_for(|end| *end) => Fault::failed("the session was ended"),
            fault = read(&mut events, &desk, &inbox) => fault,
            fault = post(&at, &to, &mut lines, &desk) => fault,
        };
        desk.close(&fault);
        drop(ended);
    });
    Ok(pipe)
}

async fn open(at: &Endpoint, patience: Duration) -> Result<EventStream, Fault> {
    let mut headers = at.headers.clone();
    headers.remove(http::header::CONTENT_TYPE);
    headers.insert(http::header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    let deadline = Deadline::after(patience);
    let response = at.send(Method::GET, None, headers, bytes::Bytes::new(), deadline);
    let response = response.await?;
    match response.status.as_u16() {
        200 if is_events(&response.headers) => Ok(response.events(at)),
        code @ (200 | 400 | 404 | 405) => {
            Err(Fault::other_era(format!("GET was answered with HTTP {code}")).with_status(code))
        }
        code => Err(status::refused(code)),
    }
}

/// Where messages are to be posted. The first event says so; it must not lead to another origin.
async fn endpoint(at: &Endpoint, events: &mut EventStream) -> Result<PathAndQuery, Fault> {
    loop {
        let Some(event) = events.next_event().await? else {
            return Err(Fault::malformed("the stream ended before the `endpoint` event"));
        };
        if event.name == "endpoint" {
            let said = std::str::from_utf8(&event.data).unwrap_or_default();
            return same_origin(&at.url, said.trim())
                .ok_or_else(|| Fault::malformed("the `endpoint` event names another origin"));
        }
    }
}

fn same_origin(base: &Url, said: &str) -> Option<PathAndQuery> {
    let to = base.join(said).ok()?;
    let bare = to.username().is_empty() && to.password().is_none();
    if !bare || to.origin() != base.origin() {
        return None;
    }
    let path = match to.query() {
        Some(query) => format!("{}?{query}", to.path()),
        None => to.path().to_owned(),
    };
    PathAndQuery::try_from(path).ok()
}

async fn read(events: &mut EventStream, desk: &Desk, inbox: &mpsc::Sender<Message>) -> Fault {
    loop {
        let data = match events.next().await {
            Ok(Some(data)) => data,
            Ok(None) => return Fault::failed("the server closed its stream"),
            Err(fault) => return fault,
        };
        match Message::parse(data.clone(), Limits::REPLY) {
            Ok(message) => {
                if let Some(message) = desk.route(message) {
                    let _ = inbox.try_send(message);
                }
            }
            Err(bad) => {
                desk.spoilt(&data, Fault::malformed(format!("sent what is no message: {bad}")));
            }
        }
    }
}

/// Posts what is queued, in order: the server may rely on it.
async fn post(
    at: &Endpoint,
    to: &PathAndQuery,
    lines: &mut mpsc::Receiver<Line>,
    desk: &Desk,
) -> Fault {
    while let Some(Line { text, id }) = lines.recv().await {
        if id.is_some_and(|id| !desk.waits(id)) {
            continue;
        }
        let deadline = Deadline::after(at.small);
        let sent = at.send(Method::POST, Some(to), at.headers.clone(), text, deadline).await;
        let fault = match sent {
            Ok(response) if response.status.is_success() => continue,
            Ok(response) => status::refused(response.status.as_u16()),
            Err(fault) => fault,
        };
        if let Some(id) = id {
            desk.fail(id, fault);
        } else {
            tracing::debug!("a message without an answer was not taken: {fault}");
        }
    }
    Fault::failed("the session was ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_event_cannot_lead_to_another_origin_g_http_42() {
        let base = Url::parse("http://127.0.0.1:9000/sse").unwrap();
        let to = |said| same_origin(&base, said).map(|p| p.as_str().to_owned());
        assert_eq!(to("/messages?session=1").as_deref(), Some("/messages?session=1"));
        assert_eq!(to("http://127.0.0.1:9000/m").as_deref(), Some("/m"));
        for bad in [
            "http://169.254.169.254/",
            "//evil.example/x",
            "https://127.0.0.1:9000/m",
            "http://127.0.0.1:9001/m",
            "http://user@127.0.0.1:9000/m",
            "file:///etc/passwd",
        ] {
            assert_eq!(to(bad), None, "{bad}");
        }
    }
}
