use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gate::port::{Kind, Listing};
use protocol::json::{Raw, quote};
use protocol::mcp::{Era, codes, translate};
use tokio::time::{Instant, timeout_at};

use crate::call::End;
use crate::fault::Fault;
use crate::hub::Hub;
use crate::session::{Said, Session};

/// How many pages are remembered, and how large one may be, in bytes.
const PAGES: usize = 16;
const PAGE_BYTES: usize = 1 << 20;

/// Which page: of a list in an era, behind a cursor.
type Place = (Era, Kind, Option<String>);

/// The pages that a server gave last. Lists are fetched each time somebody asks, and are mostly the same as before: a
/// page that is, to the byte, is not read again.
#[derive(Default)]
pub(crate) struct Pages(Mutex<HashMap<Place, (Raw, translate::Page)>>);

impl Pages {
    fn get(&self, era: Era, kind: Kind, cursor: Option<&str>) -> Option<(Raw, translate::Page)> {
        self.lock().get(&(era, kind, cursor.map(str::to_owned))).cloned()
    }

    fn keep(&self, place: Place, raw: Raw, page: translate::Page) {
        if raw.len() > PAGE_BYTES {
            return;
        }
        let mut pages = self.lock();
        if pages.len() >= PAGES {
            pages.clear();
        }
        pages.insert(place, (raw, page));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, (Raw, translate::Page)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    let known = hub.pages.get(session.era(), kind, cursor.as_deref());
    let before = known.as_ref().map(|(raw, _)| raw.clone());
    let answer = session.ask_again(kind.method(), &params, hub.times.list, before).await?;
    let raw = answer.map_err(End::Answered)?;
    if let Some((_, page)) = known.filter(|(known, _)| known.is_same(&raw)) {
        return Ok(page);
    }
    let unreadable =
        |e| Fault::malformed(format!("its {} list cannot be read: {e}", kind.as_str()));
    let result = raw.clone().object().map_err(unreadable)?;
    let page = translate::parse_page(&result, kind.member()).map_err(unreadable)?;
    hub.pages.keep((session.era(), kind, cursor), raw, page.clone());
    Ok(page)
}
