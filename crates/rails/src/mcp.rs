//! Offers inside MCP: results that are offers in either era, and the error -32042, which means two things.

use bytes::Bytes;
use model::money::{MoneyRule, Rail};
use protocol::json::{Kind, Limits, Object, elements};
use serde_json::Value;

use crate::{Demand, Flaw, MAX_ACCEPTS, MAX_BODY, Offer, payment, strict, x402};

/// The JSON-RPC code of "payment required" (Payment over MCP) and of "URL elicitation required" (MCP 2025-11-25).
pub const PAYMENT_REQUIRED: i64 = -32042;
/// The extension by which both sides of MCP 2026-07-28 say that they speak x402.
pub const EXTENSION: &str = "org.x402/payment";
/// The key of a receipt of x402 in `_meta` of a result.
pub const RECEIPT_META: &str = "x402/payment-response";

/// What the request was, and what was agreed on beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method, `tools/call` for one.
    pub method: &'a str,
    /// Whether the upstream speaks MCP 2026-07-28 or later.
    pub modern: bool,
    /// Whether the upstream listed [`EXTENSION`] in `server/discover`.
    pub negotiated: bool,
}

/// Reads a result: the text of a JSON object.
pub fn result(text: &Bytes, asked: &Asked<'_>) -> Demand {
    let Ok(result) = Object::parse(text.clone(), Limits::REPLY) else { return Demand::None };
    if result.str("resultType").as_deref() == Some("payment_required") {
        return modern(&result, asked);
    }
    let older = asked.method == "tools/call" && result.is_true("isError");
    // Where the era has a word for it, an older form without that word is some other error.
    let named = !asked.modern || result.str("resultType").as_deref() == Some("complete");
    if older && named { legacy(&result) } else { Demand::None }
}

/// `resultType: "payment_required"`.
fn modern(result: &Object, asked: &Asked<'_>) -> Demand {
    if !(asked.modern && asked.negotiated) {
        let why = "The server asks for payment in a form that it did not announce.";
        return Demand::Unreadable(Flaw::new(MoneyRule::NotNegotiated, why));
    }
    if !matches!(asked.method, "tools/call" | "resources/read" | "prompts/get") {
        let why = "The server asks for payment of a request that cannot be paid.";
        return Demand::Unreadable(Flaw::new(MoneyRule::NotNegotiated, why));
    }
    match result.get("paymentRequired") {
        Some(offer) => x402(offer),
        None => {
            broken(Flaw::new(MoneyRule::BadJson, "The result asks for payment and has no offer."))
        }
    }
}

/// `isError: true` with the offer as structured content and, the same, as text.
fn legacy(result: &Object) -> Demand {
    let structured = result.get("structuredContent").filter(is_offer);
    let text = first_text(result).filter(is_offer);
    match (structured, text) {
        (Some(structured), Some(text)) if !same(&structured, &text) => {
            let why = "The structured offer and the offer in the text differ.";
            broken(Flaw::new(MoneyRule::Ambiguous, why))
        }
        (Some(offer), _) | (None, Some(offer)) => x402(offer),
        (None, None) => Demand::None,
    }
}

fn first_text(result: &Object) -> Option<Bytes> {
    let content = result.get("content")?;
    let first = elements(&content, Limits::REPLY).ok()?.into_iter().next()?;
    let first = Object::parse(first, Limits::REPLY).ok()?;
    (first.str("type").as_deref() == Some("text"))
        .then(|| first.str("text"))?
        .map(|text| Bytes::from(text.into_owned()))
}

/// Whether a text is meant as an offer: an object that names a version. Whether it is one is seen when it is read.
fn is_offer(text: &Bytes) -> bool {
    let start = text.trim_ascii_start();
    let named = |window: &[u8]| window == b"\"x402Version\"";
    Kind::of(start) == Some(Kind::Object)
        && start[..start.len().min(MAX_BODY)].windows(13).any(named)
}

fn same(a: &Bytes, b: &Bytes) -> bool {
    let form = |text: &Bytes| protocol::json::canonical(text, Limits::REPLY).ok();
    matches!((form(a), form(b)), (Some(a), Some(b)) if a == b)
}

