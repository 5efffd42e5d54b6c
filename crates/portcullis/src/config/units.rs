//! Durations, sizes and rates as people write them.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use identity::Rate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A length of time: `"500ms"`, `"30s"`, `"5min"`, `"2h"`, `"7d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

/// A number of bytes: `"512 B"`, `"64 KiB"`, `"1 MiB"`, `"2 GiB"`; `KB`, `MB` and `GB` are thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Size(pub u64);

/// So many in so long: `"10/s"`, `"600/min"`, `"1000/h"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Frequency(pub Rate);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time: write it like \"30s\" or \"5min\"");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let millis = match unit {
            "ms" => 1,
            other => second(other).ok_or_else(wrong)?.checked_mul(1000).ok_or_else(wrong)?,
        };
        number.checked_mul(millis).map(|ms| Self(Duration::from_millis(ms))).ok_or_else(wrong)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no size: write it like \"64 KiB\" or \"1 MiB\"");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let bytes: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "KB" | "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(bytes).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Frequency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no rate: write it like \"10/s\" or \"600/min\"");
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let limit = digits(number.trim()).and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?;
        let seconds = second(unit.trim()).ok_or_else(wrong)?;
        Ok(Self(Rate::new(limit, Duration::from_secs(seconds))))
    }
}

/// Seconds of a unit of time.
fn second(unit: &str) -> Option<u64> {
    Some(match unit {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    })
}

/// A number and the unit after it, with or without a space between.
fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    Some((digits(&text[..end])?, text[end..].trim_start()))
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

macro_rules! as_text {
    ($name:ident, $title:literal, $pattern:literal, $example:literal) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": $title,
                    "pattern": $pattern,
                    "examples": [$example],
                })
            }
        }
    };
}

as_text!(
    Span,
    "A length of time with its unit: ms, s, min, h or d.",
    r"^\s*[0-9]+\s*(ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*$",
    "30s"
);
as_text!(
    Size,
    "A number of bytes with its unit: B, KiB, MiB, GiB, KB, MB or GB.",
    r"^\s*[0-9]+\s*(B|KiB|MiB|GiB|KB|kB|MB|GB)\s*$",
    "1 MiB"
);
as_text!(
    Frequency,
    "So many in a second, minute, hour or day.",
    r"^\s*[0-9]+\s*/\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*$",
    "600/min"
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("5 min", 300_000), ("2h", 7_200_000)] {
            assert_eq!(text.parse(), Ok(Span(Duration::from_millis(ms))), "{text}");
        }
        for (text, bytes) in [("512 B", 512), ("1MiB", 1 << 20), ("2 MB", 2_000_000)] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        let rate = Rate::new(600, Duration::from_mins(1));
        assert_eq!("600/min".parse(), Ok(Frequency(rate)));
    }

    #[test]
    fn a_number_without_a_unit_is_refused_not_guessed() {
        for bad in ["30", "", "s", "-1s", "1.5h", "30 parsecs", "99999999999999999999s", "１s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
            assert!(bad.parse::<Size>().is_err(), "{bad}");
            assert!(bad.parse::<Frequency>().is_err(), "{bad}");
        }
        for bad in ["600", "/min", "600/", "600/fortnight", "-1/s", "5000000000/s"] {
            assert!(bad.parse::<Frequency>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text in ".{0,40}") {
            let _ = (text.parse::<Span>(), text.parse::<Size>(), text.parse::<Frequency>());
        }

        #[test]
        fn every_number_of_seconds_is_read_back(n in 0_u64..1_000_000) {
            prop_assert_eq!(format!("{n} s").parse(), Ok(Span(Duration::from_secs(n))));
        }
    }
}
