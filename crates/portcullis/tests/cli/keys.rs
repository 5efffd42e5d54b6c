use serde_json::Value;

use super::support::*;

#[test]
fn a_key_is_shown_once_listed_rotated_and_revoked() {
    let place = Place::new("");
    let made =
        place.run(&["keys", "create", "alice", "--scope", "tool:notes__*", "--expires", "90d"]);
    let key = made.out.trim();
    assert!(made.code == 0 && key.starts_with("pc_") && key.len() == 59, "{}", made.err);
    let list = |place: &Place| -> Vec<Value> {
        serde_json::from_str(&place.run(&["keys", "list", "--json"]).out).unwrap()
    };
    let first = &list(&place)[0];
    let id = first["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (first["principal"].as_str(), first["scopes"][0].as_str()),
        (Some("alice"), Some("tool:notes__*"))
    );
    assert!(!place.run(&["keys", "list"]).out.contains(&key[16..]));
    let rotated = place.run(&["keys", "rotate", &id, "--overlap", "1h"]);
    assert!(rotated.code == 0 && rotated.err.contains("stays good until"), "{}", rotated.err);
    assert_eq!(list(&place)[0]["replaced_by"], list(&place)[1]["id"]);
    assert_eq!(place.run(&["keys", "revoke", &id]).code, 0);
    assert_eq!(list(&place)[0]["state"], "revoked");
    let notes: Vec<String> = records(&place).iter().map(|r| r["note"].to_string()).collect();
    assert!(
        notes.iter().any(|n| n.contains("made")) && notes.iter().any(|n| n.contains("revoked"))
    );
    assert_eq!(place.run(&["keys", "revoke", "nothing"]).code, 1);
    assert_eq!(place.run(&["keys", "create"]).code, 2, "a wrong command line");
}

#[test]
fn a_running_gate_takes_up_a_new_key_and_drops_a_revoked_one_and_records_both() {
    let place =
        Place::new(&format!("{ANYWHERE}{}", notes("effects = { search_notes = \"read\" }")));
    let gate = place.serve();
    place.until_log("there is no API key");
    let key = key(&place, "alice");
    place.until_log("of alice made");
    assert_eq!(gate.tools(&key), ["notes__search_notes"]);
    let id = &key[3..15];
    assert_eq!(place.run(&["keys", "revoke", id]).code, 0);
    place.until_log("of alice revoked");
    assert_eq!(gate.ask(&key, "tools/list", serde_json::json!({})).status, 401);
    assert!(!place.log().contains(&key[16..]), "no key in the log");
    gate.end();
    let admin = records(&place).into_iter().filter(|r| r["kind"] == "admin").count();
    assert_eq!(admin, 2);
}
