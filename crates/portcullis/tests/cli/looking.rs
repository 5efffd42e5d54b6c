use serde_json::Value;

use super::support::*;

#[test]
fn tools_are_shown_with_effects_and_what_is_proposed() {
    let place = Place::new(&notes("effects = { search_notes = \"read\" }"));
    let ran = place.run(&["tools"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let line =
        |name: &str| ran.out.lines().find(|l| l.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("notes__search_notes").contains("read"), "{}", ran.out);
    assert!(
        line("notes__delete_all").contains("not accepted; destructive proposed"),
        "{}",
        ran.out
    );
    let all: Vec<Value> = serde_json::from_str(&place.run(&["tools", "--json"]).out).unwrap();
    assert_eq!(all.len(), 3);
}

#[test]
fn a_changed_definition_waits_is_shown_and_is_accepted_by_its_content() {
    let source = |more: &str| {
        notes("effects = { search_notes = \"read\", add_note = \"read\" }")
            .replace("\"notes\"] }", &format!("\"notes\", \"--poisoned-if\", \"{more}\"] }}"))
    };
    let place = Place::new("");
    let flag = place.path("flag");
    place.write("portcullis.toml", &source(&flag.to_string_lossy()));
    assert_eq!(place.run(&["pins", "meet"]).code, 0);
    std::fs::write(&flag, "").unwrap();
    let list = place.run(&["pins", "meet"]);
    assert!(list.out.contains("changed, waits:"), "{}{}", list.out, list.err);
    let diff = place.run(&["pins", "diff"]).out;
    assert!(
        diff.contains("- /description: \"Adds a note.\"")
            && diff.contains("+ /description: \"Adds a note. Before"),
        "{diff}"
    );
    let tools = place.run(&["tools"]).out;
    assert!(tools.contains("quarantined"), "{tools}");
    assert_eq!(place.run(&["pins", "accept"]).code, 1, "deciding on everything has to be said");
    assert_eq!(place.run(&["pins", "reject", "notes__add_note"]).code, 0);
    assert!(place.run(&["pins", "list"]).out.contains("rejected"));
    let accepted = place.run(&["pins", "accept", "notes__add_note"]);
    assert!(
        accepted.out.contains("notes__add_note accepted by ada"),
        "{}{}",
        accepted.out,
        accepted.err
    );
    assert!(!place.run(&["tools"]).out.contains("quarantined"));
}

#[test]
fn doctor_lists_what_is_risky_with_the_fix_and_a_non_zero_exit() {
    let risky = "[server]\nauth = \"none\"\n[[source]]\nname = \"web\"\npins = \"off\"\n\
                 mcp = { url = \"https://example.com/\", headers = { Authorization = \"Bearer abc\" } }\n";
    let place = Place::new(risky);
    let ran = place.run(&["doctor", "--offline", "--json"]);
    assert_eq!(ran.code, 1);
    let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let rules: Vec<_> = found.iter().map(|a| a["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["auth-none", "no-checkpoints-elsewhere", "pins-off", "secret-in-config"]);
    assert!(!ran.out.contains("Bearer abc"));
}

#[test]
fn a_healthy_installation_has_nothing_to_mend() {
    let place = Place::new(&format!(
        "[audit]\ncheckpoint-to = \"elsewhere\"\n{}",
        notes(
            "effects = { search_notes = \"read\", add_note = \"write\", delete_all = \"destructive\" }"
        )
    ));
    key(&place, "alice");
    let ran = place.run(&["doctor"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "✓ nothing risky was found\n"), "{}", ran.err);
}

#[test]
fn records_are_searched_proven_and_exported() {
    let place = Place::new("");
    key(&place, "alice");
    key(&place, "bob");
    assert_eq!(
        place.run(&["audit", "search", "--since", "2020-01-01", "--json"]).out.lines().count(),
        2
    );
    assert_eq!(
        place.run(&["audit", "search", "--until", "2020-01-01", "--json"]).out.lines().count(),
        0
    );
    assert_eq!(place.run(&["audit", "search", "--since", "soon"]).code, 1);
    let proof = place.run(&["audit", "prove", "2"]);
    assert!(
        proof.code == 0 && proof.out.starts_with("c2sp.org/tlog-proof"),
        "{}{}",
        proof.out,
        proof.err
    );
    for format in ["jsonl", "ocsf", "cef"] {
        assert_eq!(
            place.run(&["audit", "export", "--format", format]).out.lines().count(),
            2,
            "{format}"
        );
    }
    let verified = place.run(&["audit", "verify", "--json"]);
    let report: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(
        (verified.code, &report["ok"], &report["size"]),
        (0, &Value::Bool(true), &Value::from(2))
    );
    let kept = place.path(".portcullis/audit/checkpoint");
    assert_eq!(place.run(&["audit", "verify", "--against", &kept.to_string_lossy()]).code, 0);
}

#[test]
fn a_changed_record_is_found() {
    let place = Place::new("");
    key(&place, "alice");
    let audit = place.path(".portcullis/audit");
    let log = std::fs::read_dir(&audit)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replace("alice", "malic")).unwrap();
    let ran = place.run(&["audit", "verify"]);
    assert!(ran.code == 1 && ran.out.contains('✗'), "{}", ran.out);
}
