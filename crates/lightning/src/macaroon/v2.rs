//! The second binary form: 02, then sections of fields (type, length as LEB128, bytes), each section ended by 00, and the signature.

use zeroize::Zeroizing;

use super::{Macaroon, Parts, RawCaveat, ThirdParty};
use crate::TokenError;

const VERSION: u8 = 2;
const END: u8 = 0;
const LOCATION: u8 = 1;
const IDENTIFIER: u8 = 2;
const VERIFICATION: u8 = 4;
const SIGNATURE: u8 = 6;

const BROKEN: TokenError = TokenError::Malformed("a field is broken");

pub(super) fn read(bytes: &[u8]) -> Result<Macaroon, TokenError> {
    let mut rest = bytes.strip_prefix(&[VERSION]).ok_or(BROKEN)?;
    let mut parts = Parts::default();
    let head = Section::read(&mut rest)?;
    if head.verification.is_some() {
        return Err(BROKEN);
    }
    parts.location = head.location;
    parts.identifier = head.identifier;
    while rest.first() != Some(&END) {
        let Section { location, identifier, verification } = Section::read(&mut rest)?;
        let third_party = match (verification, location) {
            (Some(verification), location) => Some(ThirdParty { verification, location }),
            (None, None) => None,
            // Would be lost on the way to the other form, where only a third party has a place.
            (None, Some(_)) => {
                return Err(TokenError::Malformed("a caveat has a place and no party"));
            }
        };
        parts.caveat(RawCaveat { id: identifier, third_party })?;
    }
    rest = &rest[1..];
    let signature = field(SIGNATURE, &mut rest)?.ok_or(BROKEN)?;
    if !rest.is_empty() {
        return Err(TokenError::Malformed("something follows its signature"));
    }
    parts.sealed(signature)
}

/// Fields up to an end: their types rise.
struct Section {
    location: Option<Vec<u8>>,
    identifier: Vec<u8>,
    verification: Option<Vec<u8>>,
}

impl Section {
    fn read(rest: &mut &[u8]) -> Result<Self, TokenError> {
        let location = field(LOCATION, rest)?.map(<[u8]>::to_vec);
        let identifier = field(IDENTIFIER, rest)?.ok_or(BROKEN)?.to_vec();
        let verification = field(VERIFICATION, rest)?.map(<[u8]>::to_vec);
        *rest = rest.strip_prefix(&[END]).ok_or(BROKEN)?;
        Ok(Self { location, identifier, verification })
    }
}

/// The next field, if it is of this type.
fn field<'a>(kind: u8, rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, TokenError> {
    let Some(after) = rest.strip_prefix(&[kind]) else { return Ok(None) };
    let (length, after) = length(after).ok_or(BROKEN)?;
    let (value, after) = after.split_at_checked(length).ok_or(BROKEN)?;
    *rest = after;
    Ok(Some(value))
}

/// A length of at most two bytes, which is more than any token has, in the fewest bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (low, rest) = bytes.split_first()?;
    if low & 0x80 == 0 {
        return Some((usize::from(*low), rest));
    }
    let (high, rest) = rest.split_first()?;
    let lawful = (1..0x80).contains(high);
    lawful.then(|| (usize::from(*high) << 7 | usize::from(low & 0x7f), rest))
}

pub(super) fn write(macaroon: &Macaroon) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![VERSION]);
    put_if(&mut out, LOCATION, macaroon.location.as_deref());
    put(&mut out, IDENTIFIER, &macaroon.identifier);
    out.push(END);
    for caveat in &macaroon.caveats {
        let third = caveat.third_party.as_ref();
        put_if(&mut out, LOCATION, third.and_then(|t| t.location.as_deref()));
        put(&mut out, IDENTIFIER, &caveat.id);
        put_if(&mut out, VERIFICATION, third.map(|t| t.verification.as_slice()));
        out.push(END);
    }
    out.push(END);
    put(&mut out, SIGNATURE, macaroon.signature.as_slice());
    out
}

fn put_if(out: &mut Vec<u8>, kind: u8, value: Option<&[u8]>) {
    if let Some(value) = value {
        put(out, kind, value);
    }
}

fn put(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    out.push(kind);
    let mut left = value.len();
    while left >= 0x80 {
        out.push(u8::try_from(left & 0x7f).unwrap_or(0) | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap_or(0));
    out.extend_from_slice(value);
}
