//! Promises of the judge beyond the rows.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, dead_code, missing_docs)]

#[path = "../rows/base.rs"]
mod base;
mod books;
mod charge;
mod choice;
mod mints;
mod order;
mod price;
mod strangers;

use rails::Demand;
use serde_json::Value;
use spend::{Caps, Request, Room, Situation, Spend, Verdict, judge};

pub const REQUEST: Request<'static> = Request {
    method: "GET",
    url: base::URL,
    tool: "weather",
    agent: "a1",
    tenant: "t1",
    mcp: false,
    redirected: false,
    digest: None,
};

/// Budgets without an end.
pub struct Endless;

impl Caps for Endless {
    fn room(&self, _: &Spend<'_>) -> Room {
        Room::Enough { soft: false }
    }
}

pub fn situation() -> Situation {
    base::base().situation
}

/// A demand of x402 over HTTP.
pub fn x402(offer: &Value) -> Demand {
    let header = rails::encode_standard(offer.to_string().as_bytes());
    rails::answer(402, &[("PAYMENT-REQUIRED", header.as_bytes())], b"")
}

/// The base offer with these entries, each a list of members that differ from the base entry.
pub fn entries(all: &[&[(&str, Value)]]) -> Demand {
    let entry = |changes: &&[(&str, Value)]| {
        let mut entry = base::entry();
        for (name, value) in *changes {
            entry[*name] = value.clone();
        }
        entry
    };
    let mut offer = base::offer();
    offer["accepts"] = all.iter().map(entry).collect();
    x402(&offer)
}

pub fn judged(demand: &Demand, situation: &Situation) -> Verdict {
    judge(demand, &REQUEST, situation, &Endless)
}

pub fn rule(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Deny(denial) => denial.rule.as_str(),
        Verdict::Ask { rules, .. } => rules[0].rule.as_str(),
        Verdict::Allow(_) => "allow",
        Verdict::Pass => "pass",
    }
}
