//! A call that a person has to approve, from the agent's request to the record, with the program itself.

use serde_json::{Value, json};

use super::support::*;

const ASKS: &str = "[policy.rules]\nnotes__add_note = \"ask\"\n";

fn place(rest: &str) -> Place {
    Place::new(&format!("{ANYWHERE}{}{ASKS}{rest}", notes("")))
}

fn add(gate: &Gate, key: &str, text: &str) -> Value {
    gate.call(key, "notes__add_note", &json!({"title": "t", "text": text}))
}

/// The id of the approval that a call waits for.
fn waits(answer: &Value) -> String {
    let data = &answer["error"]["data"];
    assert_eq!(data["code"], "approval_required", "{answer}");
    data["approvalId"].as_str().unwrap().to_owned()
}

fn operator(place: &Place, name: &str) -> String {
    let made = place.run(&["keys", "create", name, "--role", "operator", "--json"]);
    let made: Value = serde_json::from_str(&made.out).unwrap_or_else(|_| panic!("{}", made.err));
    made["key"].as_str().unwrap().to_owned()
}

/// b-policy-13, b-policy-14
#[test]
fn the_command_line_approves_while_the_gate_runs_and_the_call_is_made_once() {
    let place = place("");
    let key = key(&place, "alice");
    let gate = place.serve();
    let id = waits(&add(&gate, &key, "hello"));
    let list = place.run(&["approvals", "list"]);
    assert!(list.out.contains(&id) && list.out.contains("waiting"), "{}{}", list.out, list.err);
    let shown = place.run(&["approvals", "show", &id]);
    assert!(shown.out.contains("\"text\":\"hello\""), "{}", shown.out);
    let approved = place.run(&["approvals", "approve", &id]);
    assert!(approved.out.contains("the call may be made once"), "{}{}", approved.out, approved.err);
    let other = waits(&add(&gate, &key, "other words"));
    assert_ne!(other, id, "other arguments are another call");
    let done = add(&gate, &key, "hello");
    assert!(done["result"].is_object(), "{done}");
    assert_eq!(add(&gate, &key, "hello")["error"]["data"]["code"], "approval_used");
    let refused = place.run(&["approvals", "refuse", &other]);
    assert_eq!(refused.code, 0, "{}", refused.err);
    assert_eq!(add(&gate, &key, "other words")["error"]["data"]["code"], "approval_denied");
    let late = place.run(&["approvals", "approve", &other]);
    assert!(late.code == 1 && late.err.contains("(denied)"), "{}", late.err);
    let metrics = gate.admin("/metrics").body;
    assert!(metrics.contains("portcullis_approvals_total{event=\"used\"} 1"), "{metrics}");
    gate.end();
    let records = records(&place).into_iter().filter(|r| r["kind"] == "approval");
    let rules: Vec<String> = records.map(|r| r["rule"].as_str().unwrap().to_owned()).collect();
    assert_eq!(rules, ["asked", "granted", "asked", "used", "refused"]);
    assert_eq!(place.run(&["audit", "verify"]).code, 0);
}

/// APR-09, g-policy-48
#[test]
fn four_eyes_are_two_operator_keys_and_no_shell() {
    let place = place("[approvals]\nfour-eyes = [\"notes__add_*\"]\n");
    let (agent, opal, otto) =
        (key(&place, "alice"), operator(&place, "opal"), operator(&place, "otto"));
    let gate = place.serve();
    let id = waits(&add(&gate, &agent, "x"));
    let approve = ["approvals", "approve", &id, "--as", "-"];
    let shell = place.run(&["approvals", "approve", &id]);
    assert!(shell.code == 1 && shell.err.contains("not_permitted"), "{}", shell.err);
    for (key, code, says) in [
        (&agent, 1, "not_permitted"),
        (&operator(&place, "mallory"), 1, "made after the question"),
        (&opal, 0, "another person is needed"),
        (&opal, 1, "another one is needed"),
    ] {
        let ran = place.run_with(&approve, key);
        assert!(
            ran.code == code && format!("{}{}", ran.out, ran.err).contains(says),
            "{}{}",
            ran.out,
            ran.err
        );
    }
    assert_eq!(waits(&add(&gate, &agent, "x")), id);
    assert_eq!(place.run_with(&approve, &otto).code, 0);
    assert!(add(&gate, &agent, "x")["result"].is_object());
    let own = waits(&add(&gate, &opal, "y"));
    let ran = place.run_with(&["approvals", "approve", &own, "--as", "-"], &opal);
    assert!(ran.code == 1 && ran.err.contains("of their own"), "{}", ran.err);
}

/// b-policy-10
#[test]
fn a_policy_that_asks_where_nobody_can_be_asked_does_not_load() {
    let place = place("[approvals]\nenabled = false\n");
    let ran = place.run(&["check"]);
    assert!(ran.code == 1 && ran.err.contains("approvals.enabled = false"), "{}", ran.err);
}

/// FRN-02, FRN-05
#[test]
fn the_page_is_on_the_admin_listener_and_opens_for_operators_alone() {
    let place = place("");
    let (agent, opal) = (key(&place, "alice"), operator(&place, "opal"));
    let gate = place.serve();
    let id = waits(&add(&gate, &agent, "hello"));
    let page = format!("/approvals/{id}");
    let closed = gate.admin(&page);
    assert!(closed.status == 401 && !closed.body.contains("hello"), "{}", closed.body);
    assert!(closed.head.contains("frame-ancestors 'none'"), "{}", closed.head);
    let bearer =
        format!("GET {page} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {agent}\r\n", gate.admin);
    assert_eq!(send(&gate.admin, &bearer, "").status, 403);
    let rebound = format!("GET {page} HTTP/1.1\r\nHost: evil.example\r\n");
    assert_eq!(send(&gate.admin, &rebound, "").status, 421);
    let post = |path: &str, cookie: &str, body: &str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {1}\r\n",
            gate.admin,
            body.len()
        );
        send(&gate.admin, &head, body)
    };
    assert_eq!(post("/approvals/login", "", &format!("key={agent}")).status, 403);
    let signed = post("/approvals/login", "", &format!("key={opal}&next={id}"));
    assert_eq!(signed.status, 303, "{}", signed.body);
    let cookie = signed.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
    let get = format!("GET {page} HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n", gate.admin);
    let shown = send(&gate.admin, &get, "").body;
    assert!(shown.contains("hello"), "{shown}");
    let token = shown.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let approve = format!("{page}/approve");
    assert_eq!(post(&approve, cookie, "confirm=yes").status, 403);
    assert_eq!(post(&approve, cookie, &format!("confirm=yes&token={token}")).status, 303);
    assert!(add(&gate, &agent, "hello")["result"].is_object());
}
