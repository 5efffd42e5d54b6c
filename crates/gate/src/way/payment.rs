use protocol::json::{Edit, Limits, Object};
use protocol::mcp::keys;

use crate::gate::Incoming;

/// Takes out of `_meta` what only the gate itself may say: payments come from what pays, never from an agent. Gives what was
/// taken out, for the record.
pub(super) fn strip(incoming: &mut Incoming) -> Option<String> {
    let meta = incoming.params.object("_meta").ok()??;
    let taken = keys::payments(&meta);
    if taken.is_empty() {
        return None;
    }
    let edit = taken.iter().fold(Edit::new(), |edit, key| edit.remove(key));
    let meta = edit.apply(&meta);
    let params = Edit::new().set("_meta", &meta[..]).apply(&incoming.params);
    // What was read can be read again without a part of it.
    incoming.params = Object::parse(params, Limits::REQUEST).ok()?;
    Some(format!("taken out of `_meta`: {}", taken.join(", ")))
}
