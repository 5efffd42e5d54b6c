//! Lists of many upstreams, merged into one.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use model::{Code, Refusal, SourceName};
use protocol::Rope;
use protocol::json::quote;
use protocol::mcp::{Era, Version, translate};

use crate::catalogue::{Entry, Fragment, Shelf, ViewKey};
use crate::gate::{Arrival, Gate};
use crate::port::{Kind, Trouble};
use crate::way::{limit_principal, shows};
use crate::{Client, Vetted, cursor, discovery, render};

/// A merged list before it is cut into pages.
struct Merged {
    fragments: Vec<Arc<Fragment>>,
    missing: Vec<SourceName>,
    /// Whether something is there that is not listed one by one.
    folded: bool,
}

impl Gate {
    /// One page of a merged list: the whole result, in the client's era. A source that fails is left out and named.
    pub async fn list(
        &self,
        client: &Arc<Client>,
        kind: Kind,
        cursor: Option<&str>,
        at: &Arrival,
    ) -> Vetted {
        match page(self, client, kind, cursor).await {
            Ok(body) => Vetted::result(body),
            Err(refusal) => {
                if refusal.code == Code::RateLimited {
                    return self.refuse(refusal, at, Some(&client.principal)).await;
                }
                render::refusal(&refusal, client.version.era())
            }
        }
    }
}

async fn page(
    gate: &Gate,
    client: &Arc<Client>,
    kind: Kind,
    after: Option<&str>,
) -> Result<Rope, Refusal> {
    limit_principal(gate, client)?;
    let after = after
        .map(|c| {
            cursor::open(gate.keys(), client, kind, c)
                .ok_or_else(|| Refusal::new(Code::InvalidParams, "not a cursor of this list"))
        })
        .transpose()?;
    let merged = merge(gate, client, kind).await;
    let size = gate.settings().page_size;
    let total: usize = merged.fragments.iter().map(|f| f.items.len()).sum();
    let (body, next) = match after {
        None if total <= size => (whole(&merged), None),
        after => cut(gate, client, kind, &merged, after.as_deref(), size)?,
    };
    Ok(envelope(client, kind, body, next, &merged.missing))
}

/// Every source is asked at once, under one deadline; what each shows this client is put together in the order of
/// the configuration.
async fn merge(gate: &Gate, client: &Arc<Client>, kind: Kind) -> Merged {
    let shelves: Vec<&Shelf> = gate.catalogue().in_view(client).collect();
    let asked = join_all(shelves.iter().map(|s| listing(gate, client, s, kind))).await;
    let mut merged = Merged { fragments: Vec::new(), missing: Vec::new(), folded: false };
    for (shelf, fragment) in shelves.iter().zip(asked) {
        match fragment {
            Ok(fragment) if kind == Kind::Tools && discovery::folds(shelf, client) => {
                merged.folded |= !fragment.items.is_empty();
            }
            Ok(fragment) => merged.fragments.push(fragment),
            Err(trouble) => {
                tracing::warn!(source = %shelf.source.name(), "left out of {}: {trouble}", kind.method().as_str());
                gate.metrics().source_missing(shelf.source.name());
                merged.missing.push(shelf.source.name().clone());
            }
        }
    }
    if merged.folded {
        merged.fragments.push(Arc::new(discovery::definitions()));
    }
    merged
}

/// One source's part of a list, for this client.
async fn listing(
    gate: &Gate,
    client: &Arc<Client>,
    shelf: &Shelf,
    kind: Kind,
) -> Result<Arc<Fragment>, Trouble> {
    let as_of = shelf.changes(kind);
    let asked =
        tokio::time::timeout(gate.settings().list_deadline, shelf.source.list(client, kind)).await;
    let listing = asked.unwrap_or_else(|_| {
        Err(Trouble::Failed {
            code: Code::UpstreamTimeout,
            detail: format!("no list within {:?}", gate.settings().list_deadline),
            status: None,
            unknown: false,
        })
    })?;
    for warning in &listing.warnings {
        tracing::warn!(source = %shelf.source.name(), "{warning}");
    }
    let listed = gate.catalogue().take_in(shelf, kind, &client.principal.tenant, &listing, as_of);
    let key = ViewKey {
        principal: format!("{}\0{}", client.principal.tenant, client.principal.id),
        credential: client.principal.credential.label(),
        version: client.version,
        epoch: gate.epoch(),
    };
    let render = |entries: &[Arc<_>]| fragment(gate, client, entries);
    let action = entry_action(kind);
    if gate.decider().depends_on_context(action) {
        return Ok(Arc::new(render(&listed.entries)));
    }
    Ok(listed.view(key, render))
}

fn fragment(gate: &Gate, client: &Client, entries: &[Arc<Entry>]) -> Fragment {
    let items = entries
        .iter()
        .filter(|e| shows(gate, &client.principal, e))
        .filter(|e| e.kind != Kind::Tools || !discovery::is_own(gate, client, &e.exposed))
        .filter_map(|e| Some((e.exposed.clone(), shown(client, e)?)))
        .collect();
    Fragment::new(items)
}

