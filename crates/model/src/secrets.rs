use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use crate::Secret;

/// The name of a secret in the vault: a-z, 0-9, `-`, `_`, `.` and `/`, beginning with a letter, at most 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(String);

impl SecretName {
    /// The longest name, in bytes.
    pub const MAX: usize = 128;

    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn new(name: &str) -> Result<Self, String> {
        let lawful = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_./".contains(&c);
        if name.len() > Self::MAX {
            return Err(format!("the name of a secret has at most {} bytes", Self::MAX));
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.bytes().all(lawful) {
            return Err(format!(
                "`{}` is no name of a secret: it begins with a-z and goes on with a-z, 0-9, `-`, `_`, `.` or `/`",
                name.escape_debug()
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a secret is wanted for. A secret is bound to hosts and programs, and is given out for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage<'a> {
    /// It goes into a request to this host and port.
    Host(&'a str, u16),
    /// It goes into the environment of this program: an absolute path, links followed.
    Program(&'a Path),
    /// A signature that came in with a webhook of this name is checked with it; it leaves for nowhere.
    Verify(&'a str),
    /// The gate's own wallet signs with it; it leaves for nowhere. A secret that may go anywhere else is not for this.
    Wallet,
}

/// Why a secret was not given out. No text of it holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSecret {
    /// No secret has this name, or there is no vault.
    Missing(SecretName),
    /// The secret is bound to other hosts or programs.
    NotFor(SecretName, String),
    /// The vault cannot be read: locked, damaged, or its daemon is away.
    Unavailable(String),
}

impl fmt::Display for NoSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the vault has no secret `{name}`"),
            Self::NotFor(name, wanted) => write!(f, "the secret `{name}` is not for {wanted}"),
            Self::Unavailable(why) => write!(f, "the vault cannot be read: {why}"),
        }
    }
}

impl std::error::Error for NoSecret {}

/// A boxed future: where secrets come from is chosen at run time.
pub type Given<'a> = Pin<Box<dyn Future<Output = Result<Secret<String>, NoSecret>> + Send + 'a>>;

/// Where secrets come from. Asked at the moment of dialling or spawning, and never earlier.
pub trait Secrets: Send + Sync {
    /// The value, if the secret is there and may be used so.
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a>;

    /// Hears of a value that is put in besides those it gave out: a token that was got with one, or what stands in the
    /// environment. Only whoever masks what comes back cares: see [`Noting`](crate::Noting).
    fn used(&self, _name: &str, _value: &str) {}
}

/// An installation without a vault: it has no secret.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVault;

impl Secrets for NoVault {
    fn secret<'a>(&'a self, name: &'a SecretName, _: Usage<'a>) -> Given<'a> {
        Box::pin(std::future::ready(Err(NoSecret::Missing(name.clone()))))
    }
}

/// A text with places that secrets go into: `vault:name` as the whole text, or `${vault:name}` within it.
///
/// What is not a reference may itself be a secret (it came from the environment), so nothing of it is shown.
pub struct Template(Vec<Part>);

enum Part {
    Text(Secret<String>),
    /// What another reference stood for, and the reference.
    Filled(String, Secret<String>),
    Vault(SecretName),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// A reference without its end, or one whose name is not lawful.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("vault:") {
            return Ok(Self(vec![Part::Vault(SecretName::new(name)?)]));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${vault:") {
            let (name, after) = rest[at + 8..]
                .split_once('}')
                .ok_or("a reference `${vault:…` is not closed with `}`")?;
            parts.push(Part::Text(Secret::new(rest[..at].to_owned())));
            parts.push(Part::Vault(SecretName::new(name)?));
            rest = after;
        }
        parts.push(Part::Text(Secret::new(rest.to_owned())));
        Ok(Self(parts))
    }

    /// Reads a text in which other references may stand, too: `fill` says what `${…}` stands for, given what is
    /// between the braces. What it says is text, and is not read again.
    ///
    /// # Errors
    /// As for [`Template::parse`], or what `fill` says.
    pub fn parse_with(
        text: &str,
        fill: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("vault:") {
            return Ok(Self(vec![Part::Vault(SecretName::new(name)?)]));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (inside, after) =
                rest[at + 2..].split_once('}').ok_or("a reference `${…` is not closed with `}`")?;
            parts.push(Part::Text(Secret::new(rest[..at].to_owned())));
            parts.push(match inside.strip_prefix("vault:") {
                Some(name) => Part::Vault(SecretName::new(name)?),
                None => Part::Filled(inside.to_owned(), Secret::new(fill(inside)?)),
            });
            rest = after;
        }
        parts.push(Part::Text(Secret::new(rest.to_owned())));
        Ok(Self(parts))
    }

    /// A text in which nothing is looked for.
    pub fn plain(text: String) -> Self {
        Self(vec![Part::Text(Secret::new(text))])
    }

    /// The secrets it refers to.
    pub fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.0.iter().filter_map(|part| match part {
            Part::Vault(name) => Some(name),
            Part::Text(_) | Part::Filled(..) => None,
        })
    }

    /// Tells of what stands in the place of references other than those to secrets, for where that is one, too.
    pub fn tell_filled(&self, to: &dyn Secrets) {
        for part in &self.0 {
            if let Part::Filled(name, value) = part {
                to.used(name, value.reveal());
            }
        }
    }

    /// The text with its secrets filled in.
    ///
    /// # Errors
    /// The first secret that is not given out.
    pub async fn fill(
        &self,
        secrets: &dyn Secrets,
        usage: Usage<'_>,
    ) -> Result<Secret<String>, NoSecret> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) | Part::Filled(_, text) => filled.push_str(text.reveal()),
                Part::Vault(name) => filled.push_str(secrets.secret(name, usage).await?.reveal()),
            }
        }
        Ok(Secret::new(filled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        Ok(Template::parse(text)?.names().map(ToString::to_string).collect())
    }

    #[test]
    fn a_reference_stands_alone_or_within_a_text() {
        assert_eq!(names("vault:shop-token").unwrap(), ["shop-token"]);
        assert_eq!(names("Bearer ${vault:a}.${vault:b/c}").unwrap(), ["a", "b/c"]);
        assert!(names("plain vault:x").unwrap().is_empty());
    }

    #[test]
    fn a_broken_reference_is_an_error_and_never_plain_text() {
        for bad in ["vault:", "vault:No", "${vault:a", "${vault:}", "vault:a b", "vault:../x\n"] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_references_are_filled_in_and_what_they_bring_is_not_read_again() {
        let fill = |inside: &str| match inside {
            "env:T" => Ok("${vault:stolen}".to_owned()),
            other => Err(format!("no {other}")),
        };
        let read = |text: &str| Template::parse_with(text, fill);
        let template = read("a${env:T}b${vault:c}").ok().unwrap();
        assert_eq!(template.names().map(SecretName::as_str).collect::<Vec<_>>(), ["c"]);
        assert_eq!(read("vault:x").ok().unwrap().names().count(), 1);
        assert_eq!(read("${input:x}").err().as_deref(), Some("no input:x"));
        for bad in ["${env:T", "${vault:a", "${vault:A}", "vault:"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_has_its_alphabet_and_length() {
        assert!(SecretName::new(&"a".repeat(128)).is_ok());
        assert!(SecretName::new(&"a".repeat(129)).is_err());
        assert!(SecretName::new("-a").is_err() && SecretName::new("").is_err());
    }
}
