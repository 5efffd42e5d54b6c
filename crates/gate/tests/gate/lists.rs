//! Merged lists, their pages and their notices.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gate::port::{Filter, Kind};
use gate::{Arrival, Happening};
use model::Effect;
use protocol::mcp::{Era, Method};
use serde_json::{Value, json};

use crate::support::{Fake, Plan, legacy, message, modern, principal, soon, tool};

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|n| tool(&format!("t{n:03}"), "one of many")).collect()
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let house = Plan::with_tools(&many(7))
        .and(Fake::new("mail", &many(4)), |_| {})
        .settings(|s| s.page_size = 3)
        .build();
    let all = house.tools(&legacy(principal("alice"))).await;
    let expected =
        (0..7).map(|n| format!("notes__t{n:03}")).chain((0..4).map(|n| format!("mail__t{n:03}")));
    assert_eq!(all, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_principal_may_not_call_does_not_even_show_in_the_number_of_pages() {
    let house = Plan::with_tools(&many(60))
        .first(|s| s.effects = vec![("t00*".to_owned(), Effect::Read)])
        .settings(|s| s.page_size = 50)
        .build();
    let page =
        house.gate.list(&legacy(principal("alice")), Kind::Tools, None, &Arrival::default()).await;
    let page = message(page);
    assert_eq!(page["result"]["tools"].as_array().unwrap().len(), 10);
    assert_eq!(page["result"].get("nextCursor"), None);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_list_and_its_principal_alone() {
    let house = Plan::with_tools(&many(5)).settings(|s| s.page_size = 2).build();
    let alice = legacy(principal("alice"));
    let at = Arrival::default();
    let page = message(house.gate.list(&alice, Kind::Tools, None, &at).await);
    let cursor = page["result"]["nextCursor"].as_str().unwrap();
    let bob = legacy(principal("bob"));
    for (client, kind, cursor) in [
        (&alice, Kind::Resources, cursor),
        (&bob, Kind::Tools, cursor),
        (&alice, Kind::Tools, "eyJzb3VyY2UiOiJzaG9wIiwib2Zmc2V0Ijo1MH0="),
        (&alice, Kind::Tools, ""),
    ] {
        let refused = message(house.gate.list(client, kind, Some(cursor), &at).await);
        assert_eq!(refused["error"]["code"], -32602);
    }
}

#[tokio::test]
async fn a_filtered_list_is_private_and_not_to_be_kept() {
    let house = Plan::with_tools(&many(1)).build();
    let page = house
        .gate
        .list(&modern(principal("alice"), "{}"), Kind::Tools, None, &Arrival::default())
        .await;
    let page = message(page);
    assert_eq!(page["result"]["cacheScope"], "private");
    assert_eq!(page["result"]["ttlMs"], 0);
    assert_eq!(page["result"]["resultType"], "complete");
}

#[tokio::test]
async fn each_list_is_fetched_anew_and_rendered_once() {
    let house = Plan::with_tools(&many(3)).build();
    let alice = legacy(principal("alice"));
    for _ in 0..3 {
        house.tools(&alice).await;
    }
    assert_eq!(house.source().lists.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn one_uri_of_two_sources_is_two_resources() {
    let house = Plan::with_tools(&[]).and(Fake::new("mail", &[]), |_| {}).build();
    let alice = legacy(principal("alice"));
    let page = message(house.gate.list(&alice, Kind::Resources, None, &Arrival::default()).await);
    let uris: Vec<_> =
        page["result"]["resources"].as_array().unwrap().iter().map(|r| r["uri"].clone()).collect();
    assert_eq!(uris, ["notes+file:///readme.txt", "mail+file:///readme.txt"]);
    let read = Method::ResourcesRead;
    let ok = house.send(&alice, read.clone(), &json!({"uri": "mail+file:///readme.txt"})).await;
    assert!(ok["result"].is_object(), "{ok}");
    assert_eq!(house.sources[1].seen.lock().unwrap()[0].0, "file:///readme.txt");
    let ambiguous = house.send(&alice, read, &json!({"uri": "file:///readme.txt"})).await;
    assert_eq!(ambiguous["error"]["code"], -32002);
}

#[tokio::test]
async fn a_resource_that_no_list_and_no_template_shows_is_not_asked_for() {
    let house = Plan::with_tools(&[]).build();
    let alice = legacy(principal("alice"));
    let read = Method::ResourcesRead;
    for uri in [
        "http://127.0.0.1:9000/admin",
        "notes+file:///srv/docs/../../etc/passwd",
        "file://evil-host/share/x",
        "notes+db://a/%2e%2e",
        "notes+db://a/b/c",
    ] {
        let refused = house.send(&alice, read.clone(), &json!({"uri": uri})).await;
        assert_eq!(refused["error"]["code"], -32002, "{uri}");
    }
    assert_eq!(house.source().called(), 0);
    let ok = house.send(&alice, read, &json!({"uri": "notes+db://hr/salaries"})).await;
    assert!(ok["result"].is_object(), "{ok}");
}

#[tokio::test]
async fn a_hidden_resource_and_an_unknown_one_are_refused_alike_in_every_way_to_it() {
    let policy = r#"permit(principal, action, resource);
        forbid(principal, action, resource == Resource::"notes+file:///readme.txt");
        forbid(principal, action, resource == Prompt::"notes__review");"#;
    let house = Plan::with_tools(&[]).policy(policy).build();
    let alice = legacy(principal("alice"));
    let read = Method::ResourcesRead;
    let hidden =
        house.send(&alice, read.clone(), &json!({"uri": "notes+file:///readme.txt"})).await;
    let unknown = house.send(&alice, read, &json!({"uri": "notes+file:///nothing.txt"})).await;
    assert_eq!(
        hidden.to_string().replace("readme", "#"),
        unknown.to_string().replace("nothing", "#")
    );
    let complete = |name: &str| json!({"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "x", "value": ""}});
    for method in [Method::PromptsGet, Method::Complete] {
        let params = |name: &str| match method {
            Method::PromptsGet => json!({"name": name}),
            _ => complete(name),
        };
        let hidden = house.send(&alice, method.clone(), &params("notes__review")).await;
        let unknown = house.send(&alice, method.clone(), &params("notes__rev")).await;
        assert_eq!(
            hidden.to_string().replace("review", "#"),
            unknown.to_string().replace("rev", "#")
        );
    }
    let filter = Filter { uris: vec!["notes+file:///readme.txt".to_owned()], ..Filter::default() };
    let (accepted, _watch) = house.gate.watch(&alice, filter, &Arrival::default()).await.unwrap();
    assert!(accepted.uris.is_empty());
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn completion_reaches_the_upstream_under_its_own_name() {
    let house = Plan::with_tools(&[]).build();
    let alice = legacy(principal("alice"));
    let params = json!({"ref": {"type": "ref/prompt", "name": "notes__review"}, "argument": {"name": "x", "value": "y"}});
    house.send(&alice, Method::Complete, &params).await;
    assert!(house.source().seen.lock().unwrap()[0].1.contains(r#""name":"review""#));
}

#[tokio::test]
async fn a_flood_of_changes_reaches_a_client_as_a_few_notices() {
    let house = Plan::with_tools(&many(1)).build();
    let alice = legacy(principal("alice"));
    house.tools(&alice).await;
    let filter = Filter { tools: true, ..Filter::default() };
    let (_, mut watch) = house.gate.watch(&alice, filter, &Arrival::default()).await.unwrap();
    let notices = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = tokio::spawn({
        let notices = notices.clone();
        async move {
            loop {
                assert_eq!(watch.next().await, Happening::ListChanged(Kind::Tools));
                notices.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    for n in 0..10_000 {
        house.tools_changed("notes");
        if n % 1000 == 0 {
            house.tools(&alice).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    counter.abort();
    let heard = notices.load(Ordering::SeqCst);
    assert!((1..=8).contains(&heard), "{heard} notices");
}

#[tokio::test]
async fn a_new_policy_tells_those_who_watch() {
    let house = Plan::with_tools(&many(1)).build();
    let alice = legacy(principal("alice"));
    let filter = Filter { tools: true, ..Filter::default() };
    let (_, mut watch) = house.gate.watch(&alice, filter, &Arrival::default()).await.unwrap();
    let known = policy::Known::anything();
    house.gate.set_policy(policy::PolicySet::load(&[], &[], &known, 2).unwrap());
    assert_eq!(soon(watch.next()).await, Happening::ListChanged(Kind::Tools));
    assert!(house.tools(&alice).await.is_empty());
    assert_eq!(house.call(&alice, "notes__t000", json!({})).await["error"]["code"], -32602);
}

#[tokio::test]
async fn a_definition_is_shown_in_the_words_of_the_clients_era() {
    let output =
        json!({"name": "a", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"}});
    let tasks = json!({"name": "b", "inputSchema": {"type": "object"}, "execution": {"taskSupport": "required"}});
    let (old, new) = (legacy(principal("alice")), modern(principal("alice"), "{}"));
    for (era, with_output, with_tasks) in
        [(Era::Legacy, [&old, &new], &old), (Era::Modern, [&new, &new], &new)]
    {
        let house = Plan::with_tools(&[output.clone(), tasks.clone()]).build();
        *house.source().era.lock().unwrap() = era;
        for client in [&old, &new] {
            let shown = house.shown(client, "notes__a").await;
            let expected = with_output.iter().any(|c| Arc::ptr_eq(c, client));
            assert_eq!(shown.get("outputSchema").is_some(), expected, "{era:?}: {shown}");
            let listed = house.tools(client).await.contains(&"notes__b".to_owned());
            assert_eq!(listed, Arc::ptr_eq(with_tasks, client), "{era:?}");
        }
    }
}

#[tokio::test]
async fn a_modern_list_says_who_serves_it_and_a_legacy_one_has_no_word_for_it() {
    let house = Plan::with_tools(&many(1)).build();
    let about = "io.modelcontextprotocol/serverInfo";
    let page = house.page(&modern(principal("alice"), "{}"), Kind::Tools).await;
    assert!(page["result"]["_meta"][about].is_object(), "{page}");
    let page = house.page(&legacy(principal("alice")), Kind::Tools).await;
    assert!(page["result"].get("_meta").is_none(), "{page}");
}

#[tokio::test]
async fn a_reference_to_a_resource_is_completed_under_the_upstreams_own_uri() {
    let house = Plan::with_tools(&[]).build();
    let odd = json!({"uriTemplate": "db://%41/{x}", "name": "odd"});
    house.source().templates.lock().unwrap().push(odd);
    let alice = legacy(principal("alice"));
    let about = |uri: &str| json!({"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "table", "value": "y"}});
    for (asked, upstream) in [
        ("notes+db://%41/{x}", "db://%41/{x}"),
        ("db://%41/{x}", "db://%41/{x}"),
        ("notes+db://{schema}/{table}", "db://{schema}/{table}"),
        ("db://{schema}/{table}", "db://{schema}/{table}"),
        ("notes+file:///readme.txt", "file:///readme.txt"),
    ] {
        let answer = house.send(&alice, Method::Complete, &about(asked)).await;
        assert!(answer["result"].is_object(), "{answer}");
        let seen = house.source().seen.lock().unwrap().pop().unwrap();
        let sent: Value = serde_json::from_str(&seen.1).unwrap();
        assert_eq!((&*seen.0, &sent), ("", &about(upstream)));
    }
}

#[tokio::test]
async fn a_hidden_template_looks_unknown_to_completion_by_whichever_name() {
    let policy = r#"permit(principal, action, resource);
        forbid(principal, action, resource == Resource::"notes+db://{schema}/{table}");"#;
    let house = Plan::with_tools(&[]).policy(policy).build();
    let alice = legacy(principal("alice"));
    let about = |uri: &str| json!({"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "x", "value": ""}});
    for prefix in ["notes+", ""] {
        let mut answers = Vec::new();
        for uri in ["db://{schema}/{table}", "gopher://{x}"] {
            let uri = format!("{prefix}{uri}");
            let answer = house.send(&alice, Method::Complete, &about(&uri)).await;
            assert!(answer["error"].is_object());
            answers.push(answer.to_string().replace(&uri, "#"));
        }
        assert_eq!(answers[0], answers[1]);
    }
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn the_argument_of_a_completion_is_read_and_recorded_like_any_other() {
    let house = Plan::with_tools(&[]).build();
    let alice = legacy(principal("alice"));
    let complete = |argument: &str| {
        let params = format!(
            r#"{{"ref":{{"type":"ref/prompt","name":"notes__review"}},"argument":{argument}}}"#
        );
        crate::support::incoming(Method::Complete, &params)
    };
    for (argument, passes) in
        [(r#"{"name":"x","value":"y"}"#, true), (r#"{"name":"x","value":"y","value":"z"}"#, false)]
    {
        let link = Arc::new(crate::support::Nobody);
        let answer = message(house.gate.call(&alice, complete(argument), link).await);
        assert_eq!(answer["result"].is_object(), passes, "{answer}");
        let record = house.records().await.pop().unwrap();
        assert_eq!(record.args_digest.is_some(), passes);
    }
    assert_eq!(house.source().called(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_calls_while_a_list_is_judged_for_the_first_time_waits_for_it() {
    let house = Arc::new(Plan::with_tools(&many(1500)).build());
    let call = || {
        let house = house.clone();
        let alice = legacy(principal("alice"));
        tokio::spawn(async move { house.call(&alice, "notes__t1499", json!({})).await })
    };
    let mut calls = vec![call()];
    while house.source().lists.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..50 {
        calls.push(call());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for answer in futures_util::future::join_all(calls).await {
        let answer = answer.unwrap();
        assert_eq!(answer.get("error"), None, "{answer}");
    }
}
