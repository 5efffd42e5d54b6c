use model::Effect;
use serde_json::Value;

use crate::fold::split_case;

const READ: &[&str] = &[
    "get",
    "list",
    "read",
    "search",
    "find",
    "fetch",
    "show",
    "describe",
    "count",
    "view",
    "lookup",
    "look",
    "check",
    "inspect",
    "stat",
    "status",
    "ping",
    "echo",
    "help",
    "explain",
    "compare",
    "diff",
    "summarize",
    "summarise",
    "browse",
    "peek",
    "head",
    "tail",
    "tree",
    "info",
    "resolve",
    "validate",
    "verify",
    "preview",
    "log",
    "blame",
    "analyze",
    "analyse",
];
const WRITE: &[&str] = &[
    "create", "add", "update", "set", "write", "put", "post", "send", "edit", "append", "insert",
    "upload", "save", "move", "rename", "copy", "patch", "modify", "change", "make", "mkdir",
    "comment", "reply", "commit", "push", "assign", "upsert", "tag", "label", "close", "reopen",
    "archive", "publish", "submit", "schedule", "book", "invite", "merge", "stage", "import",
];
const DESTROY: &[&str] = &[
    "delete",
    "remove",
    "drop",
    "destroy",
    "purge",
    "erase",
    "wipe",
    "truncate",
    "kill",
    "terminate",
    "reset",
    "revert",
    "overwrite",
    "uninstall",
    "unlink",
    "rm",
    "clear",
    "cancel",
    "exec",
    "execute",
    "run",
    "eval",
    "shell",
    "flush",
    "prune",
];
const SPEND: &[&str] = &[
    "pay",
    "charge",
    "refund",
    "transfer",
    "withdraw",
    "purchase",
    "buy",
    "payout",
    "checkout",
    "donate",
    "tip",
    "spend",
    "order",
    "subscribe",
    "invoice",
    "swap",
    "stake",
    "trade",
    "sell",
    "deposit",
    "topup",
    "bid",
];
const CONFIG: &[&str] = &[
    "configure",
    "config",
    "enable",
    "disable",
    "grant",
    "revoke",
    "install",
    "setup",
    "register",
    "authorize",
    "rotate",
];

/// What a tool probably does, from its annotations and its name: a proposal for an operator, no more.
///
/// The graver of the two counts. A hint alone is taken (`readOnlyHint`); a name that says more than the hint wins over
/// it (`delete_all` with `readOnlyHint`). Without either: destructive.
pub fn propose_effect(name: &str, annotations: Option<&Value>) -> Effect {
    let hinted = annotations.and_then(by_hints);
    match (by_name(name), hinted) {
        (Some(named), Some(hinted)) => named.max(hinted),
        (Some(effect), None) | (None, Some(effect)) => effect,
        (None, None) => Effect::Destructive,
    }
}

/// What the hints say. `readOnlyHint: false` alone means destructive, as the specification's default does.
fn by_hints(annotations: &Value) -> Option<Effect> {
    let hint = |name: &str| annotations.get(name).and_then(Value::as_bool);
    match (hint("readOnlyHint"), hint("destructiveHint")) {
        (_, Some(true)) | (Some(false), None) => Some(Effect::Destructive),
        (Some(true), _) => Some(Effect::Read),
        (_, Some(false)) => Some(Effect::Write),
        (None, None) => None,
    }
}

/// The verb of a name: its first word where that is one (`get_refund` reads), else the gravest verb in it
/// (`user_delete`), also after an `and` (`get_and_delete`).
fn by_name(name: &str) -> Option<Effect> {
    let spaced = split_case(name).to_ascii_lowercase();
    let own = spaced.rsplit("__").next().unwrap_or(&spaced);
    let words: Vec<&str> =
        own.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let first = verb(words.first()?);
    let joined = words.iter().any(|w| matches!(*w, "and" | "or" | "then"));
    let gravest = || words.iter().filter_map(|w| verb(w)).max();
    match first {
        Some(Effect::Read) if joined => gravest(),
        Some(Effect::Write) => first.max(
            words
                .iter()
                .filter_map(|w| verb(w))
                .filter(|e| *e == Effect::Spend || *e == Effect::Config)
                .max(),
        ),
        Some(effect) => Some(effect),
        None => gravest(),
    }
}

fn verb(word: &str) -> Option<Effect> {
    let all = [
        (CONFIG, Effect::Config),
        (SPEND, Effect::Spend),
        (DESTROY, Effect::Destructive),
        (WRITE, Effect::Write),
        (READ, Effect::Read),
    ];
    all.into_iter().find(|(words, _)| words.contains(&word)).map(|(_, effect)| effect)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_say_what_a_tool_does_and_the_unknown_is_destructive() {
        for (name, effect) in [
            ("get_order", Effect::Read),
            ("listFiles", Effect::Read),
            ("notes__search", Effect::Read),
            ("get_refund", Effect::Read),
            ("create_note", Effect::Write),
            ("mail.send", Effect::Write),
            ("delete_all", Effect::Destructive),
            ("userDelete", Effect::Destructive),
            ("get_and_delete", Effect::Destructive),
            ("refund", Effect::Spend),
            ("send_payout", Effect::Spend),
            ("issue_read", Effect::Read),
            ("set_config", Effect::Config),
            ("frobnicate", Effect::Destructive),
            ("", Effect::Destructive),
            ("run_query", Effect::Destructive),
        ] {
            assert_eq!(propose_effect(name, None), effect, "{name}");
        }
    }

    #[test]
    fn a_hint_never_makes_a_grave_name_harmless() {
        let read_only = json!({"readOnlyHint": true});
        assert_eq!(propose_effect("delete_all", Some(&read_only)), Effect::Destructive);
        assert_eq!(propose_effect("frobnicate", Some(&read_only)), Effect::Read);
        let contradiction = json!({"readOnlyHint": true, "destructiveHint": true});
        assert_eq!(propose_effect("get_order", Some(&contradiction)), Effect::Destructive);
        assert_eq!(
            propose_effect("frobnicate", Some(&json!({"readOnlyHint": false}))),
            Effect::Destructive
        );
        assert_eq!(
            propose_effect(
                "frobnicate",
                Some(&json!({"readOnlyHint": false, "destructiveHint": false}))
            ),
            Effect::Write
        );
    }
}
