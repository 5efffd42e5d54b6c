//! What the targets share: a second opinion on JSON, and ways to cut one input into several.

mod feed;
mod opinion;

pub use feed::{Feed, No};
pub use opinion::Json;

use bytes::Bytes;
use protocol::json::{Limits, Object};

/// The `N` parts of an input, which byte 0xFF (never in UTF-8) stands between; missing ones are empty.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data.splitn(N, |b| *b == 0xFF);
    std::array::from_fn(|_| rest.next().unwrap_or_default())
}

/// The input cut into pieces of 1 to 8 bytes, as `seed` has it.
pub fn pieces(data: &[u8], seed: u8) -> Vec<&[u8]> {
    let (mut out, mut rest, mut state) = (Vec::new(), data, u32::from(seed));
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, after) = rest.split_at(rest.len().min(1 + (state >> 29) as usize));
        out.push(piece);
        rest = after;
    }
    out
}

/// The object that `text` is, as the gate reads what agents send.
pub fn object(text: &[u8]) -> Option<Object> {
    Object::parse(Bytes::copy_from_slice(text), Limits::REQUEST).ok()
}

/// That a text of our own making is one strict JSON object; gives it back.
pub fn written(text: impl Into<protocol::Rope>) -> Object {
    let text = text.into().into_bytes();
    assert!(Json::parse(&text).is_some(), "not JSON: {}", String::from_utf8_lossy(&text));
    let object = Object::parse(text.clone(), Limits::REPLY);
    object.unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&text)))
}

/// That every member of `before` which is not in `changed` stands in `after` with its bytes, in its order, and that
/// nothing came in beside them.
pub fn kept(before: &Object, after: &Object, changed: &[&str]) {
    let rest = |of: &Object| -> Vec<(String, Vec<u8>)> {
        let named = of.iter().map(|(name, raw)| (name.into_owned(), raw.to_vec()));
        named.filter(|(name, _)| !changed.contains(&name.as_str())).collect()
    };
    assert_eq!(rest(before), rest(after), "a member that is nobody's business was changed");
}
