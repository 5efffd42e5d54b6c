use model::money::{Amount, Asset};

use crate::config::Payments;

/// The currency that budgets and rates are in when they are in no asset.
pub const REFERENCE: &str = "USD";
/// Decimals of the reference currency here: 10^-9 of a unit.
pub const NANO: u8 = 9;

/// One asset that is money here.
#[derive(Debug, Clone)]
pub struct Money {
    pub asset: Asset,
    pub symbol: String,
    pub decimals: u8,
}

/// Every asset that is money here: the table of tokens, and bitcoin where Lightning or ecash is configured, or persons pay.
pub fn assets(own: &Payments) -> Result<Vec<Money>, String> {
    let mut all = Vec::new();
    for entry in &own.asset {
        // Addresses are often written with the capitals of EIP-55, which the table of tokens checks.
        let asset = Asset::parse(&entry.id.to_ascii_lowercase()).map_err(|e| e.to_string())?;
        all.push(Money { asset, symbol: entry.symbol.clone(), decimals: entry.decimals });
    }
    if own.lightning.is_some() || own.cashu.is_some() || own.by_hand() {
        let network = own.lightning.as_ref().map_or("mainnet", |l| l.network.as_str());
        let name = match network {
            "mainnet" => "sat".to_owned(),
            other => format!("sat@{other}"),
        };
        let asset = Asset::parse(&name).map_err(|_| {
            format!(
                "`{network}` is no network of Lightning: use mainnet, testnet, signet or regtest"
            )
        })?;
        all.push(Money { asset, symbol: "sat".to_owned(), decimals: 0 });
    }
    Ok(all)
}

/// `"10 USD"`: a number and its unit.
pub fn split(text: &str) -> Result<(&str, &str), String> {
    text.trim().split_once(' ').ok_or_else(|| {
        format!(
            "`{}` is no amount: write a number and a unit, like \"10 USD\" or \"1000 sat\"",
            text.escape_debug()
        )
    })
}

/// The number, in units of 10^-`decimals`.
pub fn minor(number: &str, decimals: u8) -> Result<u128, String> {
    Amount::minor_of(number, decimals)
        .map_err(|e| format!("`{}` cannot be counted: {e}", number.escape_debug()))
}

/// What one unit of each symbol is worth, in 10^-9 of the reference currency.
pub fn worth(own: &Payments, symbol: &str) -> Result<Option<u128>, String> {
    let Some(rate) = own.rates.get(symbol) else { return Ok(None) };
    let (number, unit) = split(&rate.worth)?;
    if unit != REFERENCE {
        return Err(format!("the rate of {symbol} is in {unit}: rates are in {REFERENCE}"));
    }
    minor(number, NANO).map(Some)
}
