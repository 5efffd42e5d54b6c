#![no_main]
//! The strict scanner against a second opinion; members, edits and canonical form keep what was said.

use bytes::Bytes;
use fuzz::{Json, kept, written};
use libfuzzer_sys::fuzz_target;
use protocol::json::{Edit, JsonError, Limits, Object, canonical, check, elements, quote, unquote};

/// Below what both readers take.
const LIMITS: Limits = Limits { depth: 100, values: 1_000_000 };

fuzz_target!(|data: &[u8]| {
    let opinion = Json::parse(data);
    match check(data, LIMITS) {
        Err(JsonError::Limit(_)) => return,
        verdict => assert_eq!(verdict.is_ok(), opinion.is_some(), "{verdict:?}"),
    }
    form(data, opinion.as_ref());
    let text = Bytes::copy_from_slice(data);
    let array = elements(&text, LIMITS).ok();
    assert_eq!(array.is_some(), matches!(opinion, Some(Json::Array(_))));
    if let (Some(Json::Array(expected)), Some(found)) = (&opinion, array) {
        let found: Vec<Json> = found.iter().map(|raw| Json::parse(raw).unwrap()).collect();
        assert_eq!(&found, expected);
    }
    if let Some(Json::Text(expected)) = &opinion {
        assert_eq!(unquote(data.trim_ascii()).as_deref(), Some(expected.as_str()));
        assert_eq!(unquote(quote(expected).as_bytes()).as_deref(), Some(expected.as_str()));
    }
    let object = Object::parse(text, LIMITS);
    let lawful = opinion.as_ref().is_some_and(|o| starts_object(data) && !o.has_twins(false));
    assert_eq!(object.is_ok(), lawful, "{object:?}");
    if let (Ok(object), Some(opinion)) = (object, opinion) {
        members(&object, &opinion);
        edits(&object);
    }
});

/// An object by its first byte: the second opinion takes one peculiar object for a number.
fn starts_object(data: &[u8]) -> bool {
    data.trim_ascii_start().first() == Some(&b'{')
}

fn form(data: &[u8], opinion: Option<&Json>) {
    let Ok(form) = canonical(data, LIMITS) else { return };
    let opinion = opinion.expect("what is no JSON has no canonical form");
    assert!(!opinion.has_twins(true));
    let read_back = Json::parse(form.as_bytes()).expect("a canonical form is JSON");
    assert!(opinion.same(&read_back), "{opinion:?} became {read_back:?}");
    assert_eq!(canonical(form.as_bytes(), LIMITS).as_ref(), Ok(&form));
}

fn members(object: &Object, opinion: &Json) {
    let Some(expected) = opinion.members() else { return };
    assert_eq!(object.len(), expected.len());
    for ((name, raw), (expected_name, expected)) in object.iter().zip(expected) {
        assert_eq!(name, expected_name.as_str());
        assert_eq!(Json::parse(raw).as_ref(), Some(expected));
        assert_eq!(object.raw(&name), Some(raw));
        assert_eq!(object.str(&name).as_deref(), expected.text());
    }
}

fn edits(object: &Object) {
    let first = object.iter().next().map_or_else(String::new, |(name, _)| name.into_owned());
    let last = object.iter().last().map_or_else(String::new, |(name, _)| name.into_owned());
    let edit = Edit::new().remove(&first).set("\"new\"", &b"[1]"[..]).set_str(&last, "\u{1}\"x");
    let after = written(edit.apply(object));
    kept(object, &after, &[&first, &last, "\"new\""]);
    // The last word on a member counts.
    assert_eq!(after.str(&last).as_deref(), Some("\u{1}\"x"));
    if last != "\"new\"" {
        assert_eq!(after.raw("\"new\""), Some(&b"[1]"[..]));
    }
    if first != last && first != "\"new\"" {
        assert_eq!(after.raw(&first), None);
    }
    let twice = Edit::new().set(&first, &b"1"[..]).set(&first, &b"2"[..]);
    assert_eq!(written(twice.apply(object)).raw(&first), Some(&b"2"[..]));
    assert_eq!(Edit::new().apply(object).as_ptr(), object.text().as_ptr());
}
