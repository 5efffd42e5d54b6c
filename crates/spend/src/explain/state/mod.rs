//! The words of `state`: what the situation is, where it is not the base.

mod limits;
mod policy;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::Timestamp;
use model::money::Asset;
use serde_json::{Map, Value};

use super::Base;
use crate::{Price, Purse};

/// What belongs to the request and not to the base.
pub(super) struct Context {
    pub(super) agent: String,
    pub(super) tenant: String,
    pub(super) redirected: bool,
    pub(super) digest: Option<String>,
    pub(super) mcp_method: String,
    pub(super) modern: bool,
    pub(super) negotiated: bool,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            agent: String::new(),
            tenant: String::new(),
            redirected: false,
            digest: None,
            mcp_method: "tools/call".to_owned(),
            modern: false,
            negotiated: false,
        }
    }
}

pub(super) const WORDS: &[&str] = &[
    "advertised",
    "agent",
    "ask_above",
    "attended_client",
    "budget",
    "cap_origin",
    "day_cap",
    "day_cap_sat",
    "disabled",
    "ecash_locks",
    "fees_in_caps",
    "four_eyes_above",
    "hour_cap",
    "hour_cap_sat",
    "identity",
    "lifetime_cap",
    "lifetime_cap_sat",
    "mcp_method",
    "mint_fee",
    "minute_cap",
    "minute_cap_sat",
    "modern",
    "month_cap",
    "month_cap_sat",
    "negotiated",
    "now",
    "opaque_tokens",
    "paid",
    "paused",
    "payee_denylist",
    "payee_pin_node",
    "per_call_cap",
    "per_call_sat",
    "pins",
    "quoted_fee",
    "rails",
    "rate",
    "redirected",
    "ref_price",
    "request_body",
    "request_digest",
    "session",
    "spent",
    "spent_at_origin",
    "spent_this_hour",
    "spent_this_minute",
    "spent_this_month",
    "spent_this_week",
    "spent_today",
    "spent_today_sat",
    "tenant",
    "velocity",
    "week_cap",
    "week_cap_sat",
    "wrong_chains",
];

/// Changes the base. Words are taken in a fixed order, so that what was spent finds its limit.
pub(super) fn apply(
    words: &Map<String, Value>,
    place: (&str, &str),
    base: &mut Base,
    context: &mut Context,
) -> Result<(), String> {
    if let Some(other) = words.keys().find(|name| !WORDS.contains(&name.as_str())) {
        return Err(format!("There is no word `{}` for `state`.", other.escape_debug()));
    }
    let mut told = Told { words, base, context };
    told.request()?;
    told.known()?;
    told.policy()?;
    told.pins(place)?;
    told.limits(place)
}

struct Told<'a> {
    words: &'a Map<String, Value>,
    base: &'a mut Base,
    context: &'a mut Context,
}

impl Told<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.words.get(name)
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong(name)),
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        self.get(name).map(|value| value.as_bool().ok_or_else(|| wrong(name))).transpose()
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        let one = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| wrong(name));
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(all)) => all.iter().map(one).collect::<Result<_, _>>().map(Some),
            Some(one_text) => one(one_text).map(|text| Some(vec![text])),
        }
    }

    fn price(&self, name: &str, unit: &str) -> Result<Option<Price>, String> {
        let text = self.text(name)?;
        text.map(|text| Price::parse(&text, unit).map_err(|_| wrong(name))).transpose()
    }

    fn request(&mut self) -> Result<(), String> {
        let context = Context::default();
        self.context.agent = self.text("agent")?.unwrap_or_default();
        self.context.tenant = self.text("tenant")?.unwrap_or_default();
        self.text("session")?;
        self.flag("attended_client")?;
        self.context.redirected = self.flag("redirected")?.unwrap_or_default();
        self.context.modern = self.flag("modern")?.unwrap_or_default();
        self.context.negotiated = self.flag("negotiated")?.unwrap_or_default();
        self.context.mcp_method = self.text("mcp_method")?.unwrap_or(context.mcp_method);
        let body = self.text("request_body")?;
        let computed = body.map(|body| {
            format!("sha-256=:{}:", BASE64_STANDARD.encode(digest(&SHA256, body.as_bytes())))
        });
        self.context.digest = self.text("request_digest")?.or(computed);
        Ok(())
    }

    fn known(&mut self) -> Result<(), String> {
        if let Some(now) = self.get("now") {
            self.base.situation.known.now = moment(now).ok_or_else(|| wrong("now"))?;
        }
        if let Some(paused) = self.list("paused")? {
            self.base.situation.known.paused.0 = paused;
        }
        if let Some(chains) = self.list("wrong_chains")? {
            self.base.situation.known.wrong_chains = chains;
        }
        if let Some(assets) = self.list("disabled")? {
            let assets = assets.iter().map(|name| self.asset(name)).collect::<Result<_, _>>()?;
            self.base.situation.known.disabled = assets;
        }
        if let Some(hashes) = self.list("paid")? {
            let hash =
                |text: &String| lightning::PaymentHash::from_hex(text).ok_or_else(|| wrong("paid"));
            self.base.situation.known.paid = hashes.iter().map(hash).collect::<Result<_, _>>()?;
        }
        let known = &mut self.base.situation.known;
        let (quoted, mint) = (self.words.get("quoted_fee"), self.words.get("mint_fee"));
        let number =
            |value: &Value, name| value.as_u64().map(u128::from).ok_or_else(|| wrong(name));
        if let Some(fee) = quoted {
            known.quoted_fee = Some(number(fee, "quoted_fee")?);
        }
        if let Some(fee) = mint {
            let fee_limit = number(fee, "mint_fee")?;
            let mints = &self.base.situation.policy.mints;
            let purse =
                |mint: &cashu::MintUrl| Purse { mint: mint.clone(), fee_limit, coins: None };
            known.purses = mints.iter().map(purse).collect();
        }
        if let Some(proved) = self.flag("identity")? {
            self.base.situation.known.identity = Some(proved);
        }
        Ok(())
    }

    /// An asset by its name or by a symbol of the table.
    fn asset(&self, name: &str) -> Result<Asset, String> {
        let rows = &self.base.situation.policy.assets;
        let by_symbol = rows.iter().find(|row| row.symbol == name).map(|row| row.asset.clone());
        by_symbol.map_or_else(|| Asset::parse(name).map_err(|error| error.to_string()), Ok)
    }
}

/// Seconds of the Unix epoch, or RFC 3339.
fn moment(value: &Value) -> Option<Timestamp> {
    let millis = match value {
        Value::Number(number) => number.as_u64()?.checked_mul(1000)?,
        Value::String(text) => {
            u64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()).ok()?
        }
        _ => return None,
    };
    Some(Timestamp(millis))
}

fn wrong(name: &str) -> String {
    format!("The word `{name}` of `state` does not have the form that is read.")
}
