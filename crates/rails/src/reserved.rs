//! What only the engine that pays may put into a request: names that are refused or taken out where an agent gives them.

/// Header fields that pay or sign in, in lower case.
const HEADERS: [&str; 7] = [
    "payment-signature",
    "x-payment",
    "x-cashu",
    "x-lnurlcash",
    "sign-in-with-x",
    "payment-session",
    "x-session-token",
];

/// Schemes of `Authorization` that pay.
const SCHEMES: [&str; 3] = ["l402", "lsat", "payment"];

/// Whether a header field of a caller pays or signs in: it is refused with `not_permitted`.
pub fn is_paying_header(name: &str, value: &[u8]) -> bool {
    if name.eq_ignore_ascii_case("authorization") {
        let scheme = value.trim_ascii().split(|c| matches!(c, b' ' | b'\t')).next();
        return scheme.is_some_and(|scheme| {
            SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()))
        });
    }
    HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a key of `_meta` is one of payments, in any case: from an agent it is taken out and recorded, from a server it
/// is read by the engine and not handed on.
pub fn is_paying_meta(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["x402/", "org.paymentauth/", "org.x402/"].iter().any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pays_is_the_engines_alone() {
        // HDR-06..12
        for (name, value) in [
            ("X-Cashu", "cashuBo2F"),
            ("X-LNURLcash", "https://mint.example.com/n/1"),
            ("PAYMENT-SIGNATURE", "eyJ"),
            ("X-PAYMENT", "eyJ"),
            ("Authorization", "Payment eyJ"),
            ("Authorization", "L402 AAAA:00"),
            ("authorization", " lsat\tAAAA:00"),
            ("SIGN-IN-WITH-X", "eyJ"),
        ] {
            assert!(is_paying_header(name, value.as_bytes()), "{name}: {value}");
        }
        for (name, value) in [
            ("Authorization", "Bearer L402"),
            ("Authorization", ""),
            ("Accept", "Payment"),
            ("X-Payments", "1"),
        ] {
            assert!(!is_paying_header(name, value.as_bytes()), "{name}: {value}");
        }
    }

    #[test]
    fn keys_of_payments_are_told_in_any_case() {
        // g-money-31
        for key in [
            "x402/payment",
            "X402/Payment",
            "x402/payment-response",
            "org.paymentauth/credential",
            "org.x402/payment",
        ] {
            assert!(is_paying_meta(key), "{key}");
        }
        for key in ["progressToken", "x402", "io.modelcontextprotocol/related-task"] {
            assert!(!is_paying_meta(key), "{key}");
        }
    }
}