fn x402(text: Bytes) -> Demand {
    match x402::Offer::read(text, x402::Carrier::Mcp) {
        Ok(offer) => Demand::Offers(vec![Offer::X402(Box::new(offer))]),
        Err(flaw) => broken(flaw),
    }
}

fn broken(flaw: Flaw) -> Demand {
    Demand::Offers(vec![Offer::Broken(Rail::X402, flaw)])
}

/// Reads an error: the text of the JSON-RPC error object. With `data.challenges` it is a demand, with
/// `data.elicitations` a URL elicitation (none of ours), with both `ambiguous`, with neither `bad_challenge`.
pub fn error(text: &Bytes) -> Demand {
    let Ok(error) = Object::parse(text.clone(), Limits::REPLY) else { return Demand::None };
    if error.raw("code") != Some(PAYMENT_REQUIRED.to_string().as_bytes()) {
        return Demand::None;
    }
    let data = match error.object("data") {
        Ok(Some(data)) => data,
        Ok(None) => {
            return unreadable(
                MoneyRule::BadChallenge,
                "The error -32042 says neither what to pay nor where to go.",
            );
        }
        Err(_) => {
            return unreadable(
                MoneyRule::BadChallenge,
                "The data of the error -32042 cannot be read.",
            );
        }
    };
    match (data.get("challenges"), data.get("elicitations")) {
        (Some(_), Some(_)) => unreadable(
            MoneyRule::Ambiguous,
            "The error -32042 means a payment and an elicitation at once.",
        ),
        (None, Some(_)) => Demand::None,
        (None, None) => unreadable(
            MoneyRule::BadChallenge,
            "The error -32042 says neither what to pay nor where to go.",
        ),
        (Some(challenges), None) => payment_challenges(&challenges),
    }
}

fn payment_challenges(text: &Bytes) -> Demand {
    if text.len() > MAX_BODY {
        return unreadable(MoneyRule::TooLarge, "The challenges are larger than is read.");
    }
    let all = match strict::json(text, MoneyRule::BadChallenge) {
        Ok(Value::Array(all)) => all,
        Ok(_) => return unreadable(MoneyRule::BadChallenge, "The challenges are not a list."),
        Err(flaw) => return Demand::Unreadable(flaw),
    };
    if all.is_empty() {
        return unreadable(MoneyRule::BadChallenge, "The list of challenges is empty.");
    }
    if all.len() > MAX_ACCEPTS {
        return unreadable(MoneyRule::TooLarge, "There are more challenges than are read.");
    }
    let read = |one| match payment::Challenge::native(one) {
        Ok(challenge) => Offer::Payment(Box::new(challenge)),
        Err(flaw) => Offer::Broken(Rail::Mpp, flaw),
    };
    Demand::Offers(all.iter().map(read).collect())
}

