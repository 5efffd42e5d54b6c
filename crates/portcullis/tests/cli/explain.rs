use serde_json::Value;

use super::support::*;

/// The request of a charge of 0.01 USDC on Base Sepolia.
const CHARGE: &str = "eyJhbW91bnQiOiIxMDAwMCIsImN1cnJlbmN5IjoiMHgwMzZDYkQ1Mzg0MmM1NDI2NjM0ZTc5Mjk1NDFlQzIzMThmM2RDRjdlIiwibWV0aG9kRGV0YWlscyI6eyJjaGFpbklkIjo4NDUzMiwiY3JlZGVudGlhbFR5cGVzIjpbImF1dGhvcml6YXRpb24iXSwiZGVjaW1hbHMiOjZ9LCJyZWNpcGllbnQiOiIweDIwOTY5M0JjNmFmYzBDNTMyOGJBMzZGYUYwM0M1MTRFRjMxMjI4N0MifQ";

fn place() -> Place {
    Place::new(&format!(
        "{}[policy]\nrules = {{ \"notes__delete_all\" = \"deny\", \"notes__add_note\" = \"ask\" }}\n",
        notes("effects = { search_notes = \"read\" }")
    ))
}

// b-policy-11
#[test]
fn a_batch_gives_one_verdict_a_line() {
    let cases = [
        r#"{"id":"a","principal":"alice","tool":"notes__search_notes","arguments":{"word":"x"}}"#,
        r#"{"id":"b","principal":"alice","tool":"notes__delete_all"}"#,
        r#"{"id":"c","principal":"alice","tool":"notes__add_note","arguments":{"text":"x"}}"#,
        r#"{"id":"d","principal":"alice","tool":"notes__nothing"}"#,
        r#"{"id":"e","principal":"alice","tool":"notes__search_notes","arguments":{"word":1}}"#,
        r#"{"id":"f","tool":"notes__search_notes","scopes":["tool:other__*"],"arguments":{"word":"x"}}"#,
    ];
    let ran = place().run_with(&["explain", "call", "--batch"], &cases.join("\n"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let said: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let verdicts: Vec<_> = said.iter().map(|v| v["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["allow", "deny", "ask", "deny", "deny", "deny"], "{}", ran.out);
    assert_eq!(said[1]["rule"], "level:notes__delete_all");
    assert_eq!(said[4]["rule"], "check");
    assert_eq!(said[0]["id"], "a");
    let bad = place().run_with(&["explain", "call", "--batch"], "{\"tol\":1}\n");
    assert!(bad.code == 1 && bad.out.contains("load-error"), "{}", bad.out);
}

#[test]
fn one_call_is_explained_stage_by_stage_and_nothing_is_kept() {
    let place = place();
    let ran = place.run(&[
        "explain",
        "call",
        "--principal",
        "alice",
        "--tool",
        "notes__add_note",
        "--args",
        "{\"text\":\"x\"}",
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("identify → open → limit → look up → [decide]"), "{}", ran.out);
    assert!(ran.out.contains("to allow: permit (principal == Principal::\"alice\""), "{}", ran.out);
    let left: Vec<_> = std::fs::read_dir(place.path(".portcullis"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().starts_with(".look")), "{left:?}");
    assert!(place.run(&["pins", "list", "--json"]).out.trim() == "[]", "looking pins nothing");
}

#[test]
fn policies_are_checked_tested_and_questioned_without_any_source() {
    let place = place();
    assert_eq!(place.run(&["policy", "check"]).code, 0);
    place.write("cases", "{\"principal\":\"a\",\"source\":\"notes\",\"name\":\"notes__delete_all\",\"expect\":\"deny\"}\n");
    let ran = place.run(&["policy", "test", "cases"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1 passed, 0 failed\n"));
    place.write("cases", "{\"principal\":\"a\",\"source\":\"notes\",\"name\":\"notes__delete_all\",\"expect\":\"allow\"}\n");
    assert_eq!(place.run(&["policy", "test", "cases"]).code, 1);
    let ran = place.run(&[
        "policy",
        "explain",
        "--principal",
        "a",
        "--source",
        "notes",
        "--tool",
        "notes__x",
        "--effect",
        "read",
    ]);
    assert!(ran.code == 0 && ran.out.starts_with("verdict: allow"), "{}", ran.out);
}

/// A wallet for invoices, and chains of which the gate knows; a key for them where one is given.
fn payments(key: &str) -> Place {
    Place::new(&format!(
        r#"{ANYWHERE}
[payments]
origins = ["https://api.example.com"]
rails = ["mpp"]

[payments.lightning]
wallet = {{ lnbits = {{ url = "https://lnbits.example", key = "vault:lnbits" }} }}

[payments.x402]
networks = ["eip155:84532"]
{key}

[[payments.asset]]
id = "eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e"
symbol = "USDC"
decimals = 6
name = "USDC"
version = "2"

[[payments.pin]]
origin = "https://api.example.com"
tool = "pay__paid_fetch"
payee = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
price = "0.01 USDC"

[[budget]]
name = "a day"
window = "24h"
limit = "1 USDC"
"#
    ))
}

#[test]
fn a_charge_of_the_payment_scheme_is_explained_and_needs_a_key_that_signs() {
    let explained = |key: &str, method: &str, more: &str| {
        let place = payments(key);
        let challenge = format!(
            "HTTP/1.1 402 Payment Required\r\nWWW-Authenticate: Payment id=\"a\", realm=\"api.example.com\", \
             method=\"{method}\", intent=\"charge\", request=\"{CHARGE}\"{more}\r\n\r\n"
        );
        place.write("challenge", &challenge);
        let url = "https://api.example.com/weather";
        let tool = ["--tool", "pay__paid_fetch", "--challenge", "challenge", "--json"];
        let ran = place.run(&[&["explain", "payment", "--url", url][..], &tool].concat());
        let said: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        (said["verdict"].as_str().unwrap().to_owned(), said)
    };
    let key = "key = \"vault:wallet\"";
    let (verdict, said) = explained(key, "evm", "");
    assert_eq!(verdict, "allow", "{said}");
    let facts = &said["facts"];
    assert_eq!((&facts["rail"], &facts["scheme"]), (&"mpp".into(), &"exact/eip3009".into()));
    assert_eq!((&facts["booked"], &facts["network"]), (&"10000".into(), &"eip155:84532".into()));
    for (key, method, more, rule) in [
        ("", "evm", "", "scheme"),
        ("key = \"vault:wallet\"\nschemes = [\"upto\"]", "evm", "", "scheme"),
        (key, "tempo", "", "no_acceptable_offer"),
        (key, "evm", ", expires=\"2025-02-27T16:06:40Z\"", "challenge_expired"),
    ] {
        let (verdict, said) = explained(key, method, more);
        assert_eq!((verdict.as_str(), &said["rule"]), ("deny", &rule.into()), "{said}");
    }
}
