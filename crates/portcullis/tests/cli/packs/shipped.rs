//! Each pack that ships, through the whole program and against an API on loopback.

use serde_json::{Value, json};

use super::folder::digest;
use crate::standin::{Said, Standin};
use crate::support::*;

/// A place with a pack that ships, its server on loopback, and its one secret in the vault, bound to that server alone.
fn installed(pack: &str, secret: &str, server: &Standin, path: &str) -> Place {
    let bare = Place::new("");
    let approved = digest(&bare, pack);
    let at = server.place();
    let place = Place::new(&format!(
        "{ANYWHERE}[vault]\nkey = {{ key-file = \"vault.key\" }}\n[packs.{pack}]\nfrom = \"builtin:{pack}\"\n\
         approved = \"{approved}\"\nsecrets = {{ {secret} = \"vault:{pack}\" }}\nagents = [\"alice\"]\n\
         server = \"http://{at}{path}\"\nprivate = [\"{at}\"]\n"
    ));
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let ran = place.run_with(&["vault", "set", pack, "--host", &at], &format!("s3cret-of-{pack}"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let checked = place.run(&["check"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    place
}

/// Both a write, which waits for a person, and one that nothing permits are refused, and nothing is sent.
fn refused(gate: &Gate, key: &str, calls: &[(&str, Value)]) {
    for (tool, arguments) in calls {
        let answer = gate.call(key, tool, arguments);
        assert!(answer["error"].is_object(), "{tool}: {answer}");
    }
}

#[test]
fn github_reads_with_the_exact_request_and_changes_nothing_unasked() {
    let api = Standin::json(
        r#"[{"number":7,"title":"Door","url":"https://x","user":{"login":"ada","id":1},"node_id":"x"}]"#,
    );
    let place = installed("github", "token", &api, "");
    let (alice, bob) = (key(&place, "alice"), key(&place, "bob"));
    let gate = place.serve();
    let arguments = json!({"owner": "ada", "repo": "gate", "state": "open", "per_page": 5});
    let answer = gate.call(&alice, "github__list_issues", &arguments);
    let asked = api.asked();
    assert_eq!(asked.len(), 1, "{answer}");
    assert_eq!(asked[0].line(), "GET /repos/ada/gate/issues?state=open&per_page=5");
    for (name, value) in [
        ("authorization", "Bearer s3cret-of-github"),
        ("x-github-api-version", "2022-11-28"),
        ("user-agent", "portcullis"),
        ("accept", "application/vnd.github+json"),
        ("host", &api.place()),
    ] {
        assert_eq!(asked[0].header(name), Some(value), "{name}");
    }
    let shown = answer["result"]["structuredContent"].to_string();
    assert!(shown.contains("\"login\":\"ada\"") && !shown.contains("node_id"), "{answer}");
    let at = json!({"owner": "ada", "repo": "gate", "path": "docs/a b.md"});
    gate.call(&alice, "github__get_contents", &at);
    assert_eq!(api.asked()[1].line(), "GET /repos/ada/gate/contents/docs/a%20b.md");
    let issue = json!({"owner": "ada", "repo": "gate", "title": "x"});
    let merge = json!({"owner": "ada", "repo": "gate", "number": 1, "sha": "a".repeat(40)});
    refused(&gate, &alice, &[("github__create_issue", issue), ("github__merge_pull", merge)]);
    // Who was not given the pack has nothing of it, although the policy that ships permits reading.
    assert!(gate.tools(&bob).is_empty());
    assert!(gate.call(&bob, "github__list_issues", &arguments)["error"].is_object());
    assert_eq!(api.asked().len(), 2);
}

#[test]
fn stripe_writes_forms_with_an_idempotency_key_and_moves_no_money_unless_a_rule_says_so() {
    let api = Standin::json(r#"{"id":"pi_1","amount":500,"client_secret":"pi_1_secret_x"}"#);
    let place = installed("stripe", "key", &api, "");
    let alice = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&alice, "stripe__get_payment_intent", &json!({"intent": "pi_1"}));
    assert_eq!(api.asked()[0].line(), "GET /v1/payment_intents/pi_1", "{answer}");
    assert_eq!(api.asked()[0].header("authorization"), Some("Bearer s3cret-of-stripe"));
    let shown = answer["result"].to_string();
    assert!(shown.contains("pi_1") && !shown.contains("pi_1_secret_x"), "{shown}");
    let refund = json!({"payment_intent": "pi_1", "amount": 500, "metadata": {"why": "a b"}, "Idempotency-Key": "refund-0001"});
    let customer = json!({"email": "ada@example.com", "Idempotency-Key": "customer-0001"});
    refused(
        &gate,
        &alice,
        &[("stripe__create_refund", refund.clone()), ("stripe__create_customer", customer)],
    );
    assert_eq!(api.asked().len(), 1);
    drop(gate);
    let own = place.read("portcullis.toml") + "[policy.rules]\nstripe__create_refund = \"allow\"\n";
    place.write("portcullis.toml", &own);
    let gate = place.serve();
    let answer = gate.call(&alice, "stripe__create_refund", &refund);
    let asked = api.asked().pop().unwrap();
    assert_eq!(asked.line(), "POST /v1/refunds", "{answer}");
    assert_eq!(asked.header("idempotency-key"), Some("refund-0001"));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    let mut form: Vec<&str> = asked.body.split('&').collect();
    form.sort_unstable();
    assert_eq!(form, ["amount=500", "metadata%5Bwhy%5D=a%20b", "payment_intent=pi_1"]);
}

// v-id-path-01 to 07
#[test]
fn an_id_of_another_form_is_refused_before_any_request() {
    let api = Standin::json(r#"{"id":"pi_1"}"#);
    let place = installed("stripe", "key", &api, "");
    let alice = key(&place, "alice");
    let gate = place.serve();
    for id in ["../customers/me", "%2e%2e%2fcustomers", "pi_a/b", "pi_a?b=1", "pi_a#b", "", "cus_1"]
    {
        let answer = gate.call(&alice, "stripe__get_payment_intent", &json!({ "intent": id }));
        let refused = answer["error"].is_object() || answer["result"]["isError"] == true;
        assert!(refused && api.asked().is_empty(), "{id}: {answer}");
    }
    gate.call(&alice, "stripe__get_payment_intent", &json!({"intent": "pi_0123456789abcdef"}));
    let lines: Vec<String> = api.lines();
    assert_eq!(lines, ["GET /v1/payment_intents/pi_0123456789abcdef"]);
}

#[test]
fn slack_goes_on_by_its_cursor_and_says_nothing_unasked() {
    let api = Standin::start(|asked, _| {
        let (text, next) =
            if asked.line().contains("cursor=second") { ("two", "") } else { ("one", "second") };
        let body = json!({
            "ok": true, "messages": [{"ts": "1.0", "text": text, "team": "T1"}],
            "response_metadata": {"next_cursor": next},
        });
        Said::json(200, &body)
    });
    let place = installed("slack", "token", &api, "/api");
    let alice = key(&place, "alice");
    let gate = place.serve();
    let arguments = json!({"channel": "C1", "limit": 1, "_view": {"pages": 2}});
    let answer = gate.call(&alice, "slack__list_messages", &arguments);
    let asked = api.asked();
    let lines = api.lines();
    assert_eq!(
        lines,
        [
            "GET /api/conversations.history?channel=C1&limit=1",
            "GET /api/conversations.history?channel=C1&limit=1&cursor=second",
        ],
        "{answer}"
    );
    assert!(asked.iter().all(|a| a.header("authorization") == Some("Bearer s3cret-of-slack")));
    let shown = answer["result"]["structuredContent"]["messages"].to_string();
    assert!(shown.contains("one") && shown.contains("two") && !shown.contains("T1"), "{answer}");
    refused(
        &gate,
        &alice,
        &[
            ("slack__post_message", json!({"channel": "C1", "text": "hi"})),
            ("slack__delete_message", json!({"channel": "C1", "ts": "1.0"})),
        ],
    );
    assert_eq!(api.asked().len(), 2);
}

#[test]
fn linear_sends_its_own_operations_and_nothing_else() {
    let api = Standin::json(r#"{"data":{"issue":{"id":"1","identifier":"ENG-1","title":"Door"}}}"#);
    let place = installed("linear", "key", &api, "/graphql");
    let alice = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&alice, "linear__issue", &json!({"id": "ENG-1"}));
    let asked = api.asked();
    assert_eq!(asked.len(), 1, "{answer}");
    assert_eq!(asked[0].line(), "POST /graphql");
    assert_eq!(asked[0].header("authorization"), Some("s3cret-of-linear"));
    let body: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(body["variables"], json!({"id": "ENG-1"}));
    let query = body["query"].as_str().unwrap();
    assert!(query.contains("query issue(") && !query.contains("mutation"), "{query}");
    assert!(answer["result"].to_string().contains("ENG-1"), "{answer}");
    refused(
        &gate,
        &alice,
        &[
            ("linear__createComment", json!({"input": {"issueId": "1", "body": "x"}})),
            ("linear__archiveIssue", json!({"id": "1"})),
        ],
    );
    assert_eq!(api.asked().len(), 1);
}
