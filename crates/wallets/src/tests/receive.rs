use serde_json::json;

use super::nwc::{NOW, PATIENCE, relay};
use super::server::{Reply, Server};
use super::service::{Service, done, failure, wallet};
use super::*;
use crate::{CoreLightning, LnBits, Lnd, Wallet, codes};

const MONTH: u64 = 2_592_000;

/// A server that answers to this path, and to no other.
async fn made_at(path: &'static str, status: u16, body: serde_json::Value) -> Server {
    Server::start(move |method, asked, _| {
        if (method, asked) == ("POST", path) {
            Reply::Json(status, body.to_string())
        } else {
            Reply::Json(404, "{}".into())
        }
    })
    .await
}

#[tokio::test]
async fn lnd_and_core_lightning_make_invoices_without_an_amount() {
    let invoice = amountless();
    let answer = json!({ "r_hash": "", "payment_request": invoice.text() });
    let server = made_at("/prefix/v1/invoices", 200, answer).await;
    let lnd = Lnd::new(place(&server, "grpc-metadata-macaroon"));
    assert_eq!(lnd.receive("rest", MONTH).await.as_deref(), Ok(invoice.text()));
    let asked = server.asked().remove(0);
    assert!(asked.ends_with(r#"{"memo":"rest","expiry":"2592000"}"#), "{asked}");

    let answer = json!({ "bolt11": invoice.text(), "payment_hash": hash().to_string() });
    let server = made_at("/prefix/v1/invoice", 201, answer).await;
    let cln = CoreLightning::new(place(&server, "rune"));
    for _ in 0..2 {
        assert_eq!(cln.receive("rest", MONTH).await.as_deref(), Ok(invoice.text()));
    }
    let labels: Vec<_> = server.asked().iter().map(|text| label(text)).collect();
    assert_ne!(labels[0], labels[1], "a node takes each name once");
    assert!(server.asked()[0].contains(r#""amount_msat":"any""#));
}

fn label(request: &str) -> String {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["label"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wallet_over_nostr_is_asked_for_an_invoice_over_nothing() {
    let relay = relay().await;
    let invoice = amountless().text().to_owned();
    let service = Service::start(&[&relay], NOW, move |method, params| match method {
        "make_invoice" => {
            assert_eq!((&params["amount"], &params["expiry"]), (&json!(0), &json!(MONTH)));
            done(method, &json!({ "type": "incoming", "invoice": invoice }))
        }
        _ => failure(method, "NOT_IMPLEMENTED", ""),
    })
    .await;
    let made = wallet(&[&relay], PATIENCE).receive("rest", MONTH).await;
    assert_eq!(made.as_deref(), Ok(amountless().text()));
    assert_eq!(service.asked(), ["make_invoice"]);
}

#[tokio::test]
async fn what_cannot_or_may_not_make_an_invoice_says_so() {
    let server = Server::start(|_, _, _| Reply::Json(403, "{}".into())).await;
    let lnd = Lnd::new(place(&server, "grpc-metadata-macaroon"));
    assert_eq!(lnd.receive("rest", MONTH).await.unwrap_err().code, codes::WALLET_AUTH);
    let server = made_at("/prefix/v1/invoice", 201, json!({ "code": 900 })).await;
    let cln = CoreLightning::new(place(&server, "rune"));
    assert_eq!(cln.receive("rest", MONTH).await.unwrap_err().code, codes::WALLET_UNAVAILABLE);
    // LNbits has no invoice without an amount: it is not even asked.
    let server = Server::start(|_, _, _| Reply::Dropped).await;
    let lnbits = LnBits::new(place(&server, "x-api-key"));
    assert_eq!(lnbits.receive("rest", MONTH).await.unwrap_err().code, codes::WALLET_UNAVAILABLE);
    assert!(server.asked().is_empty());
}
