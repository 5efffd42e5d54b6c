use std::collections::HashMap;

use crate::caveat::{CAPABILITIES, VALID_UNTIL, seconds};
use crate::{Caveat, CaveatError, L402Id, Macaroon, Preimage};

/// What a token is presented for, at its minter.
#[derive(Debug, Clone, Copy)]
pub struct Use<'a> {
    /// The service, as `services` names it.
    pub service: &'a str,
    /// The capability of the service that is used, if it has any.
    pub capability: Option<&'a str>,
    /// Now, in seconds.
    pub now: u64,
}

impl Macaroon {
    /// Whether its caveats allow this use. Ask [`Macaroon::verify`] first.
    ///
    /// Every caveat must be understood and hold. A condition that comes again may only narrow: a list to some of its entries, an end to
    /// an earlier one, anything else not at all. Understood are `services`, `<service>_valid_until`, `<service>_capabilities` and
    /// `preimage`; `also` is asked about the rest, and a condition it does not know is refused. A token that names no service is for none.
    ///
    /// # Errors
    /// [`CaveatError`].
    pub fn permits(
        &self,
        what: &Use<'_>,
        also: &dyn Fn(&Caveat<'_>) -> bool,
    ) -> Result<(), CaveatError> {
        let mut before: HashMap<&str, &str> = HashMap::new();
        for caveat in self.caveats() {
            let caveat = caveat.ok_or(CaveatError::Unknown)?;
            let earlier = before.insert(caveat.condition, caveat.value);
            self.holds(&caveat, what, also)?;
            if earlier.is_some_and(|earlier| !narrows(&caveat, earlier)) {
                return Err(CaveatError::Widened);
            }
        }
        if before.contains_key("services") { Ok(()) } else { Err(CaveatError::Service) }
    }

    fn holds(
        &self,
        caveat: &Caveat<'_>,
        what: &Use<'_>,
        also: &dyn Fn(&Caveat<'_>) -> bool,
    ) -> Result<(), CaveatError> {
        let Caveat { condition, value } = *caveat;
        match (condition, condition.strip_prefix(what.service)) {
            ("services", _) => {
                let mut services = value.split(',').map(name);
                let named = services.any(|name| name == Some(what.service));
                if named { Ok(()) } else { Err(CaveatError::Service) }
            }
            ("preimage", _) => {
                let hash = L402Id::from_bytes(self.identifier()).map(|id| id.payment_hash);
                let proof = hash.ok().and_then(|hash| Preimage::proof(value, &hash).ok());
                proof.map(drop).ok_or(CaveatError::Preimage)
            }
            (_, Some(VALID_UNTIL)) => match seconds(value) {
                Some(end) if what.now < end => Ok(()),
                Some(end) => Err(CaveatError::Expired(end)),
                None => Err(CaveatError::Unknown),
            },
            (_, Some(CAPABILITIES)) => {
                let allowed = |wanted| value.split(',').any(|name| name == wanted);
                if what.capability.is_some_and(allowed) {
                    Ok(())
                } else {
                    Err(CaveatError::Capability)
                }
            }
            _ if also(caveat) => Ok(()),
            _ => Err(CaveatError::Unknown),
        }
    }
}

/// The name of an entry `name:tier`.
fn name(entry: &str) -> Option<&str> {
    let (name, tier) = entry.split_once(':')?;
    (!name.is_empty() && seconds(tier).is_some()).then_some(name)
}

/// Whether a condition that comes again allows no more than before.
fn narrows(caveat: &Caveat<'_>, earlier: &str) -> bool {
    let Caveat { condition, value } = *caveat;
    if condition == "services" || condition.ends_with(CAPABILITIES) {
        value.split(',').all(|entry| earlier.split(',').any(|allowed| allowed == entry))
    } else if condition.ends_with(VALID_UNTIL) {
        seconds(value).zip(seconds(earlier)).is_some_and(|(end, before)| end <= before)
    } else {
        value == earlier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{H1, ROOT};
    use crate::{Derivation, RootKey};

    fn token(caveats: &[&str]) -> Macaroon {
        let id = L402Id { payment_hash: H1, token_id: [0x42; 32] }.to_bytes();
        let caveats = caveats.iter().filter_map(|text| Caveat::parse(text));
        Macaroon::mint(&RootKey::from_bytes(ROOT), Derivation::Generator, "lsat", &id, caveats)
    }

    const NOW: u64 = 1_740_672_100;
    const WEATHER: Use<'static> = Use { service: "weather", capability: None, now: NOW };

    fn asked(caveats: &[&str], what: Use<'_>) -> Result<(), CaveatError> {
        token(caveats).permits(&what, &|_| false)
    }

    #[test]
    fn a_token_is_for_the_services_it_names_and_a_token_that_names_none_is_for_none() {
        assert_eq!(asked(&["services=weather:0"], WEATHER), Ok(()));
        assert_eq!(asked(&["services=maps:0,weather:1"], WEATHER), Ok(()));
        for other in [
            "services=maps:0",
            "services=",
            "services=weather",
            "services=weather:x",
            "services=weather2:0",
        ] {
            assert_eq!(asked(&[other], WEATHER), Err(CaveatError::Service), "{other}");
        }
        assert_eq!(asked(&[], WEATHER), Err(CaveatError::Service));
    }

    // SL4-04
    #[test]
    fn a_token_ends_at_the_second_its_caveat_names() {
        for (end, allowed) in [(NOW + 1, true), (NOW, false), (1_740_672_099, false)] {
            let end = format!("weather_valid_until={end}");
            assert_eq!(asked(&["services=weather:0", &end], WEATHER).is_ok(), allowed, "{end}");
        }
        let error = asked(&["services=weather:0", "weather_valid_until=1"], WEATHER);
        assert_eq!(error.map_err(|e| e.code()), Err("expired"));
    }

    // SL4-05
    #[test]
    fn a_condition_that_comes_again_may_only_narrow() {
        for (caveats, allowed) in [
            (["services=weather:0", "services=weather:0,admin:0"], false),
            (["services=weather:0", "services=weather:1"], false),
            (["services=maps:0,weather:0", "services=weather:0"], true),
        ] {
            let wanted = if allowed { Ok(()) } else { Err(CaveatError::Widened) };
            assert_eq!(asked(&caveats, WEATHER), wanted, "{caveats:?}");
        }
        let ends = |first: u64, second: u64| {
            let (first, second) = (NOW + first, NOW + second);
            asked(
                &[
                    "services=weather:0",
                    &format!("weather_valid_until={first}"),
                    &format!("weather_valid_until={second}"),
                ],
                WEATHER,
            )
        };
        assert_eq!(ends(20, 10), Ok(()));
        assert_eq!(ends(10, 20), Err(CaveatError::Widened));
        let own = |_: &Caveat<'_>| true;
        let twice = token(&["services=weather:0", "weather_rate=5", "weather_rate=6"]);
        assert_eq!(twice.permits(&WEATHER, &own), Err(CaveatError::Widened));
    }

    // SL4-06
    #[test]
    fn a_caveat_that_is_not_understood_fails_closed() {
        for unknown in ["ip=203.0.113.9", "maps_valid_until=9999999999", "weather_valid_until=soon"]
        {
            assert_eq!(
                asked(&["services=weather:0", unknown], WEATHER),
                Err(CaveatError::Unknown),
                "{unknown}"
            );
        }
        let known =
            |caveat: &Caveat<'_>| *caveat == Caveat { condition: "ip", value: "203.0.113.9" };
        let bound = token(&["services=weather:0", "ip=203.0.113.9"]);
        assert_eq!(bound.permits(&WEATHER, &known), Ok(()));
    }

    #[test]
    fn a_capability_must_be_named_where_any_is() {
        let caveats = ["services=weather:0", "weather_capabilities=read,list"];
        let used = |capability| asked(&caveats, Use { capability, ..WEATHER });
        assert_eq!(used(Some("read")), Ok(()));
        assert_eq!(used(Some("write")), Err(CaveatError::Capability));
        assert_eq!(used(None), Err(CaveatError::Capability));
    }

    #[test]
    fn a_preimage_within_must_prove_the_payment() {
        let with = |byte: &str| {
            asked(&["services=weather:0", &format!("preimage={}", byte.repeat(32))], WEATHER)
        };
        assert_eq!(with("01"), Ok(()));
        assert_eq!(with("02"), Err(CaveatError::Preimage));
    }
}
