//! Rows about money that the gate itself keeps: agents do not pay past it.

use protocol::mcp::Method;
use serde_json::json;

use crate::support::{Plan, legacy, modern, principal, tool};

/// g-money-31, in both eras and in any spelling.
#[tokio::test]
async fn a_payment_that_an_agent_puts_into_meta_is_taken_out_and_recorded() {
    let house = Plan::with_tools(&[tool("search", "Finds notes")]).build();
    let key = "X402/payment";
    let params = json!({
        "name": "notes__search", "arguments": {},
        "_meta": { key: { "payload": "mine" }, "org.paymentauth/credential": {}, "example/kept": 1 },
    });
    for client in [legacy(principal("alice")), modern(principal("alice"), "{}")] {
        house.send(&client, Method::ToolsCall, &params).await;
        let (_, seen) = house.source().seen.lock().unwrap().pop().unwrap();
        assert!(!seen.contains("mine") && !seen.to_lowercase().contains("x402"), "{seen}");
        assert!(!seen.contains("paymentauth") && seen.contains("example/kept"), "{seen}");
        let records = house.records().await;
        let note = records.last().unwrap().note.clone().unwrap_or_default();
        assert!(note.contains("X402/payment, org.paymentauth/credential"), "{note}");
    }
}
