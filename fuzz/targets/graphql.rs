#![no_main]
//! Any schema and any documents become operations or are refused, within the bounds that are set.

use fuzz::parts;
use graphql::{Options, errors, from_documents, from_schema};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [schema, document, reply] = parts(data);
    let options = Options {
        endpoint: "https://api.example.com/graphql".to_owned(),
        max_depth: 3,
        max_fields: 20,
    };
    if let Ok(converted) = from_schema(schema, &options) {
        let mut names: Vec<_> = converted.tools.iter().map(|tool| &tool.name).collect();
        names.dedup();
        assert_eq!(names.len(), converted.tools.len(), "no name twice");
        assert!(converted.tools.iter().all(|tool| tool.recipe.method == "POST"));
    }
    if let Ok(document) = std::str::from_utf8(document) {
        let documents = [("d".to_owned(), document.to_owned())];
        if let Ok(converted) = from_documents(schema, &documents, &options) {
            assert!(converted.tools.iter().all(|tool| tool.input_schema.is_object()));
        }
    }
    if let Ok(reply) = serde_json::from_slice(reply) {
        let _ = errors(&reply);
    }
});
