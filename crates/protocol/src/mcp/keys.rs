//! Names that MCP reserves: members of `_meta`, and extension ids (2026-07-28 basic/index).

use crate::json::Object;

/// Members of `_meta` that begin so belong to MCP.
pub const PREFIX: &str = "io.modelcontextprotocol/";
/// Required on every modern request.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Required on every modern request.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The client's own words about itself.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// Without it a modern server sends no log messages for that request.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The server's own words about itself, on results.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The id of the listen request, on every message of its stream.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Ties a legacy message to a legacy task.
pub const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
/// Asks for progress; scoped to one hop.
pub const PROGRESS_TOKEN: &str = "progressToken";
/// W3C trace context (SEP-414).
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace context (SEP-414).
pub const TRACESTATE: &str = "tracestate";
/// W3C baggage (SEP-414).
pub const BAGGAGE: &str = "baggage";
/// Which source a result came from; set by this gate.
pub const SOURCE: &str = "portcullis/source";
/// How far what a source says may be trusted; set by this gate.
pub const TRUST: &str = "portcullis/trust";
/// What is suspicious about it: a list of `{"rule", "path"}`; set by this gate, and there only if something was found.
pub const FINDINGS: &str = "portcullis/findings";

/// Tasks as an extension (SEP-2663).
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";
/// MCP Apps.
pub const UI_EXTENSION: &str = "io.modelcontextprotocol/ui";
/// Extensions that mean the same in both eras and may cross.
pub const CROSS_ERA_EXTENSIONS: &[&str] = &[UI_EXTENSION];

/// What members of `_meta` that pay begin with, in any case.
const PAYMENTS: [&[u8]; 3] = [b"x402/", b"org.paymentauth/", b"org.x402/"];

/// Whether a member of `_meta` carries a payment or a receipt, in any case (x402 over MCP, the Payment scheme over MCP).
/// From an agent it is taken out, from a server it is read by what pays and not handed on.
pub fn is_payment(key: &str) -> bool {
    pays(key.as_bytes())
}

/// The members of a `_meta` that do, in its order.
pub fn payments(meta: &Object) -> Vec<String> {
    let names = meta.entries().map(|(name, _)| name.bytes()).filter(|name| pays(name));
    names.map(|name| String::from_utf8_lossy(&name).into_owned()).collect()
}

fn pays(key: &[u8]) -> bool {
    let begins = |with: &[u8]| key.get(..with.len()).is_some_and(|k| k.eq_ignore_ascii_case(with));
    PAYMENTS.into_iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    #[test]
    fn g_money_31_members_of_payments_are_told_in_any_case() {
        for key in [
            "x402/payment",
            "X402/Payment",
            "x402/payment-response",
            "org.paymentauth/credential",
            "org.x402/payment",
        ] {
            assert!(is_payment(key), "{key}");
        }
        for key in ["progressToken", "x402", RELATED_TASK] {
            assert!(!is_payment(key), "{key}");
        }
    }

    #[test]
    fn members_that_pay_are_found_however_they_are_written() {
        let text =
            r#"{"X402/a":1,"k":2,"org\u002epaymentauth/\u00e9":3,"x402":4,"":5,"\u0078402/":6}"#;
        let meta = Object::parse(text.into(), Limits::REQUEST).unwrap();
        assert_eq!(payments(&meta), ["X402/a", "org.paymentauth/\u{e9}", "x402/"]);
    }
}
