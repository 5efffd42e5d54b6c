#![no_main]
//! Masked arguments are JSON of the same shape, and no text in them begins like a secret.

use audit::{MaskRules, mask_arguments};
use fuzz::Json;
use libfuzzer_sys::fuzz_target;

const SECRETS: [&str; 6] = ["sk-", "ghp_", "AKIA", "eyJ", "-----BEGIN", "Bearer "];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let rules = MaskRules::with_names(["Nick-Name", ""]).longest(20);
    let masked = mask_arguments(text, &rules);
    assert!(!masked.contains(|c: char| c < ' '), "a record is one line");
    let masked = Json::parse(masked.as_bytes()).expect("what is masked is JSON");
    masked.texts(&mut |text| {
        assert!(!SECRETS.iter().any(|s| text.trim_start().starts_with(s)), "{text:?}");
        assert!(text.chars().count() <= 60, "{text:?}");
    });
    if let Some(given) = Json::parse(data) {
        shape(&given, &masked);
    }
});

/// The same kind all the way down, or a mark in its place.
fn shape(given: &Json, masked: &Json) {
    match (given, masked) {
        (_, Json::Text(mark)) if mark.contains('•') => {}
        // Members whose names become one mark fall together.
        (Json::Object(given), Json::Object(masked)) => {
            assert!(masked.len() <= given.len());
            for (name, value) in masked.iter().filter(|(name, _)| !name.contains(['•', '…'])) {
                let mut same = given.iter().rev().filter(|(n, _)| n == name);
                same.next().inspect(|(_, given)| shape(given, value));
            }
        }
        (Json::Array(given), Json::Array(masked)) => {
            assert_eq!(given.len(), masked.len());
            given.iter().zip(masked).for_each(|(given, masked)| shape(given, masked));
        }
        (Json::Text(_), Json::Text(_)) => {}
        (given, masked) => assert_eq!(given, masked, "what is no text stays"),
    }
}
