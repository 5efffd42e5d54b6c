//! Rows about policy: no way around a refusal, nothing told by one, and nothing kept that was decided for another.

use std::sync::Arc;
use std::time::Duration;

use gate::Arrival;
use gate::port::Filter;
use model::Effect;
use protocol::mcp::Method;
use serde_json::{Value, json};

use crate::support::{
    Fake, House, Nobody, Plan, Script, incoming, legacy, legacy_of, modern, principal, scoped, tool,
};

const ALL_BUT: &str = "permit(principal, action, resource);\n";

fn shop() -> Plan {
    let shop = Fake::new("shop", &[tool("refund", "Pays back"), tool("get_order", "Shows one")]);
    Plan::with_tools(&[tool("search", "Finds notes")]).and(shop, |s| {
        s.effects = vec![
            ("get_order".to_owned(), Effect::Read),
            ("refund".to_owned(), Effect::Destructive),
        ];
    })
}

/// The answers to two requests, less the names they were asked with, are the same.
async fn alike(house: &House, method: Method, hidden: (&str, Value), unknown: (&str, Value)) {
    let alice = legacy(principal("alice"));
    let one = house.send(&alice, method.clone(), &hidden.1).await.to_string();
    let other = house.send(&alice, method.clone(), &unknown.1).await.to_string();
    assert!(one.contains("\"error\""), "{one}");
    assert_eq!(one.replace(hidden.0, "#"), other.replace(unknown.0, "#"), "{method:?}");
}

