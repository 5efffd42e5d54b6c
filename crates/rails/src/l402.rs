//! L402, and LSAT as it was called: a token and a Lightning invoice; the preimage completes the token.

use model::money::MoneyRule;
use zeroize::Zeroizing;

use crate::{Credential, Flaw, Place, challenge};

/// The name of the scheme a challenge came with; its credential goes back under the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// `L402`.
    L402,
    /// `LSAT`, the older name.
    Lsat,
}

impl Scheme {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L402 => "L402",
            Self::Lsat => "LSAT",
        }
    }

    /// The scheme of a challenge, in any case.
    pub fn of(challenge: &challenge::Challenge) -> Option<Self> {
        [Self::L402, Self::Lsat].into_iter().find(|scheme| challenge.is(scheme.as_str()))
    }
}

/// An L402 challenge. The token and the invoice are texts here: what they say is for those that decode them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme it came with.
    pub scheme: Scheme,
    /// The token, byte for byte as it came.
    pub token: String,
    /// The invoice (BOLT 11) as it came.
    pub invoice: String,
}

impl Challenge {
    /// Reads a challenge of one of the two schemes: `token` or the older `macaroon`, and `invoice`; other parameters are
    /// ignored.
    ///
    /// # Errors
    /// `version` for another than 0; `ambiguous` for two tokens or invoices; `bad_challenge` where one is missing or
    /// could not be sent back.
    pub fn read(scheme: Scheme, challenge: &challenge::Challenge) -> Result<Self, Flaw> {
        let bad = |why: &'static str| Flaw::new(MoneyRule::BadChallenge, why);
        if challenge.get("version")?.is_some_and(|version| version != "0") {
            return Err(Flaw::new(
                MoneyRule::Version,
                "The challenge is of a version of L402 that is not spoken.",
            ));
        }
        let token = match (challenge.get("token")?, challenge.get("macaroon")?) {
            (Some(token), Some(older)) if token != older => {
                return Err(Flaw::new(
                    MoneyRule::Ambiguous,
                    "The challenge has two different tokens.",
                ));
            }
            (Some(token), _) | (None, Some(token)) => token,
            (None, None) => return Err(bad("The challenge has no token.")),
        };
        let invoice =
            challenge.get("invoice")?.ok_or_else(|| bad("The challenge has no invoice."))?;
        // `:` and `,` have a meaning in the credential.
        let sendable = |c: u8| c.is_ascii_graphic() && !matches!(c, b':' | b',' | b'"');
        if token.is_empty() || !token.bytes().all(sendable) {
            return Err(bad("The token of the challenge could not be sent back."));
        }
        if invoice.is_empty() || !invoice.bytes().all(|c| c.is_ascii_alphanumeric()) {
            return Err(bad("The invoice of the challenge is no text of letters and digits."));
        }
        Ok(Self { scheme, token: token.to_owned(), invoice: invoice.to_owned() })
    }

    /// One challenge of those that an answer has: some servers say the same under both names.
    ///
    /// # Errors
    /// `ambiguous` if two of them differ.
    pub fn unite(all: Vec<Self>) -> Result<Option<Self>, Flaw> {
        let same =
            |a: &Self, b: &Self| a.token == b.token && a.invoice.eq_ignore_ascii_case(&b.invoice);
        if all.windows(2).any(|pair| !same(&pair[0], &pair[1])) {
            return Err(Flaw::new(
                MoneyRule::Ambiguous,
                "The answer has two different L402 challenges.",
            ));
        }
        Ok(all.into_iter().min_by_key(|challenge| challenge.scheme))
    }

    /// `Authorization`: the token and the preimage in lower-case hex.
    pub fn credential(&self, preimage: &[u8; 32]) -> Credential {
        let mut text = Zeroizing::new(format!("{} {}:", self.scheme.as_str(), self.token));
        text.reserve_exact(64);
        push_hex(&mut text, preimage);
        Credential::new(Place::Header("Authorization"), text)
    }
}

/// Appends lower-case hex.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<Challenge, Flaw> {
        let challenge = &challenge::parse(line.as_bytes())?[0];
        Challenge::read(Scheme::of(challenge).unwrap(), challenge)
    }

    fn rule(line: &str) -> MoneyRule {
        one(line).unwrap_err().rule
    }

    #[test]
    fn both_spellings_of_scheme_and_token_are_read_and_answered_in_kind() {
        // L4C-01..04, 11
        for (line, scheme) in [
            (r#"L402 version="0", token="MAC", invoice="lnbc1""#, "L402"),
            (r#"LSAT macaroon="MAC", invoice="lnbc1""#, "LSAT"),
            ("l402 invoice=lnbc1, token=MAC", "L402"),
            (
                r#"L402 version="0", token="MAC", macaroon="MAC", invoice="lnbc1", foo="bar""#,
                "L402",
            ),
            (r#"L402 xtoken="AAAA", token="MAC", invoice="lnbc1""#, "L402"),
        ] {
            let challenge = one(line).unwrap();
            let credential = challenge.credential(&[1; 32]);
            assert_eq!(credential.place(), Place::Header("Authorization"));
            assert_eq!(credential.reveal(), format!("{scheme} MAC:{}", "01".repeat(32)));
        }
    }

    #[test]
    fn two_things_said_where_one_is_allowed_are_ambiguous() {
        // L4C-07..10
        assert_eq!(rule("L402 version=1, token=a, invoice=b"), MoneyRule::Version);
        assert_eq!(rule("L402 token=a, token=c, invoice=b"), MoneyRule::Ambiguous);
        assert_eq!(rule("L402 token=a, invoice=b, invoice=c"), MoneyRule::Ambiguous);
        assert_eq!(rule("L402 token=a, macaroon=c, invoice=b"), MoneyRule::Ambiguous);
    }

    #[test]
    fn what_is_missing_or_could_break_a_header_is_a_bad_challenge() {
        for bad in [
            "L402 token=a",
            "L402 invoice=a",
            "L402 abc",
            "L402",
            r#"L402 token="a:b", invoice=c"#,
            r#"L402 token="a b", invoice=c"#,
            r#"L402 token="", invoice=c"#,
            r#"L402 token=a, invoice="ln bc""#,
            "L402 token=\"\u{e9}\", invoice=c",
        ] {
            assert_eq!(rule(bad), MoneyRule::BadChallenge, "{bad}");
        }
    }

    #[test]
    fn the_same_under_both_names_is_one_and_two_different_are_ambiguous() {
        let (old, new) = (
            one("LSAT macaroon=a, invoice=lnbc1").unwrap(),
            one("L402 token=a, invoice=LNBC1").unwrap(),
        );
        let other = one("L402 token=b, invoice=lnbc1").unwrap();
        assert_eq!(Challenge::unite(vec![old.clone(), new.clone()]), Ok(Some(new)));
        assert_eq!(Challenge::unite(vec![]), Ok(None));
        assert_eq!(Challenge::unite(vec![old, other]).unwrap_err().rule, MoneyRule::Ambiguous);
    }
}
