use serde_json::json;

use super::support::*;

fn place(more: &str) -> Place {
    Place::new(&format!(
        "{ANYWHERE}{}{more}",
        notes("effects = { search_notes = \"read\", add_note = \"write\" }")
    ))
}

#[test]
fn a_call_goes_through_and_a_refused_one_names_the_line_that_would_allow_it() {
    let place = place("");
    let key = key(&place, "alice");
    let gate = place.serve();
    let found = gate.call(&key, "notes__search_notes", &json!({ "word": "x" }));
    assert_eq!(found["result"]["content"][0]["text"], "0 found: ");
    let denied = gate.call(&key, "notes__add_note", &json!({ "text": "x" }));
    let allow = denied["error"]["data"]["allow"].as_str().unwrap_or_default();
    assert!(allow.starts_with("permit (principal == Principal::\"alice\""), "{denied}");
    assert_eq!(gate.end(), 0);
    let kinds: Vec<_> =
        records(&place).iter().map(|r| r["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds.first().map(String::as_str), Some("admin"));
    assert_eq!(kinds.last().map(String::as_str), Some("stop"));
    assert_eq!(kinds.iter().filter(|k| *k == "call").count(), 2);
    assert_eq!(place.run(&["audit", "verify"]).code, 0);
}

// v-audit-07, v-audit-08
#[test]
fn three_unauthenticated_requests_make_three_records_and_the_metric_is_three() {
    let place = place("");
    let gate = place.serve();
    for _ in 0..3 {
        assert_eq!(gate.ask("", "tools/list", json!({})).status, 401);
    }
    let metrics = gate.admin("/metrics").body;
    assert!(metrics.contains("portcullis_auth_failures_total 3\n"), "{metrics}");
    gate.end();
    let failed: Vec<_> =
        records(&place).into_iter().filter(|r| r["code"] == "unauthenticated").collect();
    assert_eq!(failed.len(), 3);
}

// g-audit-22, g-audit-23, g-audit-24
#[test]
fn the_public_listener_says_that_it_lives_and_nothing_else() {
    let place = place("");
    let gate = place.serve();
    assert_eq!(gate.get("/debug/pprof/heap").status, 404);
    assert_eq!(gate.get("/metrics").status, 404);
    let health = gate.get("/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "{\"status\":\"ok\"}"));
    assert_eq!(gate.admin("/readyz").status, 200);
    assert_eq!(gate.admin("/debug/pprof/heap").status, 404);
    for answer in [gate.get("/metrics"), gate.admin("/nothing"), gate.admin("/healthz")] {
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
    }
}

// g-policy-26, g-policy-28, g-policy-30
#[test]
fn a_bad_configuration_leaves_the_last_good_one_running_and_says_so_with_the_line() {
    let place = place("");
    let good = place.read("portcullis.toml");
    let key = key(&place, "alice");
    let gate = place.serve();
    let open = good.replace("127.0.0.1:0\"\n[admin]", "0.0.0.0:0\"\nauth = \"none\"\n[admin]");
    for (bad, says) in [
        (format!("{good}[policy\n"), "portcullis.toml:"),
        (good[..good.len() - 12].to_owned(), "portcullis.toml:"),
        (open, "lets others call without proving who they are"),
        (format!("{good}[policy]\nfail-mode = \"open\"\n"), "unknown key `fail-mode`"),
    ] {
        place.write("portcullis.toml", &bad);
        let before = place.log().len();
        gate.signal("-HUP");
        for _ in 0..100 {
            if place.log()[before..].contains("not reloaded") {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let said = place.log()[before..].to_owned();
        assert!(said.contains("the last good one stays") && said.contains(says), "{said}");
        assert_eq!(gate.tools(&key), ["notes__search_notes"]);
    }
}

#[test]
fn a_good_reload_puts_other_policies_in_force_without_a_restart() {
    let place = place("");
    let good = place.read("portcullis.toml");
    let key = key(&place, "alice");
    let gate = place.serve();
    assert_eq!(gate.tools(&key), ["notes__search_notes"]);
    place.write("portcullis.toml", &format!("{good}[policy]\nrules = {{ \"notes__add_note\" = \"allow\" }}\n[limits]\nconcurrency = 5\n"));
    gate.signal("-HUP");
    place.until_log("changes in [limits] need a restart");
    assert_eq!(gate.tools(&key), ["notes__add_note", "notes__search_notes"]);
}

// g-policy-29
#[test]
fn a_configuration_that_others_may_write_is_not_reloaded() {
    let place = place("");
    let gate = place.serve();
    let theirs = place.path("theirs.toml");
    std::fs::write(&theirs, place.read("portcullis.toml")).unwrap();
    mode(&theirs, 0o666);
    std::fs::remove_file(place.path("portcullis.toml")).unwrap();
    std::os::unix::fs::symlink(&theirs, place.path("portcullis.toml")).unwrap();
    gate.signal("-HUP");
    place.until_log("has mode 0666, so others can write it");
    assert_eq!(gate.admin("/readyz").status, 200);
}

#[test]
fn an_accepted_effect_reaches_the_running_gate() {
    let place = Place::new(&format!("{ANYWHERE}{}", notes("")));
    let key = key(&place, "alice");
    let gate = place.serve();
    assert!(gate.tools(&key).is_empty(), "without an effect a tool counts as destructive");
    let ran = place.run(&["pins", "accept", "--all", "--effect", "proposed"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("effect read of search_notes accepted by ada"), "{}", ran.out);
    place.until_log("search_notes");
    assert_eq!(gate.tools(&key), ["notes__search_notes"]);
}
