use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;
use super::upstream::Upstream;

const KEY: &str = "[vault]\nkey = { key-file = \"vault.key\" }\n";

/// A folder with a vault; its recovery key.
fn made(configuration: &str) -> (Place, String) {
    let place = Place::new(&format!("{configuration}{KEY}"));
    let ran = place.run(&["vault", "init"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("never again"), "{}", ran.err);
    (place, ran.out.trim().to_owned())
}

fn set(place: &Place, name: &str, value: &str, args: &[&str]) {
    let ran = place.run_with(&[&["vault", "set", name], args].concat(), value);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

fn listed(place: &Place, more: &[&str]) -> Vec<Value> {
    let ran = place.run(&[&["vault", "list", "--json"], more].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_secret_is_set_listed_rotated_and_deleted_and_its_value_is_never_shown() {
    let (place, recovery) = made("");
    assert_eq!(recovery.split('-').count(), 8);
    set(
        &place,
        "shop/token",
        "s3cret-one\n",
        &["--host", "Api.Example.com", "--webhook", "github"],
    );
    set(&place, "tool", "s3cret-two", &["--program", "/bin/sh"]);
    let list = listed(&place, &[]);
    assert_eq!(list[0]["hosts"], json!(["api.example.com:443"]));
    assert_eq!((&list[0]["webhooks"], &list[0]["version"]), (&json!(["github"]), &json!(1)));
    let sh = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(list[1]["programs"], json!([sh.to_str().unwrap()]), "links followed");
    let ran = place.run_with(&["vault", "rotate", "shop/token"], "s3cret-three");
    assert!(ran.code == 0 && ran.out.contains("version 2"), "{}", ran.err);
    let table = place.run(&["vault", "list"]).out;
    assert!(table.contains("NAME") && table.contains("webhook github"), "{table}");
    assert!(!table.contains("s3cret") && !place.read(".portcullis/vault").contains("s3cret"));
    assert_eq!(place.run(&["vault", "delete", "tool"]).code, 0);
    assert_eq!(listed(&place, &[]).len(), 1);
    let notes: Vec<String> = records(&place).iter().map(|r| r["note"].to_string()).collect();
    for note in ["vault made", "shop/token set", "shop/token rotated", "tool deleted"] {
        assert!(notes.iter().any(|n| n.contains(note)), "{note}: {notes:?}");
    }
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let (place, _) = made("");
    set(&place, "a", "x", &["--webhook", "w"]);
    for (args, says) in [
        (&["set", "b"][..], "add `--host`"),
        (&["set", "B", "--host", "a.example"], "is no name of a secret"),
        (&["set", "b", "--host", "https://a.example"], "is no host"),
        (&["set", "b", "--program", "/no/such/program"], "cannot be found"),
        (&["rotate", "b"], "no secret `b`"),
        (&["delete", "b"], "no secret `b`"),
        (&["init"], "never overwritten"),
        (&["list", "--key-file", "other.key"], "there is no key file"),
    ] {
        let ran = place.run_with(&[&["vault"], args].concat(), "value");
        assert_eq!(ran.code, 1, "{args:?}");
        assert!(ran.err.contains(says), "{args:?}: {}", ran.err);
    }
    let empty = place.run_with(&["vault", "set", "b", "--webhook", "w"], "\n");
    assert!(empty.code == 1 && empty.err.contains("1 to 65536 bytes"), "{}", empty.err);
    let nowhere = Place::new(KEY).run(&["vault", "list"]);
    assert!(nowhere.err.contains("portcullis vault init"), "{}", nowhere.err);
    assert_eq!(listed(&place, &[]).len(), 1);
}

#[test]
fn a_lost_key_is_replaced_with_the_recovery_key_and_a_new_one_is_shown() {
    let (place, recovery) = made("");
    set(&place, "a", "x", &["--webhook", "w"]);
    let ran =
        place.run_with(&["vault", "recover", "--key-file", "new.key"], &recovery.to_uppercase());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_ne!(ran.out.trim(), recovery);
    assert!(place.run(&["vault", "list"]).err.contains("not the key of the vault"));
    assert_eq!(listed(&place, &["--key-file", "new.key"]).len(), 1);
    let again = place.run_with(&["vault", "recover", "--key-file", "third.key"], &recovery);
    assert!(again.code == 1 && again.err.contains("not the key"), "{}", again.err);
    let slip = place.run_with(&["vault", "recover", "--key-file", "third.key"], &recovery[1..]);
    assert!(slip.err.contains("no recovery key"), "{}", slip.err);
    let rekeyed = place.run(&["vault", "rekey", "--key-file", "new.key"]);
    assert!(rekeyed.code == 0 && rekeyed.out.trim() != ran.out.trim(), "{}", rekeyed.err);
}

#[test]
fn a_passphrase_of_the_environment_is_judged_before_it_closes_a_vault() {
    let run = |place: &Place, passphrase: &str, args: &[&str]| {
        let output = Command::new(binary())
            .args(args)
            .current_dir(place.path(""))
            .env("VAULT_PASSPHRASE", passphrase)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let place = Place::new("[vault]\nkey = { passphrase-env = \"VAULT_PASSPHRASE\" }\n");
    // b-vault-01, b-vault-02
    for weak in ["aB3$xY7!qZ", "passwordpassword1234"] {
        let (code, said) = run(&place, weak, &["vault", "init"]);
        assert!(code == Some(1) && said.contains("too weak") && !said.contains(weak), "{said}");
    }
    assert!(!place.path(".portcullis/vault").exists());
    // b-vault-03
    let right = "orbit velvet canyon thimble";
    assert_eq!(run(&place, right, &["vault", "init"]).0, Some(0));
    assert_eq!(run(&place, right, &["vault", "list"]).0, Some(0));
    assert!(run(&place, "orbit velvet canyon", &["vault", "list"]).1.contains("not the key"));
}

#[test]
fn a_gate_sends_a_secret_where_it_is_bound_to_and_the_rotated_one_from_the_next_call_on() {
    let upstream = Upstream::start();
    let (place, _) = made(&format!("{ANYWHERE}{}", upstream.source("Key ${vault:shop}")));
    let host = format!("127.0.0.1:{}", upstream.port);
    set(&place, "shop", "one", &["--host", &host]);
    let key = key(&place, "alice");
    let gate = place.serve();
    assert_eq!(gate.call(&key, "shop__look", &json!({}))["result"]["content"][0]["text"], "here");
    assert_eq!(place.run_with(&["vault", "rotate", "shop"], "two").code, 0);
    gate.call(&key, "shop__look", &json!({}));
    assert_eq!(upstream.keys().first().map(String::as_str), Some("Key one"));
    assert_eq!(upstream.keys().last().map(String::as_str), Some("Key two"));
    // b-vault-05: gone, or bound to another place.
    let before = upstream.keys().len();
    set(&place, "shop", "three", &["--host", "api.example.com"]);
    gate.call(&key, "shop__look", &json!({}));
    assert_eq!(place.run(&["vault", "delete", "shop"]).code, 0);
    let refused = gate.call(&key, "shop__look", &json!({}));
    assert!(!refused.to_string().contains("three"), "{refused}");
    assert_eq!(upstream.keys().len(), before, "nothing was sent");
    gate.end();
    let refused = records(&place).iter().filter(|r| r["code"] == "secret_unavailable").count();
    assert_eq!(refused, 2);
}

#[test]
fn a_gate_without_the_key_gets_its_secrets_from_the_daemon() {
    let upstream = Upstream::start();
    let place = Place::new(&format!(
        "{ANYWHERE}{}[vault]\nkey = {{ daemon = \"run/vault.sock\" }}\n",
        upstream.source("vault:shop")
    ));
    let with_key = ["--key-file", "vault.key"];
    assert_eq!(place.run(&[&["vault", "init"][..], &with_key].concat()).code, 0);
    let host = format!("127.0.0.1:{}", upstream.port);
    set(&place, "shop", "one", &["--host", &host, "--key-file", "vault.key"]);
    let key = key(&place, "alice");
    let mut daemon = Command::new(binary())
        .args(["vault", "serve", "--socket", "run/vault.sock", "--key-file", "vault.key"])
        .current_dir(place.path(""))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..100 {
        if place.path("run/vault.sock").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let gate = place.serve();
    assert_eq!(gate.call(&key, "shop__look", &json!({}))["result"]["content"][0]["text"], "here");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let before = upstream.keys().len();
    gate.call(&key, "shop__look", &json!({}));
    assert_eq!(upstream.keys().len(), before, "no daemon, no secret, no request");
    gate.end();
    assert!(records(&place).iter().any(|r| r["code"] == "secret_unavailable"));
}

#[test]
fn doctor_says_which_secrets_are_missing_and_how_to_set_them() {
    let upstream = Upstream::start();
    let (place, _) = made(&format!("{ANYWHERE}{}", upstream.source("vault:shop")));
    let rules = |place: &Place| -> Vec<Value> {
        serde_json::from_str(&place.run(&["doctor", "--offline", "--json"]).out).unwrap()
    };
    let find = |all: &[Value], rule: &str| all.iter().find(|a| a["rule"] == rule).cloned();
    let missing = find(&rules(&place), "secret-missing").unwrap();
    assert!(missing["fix"].as_str().unwrap().contains("portcullis vault set shop"), "{missing}");
    set(&place, "shop", "x", &["--webhook", "w"]);
    assert_eq!(find(&rules(&place), "secret-missing"), None);
    std::fs::write(place.path(".portcullis/vault"), "rubbish").unwrap();
    assert!(find(&rules(&place), "vault_version").is_some());
    let text = place.read("portcullis.toml").replace(KEY, "");
    place.write("portcullis.toml", &text);
    assert!(find(&rules(&place), "vault-key").is_some());
}
