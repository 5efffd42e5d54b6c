use model::money::{MoneyRule, Rail};

use crate::encode_standard;
use crate::*;

const BASE: &str = r#"{"x402Version":2,"error":"payment required","resource":{"url":"https://api.example.com/weather"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}}]}"#;

fn demand(headers: &[(&str, &str)], body: &str) -> Demand {
    let fields: Vec<Field<'_>> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
    answer(402, &fields, body.as_bytes())
}

fn offers(headers: &[(&str, &str)], body: &str) -> Vec<Offer> {
    match demand(headers, body) {
        Demand::Offers(offers) => offers,
        other => panic!("{other:?}"),
    }
}

fn broken(headers: &[(&str, &str)], body: &str) -> MoneyRule {
    match offers(headers, body).as_slice() {
        [Offer::Broken(_, flaw)] => flaw.rule,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_402_is_an_offer() {
    // RLS-05
    let header = encode_standard(BASE.as_bytes());
    let fields = [("PAYMENT-REQUIRED", header.as_bytes())];
    for status in [200, 401, 403, 500] {
        assert!(matches!(answer(status, &fields, BASE.as_bytes()), Demand::None));
    }
    assert!(matches!(answer(402, &fields, b""), Demand::Offers(_)));
}

#[test]
fn two_headers_that_differ_are_ambiguous_and_two_that_agree_are_one() {
    // PRS-07
    let one = encode_standard(BASE.as_bytes());
    let other = encode_standard(BASE.replace("10000", "20000").as_bytes());
    assert_eq!(
        broken(&[("payment-required", &one), ("PAYMENT-REQUIRED", &other)], ""),
        MoneyRule::Ambiguous
    );
    assert_eq!(offers(&[("payment-required", &one), ("PAYMENT-REQUIRED", &one)], "").len(), 1);
    assert_eq!(broken(&[("X-Cashu", "creqAa"), ("x-cashu", "creqAb")], ""), MoneyRule::Ambiguous);
}

#[test]
fn the_header_beats_the_body() {
    let header = encode_standard(BASE.as_bytes());
    let offers = offers(&[("PAYMENT-REQUIRED", &header)], r#"{"x402Version":1,"accepts":[]}"#);
    assert!(matches!(&offers[..], [Offer::X402(offer)] if offer.version == x402::Version::V2));
}

#[test]
fn a_version_is_spoken_where_it_belongs() {
    assert_eq!(broken(&[], BASE), MoneyRule::Version);
    let v1 = encode_standard(br#"{"x402Version":1,"accepts":[{}]}"#);
    assert_eq!(broken(&[("PAYMENT-REQUIRED", &v1)], ""), MoneyRule::Version);
}

#[test]
fn rails_stand_side_by_side_and_a_broken_one_spoils_none() {
    // RLS-02
    let all = offers(
        &[
            ("X-LNURLcash", "lnurlcashreq1eyJ"),
            (
                "WWW-Authenticate",
                r#"L402 token="a", invoice="lnbc1", Payment id="a", realm="r", method="m", intent="i", request="@@""#,
            ),
            ("PAYMENT-REQUIRED", "@@"),
            ("X-Cashu", "creqAo2"),
        ],
        "",
    );
    let rails: Vec<_> = all.iter().map(Offer::rail).collect();
    assert_eq!(
        rails,
        [Some(Rail::X402), Some(Rail::L402), Some(Rail::Mpp), Some(Rail::Cashu), None]
    );
    assert!(matches!(all[0], Offer::Broken(..)) && matches!(all[1], Offer::L402(_)));
    assert!(
        matches!(&all[2], Offer::Broken(Rail::Mpp, flaw) if flaw.rule == MoneyRule::BadChallenge)
    );
}

#[test]
fn lines_of_challenges_are_read_together() {
    // L4C-06 and two names for one challenge
    let line = r#"L402 version="0", token="a", invoice="lnbc1""#;
    assert!(matches!(
        &offers(&[("WWW-Authenticate", "Bearer realm=\"x\""), ("www-authenticate", line)], "")[..],
        [Offer::L402(_)]
    ));
    let both =
        [("WWW-Authenticate", r#"LSAT macaroon="a", invoice="lnbc1""#), ("WWW-Authenticate", line)];
    assert!(matches!(&offers(&both, "")[..], [Offer::L402(c)] if c.scheme == l402::Scheme::L402));
    let differ =
        [("WWW-Authenticate", r#"LSAT macaroon="b", invoice="lnbc1""#), ("WWW-Authenticate", line)];
    assert_eq!(broken(&differ, ""), MoneyRule::Ambiguous);
    assert_eq!(
        broken(&[("WWW-Authenticate", "L402 token=\"mac\r\nX-Evil: 1\"")], ""),
        MoneyRule::HeaderInjection
    );
}

#[test]
fn an_unknown_dialect_is_no_acceptable_offer_and_a_plain_402_is_handed_on() {
    // RLS-04
    let private = demand(&[("X-Payment-Required", "x402")], r#"{"pay":"me"}"#);
    assert!(
        matches!(private, Demand::Unreadable(flaw) if flaw.rule == MoneyRule::NoAcceptableOffer)
    );
    assert!(matches!(demand(&[("WWW-Authenticate", "Tab x=1")], ""), Demand::Unreadable(_)));
    assert!(matches!(demand(&[("WWW-Authenticate", "Bearer")], "<html>pay</html>"), Demand::None));
    assert!(matches!(demand(&[], r#"{"error":"no credit"}"#), Demand::None));
}

#[test]
fn an_offer_of_no_way_to_pay_is_one_only_where_a_sign_in_is_asked_for() {
    let offer = |extensions: &str| {
        let text = format!(
            r#"{{"x402Version":2,"resource":{{"url":"https://api.example.com/"}},"accepts":[],"extensions":{extensions}}}"#
        );
        encode_standard(text.as_bytes())
    };
    let asked = offer(r#"{"sign-in-with-x":{"info":{}}}"#);
    let all = offers(&[("PAYMENT-REQUIRED", &asked)], "");
    assert!(matches!(&all[..], [Offer::X402(offer)] if offer.entries.is_empty()));
    let nothing = offer(r#"{"bazaar":{}}"#);
    assert_eq!(broken(&[("PAYMENT-REQUIRED", &nothing)], ""), MoneyRule::BadJson);
}
