use serde_json::Value;

/// Why an operation, or a part of it, is not converted: a stable code and a sentence.
pub(crate) type Reason = (&'static str, String);

/// How many references in a row are followed.
const HOPS: usize = 32;

/// What a reference inside the document points at.
pub(super) fn target<'d>(document: &'d Value, reference: &str) -> Result<&'d Value, Reason> {
    let Some(pointer) = reference.strip_prefix('#') else {
        let reason =
            format!("`{reference}` is outside the description, and nothing else is fetched");
        return Err(("external_ref", reason));
    };
    let pointer = percent_decoded(pointer);
    let found = if pointer.is_empty() { Some(document) } else { document.pointer(&pointer) };
    found.ok_or_else(|| ("unresolved_ref", format!("`{reference}` points at nothing")))
}

/// The value itself, through as many references as there are.
pub(super) fn resolved<'d>(document: &'d Value, value: &'d Value) -> Result<&'d Value, Reason> {
    let mut value = value;
    for _ in 0..HOPS {
        match value.get("$ref") {
            Some(Value::String(reference)) => value = target(document, reference)?,
            _ => return Ok(value),
        }
    }
    Err(("circular_ref", "a reference leads back to itself".to_owned()))
}

/// A pointer in a URI fragment is percent-encoded (RFC 6901, section 6).
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = |n: usize| bytes.get(n).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
