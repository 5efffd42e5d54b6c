#![no_main]
//! Headers that mirror arguments: ours agree with the arguments they were made of.

use bytes::Bytes;
use fuzz::{object, parts};
use libfuzzer_sys::fuzz_target;
use protocol::json::{Limits, canonical};
use protocol::mcp::headers::{PARAM_PREFIX, ParamHeaders};

fuzz_target!(|data: &[u8]| {
    let [schema, arguments, value] = parts(data);
    let Ok(params) = ParamHeaders::from_schema(&Bytes::copy_from_slice(schema)) else { return };
    let mut names: Vec<_> = params.as_slice().iter().map(|p| p.name.to_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), params.as_slice().len());
    assert!(params.as_slice().iter().all(|p| !p.path.is_empty() && p.name.is_ascii()));
    let Some(arguments) = object(arguments) else { return };
    // A number beyond any exponent has no canonical form, and so no header.
    if canonical(arguments.text(), Limits::REQUEST).is_err() {
        return;
    }
    let built = params.build(&arguments);
    let headers: Vec<(&str, &[u8])> =
        built.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    assert_eq!(params.check(headers.iter().copied(), &arguments), Ok(()));
    for (at, (name, value_of)) in built.iter().enumerate() {
        assert!(name.starts_with(PARAM_PREFIX));
        assert!(value_of.bytes().all(|b| (0x20..0x7F).contains(&b)));
        let mut fewer = headers.clone();
        fewer.remove(at);
        assert!(params.check(fewer.iter().copied(), &arguments).is_err());
        let mut more = headers.clone();
        more.push((name, value));
        assert!(params.check(more.iter().copied(), &arguments).is_err());
    }
});
