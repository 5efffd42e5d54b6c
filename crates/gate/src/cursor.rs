//! Cursors of merged lists: sealed, so that nobody can make or move one.

use identity::{Purpose, Sealer};

use crate::Client;
use crate::port::Kind;

/// Where the next page begins. Bound to list, principal and view; what was shown before is not shown twice even if
/// the list has grown meanwhile, because the position is a name, not an offset.
pub(crate) fn seal(keys: &Sealer, client: &Client, kind: Kind, after: &str) -> Option<String> {
    keys.seal(Purpose::Cursor, after.as_bytes(), &bound(client, kind)).ok()
}

/// The exposed name after which the next page begins, if this cursor is one of ours for this list and client.
pub(crate) fn open(keys: &Sealer, client: &Client, kind: Kind, cursor: &str) -> Option<String> {
    let plain = keys.open(Purpose::Cursor, cursor, &bound(client, kind))?;
    String::from_utf8(plain).ok()
}

fn bound(client: &Client, kind: Kind) -> Vec<u8> {
    let only = client.only.as_ref().map_or("", |s| s.as_str());
    let principal = &client.principal;
    format!("{}\0{}\0{}\0{only}", kind.as_str(), principal.tenant, principal.id).into_bytes()
}
