//! The first binary form: packets of four hexadecimal digits (the length of the packet, these included), a key, a space, the value
//! and a line end.

use zeroize::Zeroizing;

use super::{Macaroon, Parts, RawCaveat, ThirdParty};
use crate::{TokenError, hex};

/// Bytes of a packet besides key and value: digits, space, line end.
const FRAME: usize = 6;

pub(super) fn read(bytes: &[u8]) -> Result<Macaroon, TokenError> {
    const ORDER: TokenError = TokenError::Malformed("its packets are not in order");
    let mut rest = bytes;
    let mut parts = Parts::default();
    let (b"location", location) = packet(&mut rest)? else { return Err(ORDER) };
    parts.location = Some(location.to_vec());
    let (b"identifier", identifier) = packet(&mut rest)? else { return Err(ORDER) };
    parts.identifier = identifier.to_vec();
    let mut next = packet(&mut rest)?;
    while let (b"cid", id) = next {
        next = packet(&mut rest)?;
        let mut caveat = RawCaveat { id: id.to_vec(), third_party: None };
        if let (b"vid", verification) = next {
            next = packet(&mut rest)?;
            let mut third = ThirdParty { verification: verification.to_vec(), location: None };
            if let (b"cl", location) = next {
                next = packet(&mut rest)?;
                third.location = Some(location.to_vec());
            }
            caveat.third_party = Some(third);
        }
        parts.caveat(caveat)?;
    }
    let (b"signature", signature) = next else { return Err(ORDER) };
    if !rest.is_empty() {
        return Err(TokenError::Malformed("something follows its signature"));
    }
    parts.sealed(signature)
}

/// The next packet: its key and its value.
fn packet<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), TokenError> {
    const BROKEN: TokenError = TokenError::Malformed("a packet is broken");
    let (digits, _) = rest.split_first_chunk::<4>().ok_or(BROKEN)?;
    let length = digits.iter().try_fold(0, |sum, c| {
        // One way to write a length: the digits are lower-case.
        let value = hex::digit(*c).filter(|_| !c.is_ascii_uppercase())?;
        Some(sum << 4 | usize::from(value))
    });
    let (packet, after) = length.and_then(|length| rest.split_at_checked(length)).ok_or(BROKEN)?;
    *rest = after;
    let body = packet.get(4..).and_then(|body| body.strip_suffix(b"\n")).ok_or(BROKEN)?;
    let space = body.iter().position(|c| *c == b' ').ok_or(BROKEN)?;
    Ok((&body[..space], &body[space + 1..]))
}

pub(super) fn write(macaroon: &Macaroon) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    let mut out = Zeroizing::new(Vec::new());
    put(&mut out, "location", macaroon.location.as_deref().unwrap_or_default())?;
    put(&mut out, "identifier", &macaroon.identifier)?;
    for caveat in &macaroon.caveats {
        put(&mut out, "cid", &caveat.id)?;
        if let Some(third) = &caveat.third_party {
            put(&mut out, "vid", &third.verification)?;
            if let Some(location) = &third.location {
                put(&mut out, "cl", location)?;
            }
        }
    }
    put(&mut out, "signature", macaroon.signature.as_slice())?;
    Ok(out)
}

fn put(out: &mut Vec<u8>, key: &str, value: &[u8]) -> Result<(), TokenError> {
    let length = u16::try_from(FRAME + key.len() + value.len())
        .map_err(|_| TokenError::Malformed("a part is too long for a packet"))?;
    out.extend_from_slice(hex::write(&length.to_be_bytes()).as_bytes());
    out.extend_from_slice(key.as_bytes());
    out.push(b' ');
    out.extend_from_slice(value);
    out.push(b'\n');
    Ok(())
}
