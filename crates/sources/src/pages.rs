use std::collections::HashSet;

use gate::port::{Kind, Listing};
use protocol::json::quote;
use protocol::mcp::{codes, translate};
use tokio::time::{Instant, timeout_at};

use crate::call::End;
use crate::fault::Fault;
use crate::hub::Hub;
use crate::session::{Said, Session};

/// Reads all pages of one list, within bounds of pages, bytes and time. What lies beyond a bound is left out with a
/// warning; only a first page that cannot be had is an error.
pub(crate) async fn read(hub: &Hub, session: &Session, kind: Kind) -> Result<Listing, End> {
    let (pages, warnings) = (Vec::new(), Vec::new());
    let mut listing = Listing { era: session.era(), pages, warnings };
    if session.said.as_ref().is_some_and(|said| !offers(said, kind)) {
        return Ok(listing);
    }
    let mut seen = HashSet::new();
    let mut cursor: Option<String> = None;
    let mut bytes = 0;
    let until = Instant::now() + hub.times.list_total;
    loop {
        let page = timeout_at(until, page(hub, session, kind, cursor.as_deref())).await;
        let warning = match page {
            Err(_) => "not read in time".to_owned(),
            Ok(Err(End::Fault(fault))) => fault.detail,
            // A cursor that has gone stale, and nothing else, can come of asking further.
            Ok(Err(End::Answered(e))) if cursor.is_some() => {
                format!("refused with error {}", e.code)
            }
            Ok(Err(End::Answered(e))) if e.code == codes::METHOD_NOT_FOUND => return Ok(listing),
            Ok(Err(end)) => return Err(end),
            Ok(Ok(page)) => {
                bytes += page.items.len();
                let full = bytes > hub.bounds.list;
                if !full {
                    listing.pages.push(page.items);
                }
                match page.next_cursor {
                    _ if full => format!("the list is larger than {} bytes", hub.bounds.list),
                    None => return Ok(listing),
                    Some(next) if !seen.insert(next.clone()) => "its cursors repeat".to_owned(),
                    Some(_) if listing.pages.len() >= hub.bounds.pages => {
                        format!("the list has more than {} pages", hub.bounds.pages)
                    }
                    Some(next) => {
                        cursor = Some(next);
                        continue;
                    }
                }
            }
        };
        if listing.pages.is_empty() {
            return Err(Fault::failed(format!("no {} list: {warning}", kind.as_str())).into());
        }
        listing.warnings.push(format!("{}: {} list cut short: {warning}", hub.name, kind.as_str()));
        return Ok(listing);
    }
}

fn offers(said: &Said, kind: Kind) -> bool {
    match kind {
        Kind::Tools => said.capabilities.tools.is_some(),
        Kind::Resources | Kind::Templates => said.capabilities.resources.is_some(),
        Kind::Prompts => said.capabilities.prompts.is_some(),
    }
}

async fn page(
    hub: &Hub,
    session: &Session,
    kind: Kind,
    cursor: Option<&str>,
) -> Result<translate::Page, End> {
    let cursor = cursor.map(quote);
    let params = match &cursor {
        Some(cursor) => session.params(&[("cursor", cursor.as_bytes())]),
        None => session.params(&[]),
    };
    let answer = session.ask(kind.method(), &params, hub.times.list).await?;
    let result = answer.map_err(End::Answered)?;
    let unreadable =
        |e| Fault::malformed(format!("its {} list cannot be read: {e}", kind.as_str()));
    let result = result.object().map_err(unreadable)?;
    Ok(translate::parse_page(&result, kind.member()).map_err(unreadable)?)
}
