//! `creqA`: base64url of CBOR (NUT-18).

use ciborium::Value;

use super::{BAD, BAD_AMOUNT, Locking, PaymentRequest, Transport};
use crate::base64url;
use crate::cbor::{self, Fields};
use crate::fault::Fault;

/// Reads what follows `creqA`. Members that are not known are passed over (NUT-18 may grow).
pub(super) fn decode(text: &str) -> Result<PaymentRequest, Fault> {
    let bytes = base64url::decode(text).ok_or(BAD)?;
    let mut fields = cbor::read(&bytes).and_then(Fields::new).ok_or(BAD)?;
    let amount = fields.take("a").map(amount).transpose()?;
    request(&mut fields, amount).ok_or(BAD)
}

fn amount(value: Value) -> Result<u64, Fault> {
    let number = value.into_integer().map_err(|_| BAD_AMOUNT)?;
    number.try_into().map_err(|_| BAD_AMOUNT)
}

fn request(fields: &mut Fields, amount: Option<u64>) -> Option<PaymentRequest> {
    let single_use = match fields.take("s") {
        None => None,
        Some(value) => Some(value.as_bool()?),
    };
    let locking = match fields.take("nut10") {
        None => None,
        Some(value) => Some(locking(value)?),
    };
    Some(PaymentRequest {
        id: fields.optional_text("i").ok()?,
        amount,
        unit: fields.optional_text("u").ok()?,
        single_use,
        mints: fields.list("m", cbor::text)?,
        description: fields.optional_text("d").ok()?,
        transports: fields.list("t", transport)?,
        locking,
    })
}

fn transport(value: Value) -> Option<Transport> {
    let mut fields = Fields::new(value)?;
    Some(Transport {
        kind: fields.text("t")?,
        target: fields.text("a")?,
        tags: fields.take("g").map_or_else(|| Some(Vec::new()), cbor::tags)?,
    })
}

fn locking(value: Value) -> Option<Locking> {
    let mut fields = Fields::new(value)?;
    Some(Locking {
        kind: fields.text("k")?,
        data: fields.text("d")?,
        tags: fields.take("t").map_or_else(|| Some(Vec::new()), cbor::tags)?,
    })
}

/// Writes a request, with `creqA` before it. Members stand in the order that other wallets write them in.
pub(super) fn encode(request: &PaymentRequest) -> String {
    let mut fields: Vec<(&str, Value)> = Vec::new();
    if !request.transports.is_empty() {
        fields.push(("t", Value::Array(request.transports.iter().map(transport_value).collect())));
    }
    fields.extend(request.id.as_deref().map(|id| ("i", Value::from(id))));
    fields.extend(request.amount.map(|amount| ("a", Value::from(amount))));
    fields.extend(request.unit.as_deref().map(|unit| ("u", Value::from(unit))));
    fields.extend(request.single_use.map(|single| ("s", Value::from(single))));
    if !request.mints.is_empty() {
        fields.push(("m", cbor::texts(&request.mints)));
    }
    fields.extend(request.description.as_deref().map(|text| ("d", Value::from(text))));
    if let Some(locking) = &request.locking {
        let [kind, data] = [&locking.kind, &locking.data].map(|text| Value::from(text.as_str()));
        let mut option = vec![("k", kind), ("d", data)];
        option.extend(tags_value("t", &locking.tags));
        fields.push(("nut10", cbor::map(option)));
    }
    format!("creqA{}", base64url::encode_padded(&cbor::write(&cbor::map(fields))))
}

fn transport_value(transport: &Transport) -> Value {
    let [kind, target] =
        [&transport.kind, &transport.target].map(|text| Value::from(text.as_str()));
    let mut fields = vec![("t", kind), ("a", target)];
    fields.extend(tags_value("g", &transport.tags));
    cbor::map(fields)
}

fn tags_value<'a>(key: &'a str, tags: &[Vec<String>]) -> Option<(&'a str, Value)> {
    let value = Value::Array(tags.iter().map(|tag| cbor::texts(tag)).collect());
    (!tags.is_empty()).then_some((key, value))
}
