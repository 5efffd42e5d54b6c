#![no_main]
//! Any description is converted or refused, and whatever the arguments: a request stays at its server and under its path.

use convert::{Options, Tool, openapi, request};
use fuzz::parts;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let [document, arguments, server] = parts(data);
    let given = match serde_json::from_slice::<Value>(arguments) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let options = Options {
        document_url: Some("https://docs.example.com/api/openapi.json".to_owned()),
        server: std::str::from_utf8(server).ok().filter(|s| !s.is_empty()).map(str::to_owned),
        ..Options::default()
    };
    let Ok(converted) = openapi(document, &options) else { return };
    for tool in converted.tools.iter().take(32) {
        assert!(tool.input_schema.is_object());
        for arguments in [&given, &filled(tool, arguments)] {
            made(tool, arguments);
        }
    }
});

/// Every argument of the tool, set to the same text.
fn filled(tool: &Tool, text: &[u8]) -> Map<String, Value> {
    let text = Value::from(String::from_utf8_lossy(text).into_owned());
    let named = tool.recipe.parameters.iter().map(|p| (p.argument.clone(), text.clone()));
    named.collect()
}

fn made(tool: &Tool, arguments: &Map<String, Value>) {
    let Ok(made) = request(&tool.recipe, arguments) else { return };
    assert_eq!(request(&tool.recipe, arguments).as_ref(), Ok(&made));
    let (base, url) = (Url::parse(&tool.recipe.base).unwrap(), Url::parse(made.url.as_str()).unwrap());
    assert_eq!(base.origin(), url.origin(), "{}", made.url);
    let under = base.path().trim_end_matches('/');
    assert!(url.path() == under || url.path().starts_with(&format!("{under}/")), "{}", made.url);
    assert!(url.fragment().is_none());
    for (name, value) in &made.headers {
        assert!(!name.contains(['\r', '\n', ':', ' ']) && !value.contains(['\r', '\n', '\0']));
    }
}
