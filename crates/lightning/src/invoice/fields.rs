//! The tagged fields of an invoice.

use bech32::Fe32;

use super::{Features, words};
use crate::{InvoiceError, PaymentHash};

/// What the fields say. Each of these may stand once only: an invoice that says a thing twice is read in two ways by two readers.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) hash: Option<PaymentHash>,
    pub(super) secret: Option<[u8; 32]>,
    pub(super) description: Option<String>,
    pub(super) description_hash: Option<[u8; 32]>,
    pub(super) payee: Option<[u8; 33]>,
    pub(super) expiry: Option<u64>,
    pub(super) min_final_cltv: Option<u64>,
    pub(super) features: Option<Features>,
    pub(super) metadata: Option<Vec<u8>>,
}

impl Fields {
    /// Reads all fields. Routing hints (`r`), fallback addresses (`f`) and unknown fields are passed over: they are the wallet's.
    pub(super) fn read(mut rest: &[Fe32]) -> Result<Self, InvoiceError> {
        const CUT: InvoiceError = InvoiceError::Malformed("a field goes beyond the end");
        let mut fields = Self::default();
        while let Some((tag, after)) = rest.split_first() {
            let (length, after) = after.split_at_checked(2).ok_or(CUT)?;
            let length = usize::from(length[0].to_u8()) * 32 + usize::from(length[1].to_u8());
            let (data, after) = after.split_at_checked(length).ok_or(CUT)?;
            fields.take(*tag, data)?;
            rest = after;
        }
        Ok(fields)
    }

    fn take(&mut self, tag: Fe32, data: &[Fe32]) -> Result<(), InvoiceError> {
        match tag {
            Fe32::P => once(&mut self.hash, PaymentHash(exactly(data)?)),
            Fe32::S => once(&mut self.secret, exactly(data)?),
            Fe32::D => once(&mut self.description, text(data)?),
            Fe32::H => once(&mut self.description_hash, exactly(data)?),
            Fe32::N => once(&mut self.payee, exactly(data)?),
            Fe32::X => once(&mut self.expiry, number(data)?),
            Fe32::C => once(&mut self.min_final_cltv, number(data)?),
            Fe32::_9 => once(&mut self.features, Features::of_words(minimal(data)?)),
            Fe32::M => once(&mut self.metadata, bytes(data)?),
            _ => Ok(()),
        }
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), InvoiceError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(InvoiceError::Malformed("a field that may stand once stands twice")),
    }
}

fn bytes(data: &[Fe32]) -> Result<Vec<u8>, InvoiceError> {
    words::bytes(data)
        .ok_or(InvoiceError::Malformed("a field is padded with other bits than zeros"))
}

/// A field of fixed length.
fn exactly<const N: usize>(data: &[Fe32]) -> Result<[u8; N], InvoiceError> {
    const LENGTH: InvoiceError = InvoiceError::Malformed("a field of fixed length has another");
    if data.len() != (N * 8).div_ceil(5) {
        return Err(LENGTH);
    }
    bytes(data)?.try_into().map_err(|_| LENGTH)
}

fn text(data: &[Fe32]) -> Result<String, InvoiceError> {
    String::from_utf8(bytes(data)?)
        .map_err(|_| InvoiceError::Malformed("its description is not UTF-8"))
}

/// Words that do not begin with a zero (BOLT11: such a `c`, `x` or `9` should be treated as invalid).
fn minimal(data: &[Fe32]) -> Result<&[Fe32], InvoiceError> {
    if data.first() == Some(&Fe32::Q) {
        return Err(InvoiceError::Malformed("a number begins with zeros"));
    }
    Ok(data)
}

fn number(data: &[Fe32]) -> Result<u64, InvoiceError> {
    words::number(minimal(data)?).ok_or(InvoiceError::Malformed("a number is too large"))
}
