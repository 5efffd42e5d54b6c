#![no_main]
//! Requests of the Payment scheme: what is read is echoed exactly, as text over HTTP and as JSON over MCP.

use bytes::Bytes;
use fuzz::parts;
use libfuzzer_sys::fuzz_target;
use rails::payment::{Payload, Receipt, SessionAct};
use rails::{Demand, Offer, answer, decode, encode_url, mcp};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [request, opaque, rest] = parts(data);
    let _ = Receipt::from_json(request);
    let _ = Receipt::from_header(rest);
    let (method, intent) = match rest.len() % 3 {
        0 => ("lightning", "charge"),
        1 => ("evm", "charge"),
        _ => ("lightning", "session"),
    };
    let line = format!(
        r#"Payment id="a", realm="r", method="{method}", intent="{intent}", request="{}", opaque="{}""#,
        encode_url(request),
        encode_url(opaque),
    );
    if let Demand::Offers(offers) = answer(402, &[("WWW-Authenticate", line.as_bytes())], b"") {
        for offer in offers {
            echoed(&offer, &encode_url(request).into());
        }
    }
    let Ok(request) = std::str::from_utf8(request) else { return };
    let error = format!(
        r#"{{"code":-32042,"data":{{"challenges":[{{"id":"a","realm":"r","method":"{method}","intent":"{intent}","request":{request}}}]}}}}"#
    );
    if let Demand::Offers(offers) = mcp::error(&Bytes::from(error)) {
        for offer in offers {
            if let Offer::Payment(challenge) = &offer {
                let members = challenge.request.members().clone();
                echoed(&offer, &Value::Object(members));
            }
        }
    }
});

fn echoed(offer: &Offer, request: &Value) {
    let Offer::Payment(challenge) = offer else { return };
    if let Some(Ok(charge)) = challenge.lightning_charge() {
        if let Ok(amount) = charge.amount {
            assert!(!amount.as_str().starts_with('0'));
        }
    }
    if let Some(Ok(session)) = challenge.lightning_session() {
        assert!(challenge.lightning_charge().is_none(), "a deposit is no charge");
        let act = SessionAct::Bearer { id: "a", preimage: &session.deposit.invoice };
        let _ = challenge.session_credential(act);
    }
    if let Some(Ok(charge)) = challenge.evm_charge() {
        if let Ok(network) = &charge.transfer.network {
            assert!(rails::x402::chain_id(network).is_some());
        }
        assert!(!charge.takes_authorization() || !charge.credential_types.is_empty());
    }
    assert!(!challenge.id_under(b"secret").is_empty());
    let Ok(credential) = challenge.credential(&Payload::Preimage(&[1; 32]), None) else { return };
    let text = credential.reveal();
    let text = match text.strip_prefix("Payment ") {
        Some(encoded) => decode(encoded.as_bytes()).unwrap(),
        None => text.as_bytes().to_vec(),
    };
    let limits = protocol::json::Limits::REPLY;
    let sent = protocol::json::value(&text, limits).expect("a credential is strict JSON");
    let form = |value: &Value| rails::jcs::write(value);
    assert_eq!(form(&sent["challenge"]["request"]), form(request));
    assert_eq!(sent["payload"]["preimage"], "01".repeat(32));
}
