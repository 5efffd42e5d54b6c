use serde_json::{Map, Value};

use super::RpcError;
use crate::{Address, Bytes32, U256, hex};

/// A quantity: `0x` and digits without leading zeros, `0x0` for 0.
pub(super) fn u64(value: Option<&Value>, what: &'static str) -> Result<u64, RpcError> {
    let digits = value.and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
    let plain = |digits: &&str| {
        let shortest = *digits == "0" || !digits.starts_with('0');
        shortest && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    let number = digits.filter(plain).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or(RpcError::Form(what))
}

/// Bytes of any number.
pub(super) fn bytes(value: Option<&Value>, what: &'static str) -> Result<Vec<u8>, RpcError> {
    text(value, what).and_then(|text| hex::decode(text).map_err(|_| RpcError::Form(what)))
}

/// Exactly 32 bytes.
pub(super) fn bytes32(value: Option<&Value>, what: &'static str) -> Result<Bytes32, RpcError> {
    text(value, what).and_then(|text| Bytes32::parse(text).map_err(|_| RpcError::Form(what)))
}

/// Exactly 32 bytes that are a number.
pub(super) fn word(value: Option<&Value>, what: &'static str) -> Result<U256, RpcError> {
    bytes32(value, what).map(|bytes| U256::from_be_bytes(*bytes.as_bytes()))
}

/// Exactly 20 bytes, in letters of any case.
pub(super) fn address(value: Option<&Value>, what: &'static str) -> Result<Address, RpcError> {
    let text = text(value, what)?;
    hex::decode_array(text).map(Address::new).map_err(|_| RpcError::Form(what))
}

/// A list of at most `most` values.
pub(super) fn list<'a>(
    value: Option<&'a Value>,
    most: usize,
    what: &'static str,
) -> Result<&'a [Value], RpcError> {
    match value {
        Some(Value::Array(list)) if list.len() <= most => Ok(list),
        _ => Err(RpcError::Form(what)),
    }
}

/// The members of an object.
pub(super) fn object<'a>(
    value: &'a Value,
    what: &'static str,
) -> Result<&'a Map<String, Value>, RpcError> {
    value.as_object().ok_or(RpcError::Form(what))
}

fn text<'a>(value: Option<&'a Value>, what: &'static str) -> Result<&'a str, RpcError> {
    value.and_then(Value::as_str).ok_or(RpcError::Form(what))
}
