use convert::method_effect;
use model::Effect;

use crate::group::{Group, Slot};

/// Words of paths by which something goes away.
const DESTROYS: &[&str] = &[
    "delete",
    "remove",
    "destroy",
    "purge",
    "erase",
    "wipe",
    "clear",
    "revoke",
    "terminate",
    "drop",
    "unpublish",
    "deactivate",
    "cancel",
    "truncate",
    "reset",
];
/// Words of paths by which something changes.
const CHANGES: &[&str] = &[
    "logout",
    "signout",
    "unsubscribe",
    "subscribe",
    "create",
    "update",
    "add",
    "set",
    "save",
    "submit",
    "send",
    "approve",
    "reject",
    "disable",
    "enable",
    "activate",
    "confirm",
    "start",
    "stop",
    "restart",
    "mark",
    "like",
    "vote",
    "buy",
    "checkout",
    "pay",
    "transfer",
];

/// The effect that is proposed: that of the method, and a worse one where the path says so. Traffic is no description:
/// a GET may do anything.
pub(crate) fn of(group: &Group<'_>) -> Effect {
    if let Some(operation) = &group.samples[0].body.operation {
        return operation.effect;
    }
    let own = method_effect(group.method());
    let says = |list: &[&str]| {
        let literals = group.slots.iter().filter_map(|slot| match slot {
            Slot::Literal(literal) => Some(literal),
            Slot::Place(_) => None,
        });
        literals.flat_map(|literal| words(literal)).any(|word| list.contains(&word.as_str()))
    };
    if own == Effect::Destructive || says(DESTROYS) {
        Effect::Destructive
    } else if says(CHANGES) {
        Effect::Write
    } else {
        own
    }
}

fn words(literal: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in literal.chars() {
        let begins = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words
}
