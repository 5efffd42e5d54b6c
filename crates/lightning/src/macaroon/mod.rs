//! Macaroons: bearer tokens that can be narrowed by anybody and verified by their minter alone.

mod chain;
mod v1;
mod v2;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

pub use chain::{Derivation, RootKey};

use crate::{Caveat, CaveatError, TokenError};

/// Most caveats of a token that is read.
pub const MAX_CAVEATS: usize = 64;

/// The binary forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Packets with their length in hexadecimal digits, as `libmacaroons` first wrote them.
    V1,
    /// Typed fields with their length as a variable-length integer.
    V2,
}

/// A macaroon. A secret once it is paid for: it has no `Debug` and no `Clone`, and its signature is wiped when dropped.
pub struct Macaroon {
    location: Option<Vec<u8>>,
    identifier: Vec<u8>,
    caveats: Vec<RawCaveat>,
    signature: Zeroizing<[u8; 32]>,
}

/// A caveat as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCaveat {
    /// The condition, or the name of one that a third party judges.
    pub id: Vec<u8>,
    /// What a third party would need to judge it. L402 has no such caveats, and they are never fulfilled here.
    pub third_party: Option<ThirdParty>,
}

/// The part of a caveat that is for a third party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThirdParty {
    /// The key of the discharge, encrypted for the minter.
    pub verification: Vec<u8>,
    /// Where the third party is found.
    pub location: Option<Vec<u8>>,
}

impl Macaroon {
    /// Mints one.
    pub fn mint<'a>(
        root: &RootKey,
        derivation: Derivation,
        location: &str,
        identifier: &[u8],
        caveats: impl IntoIterator<Item = Caveat<'a>>,
    ) -> Self {
        let signature = chain::begin(root, derivation, identifier);
        let (location, identifier) = (Some(location.as_bytes().to_vec()), identifier.to_vec());
        let bare = Self { location, identifier, caveats: Vec::new(), signature };
        caveats.into_iter().fold(bare, Self::narrowed)
    }

    /// The same with one more caveat: no key is needed for that.
    pub fn narrowed(mut self, caveat: Caveat<'_>) -> Self {
        let caveat = RawCaveat { id: caveat.to_string().into_bytes(), third_party: None };
        self.signature = chain::extend(&self.signature, &caveat);
        self.caveats.push(caveat);
        self
    }

    /// Reads either binary form, to its last byte.
    ///
    /// # Errors
    /// [`TokenError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Format), TokenError> {
        match bytes.first() {
            Some(2) => Ok((v2::read(bytes)?, Format::V2)),
            Some(c) if c.is_ascii_hexdigit() => Ok((v1::read(bytes)?, Format::V1)),
            _ => Err(TokenError::Malformed("it is of no known form")),
        }
    }

    /// The binary form.
    ///
    /// # Errors
    /// [`TokenError::Malformed`]: a part is too long for [`Format::V1`].
    pub fn to_bytes(&self, format: Format) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        match format {
            Format::V1 => v1::write(self),
            Format::V2 => Ok(v2::write(self)),
        }
    }

    /// Whether it was minted with this root key, and narrowed by nothing but its caveats. Says nothing of what those allow.
    ///
    /// # Errors
    /// [`CaveatError::Signature`].
    pub fn verify(&self, root: &RootKey, derivation: Derivation) -> Result<(), CaveatError> {
        let begin = chain::begin(root, derivation, &self.identifier);
        let wanted = self.caveats.iter().fold(begin, |key, caveat| chain::extend(&key, caveat));
        verify_slices_are_equal(wanted.as_slice(), self.signature.as_slice())
            .map_err(|_| CaveatError::Signature)
    }

    /// Where it was minted, as it says. Never compared.
    pub fn location(&self) -> Option<&[u8]> {
        self.location.as_deref()
    }

    /// The identifier.
    pub fn identifier(&self) -> &[u8] {
        &self.identifier
    }

    /// The caveats as they are signed.
    pub fn raw_caveats(&self) -> &[RawCaveat] {
        &self.caveats
    }

    /// The caveats; `None` stands for one that cannot be read as `condition=value`.
    pub fn caveats(&self) -> impl Iterator<Item = Option<Caveat<'_>>> {
        self.caveats.iter().map(|raw| match raw.third_party {
            None => Caveat::of_bytes(&raw.id),
            Some(_) => None,
        })
    }

    /// The earliest end that a `…_valid_until` caveat sets, in seconds. Caveats that cannot be read set none: what they mean is for
    /// the minter to judge.
    pub fn expires_at(&self) -> Option<u64> {
        self.caveats().flatten().filter_map(|caveat| caveat.valid_until()).min()
    }

    /// Whether a caveat says that it is good no longer: it would be refused and is not worth sending.
    pub fn expired_by_caveat(&self, now: u64) -> bool {
        self.expires_at().is_some_and(|end| now >= end)
    }
}

/// The parts of a macaroon as a reader finds them.
#[derive(Default)]
struct Parts {
    location: Option<Vec<u8>>,
    identifier: Vec<u8>,
    caveats: Vec<RawCaveat>,
}

impl Parts {
    fn caveat(&mut self, caveat: RawCaveat) -> Result<(), TokenError> {
        if self.caveats.len() == MAX_CAVEATS {
            return Err(TokenError::Malformed("it has more caveats than are read"));
        }
        self.caveats.push(caveat);
        Ok(())
    }

    fn sealed(self, signature: &[u8]) -> Result<Macaroon, TokenError> {
        let signature = signature
            .try_into()
            .map_err(|_| TokenError::Malformed("its signature is not 32 bytes long"))?;
        let Self { location, identifier, caveats } = self;
        Ok(Macaroon { location, identifier, caveats, signature: Zeroizing::new(signature) })
    }
}

#[cfg(test)]
mod tests;
