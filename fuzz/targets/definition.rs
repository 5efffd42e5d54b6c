#![no_main]
//! Definitions, results and questions of any shape are judged; what is to be stripped can be, and then is gone.

use inspect::{
    Context, Finding, Neighbours, Redacted, Severity, propose_effect, redact, scan_definition,
    scan_elicitation, scan_prompt, scan_prompt_result, scan_resource, without_stripped,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let others = Neighbours::default().source("shop").tool("shop__refund").ui("shop-ui");
    let context = Context::definition("notes", &others);
    let scans: [fn(&Value, &Context<'_>) -> Vec<Finding>; 3] =
        [scan_definition, scan_prompt, scan_resource];
    for scan in scans {
        let found = scan(&value, &context);
        assert_eq!(found, scan(&value, &context));
        found.iter().for_each(lawful);
        let strip = |f: &Finding| f.severity == Severity::Strip;
        assert!(found.iter().filter(|f| strip(f)).all(|f| value.pointer(&f.path).is_some()));
        let rest = without_stripped(&value, &found);
        assert!(!scan(&rest, &context).iter().any(strip), "something was not stripped");
        assert!(found.iter().any(strip) || rest == value, "nothing to strip, nothing changed");
    }
    let result = Context::result("notes", &others);
    let text = value.to_string();
    for label in scan_prompt_result(text.as_bytes(), &result) {
        lawful(&label);
        assert_eq!(label.severity, Severity::Label);
    }
    if let Redacted::Changed(rest) = redact(text.as_bytes(), &result) {
        assert!(serde_json::from_slice::<Value>(&rest).is_ok());
        assert_eq!(redact(&rest, &result), Redacted::Clean, "something was left");
    }
    let hosts = ["example.com".to_owned(), "localhost:8080".to_owned()];
    match scan_elicitation(&value, &hosts) {
        Err(why) => assert_eq!(why.severity, Severity::Reject),
        Ok(found) => {
            found.iter().for_each(lawful);
            assert!(scan_elicitation(&value, &[]).is_ok() || value.get("url").is_some());
        }
    }
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    let _ = propose_effect(name, value.get("annotations"));
});

fn lawful(finding: &Finding) {
    let shown = &finding.excerpt;
    assert!(shown.len() <= 160 && shown.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
    assert!(finding.path.is_empty() || finding.path.starts_with('/'));
}
