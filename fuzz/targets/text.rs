#![no_main]
//! Findings in texts: fit to be shown, the same twice, and none lost by the quick way.

use inspect::{
    Context, Finding, Neighbours, Severity, for_display, scan_instructions, scan_result_text,
    scan_text,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let others = Neighbours::default().source("shop").tool("shop__refund").tool("send-mail");
    let definition = Context::definition("notes", &others);
    let result = Context::result("notes", &others);
    let found = scan_text(text, &definition);
    found.iter().for_each(lawful);
    assert_eq!(found, scan_text(text, &definition));
    assert_eq!(found, scan_instructions(text, &result), "instructions are judged as definitions");
    let labels = scan_text(text, &result);
    labels.iter().for_each(lawful);
    assert!(labels.iter().all(|f| f.severity == Severity::Label), "a result passes unchanged");
    assert_eq!(scan_result_text(text, &definition), labels, "the quick way lost something");
    printable(&for_display(text));
});

fn lawful(finding: &Finding) {
    assert!(finding.path.is_empty() && !finding.rule.is_empty());
    printable(&finding.excerpt);
}

fn printable(shown: &str) {
    assert!(shown.len() <= 160 && shown.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
}
