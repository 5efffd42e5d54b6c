use evm::Address;
use model::money::Rail;

use super::{Told, wrong};
use crate::{Origin, Pin, Price, Target};

impl Told<'_> {
    pub(super) fn policy(&mut self) -> Result<(), String> {
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

    pub(super) fn pins(&mut self, (url, tool): (&str, &str)) -> Result<(), String> {
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
}
