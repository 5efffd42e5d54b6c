use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Intent, Scope, intent};

/// What is stopped while an operator pauses it: `all`, `agent:a2`, `rail:x402`, `tenant:acme` …
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stop {
    /// By what.
    pub scope: Scope,
    /// Which one; empty for all.
    pub value: String,
}

impl Stop {
    /// Everything.
    pub const fn all() -> Self {
        Self { scope: Scope::All, value: String::new() }
    }

    /// Whether this stops a payment.
    pub fn covers(&self, intent: &Intent) -> bool {
        self.scope == Scope::All || intent.at(self.scope) == self.value
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::All => f.write_str("all"),
            scope => write!(f, "{}:{}", scope.as_str(), self.value),
        }
    }
}

impl FromStr for Stop {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::all());
        }
        let named = text.split_once(':').filter(|(_, value)| !value.is_empty());
        let found = named.and_then(|(scope, value)| Some((Scope::from_text(scope)?, value)));
        match found {
            Some((scope, value)) if scope != Scope::All => {
                let value = if scope == Scope::Payee { intent::payee(value) } else { value.into() };
                Ok(Self { scope, value: value.into_owned() })
            }
            _ => Err("a pause is `all` or a scope and a value, such as `agent:a2`"),
        }
    }
}

impl Serialize for Stop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