/// g-policy-01, g-policy-02, g-policy-03
#[tokio::test]
async fn a_denied_prompt_or_resource_looks_unknown_whichever_method_asks_for_it() {
    let policy = format!(
        r#"{ALL_BUT} forbid(principal, action, resource == Prompt::"notes__review");
        forbid(principal, action, resource == Resource::"notes+file:///readme.txt");"#
    );
    let house = Plan::with_tools(&[]).policy(&policy).build();
    let prompt = |name: &str| json!({"name": name});
    alike(
        &house,
        Method::PromptsGet,
        ("review", prompt("notes__review")),
        ("rev", prompt("notes__rev")),
    )
    .await;
    let complete = |name: &str| json!({"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "x", "value": ""}});
    alike(
        &house,
        Method::Complete,
        ("review", complete("notes__review")),
        ("rev", complete("notes__rev")),
    )
    .await;
    let alice = legacy(principal("alice"));
    let at = Arrival::default();
    let (_, watch) = house.gate.watch(&alice, Filter::default(), &at).await.unwrap();
    let mut answers = Vec::new();
    for uri in ["notes+file:///readme.txt", "notes+file:///nothing.txt"] {
        let params = json!({"uri": uri}).to_string();
        let request = incoming(Method::ResourcesSubscribe, &params);
        let refused = crate::support::message(house.gate.subscribe(&alice, &watch, request).await);
        assert!(refused["error"].is_object(), "{refused}");
        answers.push(refused.to_string().replace("readme", "#").replace("nothing", "#"));
    }
    assert_eq!(answers[0], answers[1], "g-policy-03");
    assert_eq!(house.source().called(), 0);
}

/// g-policy-04, g-policy-17: a template is no way to a resource that is denied, nor is another spelling of its URI.
#[tokio::test]
async fn a_denied_resource_is_denied_by_every_way_to_write_it() {
    let policy = format!(
        r#"{ALL_BUT} forbid(principal, action, resource == Resource::"notes+db://hr/salaries");
        forbid(principal, action, resource == Resource::"notes+file:///readme.txt");"#
    );
    let house = Plan::with_tools(&[]).policy(&policy).build();
    let alice = legacy(principal("alice"));
    for uri in [
        "notes+db://hr/salaries",
        "db://hr/salaries",
        "notes+db://hr/%73alaries",
        "db://h%72/salaries",
        "notes+file:///readme.txt",
        "file:///readme.txt",
    ] {
        let refused = house.send(&alice, Method::ResourcesRead, &json!({"uri": uri})).await;
        assert_eq!(refused["error"]["code"], -32002, "{uri}");
        let unknown = "notes+gopher://x";
        let other = house.send(&alice, Method::ResourcesRead, &json!({"uri": unknown})).await;
        let (one, other) = (refused.to_string(), other.to_string());
        assert_eq!(
            one.replace(uri, "#"),
            other.replace(unknown, "#"),
            "{uri} tells that it is there"
        );
    }
    assert_eq!(house.source().called(), 0);
    let ok = house.send(&alice, Method::ResourcesRead, &json!({"uri": "db://hr/rooms"})).await;
    assert!(ok["result"].is_object(), "{ok}");
    assert_eq!(house.records().await.last().unwrap().tool.as_deref(), Some("notes+db://hr/rooms"));
}

/// g-policy-05, g-policy-08, g-policy-12, b-policy-01, b-policy-11: what is denied is the tool, not a spelling of it.
#[tokio::test]
async fn a_denied_tool_is_denied_by_each_of_its_names_and_paths() {
    let house = shop().levels(&[("shop__refund", "deny"), ("*", "allow")]).build();
    let alice = legacy(principal("alice"));
    assert_eq!(house.tools(&alice).await, ["notes__search", "shop__get_order"]);
    let narrow = legacy_of(principal("alice"), "shop");
    for (row, client, name) in [
        ("b-policy-01, b-policy-11", &alice, "shop__refund"),
        ("g-policy-08", &narrow, "refund"),
        ("g-policy-08", &narrow, "shop__refund"),
    ] {
        let refused = house.call(client, name, json!({})).await;
        assert_eq!(refused["error"]["data"]["code"], "unavailable", "{row}: {refused}");
    }
    let long = "x".repeat(100);
    let shop = Fake::new("shop", &[tool(&long, "long")]);
    let level = format!("shop__{long}");
    let plan = Plan::with_tools(&[]).and(shop, |_| {}).levels(&[(&level, "deny")]);
    let house = plan.build();
    let short = model::expose(Some("shop"), &long).unwrap();
    for name in [short.as_str(), &level] {
        let refused = house.call(&alice, name, json!({})).await;
        assert_eq!(refused["error"]["data"]["code"], "unavailable", "g-policy-12: {name}");
    }
    assert_eq!(house.sources[1].called(), 0);
}

/// g-policy-05: under a new name the tool answers to that one alone, and a rule for the new name holds.
#[tokio::test]
async fn a_tool_renamed_is_denied_under_its_new_name_and_gone_under_the_old_one() {
    let shop = Fake::new("shop", &[tool("refund", "Pays back")]);
    let known = |s: &mut gate::SourceSettings| {
        s.names = vec![("refund".to_owned(), "shop__money_back".to_owned())];
    };
    let plan = Plan::with_tools(&[]).and(shop, known);
    let house = plan.levels(&[("shop__money_back", "deny"), ("*", "allow")]).build();
    let alice = legacy(principal("alice"));
    assert!(house.tools(&alice).await.is_empty());
    for name in ["shop__money_back", "shop__refund"] {
        let refused = house.call(&alice, name, json!({})).await;
        assert_eq!(refused["error"]["data"]["code"], "unavailable", "{name}");
    }
    assert_eq!(house.sources[1].called(), 0);
}

/// g-policy-17, g-policy-21: neither arguments nor their reading tell a hidden name from an unknown one.
#[tokio::test]
async fn arguments_tell_nothing_of_what_is_hidden() {
    let house = shop().build();
    let alice = legacy(principal("alice"));
    for arguments in [r#"{"a":1,"a":2}"#, "[]", r#""x""#, "{}", r#"{"__proto__":{}}"#] {
        let mut answers = Vec::new();
        for name in ["shop__refund", "shop__refuse"] {
            let params = format!(r#"{{"name":"{name}","arguments":{arguments}}}"#);
            let vetted = house
                .gate
                .call(&alice, incoming(Method::ToolsCall, &params), Arc::new(Nobody))
                .await;
            answers.push(crate::support::message(vetted).to_string().replace(name, "#"));
        }
        assert_eq!(answers[0], answers[1], "{arguments}");
    }
}

/// g-policy-21: 1,000 calls of each, in turn. Loud machines get several tries; a real difference fails each of them.
#[tokio::test]
async fn a_hidden_tool_takes_as_long_as_an_unknown_one() {
    let house = shop()
        .settings(|s| s.per_principal = identity::Rate::new(1_000_000, Duration::from_mins(1)))
        .build();
    let alice = legacy(principal("alice"));
    house.tools(&alice).await;
    let lists = house.sources[1].lists.load(std::sync::atomic::Ordering::SeqCst);
    let text = "x".repeat(100_000);
    let mut apart = 0.0_f64;
    for _ in 0..5 {
        let mut took: [Vec<u64>; 2] = Default::default();
        for n in 0..200 {
            let which = n % 2;
            let name = ["shop__refund", "shop__refuse"][which];
            let began = house.clock.instant();
            house.call(&alice, name, json!({"text": text})).await;
            let spent = house.clock.instant().since(began).as_micros();
            took[which].push(u64::try_from(spent).unwrap());
        }
        let median = |mut all: Vec<u64>| {
            all.sort_unstable();
            all[all.len() / 2]
        };
        let [hidden, unknown] = took.map(median);
        #[expect(clippy::cast_precision_loss, reason = "microseconds of one call")]
        let ratio = hidden.max(unknown) as f64 / hidden.min(unknown).max(1) as f64;
        apart = ratio;
        if ratio < 1.25 {
            break;
        }
    }
    assert!(apart < 1.25, "the medians differ by a factor of {apart}");
    assert_eq!(house.sources[1].lists.load(std::sync::atomic::Ordering::SeqCst), lists);
    assert_eq!(house.sources[1].called(), 0);
}

/// g-policy-19
#[tokio::test]
async fn ten_of_sixty_tools_are_one_page_without_a_cursor() {
    let sixty: Vec<Value> = (0..60).map(|n| tool(&format!("t{n:02}"), "one of many")).collect();
    let plan = Plan::with_tools(&sixty)
        .first(|s| s.effects = vec![("t0*".to_owned(), Effect::Read)])
        .settings(|s| s.page_size = 50);
    let house = plan.build();
    let page = house.page(&legacy(principal("alice")), gate::port::Kind::Tools).await;
    assert_eq!(page["result"]["tools"].as_array().unwrap().len(), 10);
    assert!(page["result"].get("nextCursor").is_none());
}

/// g-policy-42, g-policy-43, g-policy-44, g-policy-46: no answer is ever given twice.
#[tokio::test]
async fn every_call_is_decided_and_carried_out_anew() {
    let house = Plan::with_tools(&[tool("search", "Finds notes")]).build();
    let public = r#"{"content":[],"ttlMs":60000,"cacheScope":"public","resultType":"complete"}"#;
    house.source().answers(Script::Result(public.to_owned()));
    let (alice, bob) = (modern(principal("alice"), "{}"), modern(principal("bob"), "{}"));
    for (count, (client, id)) in
        [(&alice, 1), (&alice, 1), (&alice, 2), (&bob, 1)].into_iter().enumerate()
    {
        let answer = house.call(client, "notes__search", json!({"id": id})).await;
        assert!(answer["result"].is_object(), "{answer}");
        assert_eq!(house.source().called(), count + 1);
    }
    let none = policy::PolicySet::load(&[], &[], &policy::Known::anything(), 2).unwrap();
    house.gate.set_policy(none);
    let refused = house.call(&alice, "notes__search", json!({"id": 1})).await;
    assert_eq!(refused["error"]["code"], -32602, "g-policy-43");
    assert_eq!(house.source().called(), 4);
}

/// g-policy-38: 10,000 invented names make one label.
#[tokio::test]
async fn invented_names_never_become_labels() {
    let many = identity::Rate::new(1_000_000, Duration::from_mins(1));
    let house = shop()
        .settings(|s| {
            s.per_principal = many;
            s.per_tool = many;
        })
        .build();
    let alice = legacy(principal("alice"));
    house.tools(&alice).await;
    for round in 0..20 {
        let calls = (0..500).map(|n| {
            let (house, alice) = (&house, &alice);
            async move { house.call(alice, &format!("invented__{round}_{n}"), json!({})).await }
        });
        futures_util::future::join_all(calls).await;
    }
    let metrics = house.metrics();
    assert!(
        metrics.contains(r#"portcullis_calls_total{source="unknown",outcome="refused"} 10000"#),
        "{metrics}"
    );
    assert!(!metrics.contains("invented"));
    assert!(metrics.lines().count() < 60, "{metrics}");
}

/// g-policy-36, b-policy-03, b-policy-06, b-policy-07: effects are declared, never taken from arguments, and nobody
/// being there to ask is a no.
#[tokio::test]
async fn what_a_person_must_approve_is_not_talked_down_by_arguments() {
    let policy = r#"permit(principal, action, resource);
        @id("grave") @verdict("ask") permit(principal, action, resource) when { resource.effect == "destructive" };"#;
    let house = shop().policy(policy).build();
    let alice = legacy(principal("alice"));
    for arguments in [json!({}), json!({"action_type": "read"}), json!({"type": "list"})] {
        let refused = house.call(&alice, "shop__refund", arguments.clone()).await;
        assert_eq!(refused["error"]["data"]["code"], "approval_unavailable", "{arguments}");
    }
    let records = house.records().await;
    assert!(
        records
            .iter()
            .all(|r| r.verdict.as_deref() == Some("ask") && r.rule.as_deref() == Some("grave"))
    );
    assert_eq!(house.sources[1].called(), 0);
    assert!(house.call(&alice, "shop__get_order", json!({})).await["result"].is_object());
}

/// b-reserved-08, b-reserved-09: words about principal, tenant and policy in arguments are data.
#[tokio::test]
async fn arguments_carry_no_security_context() {
    let policy = format!(
        r#"{ALL_BUT} forbid(principal, action, resource == Tool::"shop__refund");
        forbid(principal, action, resource) when {{ principal.tenant != "acme" }};"#
    );
    let house = shop().policy(&policy).build();
    let alice = legacy(scoped("alice", &[]));
    let answer = house.call(&alice, "shop__get_order", json!({"_tenant": {"id": "other"}})).await;
    assert!(answer["result"].is_object(), "b-reserved-08: {answer}");
    let refused = house.call(&alice, "shop__refund", json!({"_policy": "allow"})).await;
    assert_eq!(refused["error"]["data"]["code"], "unavailable", "b-reserved-09");
    let records = house.records().await;
    assert!(records.iter().all(|r| r.tenant.as_deref() == Some("acme")));
    assert_eq!(house.sources[1].called(), 1);
}

/// g-policy-39
#[tokio::test]
async fn a_fetching_tool_is_sent_to_the_hosts_that_a_policy_names_and_nowhere_else() {
    let policy = format!(
        r#"{ALL_BUT} forbid(principal, action, resource == Tool::"notes__fetch")
        unless {{ context.arguments has url && context.arguments.url like "https://docs.example.com/*" }};"#
    );
    let house = Plan::with_tools(&[tool("fetch", "Fetches a page")]).policy(&policy).build();
    let alice = legacy(principal("alice"));
    for url in [
        "https://c2VjcmV0.evil.example/",
        "https://docs.example.com.evil.example/",
        "https://docs.example.com@evil.example/",
        "http://docs.example.com/",
        "HTTPS://docs.example.com/",
    ] {
        let answer = house.call(&alice, "notes__fetch", json!({ "url": url })).await;
        assert!(answer["error"].is_object(), "{url}: {answer}");
    }
    assert_eq!(house.source().called(), 0);
    let good = json!({"url": "https://docs.example.com/a"});
    assert!(house.call(&alice, "notes__fetch", good).await["result"].is_object());
}
