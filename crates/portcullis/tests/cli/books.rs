//! Books of money that were put back.

use crate::support::{ANYWHERE, Place};

const MONEY: &str = r#"
[payments]
origins = ["https://api.example.com"]

[payments.x402]
networks = ["eip155:84532"]
key = "${env:PAYER}"

[[payments.asset]]
id = "eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e"
symbol = "USDC"
decimals = 6
name = "USDC"
version = "2"

[[budget]]
name = "a day"
window = "24h"
limit = "1 USDC"
"#;
/// The key of an account that everybody knows.
const KEY: (&str, &str) =
    ("PAYER", "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

#[test]
fn a_ledger_that_is_older_than_the_log_is_refused_named_by_doctor_and_taken_up_by_an_operator() {
    let place = Place::new(&format!("{ANYWHERE}{MONEY}"));
    let run = |args: &[&str]| place.run_env(args, &[KEY]);
    let does = |args: &[&str]| {
        let ran = run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        ran.out
    };
    does(&["pause", "agent:ann"]);
    let file = place.path(".portcullis/ledger.db");
    let old = std::fs::read(&file).unwrap();
    does(&["pause", "agent:bob"]);
    does(&["ledger", "show"]);
    std::fs::write(&file, &old).unwrap();

    for args in [&["ledger", "show"][..], &["budget", "status"], &["serve"]] {
        let ran = run(args);
        assert_ne!(ran.code, 0, "{args:?}: {}", ran.out);
        assert!(
            ran.err.contains("ledger: the ledger: the file does not have event 2"),
            "{}",
            ran.err
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), old, "it is left as it is");
    let doctor = run(&["doctor", "--offline"]);
    assert!(doctor.code == 1 && doctor.out.contains("does not have event 2"), "{}", doctor.out);
    assert!(doctor.out.contains("portcullis ledger confirm-restored"), "{}", doctor.out);

    assert!(does(&["ledger", "confirm-restored"]).starts_with("confirmed: "));
    does(&["ledger", "show"]);
    does(&["resume", "agent:ann"]);
    assert!(!run(&["doctor", "--offline"]).out.contains("does not have event"));
    let log = does(&["audit", "export", "--format", "jsonl"]);
    assert!(log.contains("the ledger was confirmed as it is, with 1 events"), "{log}");
    // The file that was put back in the meantime is the wrong one now.
    std::fs::write(&file, &old).unwrap();
    assert_ne!(run(&["ledger", "show"]).code, 0);
}
