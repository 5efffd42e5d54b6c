use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is counted, in its smallest unit.
///
/// An ERC-20 token is its CAIP-19 name in lower case, `eip155:84532/erc20:0x036c…cf7e`. Bitcoin is `sat` on the main
/// network, over Lightning and as ecash alike, and `sat@testnet`, `sat@signet` or `sat@regtest` on the others: play
/// money never counts as money.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asset(Arc<str>);

/// A name that no asset has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no asset: use `sat`, `sat@testnet`, `sat@signet`, `sat@regtest` or `eip155:<chain>/erc20:<address>`"
)]
pub struct AssetError(String);

impl Asset {
    /// A satoshi of Bitcoin's main network.
    pub fn sat() -> Self {
        Self(Arc::from("sat"))
    }

    /// Reads a name.
    ///
    /// # Errors
    /// It is none; upper case is none either.
    pub fn parse(text: &str) -> Result<Self, AssetError> {
        let known = matches!(text, "sat" | "sat@testnet" | "sat@signet" | "sat@regtest");
        if known || is_erc20(text) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(AssetError(text.escape_debug().to_string()))
        }
    }

    /// A token on an EVM chain (CAIP-19). The address is 20 bytes.
    pub fn erc20(chain: u64, address: &[u8; 20]) -> Self {
        use fmt::Write as _;
        let mut text = format!("eip155:{chain}/erc20:0x");
        for byte in address {
            let _ = write!(text, "{byte:02x}");
        }
        Self(Arc::from(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is Bitcoin, of any network.
    pub fn is_bitcoin(&self) -> bool {
        self.0.starts_with("sat")
    }
}

fn is_erc20(text: &str) -> bool {
    let Some((chain, address)) =
        text.strip_prefix("eip155:").and_then(|t| t.split_once("/erc20:0x"))
    else {
        return false;
    };
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let number = !chain.starts_with('0')
        && chain.parse::<u64>().is_ok()
        && chain.bytes().all(|c| c.is_ascii_digit());
    number && address.len() == 40 && address.bytes().all(hex)
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Asset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Asset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// So many of the smallest units of one asset. No floats, no conversion, checked arithmetic only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Of what.
    pub asset: Asset,
    /// How many of its smallest unit.
    pub minor: u128,
}

/// A sum that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// More than 2^128 - 1.
    #[error("the sum is larger than can be counted")]
    Overflow,
    /// Two assets do not add up.
    #[error("two different assets do not add up")]
    Assets,
    /// No decimal number that this asset can have.
    #[error("no amount: digits with at most as many decimals as the asset has are")]
    Malformed,
}

impl Amount {
    /// So many of the smallest unit.
    pub const fn new(asset: Asset, minor: u128) -> Self {
        Self { asset, minor }
    }

    /// The sum of two amounts of one asset.
    ///
    /// # Errors
    /// They are of two assets, or too much.
    pub fn plus(&self, other: &Self) -> Result<Self, AmountError> {
        if self.asset != other.asset {
            return Err(AmountError::Assets);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(AmountError::Overflow)?;
        Ok(Self { asset: self.asset.clone(), minor })
    }

    /// Reads a decimal number into smallest units: `"0.10"` with 6 decimals is 100000. Nothing is ever rounded.
    ///
    /// # Errors
    /// Not digits with at most one point, more decimals than there are, or too large.
    pub fn minor_of(text: &str, decimals: u8) -> Result<u128, AmountError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |t: &str| t.bytes().all(|c| c.is_ascii_digit());
        let lawful = !whole.is_empty()
            && digits(whole)
            && digits(part)
            && (part.is_empty() != text.contains('.'))
            && part.len() <= usize::from(decimals);
        if !lawful {
            return Err(AmountError::Malformed);
        }
        let shift =
            u32::from(decimals) - u32::try_from(part.len()).map_err(|_| AmountError::Malformed)?;
        let number: u128 = format!("{whole}{part}").parse().map_err(|_| AmountError::Overflow)?;
        let scale = 10_u128.checked_pow(shift).ok_or(AmountError::Overflow)?;
        number.checked_mul(scale).ok_or(AmountError::Overflow)
    }

    /// Smallest units as a decimal number, without needless zeros: 100000 with 6 decimals is `0.1`.
    pub fn decimal(minor: u128, decimals: u8) -> String {
        let digits = format!("{minor:0>width$}", width = usize::from(decimals) + 1);
        let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
        let part = part.trim_end_matches('0');
        if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.asset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written_without_rounding() {
        assert_eq!(Amount::minor_of("0.10", 6), Ok(100_000));
        assert_eq!(Amount::minor_of("12", 0), Ok(12));
        assert_eq!(Amount::decimal(100_000, 6), "0.1");
        assert_eq!(Amount::decimal(12, 0), "12");
        assert_eq!(Amount::decimal(1, 2), "0.01");
        for bad in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "0.0000001", "1_0", "NaN", "1.2.3"]
        {
            assert_eq!(Amount::minor_of(bad, 6), Err(AmountError::Malformed), "{bad}");
        }
        let most = u128::MAX.to_string();
        assert_eq!(Amount::minor_of(&most, 0), Ok(u128::MAX));
        assert_eq!(Amount::minor_of(&most, 1), Err(AmountError::Overflow));
    }

    #[test]
    fn two_assets_never_add_up_and_a_sum_never_wraps() {
        let sat = Amount::new(Asset::sat(), u128::MAX);
        let other = Amount::new(Asset::erc20(1, &[7; 20]), 1);
        assert_eq!(sat.plus(&other), Err(AmountError::Assets));
        assert_eq!(sat.plus(&Amount::new(Asset::sat(), 1)), Err(AmountError::Overflow));
    }

    #[test]
    fn an_asset_has_one_spelling() {
        let token = Asset::erc20(84532, &[0xab; 20]);
        assert_eq!(Asset::parse(token.as_str()), Ok(token));
        for bad in [
            "",
            "SAT",
            "sat@main",
            "eip155:084532/erc20:0x",
            "eip155:1/erc20:0xABABABABABABABABABABABABABABABABABABABAB",
        ] {
            assert!(Asset::parse(bad).is_err(), "{bad}");
        }
    }
}
