//! Rows about money that the gate itself keeps: agents do not pay past it.

use protocol::mcp::Method;
use serde_json::json;

use crate::support::{Plan, Script, legacy, modern, principal, tool};

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

/// MCP-05: the result is delivered, without the receipt of a payment that never was, and the record has the flag.
#[tokio::test]
async fn a_receipt_that_nobody_asked_for_is_taken_out_and_flagged() {
    let house = Plan::with_tools(&[tool("search", "Finds notes")]).build();
    let result = json!({
        "content": [{"type": "text", "text": "two notes"}],
        "_meta": {
            "x402/payment-response": {"success": true, "transaction": "0x01"},
            "ORG.paymentauth/receipt": {}, "example/kept": 1,
        },
    });
    for client in [legacy(principal("alice")), modern(principal("alice"), "{}")] {
        house.source().answers(Script::Result(result.to_string()));
        let answer = house.call(&client, "notes__search", json!({})).await;
        assert_eq!(answer["result"]["content"], result["content"], "{answer}");
        assert_eq!(answer["result"]["_meta"]["example/kept"], 1, "{answer}");
        assert!(!answer.to_string().to_lowercase().contains("payment"), "{answer}");
        let note = house.records().await.pop().unwrap().note.unwrap_or_default();
        let flagged = "unsolicited_receipt: x402/payment-response, ORG.paymentauth/receipt";
        assert!(note.contains(flagged), "{note}");
    }
}
