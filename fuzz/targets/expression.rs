#![no_main]
//! Any expression of a workflow is read or refused; what was read is written as it stood. Any document, too.

use arazzo::{Document, Expression, Pointer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(expression) = Expression::parse(text) {
            let written = expression.to_string();
            assert_eq!(Expression::parse(&written), Ok(expression), "{text:?} {written:?}");
            assert!(text.starts_with('$'));
        }
        let _ = Expression::is_meant(text);
        let _ = Pointer::parse(text);
    }
    match Document::parse(data) {
        Ok(document) => assert!(!document.workflows.is_empty()),
        Err(errors) => assert!(!errors.is_empty(), "what is refused has a reason"),
    }
});
