use serde_json::{Map, Value, json};

use super::support::*;

/// The rows about targets, as the room that judges them keeps them.
const ROWS: &str = include_str!("../../../egress/tests/ssrf.tsv");

/// A row as one line of a batch.
fn line(row: &str) -> (String, String, bool) {
    let parts: Vec<_> = row.split('\t').collect();
    let mut case = Map::from_iter([("id".to_owned(), json!(parts[0]))]);
    for part in parts[2].split(" | ") {
        let (key, value) = part.split_once('=').unwrap();
        case.insert(key.to_owned(), json!(value.replace("\\\\", "\\")));
    }
    (parts[0].to_owned(), Value::Object(case).to_string(), parts[3] == "allow")
}

// b-ssrf-01 to b-ssrf-63
#[test]
fn every_row_about_targets_has_its_verdict_in_a_batch() {
    let rows: Vec<_> = ROWS.lines().map(line).collect();
    let input: Vec<_> = rows.iter().map(|(_, line, _)| line.as_str()).collect();
    let ran = Place::new("").run_with(&["explain", "url", "--batch", "--json"], &input.join("\n"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let said: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((said.len(), rows.len()), (63, 63));
    for ((id, line, allowed), said) in rows.iter().zip(&said) {
        assert_eq!(said["id"], json!(id));
        assert_eq!(said["verdict"], if *allowed { "allow" } else { "deny" }, "{line}: {said}");
        assert!(said["rule"].as_str().is_some_and(|rule| !rule.is_empty()), "{said}");
        assert!(said["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{said}");
    }
}

#[test]
fn one_url_is_explained_with_its_addresses_and_nothing_is_dialled() {
    let place = Place::new(&format!("{}private = [\"box.example:9000\"]\n", notes("")));
    let ask = |args: &[&str]| {
        let ran = place.run(&[&["explain", "url", "--json"], args].concat());
        let said: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        (ran.code, said)
    };
    let mixed = "--resolve=api.example.com=10.0.0.5,93.184.215.14";
    let (code, said) = ask(&["https://api.example.com/", mixed]);
    assert_eq!((code, &said["verdict"]), (0, &json!("allow")));
    assert_eq!(
        said["addresses"][0],
        json!({ "address": "10.0.0.5", "class": "private", "dialled": false })
    );
    assert_eq!(said["addresses"][1]["dialled"], true);
    let (code, said) = ask(&["https://api.example.com/", "--resolve", "api.example.com=10.0.0.5"]);
    assert_eq!((code, &said["rule"]), (1, &json!("address_refused")));
    let boxed = ["http://box.example:9000/", "--resolve", "box.example=10.0.0.5"];
    assert_eq!(ask(&boxed).0, 1);
    let (code, said) = ask(&[&boxed[..], &["--source", "notes"]].concat());
    assert_eq!((code, &said["rule"]), (0, &json!("named_target")));
    let ran = place.run(&["explain", "url", "http://0x7f.1/"]);
    assert!(ran.code == 1 && ran.out.contains("host_spelling_refused"), "{}", ran.out);
}

// b-redirect-01, b-redirect-04
#[test]
fn redirects_are_judged_hop_by_hop_where_they_are_followed() {
    let cases = [
        r#"{"id":1,"url":"https://api.example.com/a","dns":"A 93.184.215.14","hosts":"api.example.com","follow":"on","location":"https://other.example/b"}"#,
        r#"{"id":2,"url":"https://api.example.com/a","dns":"A 93.184.215.14","follow":"on","location":["/1","/2","/3","/4","/5","/6"]}"#,
        r#"{"id":3,"url":"https://api.example.com/a","dns":"A 93.184.215.14","location":"/b"}"#,
        r#"{"id":4,"url":"https://api.example.com/a","dns":"A 93.184.215.14","follow":"on","location":"/b"}"#,
    ];
    let ran = Place::new("").run_with(&["explain", "url", "--batch"], &cases.join("\n"));
    let said: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let rules: Vec<_> = said.iter().map(|s| s["rule"].as_str().unwrap()).collect();
    assert_eq!(
        rules,
        ["redirect_target_refused", "redirect_limit", "redirect_refused", "public_address"]
    );
}

#[test]
fn a_case_that_cannot_be_read_is_a_load_error_and_the_next_is_still_judged() {
    let cases = "{\"id\":1,\"ulr\":\"x\"}\n{\"id\":2,\"url\":\"http://10.0.0.1/\",\"allow\":\"x\"}\n{\"id\":3,\"url\":\"http://8.8.8.8/\"}\n";
    let ran = Place::new("").run_with(&["explain", "url", "--batch"], cases);
    let said: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let verdicts: Vec<_> = said.iter().map(|s| s["verdict"].as_str().unwrap()).collect();
    assert_eq!(
        (ran.code, verdicts.as_slice()),
        (1, ["load-error", "load-error", "allow"].as_slice())
    );
    assert_eq!(said[1]["id"], 2);
}