/// A definition in the words of the client's version, if it can be said there.
pub(crate) fn shown(client: &Client, entry: &Entry) -> Option<Bytes> {
    if entry.kind != Kind::Tools {
        return Some(entry.definition.text().clone());
    }
    let from = match entry.era {
        Era::Modern => Version::MODERN,
        Era::Legacy => Version::NEWEST_LEGACY,
    };
    let tasks = entry.era == client.version.era();
    let route = translate::Route { from, to: client.version, tasks };
    translate::tool_for(&entry.definition, route).ok()?
}

const fn entry_action(kind: Kind) -> model::Action {
    match kind {
        Kind::Tools => model::Action::Call,
        Kind::Prompts => model::Action::Prompt,
        Kind::Resources | Kind::Templates => model::Action::Read,
    }
}

fn whole(merged: &Merged) -> Rope {
    let mut body = Rope::new();
    for fragment in merged.fragments.iter().filter(|f| !f.text.is_empty()) {
        if !body.is_empty() {
            body.push(Bytes::from_static(b","));
        }
        body.push(fragment.text.clone());
    }
    body
}

/// One page behind the item of that name. A name that has gone ends the list with an error: the client begins anew.
fn cut(
    gate: &Gate,
    client: &Client,
    kind: Kind,
    merged: &Merged,
    after: Option<&str>,
    size: usize,
) -> Result<(Rope, Option<String>), Refusal> {
    let items: Vec<&(String, Bytes)> = merged.fragments.iter().flat_map(|f| &f.items).collect();
    let start = match after {
        None => 0,
        Some(name) => {
            items.iter().position(|(n, _)| n == name).map(|at| at + 1).ok_or_else(|| {
                Refusal::new(Code::InvalidParams, "the list has changed; begin it anew")
            })?
        }
    };
    let end = (start + size).min(items.len());
    let mut body = Rope::new();
    for (_, definition) in &items[start..end] {
        if !body.is_empty() {
            body.push(Bytes::from_static(b","));
        }
        body.push(definition.clone());
    }
    let last = items.get(end.wrapping_sub(1)).filter(|_| end < items.len());
    let next = last.and_then(|(name, _)| cursor::seal(gate.keys(), client, kind, name));
    Ok((body, next))
}

fn envelope(
    client: &Client,
    kind: Kind,
    body: Rope,
    next: Option<String>,
    missing: &[SourceName],
) -> Rope {
    let mut head = String::from("{");
    if client.version.era() == Era::Modern {
        // Filtered for one principal, and judged anew each time: never to be shared, never to be kept.
        head.push_str("\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",");
    }
    if let Some(next) = next {
        head += "\"nextCursor\":";
        head += &quote(&next);
        head.push(',');
    }
    head += &list_meta(client, missing);
    head += &quote(kind.member());
    head += ":[";
    let mut rope = Rope::from(head);
    rope.append(body);
    rope.push(Bytes::from_static(b"]}"));
    rope
}

fn list_meta(client: &Client, missing: &[SourceName]) -> String {
    let mut members = Vec::new();
    if client.version.era() == Era::Modern {
        members.push(format!("\"io.modelcontextprotocol/serverInfo\":{}", crate::SERVER_INFO));
    }
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|n| quote(n.as_str())).collect();
        members.push(format!("\"portcullis/unavailable\":[{}]", names.join(",")));
    }
    if members.is_empty() { String::new() } else { format!("\"_meta\":{{{}}},", members.join(",")) }
}

/// Fetches the lists that were never fetched or have changed: those of the source that a name belongs to by its
/// prefix, otherwise of every source in view. Each source is asked once at a time.
pub(crate) async fn freshen(gate: &Gate, client: &Arc<Client>, kind: Kind, name: Option<&str>) {
    let tenant = &client.principal.tenant;
    let stale = |s: &&Shelf| s.is_stale(kind, tenant) && may_own(s, name);
    let stale: Vec<&Shelf> = gate.catalogue().in_view(client).filter(stale).collect();
    join_all(stale.into_iter().map(|shelf| renew(gate, client, shelf, kind))).await;
}

/// Fetches one list, unless it was fetched since it changed last.
pub(crate) async fn renew(gate: &Gate, client: &Arc<Client>, shelf: &Shelf, kind: Kind) {
    let tenant = &client.principal.tenant;
    let _one_at_a_time = shelf.listing(kind, tenant).await;
    if shelf.is_stale(kind, tenant)
        && let Err(trouble) = listing(gate, client, shelf, kind).await
    {
        tracing::warn!(source = %shelf.source.name(), "cannot be listed: {trouble}");
    }
}

/// Whether a name could be one of this source's: by its prefix, or because its names have none.
fn may_own(shelf: &Shelf, name: Option<&str>) -> bool {
    let (Some(name), Some(prefix)) = (name, &shelf.settings.prefix) else { return true };
    let renamed = shelf.settings.names.iter().any(|(_, to)| to == name);
    renamed || name.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with("__"))
}
