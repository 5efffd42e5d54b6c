//! Names of networks: CAIP-2 in version 2, short names in version 1.

/// The short names of version 1.
const V1: [(&str, &str); 14] = [
    ("base", "eip155:8453"),
    ("base-sepolia", "eip155:84532"),
    ("avalanche", "eip155:43114"),
    ("avalanche-fuji", "eip155:43113"),
    ("polygon", "eip155:137"),
    ("polygon-amoy", "eip155:80002"),
    ("sei", "eip155:1329"),
    ("sei-testnet", "eip155:1328"),
    ("iotex", "eip155:4689"),
    ("peaq", "eip155:3338"),
    ("abstract", "eip155:2741"),
    ("abstract-testnet", "eip155:11124"),
    ("solana", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
    ("solana-devnet", "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"),
];

/// The CAIP-2 name of a short name of version 1.
pub fn caip2_of_v1(name: &str) -> Option<&'static str> {
    V1.into_iter().find(|(short, _)| *short == name).map(|(_, long)| long)
}

/// Whether this is a name by CAIP-2: a namespace of 3 to 8 of `[-a-z0-9]`, a reference of 1 to 32 of `[-_a-zA-Z0-9]`.
/// The reference of `eip155` is a number without leading zeros.
pub fn is_caip2(name: &str) -> bool {
    let Some((namespace, reference)) = name.split_once(':') else { return false };
    let space = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let chain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let lawful = (3..=8).contains(&namespace.len())
        && namespace.bytes().all(space)
        && (1..=32).contains(&reference.len())
        && reference.bytes().all(chain);
    lawful && (namespace != "eip155" || chain_id(name).is_some())
}

/// The chain id of an `eip155` name.
pub fn chain_id(caip2: &str) -> Option<u64> {
    let digits = caip2.strip_prefix("eip155:")?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        // AST-05, AST-06
        for good in ["eip155:84532", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "eip155:1"] {
            assert!(is_caip2(good), "{good}");
        }
        for bad in [
            "EIP155:84532",
            "eip155:84532 ",
            "eip155:084532",
            "eip155:0x1",
            "base",
            "eip155:",
            ":1",
            "eip155:1:2",
            "eip155:99999999999999999999999",
        ] {
            assert!(!is_caip2(bad), "{bad}");
        }
    }

    #[test]
    fn short_names_lead_to_lawful_long_ones() {
        assert!(V1.iter().all(|(short, long)| is_caip2(long) && !is_caip2(short)));
        assert_eq!(caip2_of_v1("base-sepolia"), Some("eip155:84532"));
        assert_eq!(caip2_of_v1("eip155:84532"), None); // AST-07
    }
}
