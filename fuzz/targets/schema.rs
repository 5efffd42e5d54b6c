#![no_main]
//! Any schema is compiled or refused, and any arguments held against it, in bounded time (the run sets the bound).

use fuzz::parts;
use inspect::{Limits, Schema, check_argument_names};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [schema, arguments] = parts(data);
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else { return };
    let arguments = serde_json::from_slice::<Value>(arguments).unwrap_or_default();
    names(&arguments, &schema);
    let compiled = match Schema::compile(&schema, Limits::default()) {
        Ok(compiled) => compiled,
        Err(problem) => {
            assert!(problem.rule.starts_with("schema-"));
            assert!(problem.path.is_empty() || problem.path.starts_with('/'));
            return;
        }
    };
    let tight = Limits { bytes: 16, depth: 2, nodes: 4, expansion: 4 };
    assert!(Schema::compile(&schema, tight).is_err() || schema.to_string().len() <= 16);
    for arguments in [&arguments, &schema] {
        let verdict = compiled.validate(arguments);
        assert_eq!(verdict, compiled.validate(arguments));
        let problems = verdict.err().unwrap_or_default();
        assert!(problems.len() <= 16);
        assert!(problems.iter().all(|p| arguments.pointer(&p.path).is_some()));
    }
});

fn names(arguments: &Value, schema: &Value) {
    let verdict = check_argument_names(arguments, schema);
    assert_eq!(verdict, check_argument_names(arguments, schema));
    if verdict.is_ok() {
        assert!(!arguments.to_string().contains("\"__proto__\":"));
    }
}
