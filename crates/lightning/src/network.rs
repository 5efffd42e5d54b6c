use std::fmt;

/// A Bitcoin network, as the beginning of an invoice tells it (BOLT11, "Human-Readable Part").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// `lnbc`: money.
    Mainnet,
    /// `lntb`: the public test network.
    Testnet,
    /// `lntbs`: the signed test network.
    Signet,
    /// `lnbcrt`: a chain of one's own.
    Regtest,
    /// `lnsb`: a simulated chain.
    Simnet,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Mainnet, Self::Testnet, Self::Signet, Self::Regtest, Self::Simnet];

    /// What stands behind `ln` in an invoice.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Mainnet => "bc",
            Self::Testnet => "tb",
            Self::Signet => "tbs",
            Self::Regtest => "bcrt",
            Self::Simnet => "sb",
        }
    }

    /// The network with this prefix (lower case), if it is a known one.
    pub fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.prefix() == prefix)
    }

    /// The name that challenges and configuration use: `mainnet`, `testnet`, `signet`, `regtest`, `simnet`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
            Self::Simnet => "simnet",
        }
    }

    /// The network with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.name() == name)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
