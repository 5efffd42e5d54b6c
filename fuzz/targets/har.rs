#![no_main]
//! Any recording is refused or converted: every entry is a call or is listed, and every tool can be called.

use har::{Options, har};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fuzz_target!(|data: &[u8]| {
    let _ = har(data, &Options::default());
    // Most inputs are no recordings as a whole; as entries of one they get further.
    let entries = data.split(|b| *b == 0xFF).collect::<Vec<_>>().join(&b',');
    let whole = [&b"{\"log\":{\"entries\":["[..], &entries, b"]}}"].concat();
    let options = Options { origin: Some("https://a.example".to_owned()), ..Options::default() };
    let Ok(found) = har(&whole, &options) else { return };
    assert_eq!(found.calls + found.skipped.len(), found.entries);
    assert_eq!(found.tools.len(), found.marks.len());
    for tool in &found.tools {
        let lawful = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        assert!((1..=64).contains(&tool.name.len()) && tool.name.bytes().all(lawful));
        assert!(
            tool.recipe.query.is_empty()
                && tool.recipe.parameters.iter().all(|p| p.fixed.is_none())
        );
        let names = tool.input_schema["properties"].as_object();
        let arguments: Map<String, Value> =
            names.into_iter().flatten().map(|(name, _)| (name.clone(), json!("eA=="))).collect();
        if let Ok(request) = convert::request(&tool.recipe, &arguments) {
            assert!(request.url.as_str().starts_with("https://a.example/"), "{}", request.url);
        }
    }
});
