#![no_main]
//! Any text rides in a header and comes back; what we say of a body agrees with it, and nothing else does.

use fuzz::{object, parts};
use libfuzzer_sys::fuzz_target;
use protocol::mcp::headers::{Wrong, check_standard, decode, encode, standard};
use protocol::mcp::{Method, Version, headers};

fuzz_target!(|data: &[u8]| {
    let [value, method, params] = parts(data);
    if let Ok(text) = std::str::from_utf8(value) {
        let said = encode(text);
        assert!(said.bytes().all(|b| (0x20..0x7F).contains(&b)));
        assert_eq!(said.trim(), said, "white space at the ends is lost on the way");
        assert_eq!(decode(said.as_bytes()).as_deref(), Ok(text));
    }
    if let Ok(meant) = decode(value) {
        assert!(value.iter().all(|b| *b == b'\t' || (0x20..0x7F).contains(b)));
        assert_eq!(decode(encode(&meant).as_bytes()).as_ref(), Ok(&meant));
    }
    let (Ok(method), Some(params)) = (std::str::from_utf8(method), object(params)) else { return };
    // A name outside plain ASCII is nothing a header can carry; such a method is refused elsewhere.
    if method.is_empty()
        || !method.bytes().all(|b| b.is_ascii_graphic())
        || method.starts_with("=?")
    {
        return;
    }
    agree(&Method::of(method), &params, value);
});

fn agree(method: &Method, params: &protocol::json::Object, value: &[u8]) {
    let version = Version::MODERN.as_str();
    let made = standard(version, method, params);
    let mut all: Vec<(&str, &[u8])> = made.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
    let check =
        |all: &[(&str, &[u8])]| check_standard(all.iter().copied(), version, method, params);
    assert_eq!(check(&all), Ok(()));
    for lost in 0..all.len() {
        let mut fewer = all.clone();
        fewer.remove(lost);
        assert_eq!(check(&fewer).map_err(|m| m.what), Err(Wrong::Missing));
    }
    // Another value passes only if it stands for the same name.
    if let Some(at) = all.iter().position(|(name, _)| *name == headers::NAME) {
        let meant = decode(all[at].1).map(std::borrow::Cow::into_owned);
        all[at].1 = value;
        if check(&all).is_ok() {
            let blank = |b: &u8| matches!(b, b' ' | b'\t');
            let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
            let end = value.iter().rposition(|b| !blank(b)).map_or(start, |at| at + 1);
            assert_eq!(decode(&value[start..end]).map(std::borrow::Cow::into_owned), meant);
        }
        all.push(all[at]);
        assert_eq!(check(&all).map_err(|m| m.what), Err(Wrong::Twice));
    }
}
