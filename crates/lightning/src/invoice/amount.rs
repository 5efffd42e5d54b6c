//! The human-readable part: network and amount.

use crate::{InvoiceError, Network};

/// Millisatoshis in a bitcoin.
const MSAT_PER_BTC: u64 = 100_000_000_000;

/// Reads `ln` + prefix + amount (lower case). The amount is in msat.
///
/// # Errors
/// [`InvoiceError::Network`] for an unknown prefix, `Amount` for one that cannot be paid, `Malformed` for the rest.
pub(super) fn read(hrp: &str) -> Result<(Network, Option<u64>), InvoiceError> {
    let rest =
        hrp.strip_prefix("ln").ok_or(InvoiceError::Malformed("it does not begin with `ln`"))?;
    let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let (prefix, amount) = rest.split_at(digits);
    let network = Network::of_prefix(prefix).ok_or(InvoiceError::unknown_network())?;
    if amount.is_empty() {
        return Ok((network, None));
    }
    Ok((network, Some(msat(amount)?)))
}

/// Digits and at most one multiplier, in msat.
fn msat(amount: &str) -> Result<u64, InvoiceError> {
    let end = amount.find(|c: char| !c.is_ascii_digit()).unwrap_or(amount.len());
    let (digits, multiplier) = amount.split_at(end);
    if digits == "0" {
        return Err(InvoiceError::Amount("it is zero"));
    }
    if digits.starts_with('0') {
        return Err(InvoiceError::Malformed("its amount begins with a zero"));
    }
    let large = InvoiceError::Amount("it is larger than any there is");
    let number: u128 = digits.parse().map_err(|_| large.clone())?;
    let times = |unit: u64| number.checked_mul(u128::from(unit)).ok_or(large.clone());
    let msat = match multiplier {
        "" => times(MSAT_PER_BTC)?,
        "m" => times(MSAT_PER_BTC / 1_000)?,
        "u" => times(MSAT_PER_BTC / 1_000_000)?,
        "n" => times(MSAT_PER_BTC / 1_000_000_000)?,
        // A pico-bitcoin is a tenth of a millisatoshi.
        "p" if number.is_multiple_of(10) => number / 10,
        "p" => return Err(InvoiceError::Amount("it is no whole number of millisatoshis")),
        _ => return Err(InvoiceError::Malformed("its amount has an unknown multiplier")),
    };
    u64::try_from(msat).map_err(|_| large)
}

/// The human-readable part in its shortest form.
pub(super) fn write(network: Network, msat: Option<u64>) -> String {
    let prefix = network.prefix();
    let Some(msat) = msat else { return format!("ln{prefix}") };
    for (unit, multiplier) in [
        (MSAT_PER_BTC, ""),
        (MSAT_PER_BTC / 1_000, "m"),
        (MSAT_PER_BTC / 1_000_000, "u"),
        (MSAT_PER_BTC / 1_000_000_000, "n"),
    ] {
        if msat.is_multiple_of(unit) {
            return format!("ln{prefix}{}{multiplier}", msat / unit);
        }
    }
    format!("ln{prefix}{}p", u128::from(msat) * 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_is_read_in_whole_millisatoshis() {
        for (hrp, msat) in [
            ("lnbc1", 100_000_000_000),
            ("lnbc20m", 2_000_000_000),
            ("lnbc2500u", 250_000_000),
            ("lnbc100n", 10_000),
            ("lnbc19990p", 1_999),
            ("lnbc9678785340p", 967_878_534),
        ] {
            assert_eq!(read(hrp), Ok((Network::Mainnet, Some(msat))), "{hrp}");
        }
        assert_eq!(read("lnbcrt"), Ok((Network::Regtest, None)));
    }

    #[test]
    fn what_is_no_lawful_amount_is_refused_by_its_reason() {
        for (hrp, code) in [
            ("lnbc0100n", "bad_invoice"),
            ("lnbc0", "invoice_amount"),
            ("lnbc0p", "invoice_amount"),
            ("lnbc00", "bad_invoice"),
            ("lnbc2500x", "bad_invoice"),
            ("lnbc10nn", "bad_invoice"),
            ("lnbc1n1", "bad_invoice"),
            ("lnbc184467440737095516160p", "invoice_amount"),
            ("lnbc1.5m", "bad_invoice"),
            ("lnbc2500000001p", "invoice_amount"),
            ("lnbc184467441", "invoice_amount"),
            ("lnbc99999999999999999999999n", "invoice_amount"),
            ("lnxy1", "invoice_network"),
            ("ln", "invoice_network"),
            ("bc1", "bad_invoice"),
        ] {
            assert_eq!(read(hrp).err().map(|e| e.code()), Some(code), "{hrp}");
        }
    }

    proptest! {
        #[test]
        fn amounts_come_back(msat in 1_u64.., zeros in 0_u32..12) {
            let msat = msat / 10_u64.pow(zeros).max(1) * 10_u64.pow(zeros);
            prop_assume!(msat > 0);
            let hrp = write(Network::Signet, Some(msat));
            prop_assert_eq!(read(&hrp), Ok((Network::Signet, Some(msat))));
        }
    }
}