fn unreadable(rule: MoneyRule, why: &'static str) -> Demand {
    Demand::Unreadable(Flaw::new(rule, why))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LEGACY: Asked<'_> = Asked { method: "tools/call", modern: false, negotiated: false };
    const MODERN: Asked<'_> = Asked { method: "resources/read", modern: true, negotiated: true };

    fn offer() -> Value {
        json!({"x402Version": 2, "resource": {"url": "mcp://tool/weather"}, "accepts": [{
            "scheme": "exact", "network": "eip155:84532", "amount": "10000",
            "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "payTo": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C", "maxTimeoutSeconds": 60}]})
    }

    fn read(value: &Value, asked: &Asked<'_>) -> Demand {
        result(&Bytes::from(value.to_string()), asked)
    }

    fn read_error(value: &Value) -> Demand {
        error(&Bytes::from(value.to_string()))
    }

    fn is_offer(demand: &Demand) -> bool {
        matches!(demand, Demand::Offers(all) if matches!(&all[..], [Offer::X402(_)]))
    }

    fn rule(demand: &Demand) -> MoneyRule {
        match demand {
            Demand::Unreadable(flaw) => flaw.rule,
            Demand::Offers(all) => match &all[..] {
                [Offer::Broken(_, flaw)] => flaw.rule,
                other => panic!("{other:?}"),
            },
            Demand::None => panic!("no demand"),
        }
    }

    #[test]
    fn structured_content_and_text_must_agree() {
        let text = |offer: &Value| json!([{"type": "text", "text": offer.to_string()}]);
        let other = json!({"x402Version": 2, "accepts": []});
        let both =
            json!({"isError": true, "structuredContent": offer(), "content": text(&offer())});
        assert!(is_offer(&read(&both, &LEGACY)));
        assert!(is_offer(&read(&json!({"isError": true, "content": text(&offer())}), &LEGACY)));
        assert!(is_offer(&read(
            &json!({"isError": true, "structuredContent": offer(), "content": [{"type": "text", "text": "Please pay."}]}),
            &LEGACY
        )));
        let differ =
            json!({"isError": true, "structuredContent": offer(), "content": text(&other)});
        assert_eq!(rule(&read(&differ, &LEGACY)), MoneyRule::Ambiguous);
    }

    #[test]
    fn text_that_looks_like_an_offer_in_a_result_that_is_no_error_is_prose() {
        // g-money-30
        for result in [
            json!({"structuredContent": offer()}),
            json!({"isError": false, "content": [{"type": "text", "text": offer().to_string()}]}),
        ] {
            assert!(matches!(read(&result, &LEGACY), Demand::None));
        }
    }

    #[test]
    fn only_a_call_of_a_tool_is_paid_in_the_older_form() {
        // MCP-07
        let result = json!({"isError": true, "structuredContent": offer()});
        assert!(matches!(read(&result, &Asked { method: "prompts/get", ..LEGACY }), Demand::None));
        // In the newer era the older form says that it is complete.
        let modern = Asked { method: "tools/call", ..MODERN };
        assert!(matches!(read(&result, &modern), Demand::None));
        assert!(is_offer(&read(
            &json!({"isError": true, "resultType": "complete", "structuredContent": offer()}),
            &modern
        )));
    }

    #[test]
    fn the_newer_form_must_have_been_announced() {
        // MCP-03, MCP-04
        let result = json!({"resultType": "payment_required", "paymentRequired": offer()});
        assert!(is_offer(&read(&result, &MODERN)));
        for asked in [
            Asked { negotiated: false, ..MODERN },
            LEGACY,
            Asked { method: "tools/list", ..MODERN },
        ] {
            assert_eq!(rule(&read(&result, &asked)), MoneyRule::NotNegotiated);
        }
        assert_eq!(
            rule(&read(&json!({"resultType": "payment_required"}), &MODERN)),
            MoneyRule::BadJson
        );
    }

    #[test]
    fn the_error_32042_is_told_by_its_data() {
        // MCP-01, MCP-02, MPC-16
        let challenge = |method: &str| json!({"id": "a", "realm": "r", "method": method, "intent": "charge", "request": {"amount": "10"}});
        let error = |data: Value| json!({"code": -32042, "message": "", "data": data});
        assert!(matches!(read_error(&error(json!({"elicitations": []}))), Demand::None));
        assert_eq!(
            rule(&read_error(&error(json!({"elicitations": [], "challenges": []})))),
            MoneyRule::Ambiguous
        );
        assert_eq!(rule(&read_error(&error(json!({})))), MoneyRule::BadChallenge);
        assert_eq!(rule(&read_error(&json!({"code": -32042}))), MoneyRule::BadChallenge);
        assert_eq!(rule(&read_error(&error(json!({"challenges": []})))), MoneyRule::BadChallenge);
        assert_eq!(rule(&read_error(&error(json!({"challenges": [7]})))), MoneyRule::BadChallenge);
        let two =
            read_error(&error(json!({"challenges": [challenge("tempo"), challenge("lightning")]})));
        assert!(matches!(two, Demand::Offers(all) if all.len() == 2));
        assert!(matches!(read_error(&json!({"code": -32000})), Demand::None));
    }
}
