//! The words of `state`: what the situation is, where it is not the base.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use evm::Address;
use model::Timestamp;
use model::money::{Asset, Rail};
use serde_json::{Map, Value};

use super::Base;
use crate::{Limit, Origin, Pin, Price, Target, Window};

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
            known.mint_fee = number(fee, "mint_fee")?;
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

    fn policy(&mut self) -> Result<(), String> {
        let reference = self.base.situation.policy.reference.clone();
        if let Some(listed) = self.list("payee_denylist")? {
            self.base.situation.policy.denied_payees = listed;
        }
        if let Some(rails) = self.list("rails")? {
            let rails = rails.iter().map(|name| name.parse::<Rail>().map_err(|_| wrong("rails")));
            let rails = rails.collect::<Result<_, _>>()?;
            self.base.situation.policy.rails = rails;
        }
        if let Some(price) = self.price("ask_above", &reference)? {
            self.base.situation.policy.thresholds.ask_above = vec![price];
        }
        if let Some(price) = self.price("four_eyes_above", &reference)? {
            self.base.situation.policy.thresholds.four_eyes_above = vec![price];
        }
        if let Some(locks) = self.flag("ecash_locks")? {
            self.base.situation.policy.ecash_locks = locks;
        }
        if let Some(origins) = self.list("opaque_tokens")? {
            let origin = |text: &String| {
                Target::parse(text)
                    .map(|target| target.origin)
                    .map_err(|flaw| flaw.why.into_owned())
            };
            let origins = origins.iter().map(origin).collect::<Result<_, _>>()?;
            self.base.situation.policy.opaque_tokens = origins;
        }
        match self.text("fees_in_caps")?.as_deref() {
            None => {}
            Some("strict") => self.base.situation.policy.fees_in_caps = true,
            Some("after") => self.base.situation.policy.fees_in_caps = false,
            Some(_) => return Err(wrong("fees_in_caps")),
        }
        if let Some(rate) = self.text("rate")? {
            self.rate(&rate).ok_or_else(|| wrong("rate"))?;
        }
        Ok(())
    }

    /// `1 sat = 0.001 USD`.
    fn rate(&mut self, text: &str) -> Option<()> {
        let (one, worth) = text.split_once(" = ")?;
        let symbol = one.strip_prefix("1 ")?;
        let policy = &mut self.base.situation.policy;
        let worth = Price::parse(worth, "").ok().filter(|price| price.unit == policy.reference)?;
        policy.assets.iter_mut().find(|row| row.symbol == symbol)?.worth = Some(worth.nano);
        Some(())
    }

    fn pins(&mut self, (url, tool): (&str, &str)) -> Result<(), String> {
        // A URL that cannot be read has no pins, and is refused for that.
        let Ok(Target { origin, .. }) = Target::parse(url) else { return Ok(()) };
        let reference = self.base.situation.policy.reference.clone();
        let price = self.price("ref_price", &reference)?;
        let advertised = self.price("advertised", &reference)?;
        let node = self.text("payee_pin_node")?;
        let node = node
            .map(|text| lightning::NodeId::from_hex(&text).ok_or_else(|| wrong("payee_pin_node")));
        let node = node.transpose()?;
        if let Some(pins) = self.words.get("pins") {
            let pins = pins.as_object().ok_or_else(|| wrong("pins"))?;
            for pin in &mut self.base.situation.known.pins.0 {
                pin.payee = None;
            }
            for (name, payee) in pins {
                let payee = payee.as_str().and_then(|text| Address::parse(text).ok());
                let payee = payee.ok_or_else(|| wrong("pins"))?;
                self.pin(&origin, name).payee = Some(payee);
            }
        }
        if price.is_some() || advertised.is_some() || node.is_some() {
            let pin = self.pin(&origin, tool);
            pin.price = price.or(pin.price.take());
            pin.advertised = advertised.or(pin.advertised.take());
            pin.node = node.or(pin.node);
        }
        Ok(())
    }

    fn pin(&mut self, origin: &Origin, tool: &str) -> &mut Pin {
        let pins = &mut self.base.situation.known.pins.0;
        let found = pins.iter().position(|pin| pin.origin == *origin && pin.tool == tool);
        let at = found.unwrap_or_else(|| {
            let (origin, tool) = (origin.clone(), tool.to_owned());
            pins.push(Pin { origin, tool, payee: None, node: None, price: None, advertised: None });
            pins.len() - 1
        });
        &mut pins[at]
    }

    fn limits(&mut self, (url, _): (&str, &str)) -> Result<(), String> {
        let reference = self.base.situation.policy.reference.clone();
        for (name, window) in [
            ("per_call", Window::Call),
            ("minute_cap", Window::Minute),
            ("hour_cap", Window::Hour),
            ("day_cap", Window::Day),
            ("week_cap", Window::Week),
            ("month_cap", Window::Month),
            ("lifetime_cap", Window::Lifetime),
        ] {
            let plain = if window == Window::Call { "per_call_cap" } else { name };
            self.limit(plain, window, &reference)?;
            self.limit(&format!("{name}_sat"), window, "sat")?;
        }
        for (name, window, unit) in [
            ("spent_this_minute", Window::Minute, reference.as_str()),
            ("spent_this_hour", Window::Hour, &reference),
            ("spent_today", Window::Day, &reference),
            ("spent_today_sat", Window::Day, "sat"),
            ("spent_this_week", Window::Week, &reference),
            ("spent_this_month", Window::Month, &reference),
        ] {
            if let Some(spent) = self.price(name, unit)? {
                self.spent(window, &spent);
            }
        }
        self.budget(&reference)?;
        self.origin_caps(url, &reference)?;
        match self.get("velocity") {
            None => {}
            Some(Value::String(none)) if none == "none" => self.base.limits.velocity = None,
            Some(value) => {
                let used = self.base.limits.velocity.map_or(0, |(_, used)| used);
                let most = value.as_u64().and_then(|n| u32::try_from(n).ok());
                self.base.limits.velocity = Some((most.ok_or_else(|| wrong("velocity"))?, used));
            }
        }
        Ok(())
    }

    /// One limit for all origins: another number, or none.
    fn limit(&mut self, name: &str, window: Window, unit: &str) -> Result<(), String> {
        let Some(text) = self.text(name)? else { return Ok(()) };
        let same = |limit: &Limit| {
            limit.window == window && limit.most.unit == unit && limit.origin.is_none()
        };
        let spent =
            self.base.limits.all.iter().find(|limit| same(limit)).map_or(0, |limit| limit.spent);
        self.base.limits.all.retain(|limit| !same(limit));
        if text != "none" {
            let most = Price::parse(&text, unit).map_err(|_| wrong(name))?;
            self.base.limits.all.push(Limit { window, most, spent, origin: None });
        }
        Ok(())
    }

    /// What was spent in a window was spent in every longer one.
    fn spent(&mut self, window: Window, spent: &Price) {
        for limit in &mut self.base.limits.all {
            let counts = limit.window >= window && limit.window != Window::Call;
            if counts && limit.origin.is_none() && limit.most.unit == spent.unit {
                limit.spent = limit.spent.max(spent.nano);
            }
        }
    }

    /// `budget` (`0.05 USD per 24h`) with what was `spent` of it (`45 sat`), through the rate.
    fn budget(&mut self, reference: &str) -> Result<(), String> {
        let Some(text) = self.text("budget")? else { return Ok(()) };
        let (most, window) = text.split_once(" per ").ok_or_else(|| wrong("budget"))?;
        let window = match window {
            "minute" => Window::Minute,
            "1h" | "hour" => Window::Hour,
            "24h" | "day" => Window::Day,
            "7d" | "week" => Window::Week,
            "30d" | "month" => Window::Month,
            _ => return Err(wrong("budget")),
        };
        let most = Price::parse(most, reference).map_err(|_| wrong("budget"))?;
        let mut spent = 0;
        if let Some(price) = self.price("spent", reference)? {
            spent = self.in_unit(&price, &most.unit).ok_or_else(|| wrong("spent"))?;
        }
        self.base.limits.all.push(Limit { window, most, spent, origin: None });
        Ok(())
    }

    fn in_unit(&self, price: &Price, unit: &str) -> Option<u128> {
        const NANO: u128 = 1_000_000_000;
        if price.unit == unit {
            return Some(price.nano);
        }
        let policy = &self.base.situation.policy;
        let row = policy.assets.iter().find(|row| row.symbol == price.unit)?;
        let worth = row.worth.filter(|_| unit == policy.reference)?;
        Some(price.nano.checked_mul(worth)?.div_ceil(NANO))
    }

    fn origin_caps(&mut self, url: &str, reference: &str) -> Result<(), String> {
        let Some(caps) = self.words.get("cap_origin") else { return Ok(()) };
        let caps = caps.as_object().ok_or_else(|| wrong("cap_origin"))?;
        let spent = self.price("spent_at_origin", reference)?.map_or(0, |price| price.nano);
        let here = Target::parse(url).map(|target| target.origin.to_string()).unwrap_or_default();
        for (origin, most) in caps {
            let most = most.as_str().and_then(|text| Price::parse(text, reference).ok());
            let most = most.ok_or_else(|| wrong("cap_origin"))?;
            let spent = if *origin == here { spent } else { 0 };
            let origin = Some(origin.clone());
            self.base.limits.all.push(Limit { window: Window::Day, most, spent, origin });
        }
        Ok(())
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
