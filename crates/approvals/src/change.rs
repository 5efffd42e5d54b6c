//! What is different from the last such call.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::TermsText;
use crate::entry::Asked;

/// Most changes that are told.
const MOST: usize = 32;

/// One difference from the last call of this tool that was approved and made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What: `price`, `payee`, `argument title`, …
    pub what: String,
    /// What it was; none if it was not there.
    pub before: Option<String>,
    /// What it is; none if it is not there.
    pub now: Option<String>,
}

/// What changed between two questions about one tool, in the order a person wants to know: who, money, arguments.
pub(crate) fn between(before: &Asked, now: &Asked) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut differ = |what: String, before: Option<&str>, now: Option<&str>| {
        if before != now {
            let [before, now] = [before, now].map(|text| text.map(str::to_owned));
            changes.push(Change { what, before, now });
        }
    };
    differ("caller".to_owned(), Some(&before.principal), Some(&now.principal));
    let [old, new] = [before, now].map(|asked| asked.terms.as_ref());
    let price = [old, new].map(|terms| terms.map(TermsText::price));
    differ("price".to_owned(), price[0].as_deref(), price[1].as_deref());
    // Amount and asset are in the price.
    for at in 2..8 {
        let old = old.map(|t| t.parts()[at]);
        let new = new.map(|t| t.parts()[at]);
        let name = old.or(new).map_or("", |(name, _)| name);
        differ(name.to_owned(), old.map(|(_, v)| v), new.map(|(_, v)| v));
    }
    differ("definition".to_owned(), Some(&before.definition), Some(&now.definition));
    let arguments = changes.len();
    changes.extend(members(&before.arguments, &now.arguments));
    if before.digest != now.digest && changes.len() == arguments {
        // Both are masked alike, and yet they differ.
        let what = "a masked argument".to_owned();
        changes.push(Change { what, before: None, now: None });
    }
    changes.truncate(MOST);
    changes
}

fn members(before: &str, now: &str) -> Vec<Change> {
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    let (Some(old), Some(new)) = (object(before), object(now)) else {
        let whole = |text: &str| Some(text.to_owned());
        let change = Change { what: "arguments".into(), before: whole(before), now: whole(now) };
        return if before == now { Vec::new() } else { vec![change] };
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let each = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    each.map(|name| Change {
        what: format!("argument {name}"),
        before: old.get(name).map(Value::to_string),
        now: new.get(name).map(Value::to_string),
    })
    .collect()
}
