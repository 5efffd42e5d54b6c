//! What is secret, by what it is called and by what it looks like.

use std::collections::HashSet;

use crate::kind::{self, Kind};

/// Folded parts of names that say it.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "authkey",
    "appkey",
    "consumerkey",
    "subscriptionkey",
    "credential",
    "sessionid",
    "sessid",
    "csrf",
    "xsrf",
    "codeverifier",
    "clientassertion",
    "samlresponse",
    "onetimecode",
];
/// Whole words that say it.
const WORDS: &[&str] = &[
    "pwd",
    "pass",
    "sid",
    "session",
    "jwt",
    "bearer",
    "auth",
    "sig",
    "signature",
    "hmac",
    "otp",
    "totp",
    "cookie",
];
/// Words beside which `token` is a place in a list, or a figure.
const NOT_TOKENS: &[&str] = &[
    "page",
    "next",
    "prev",
    "previous",
    "continuation",
    "cursor",
    "sync",
    "start",
    "count",
    "type",
    "max",
    "min",
    "limit",
    "length",
    "usage",
    "expires",
    "expiry",
];
/// Names under which some keys go, and many harmless things.
const PERHAPS: &[&str] = &["key", "appid", "code", "state", "nonce", "hash"];
/// Beginnings of tokens of well-known services.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "shpat_",
    "SG.",
    "dop_v1_",
    "npm_",
    "pypi-",
    "hf_",
    "whsec_",
    "AGE-SECRET-KEY-",
];

/// Whether what goes by this name is a credential, if it is a text or a number.
pub(crate) fn name(name: &str) -> bool {
    sure_name(name) || words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Whether what goes by this name is a credential, whatever it is.
pub(crate) fn sure_name(name: &str) -> bool {
    let folded = fold(name);
    let token = words(name).iter().any(|word| word.ends_with("token"));
    PARTS.iter().any(|part| folded.contains(part))
        || (token && !NOT_TOKENS.iter().any(|other| folded.contains(other)))
}

/// Whether a value under this name is a credential.
pub(crate) fn value(name: &str, text: &str) -> bool {
    let id = fold(name);
    looks(text)
        || (PERHAPS.contains(&id.as_str())
            && text.len() >= 16
            && Kind::of(text) != Kind::Word
            && !kind::is_uuid(text)
            && !kind::is_number(text))
}

/// Whether a text holds something that looks like a credential, whatever it is called.
pub(crate) fn looks(text: &str) -> bool {
    let head = &text[..text.floor_char_boundary(4096)];
    let trimmed = head.trim_start();
    let scheme = |word: &str| {
        trimmed.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word))
            && trimmed.len() > word.len() + 7
    };
    if scheme("bearer ") || scheme("basic ") || head.contains("-----BEGIN") {
        return true;
    }
    let apart = |c: char| !(c.is_ascii_alphanumeric() || "_-+=~.".contains(c));
    // Base 64 has slashes in it, and so have paths.
    let slashed = head.contains('/') && !head.contains("://") && !head.starts_with('/');
    head.split(apart).any(known) || (slashed && drawn(&head.replace('/', "")))
}

fn known(word: &str) -> bool {
    is_token(word) || drawn(word)
}

/// Whether a text is a token of a form that is known, rather than an id that says nothing.
pub(crate) fn is_token(word: &str) -> bool {
    let prefixed = PREFIXES.iter().any(|prefix| {
        word.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= 12
                && rest.bytes().any(|c| c.is_ascii_digit())
                && rest.bytes().any(|c| c.is_ascii_alphabetic())
        })
    });
    prefixed || jwt(word)
}

/// Something signed or sealed in the compact form (RFC 7515, RFC 7516).
fn jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let lawful =
        |p: &&str| p.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'));
    word.starts_with("eyJ")
        && matches!(parts.len(), 3 | 5)
        && parts[0].len() >= 8
        && parts.iter().all(lawful)
}

/// Long and without a pattern: nothing that a person wrote, and no id in a form that is known.
fn drawn(word: &str) -> bool {
    let long = word.trim_end_matches('=');
    kind::is_drawn(long, 24)
        && !kind::is_uuid(long)
        && !matches!(Kind::of(long), Kind::Ulid | Kind::Hash)
}

/// Whether a name is no name but a value: what stands under it is one of many, and it is not to be shown.
pub(crate) fn is_no_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "_-.$:@[] /".contains(c);
    name.is_empty()
        || name.len() > 64
        || !name.chars().all(plain)
        || matches!(name, "__proto__" | "constructor" | "prototype")
        || Kind::of(name).is_id()
        || looks(name)
        || name.split(|c: char| !c.is_alphanumeric() && c != '@' && c != '.' && c != '-').any(
            |part| {
                let kind = Kind::of(part);
                kind.is_id() && kind != Kind::Number
            },
        )
}

fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a name in small letters: apart at what is no letter or digit, and where the case changes.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}

/// Values that were secrets where they stood. They are known again wherever else they stand.
#[derive(Default)]
pub(crate) struct Vault(HashSet<String>);

impl Vault {
    /// Remembers a secret; what is shorter than this is too short to be told from a word.
    pub(crate) fn keep(&mut self, text: &str, least: usize) {
        let text = text.trim();
        // A short word is a word in other places, too.
        let word = text.len() < 6 && text.bytes().all(|c| c.is_ascii_alphabetic());
        if !word && text.len() >= least && text.len() <= 16 << 10 {
            self.0.insert(text.to_owned());
        }
    }

    /// Whether a text is one of them, or has one of them as a part.
    pub(crate) fn knows(&self, text: &str) -> bool {
        let apart = |c: char| !c.is_alphanumeric();
        !self.0.is_empty()
            && (self.0.contains(text)
                || text.split(apart).any(|part| self.0.contains(part))
                || text
                    .split(['.', '/', ',', ';', ':', '=', '@', ' '])
                    .any(|part| self.0.contains(part)))
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
