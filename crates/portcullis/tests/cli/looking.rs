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
    let expected = ["auth-none", "no-checkpoints-elsewhere", "pins-off", "secret-in-config"];
    assert_eq!(rules, [&expected[..], &["confinement"]].concat());
    assert_eq!(found[4]["level"], "info");
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
    let (confinement, rest) = ran.out.split_once('\n').unwrap();
    assert!(confinement.starts_with("· programs are confined by Landlock "), "{confinement}");
    assert_eq!((ran.code, rest), (0, "✓ nothing risky was found\n"), "{}", ran.err);
}

#[test]
fn doctor_tells_of_names_that_no_tool_has_and_of_no_others() {
    let silent = "[[source]]\nname = \"gone\"\nmcp = { command = [\"/nowhere\"] }\neffects = { x = \"read\" }\n";
    let place = Place::new(&format!(
        "[policy]\ndir = \"policies\"\n\
         rules = {{ \"notes__serch*\" = \"deny\", \"notes__search*\" = \"deny\", \"notes__*\" = \"deny\", \"gone__y\" = \"deny\" }}\n\
         {silent}{}",
        notes(
            "effects = { search_notes = \"read\", ad_note = \"write\", \"delete*\" = \"destructive\" }\nnames = { zzzzz = \"nothing\" }"
        )
    ));
    std::fs::create_dir(place.path("policies")).unwrap();
    place.write(
        "policies/p.cedar",
        "permit (principal, action, resource == Tool::\"notes__search_notes\");\n\
         forbid (principal, action, resource)\n\
         when { resource == Tool::\"notes__add_note\" || resource == Tool::\"notes__delete_al\" || resource == Tool::\"gone__z\" };\n",
    );
    let ran = place.run(&["doctor", "--json"]);
    let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let strays = found.iter().filter(|advice| advice["rule"] == "name-unmatched");
    let strays: Vec<&str> = strays.map(|advice| advice["what"].as_str().unwrap()).collect();
    let policies = place.path("policies").join("p.cedar");
    let expected = [
        format!("{}:2: `notes__delete_al` matches nothing that there is now: did you mean `notes__delete_all`?", policies.display()),
        "[policy.rules]: `notes__serch*` matches nothing that there is now".to_owned(),
        "`effects` of source `notes`: `ad_note` matches nothing that there is now: did you mean `add_note`?".to_owned(),
        "`names` of source `notes`: `zzzzz` matches nothing that there is now".to_owned(),
    ];
    assert_eq!(strays, expected, "{}", ran.out);
}

#[test]
fn rules_and_names_may_mean_prompts_and_effects_only_tools() {
    let upstream = super::upstream::Upstream::start();
    let source = upstream.source("k").replace("\"*\"", "greet");
    let place = Place::new(&format!(
        "[policy]\nrules = {{ \"shop__*\" = \"deny\", \"shop__ha*\" = \"deny\", \"shop__geret\" = \"deny\" }}\n\
         {source}names = {{ greet = \"shop__hail\" }}\n"
    ));
    let found: Vec<Value> = serde_json::from_str(&place.run(&["doctor", "--json"]).out).unwrap();
    let strays = found.iter().filter(|advice| advice["rule"] == "name-unmatched");
    let strays: Vec<&str> = strays.map(|advice| advice["what"].as_str().unwrap()).collect();
    let expected = [
        "[policy.rules]: `shop__geret` matches nothing that there is now",
        "`effects` of source `shop`: `greet` matches nothing that there is now",
    ];
    assert_eq!(strays, expected);
}

#[test]
fn check_shows_what_each_program_would_reach_and_doctor_what_would_not_start() {
    let program = |name: &str, confine: &str| {
        format!("[[source]]\nname = \"{name}\"\nmcp = {{ command = [\"cat\"] }}\n{confine}\n")
    };
    let place = Place::new(&format!(
        "{}{}{}{}[[source]]\nname = \"far\"\nmcp = {{ url = \"https://example.com/\" }}\n",
        program("docs", "confine = { read = [\"docs\"], network = true, memory = \"1 GiB\" }"),
        program("plain", ""),
        program("free", "confine = \"off\""),
        program("lost", "confine = { write = [\"none\"] }"),
    ));
    std::fs::create_dir(place.path("docs")).unwrap();
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let line = |name: &str| {
        let begin = format!("  {name}: ");
        ran.out.lines().find_map(|l| l.strip_prefix(&begin)).unwrap_or_default().to_owned()
    };
    let docs = place.path("docs").display().to_string();
    let said = line("docs");
    assert!(said.starts_with("confined: reads ") && said.contains(&docs), "{}", ran.out);
    assert!(said.contains("network yes; local sockets no; 1024 MiB of memory"), "{said}");
    let said = line("plain");
    assert!(said.contains("changes nothing; network no") && !said.contains(&docs), "{said}");
    assert!(line("free").starts_with("not confined"));
    assert!(line("lost").starts_with("would not start here: confine_path: "), "{}", line("lost"));
    assert_eq!(line("far"), "");
    let ran = place.run(&["doctor", "--offline", "--json"]);
    let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let level = |rule: &str, name: &str| {
        let named = |a: &&Value| a["rule"] == rule && a["what"].as_str().unwrap().contains(name);
        found.iter().find(named).map(|a| a["level"].as_str().unwrap().to_owned())
    };
    assert_eq!(level("confine-off", "`free`").as_deref(), Some("risk"), "{}", ran.out);
    assert_eq!(level("program-refused", "`lost`").as_deref(), Some("error"));
    assert_eq!(level("confinement", "Landlock").as_deref(), Some("info"));
    for confined in ["`docs`", "`plain`"] {
        assert!(
            !found
                .iter()
                .any(|a| a["what"].as_str().unwrap().contains(confined) && a["level"] == "error")
        );
    }
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
