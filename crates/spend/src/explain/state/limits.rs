use serde_json::Value;

use super::{Told, wrong};
use crate::{Limit, Price, Target, Window};

impl Told<'_> {
    pub(super) fn limits(&mut self, (url, _): (&str, &str)) -> Result<(), String> {
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
