//! `creqB`: bech32m of TLV (NUT-26). Type one byte, length two bytes big-endian, value.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Checksum, Hrp};

use super::{BAD, BAD_AMOUNT, Locking, PaymentRequest, Transport};
use crate::bytes::{array_from_hex, to_hex};
use crate::fault::Fault;

/// Bech32m without its bound on length: requests with many mints are longer than what the checksum was made for, and
/// NUT-26 sets none. A request is signed by nobody; the checksum is there against slips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Long {}

impl Checksum for Long {
    type MidstateRepr = <Bech32m as Checksum>::MidstateRepr;
    type CorrectionField = <Bech32m as Checksum>::CorrectionField;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32m::ROOT_GENERATOR;
    const ROOT_EXPONENTS: core::ops::RangeInclusive<usize> = Bech32m::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = super::MAX_REQUEST;
    const CHECKSUM_LENGTH: usize = Bech32m::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32m::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32m::TARGET_RESIDUE;
}

/// Names of transports and locks, by their numbers.
const TRANSPORTS: [&str; 2] = ["nostr", "post"];
const LOCKS: [&str; 2] = ["P2PK", "HTLC"];

/// Reads a whole request. Types that are not known are passed over; one that may stand once stands once.
pub(super) fn decode(text: &str) -> Result<PaymentRequest, Fault> {
    let checked = CheckedHrpstring::new::<Long>(text).map_err(|_| BAD)?;
    checked.validate_segwit_padding().map_err(|_| BAD)?;
    if checked.hrp().to_lowercase() != "creqb" {
        return Err(BAD);
    }
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let mut read = PaymentRequest::default();
    for record in records(&bytes).ok_or(BAD)? {
        if let (2, value) = record {
            let value = value.try_into().map_err(|_| BAD_AMOUNT)?;
            once(&mut read.amount, Some(u64::from_be_bytes(value))).ok_or(BAD)?;
        } else {
            field(&mut read, record).ok_or(BAD)?;
        }
    }
    Ok(read)
}

fn field(read: &mut PaymentRequest, (kind, value): (u8, &[u8])) -> Option<()> {
    match kind {
        1 => once(&mut read.id, text(value)),
        3 if value == [0] => once(&mut read.unit, Some("sat".to_owned())),
        3 => once(&mut read.unit, text(value)),
        4 => once(&mut read.single_use, flag(value)),
        5 => {
            read.mints.push(text(value)?);
            Some(())
        }
        6 => once(&mut read.description, text(value)),
        7 => {
            let (kind, target, tags) = nested(value)?;
            let nostr = kind == 0;
            let target =
                if nostr { to_hex(&<[u8; 32]>::try_from(target).ok()?) } else { text(target)? };
            read.transports.push(Transport { kind: name(kind, TRANSPORTS), target, tags });
            Some(())
        }
        8 => {
            let (kind, data, tags) = nested(value)?;
            let locking = Locking { kind: name(kind, LOCKS), data: text(data)?, tags };
            once(&mut read.locking, Some(locking))
        }
        _ => Some(()),
    }
}

/// Sets what may be set once, to something that could be read.
fn once<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    place.replace(value?).is_none().then_some(())
}

fn records(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut records = Vec::new();
    while let Some(([kind, high, low], rest)) = bytes.split_first_chunk() {
        let (value, rest) =
            rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        records.push((*kind, value));
        bytes = rest;
    }
    bytes.is_empty().then_some(records)
}

type Nested<'a> = (u8, &'a [u8], Vec<Vec<String>>);

/// Kind, target and tags: the shape of transports and locks.
fn nested(bytes: &[u8]) -> Option<Nested<'_>> {
    let (mut kind, mut target, mut tags) = (None, None, Vec::new());
    for record in records(bytes)? {
        match record {
            (1, [number]) => once(&mut kind, Some(*number))?,
            (2, value) => once(&mut target, Some(value))?,
            (3, value) => tags.push(tuple(value)?),
            (1, _) => return None,
            _ => {}
        }
    }
    Some((kind?, target?, tags))
}

/// Texts, each with its length in one byte before it.
fn tuple(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        texts.push(text(value)?);
        bytes = rest;
    }
    (!texts.is_empty()).then_some(texts)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn flag(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

fn name(kind: u8, names: [&str; 2]) -> String {
    names.get(usize::from(kind)).map_or_else(|| kind.to_string(), |name| (*name).to_owned())
}

fn number(kind: &str, names: [&str; 2]) -> Option<u8> {
    let known = names.iter().position(|name| *name == kind).and_then(|at| u8::try_from(at).ok());
    let numbered = || kind.parse().ok().filter(|number| usize::from(*number) >= names.len());
    known.or_else(numbered)
}

/// Writes a request; `None` if something in it has no form here.
pub(super) fn encode(request: &PaymentRequest) -> Option<String> {
    let mut bytes = Vec::new();
    let unit =
        request.unit.as_deref().map(|unit| if unit == "sat" { &[0][..] } else { unit.as_bytes() });
    let amount = request.amount.map(u64::to_be_bytes);
    let single_use = request.single_use.map(|single| [u8::from(single)]);
    put_some(&mut bytes, 1, request.id.as_deref().map(str::as_bytes))?;
    put_some(&mut bytes, 2, amount.as_ref().map(|amount| &amount[..]))?;
    put_some(&mut bytes, 3, unit)?;
    put_some(&mut bytes, 4, single_use.as_ref().map(|flag| &flag[..]))?;
    for mint in &request.mints {
        put(&mut bytes, 5, mint.as_bytes())?;
    }
    put_some(&mut bytes, 6, request.description.as_deref().map(str::as_bytes))?;
    for transport in &request.transports {
        let kind = number(&transport.kind, TRANSPORTS)?;
        let key = if kind == 0 { Some(array_from_hex::<32>(&transport.target)?) } else { None };
        let target = key.as_ref().map_or(transport.target.as_bytes(), |key| &key[..]);
        put(&mut bytes, 7, &nest(kind, target, &transport.tags)?)?;
    }
    if let Some(locking) = &request.locking {
        let kind = number(&locking.kind, LOCKS)?;
        put(&mut bytes, 8, &nest(kind, locking.data.as_bytes(), &locking.tags)?)?;
    }
    bech32::encode_upper::<Long>(Hrp::parse("creqb").ok()?, &bytes).ok()
}

fn put(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) -> Option<()> {
    bytes.push(kind);
    bytes.extend_from_slice(&u16::try_from(value.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(value);
    Some(())
}

fn put_some(bytes: &mut Vec<u8>, kind: u8, value: Option<&[u8]>) -> Option<()> {
    value.map_or(Some(()), |value| put(bytes, kind, value))
}

fn nest(kind: u8, target: &[u8], tags: &[Vec<String>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    put(&mut bytes, 1, &[kind])?;
    put(&mut bytes, 2, target)?;
    for tag in tags {
        let mut tuple = Vec::new();
        for text in tag {
            tuple.push(u8::try_from(text.len()).ok()?);
            tuple.extend_from_slice(text.as_bytes());
        }
        put(&mut bytes, 3, &tuple)?;
    }
    Some(bytes)
}
