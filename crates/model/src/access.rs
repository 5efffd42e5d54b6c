use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a tool may do to the world. Set or accepted by the operator, never by the source itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Adds or changes, in a way that can be undone.
    Write,
    /// May destroy. What has no accepted effect counts as this.
    Destructive,
    /// Moves money.
    Spend,
    /// Changes how something is configured.
    Config,
}

impl Effect {
    /// Every effect, in the order of its severity.
    pub const ALL: [Self; 5] =
        [Self::Read, Self::Write, Self::Destructive, Self::Spend, Self::Config];

    /// The name used in configuration, policy and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
            Self::Spend => "spend",
            Self::Config => "config",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Effect {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|e| e.as_str() == s).ok_or_else(|| {
            format!("unknown effect `{s}`: use read, write, destructive, spend or config")
        })
    }
}

/// What a principal asks to do with a thing behind the gate. One Cedar action each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Call a tool.
    Call,
    /// Read or subscribe to a resource.
    Read,
    /// Get (or complete an argument of) a prompt.
    Prompt,
}

impl Action {
    /// The name used in policy and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Read => "read",
            Self::Prompt => "prompt",
        }
    }
}

/// What policy says of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Allow {
        /// Id of the policy that permits it.
        rule: String,
    },
    /// It stops here.
    Deny {
        /// Id of the policy that forbids it; `default` when nothing permits it; `error` when a policy failed.
        rule: String,
        /// One sentence for the operator.
        reason: String,
    },
    /// A person decides.
    Ask {
        /// Id of the policy that asks.
        rule: String,
    },
}

impl Verdict {
    /// `allow`, `deny` or `ask`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
            Self::Ask { .. } => "ask",
        }
    }

    /// The id of the policy that decided.
    pub fn rule(&self) -> &str {
        match self {
            Self::Allow { rule } | Self::Deny { rule, .. } | Self::Ask { rule } => rule,
        }
    }
}
