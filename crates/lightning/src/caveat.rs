use std::fmt;

/// A caveat as L402 writes it: `condition=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caveat<'a> {
    /// What is narrowed: `services`, `weather_valid_until`. Not empty, and without `=`.
    pub condition: &'a str,
    /// To what.
    pub value: &'a str,
}

/// What ends the condition that sets an end.
pub(crate) const VALID_UNTIL: &str = "_valid_until";
/// What ends the condition that names capabilities.
pub(crate) const CAPABILITIES: &str = "_capabilities";

impl<'a> Caveat<'a> {
    /// Reads one, divided at its first `=`; `None` if it has another form.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (condition, value) = text.split_once('=')?;
        let lawful = !condition.is_empty() && !text.chars().any(char::is_control);
        lawful.then_some(Self { condition, value })
    }

    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Option<Self> {
        Self::parse(std::str::from_utf8(bytes).ok()?)
    }

    /// The end it sets, in seconds, if it is of the form `<service>_valid_until=<unix>`.
    pub fn valid_until(&self) -> Option<u64> {
        self.condition.strip_suffix(VALID_UNTIL).filter(|service| !service.is_empty())?;
        seconds(self.value)
    }
}

/// Digits, and nothing else.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Caveat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.condition, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caveat_is_divided_at_its_first_equals_sign() {
        let read = Caveat::parse("a=b=c");
        assert_eq!(read, Some(Caveat { condition: "a", value: "b=c" }));
        for bad in ["", "a", "=b", "a\n=b", "a=b\r"] {
            assert_eq!(Caveat::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_end_is_digits_for_a_named_service() {
        let end = |text| Caveat::parse(text).and_then(|c| c.valid_until());
        assert_eq!(end("weather_valid_until=1740672099"), Some(1_740_672_099));
        for none in [
            "_valid_until=1",
            "weather_valid_until=",
            "weather_valid_until=+1",
            "valid_until=1",
            "weather_valid_until=99999999999999999999",
            "weather_valid_until=1 ",
        ] {
            assert_eq!(end(none), None, "{none}");
        }
    }
}
