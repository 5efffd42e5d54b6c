//! Big catalogues: tools that are found rather than listed, under the same authorisation.

use protocol::mcp::Method;
use serde_json::{Value, json};

use crate::support::{Fake, House, Plan, legacy, legacy_of, modern, principal, scoped, tool};

/// Two sources: `notes` with one tool, `big` with forty, of which the policy permits all but those that destroy.
fn house() -> House {
    let many: Vec<Value> = (0..40)
        .map(|n| {
            let (name, what) = match n {
                0 => ("issues_list".to_owned(), "Lists the issues of a repository.".to_owned()),
                1 => ("issues_delete".to_owned(), "Deletes an issue for good.".to_owned()),
                n => (format!("thing_{n}"), format!("Does thing number {n}.")),
            };
            tool(&name, &what)
        })
        .collect();
    Plan::with_tools(&[tool("add", "Adds a note.")])
        .and(Fake::new("big", &many), |s| {
            s.discovery = Some(20);
            s.effects.push(("issues_delete".to_owned(), model::Effect::Destructive));
        })
        .build()
}

fn found(answer: &Value) -> Vec<&str> {
    let tools = answer["result"]["structuredContent"]["tools"].as_array().unwrap();
    tools.iter().map(|t| t["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_big_source_is_listed_as_three_tools_and_a_small_one_as_it_is() {
    let house = house();
    for client in [legacy(principal("alice")), modern(principal("alice"), "{}")] {
        let listed = house.tools(&client).await;
        assert_eq!(listed, ["notes__add", "search_tools", "describe_tool", "call_tool"]);
    }
}

#[tokio::test]
async fn a_search_finds_what_the_principal_may_call_and_nothing_else() {
    let house = house();
    let alice = modern(principal("alice"), "{}");
    let answer = house.call(&alice, "search_tools", json!({"query": "list issues"})).await;
    assert_eq!(found(&answer)[0], "big__issues_list");
    assert!(!answer.to_string().contains("issues_delete"), "{answer}");
    let answer = house.call(&alice, "search_tools", json!({"query": "delete issue"})).await;
    assert!(!answer.to_string().contains("issues_delete"), "{answer}");
    // What a path or a scope hides is hidden here too.
    let narrow = legacy_of(principal("alice"), "notes");
    let answer = house.call(&narrow, "search_tools", json!({"query": "issues"})).await;
    assert_eq!(found(&answer), [""; 0]);
    let scoped = modern(scoped("alice", &["tool:big__thing_7"]), "{}");
    let answer = house.call(&scoped, "search_tools", json!({"query": "thing issues"})).await;
    assert_eq!(found(&answer), ["big__thing_7"]);
}

#[tokio::test]
async fn a_call_through_call_tool_is_decided_checked_and_recorded_as_the_tool_it_means() {
    let house = house();
    let alice = modern(principal("alice"), "{}");
    let through = |name: &str| json!({"name": name, "arguments": {}});
    let answer = house.call(&alice, "call_tool", through("big__issues_list")).await;
    assert!(answer["result"]["content"].is_array(), "{answer}");
    assert_eq!(house.sources[1].called(), 1);
    let refused = house.call(&alice, "call_tool", through("big__issues_delete")).await;
    let direct = house.call(&alice, "big__issues_delete", json!({})).await;
    assert_eq!(refused["error"], direct["error"], "the same answer whichever way");
    assert_eq!(house.sources[1].called(), 1);
    let records = house.records().await;
    let tools: Vec<_> = records.iter().filter_map(|r| r.tool.as_deref()).collect();
    assert_eq!(tools, ["big__issues_list", "big__issues_delete", "big__issues_delete"]);
    assert_eq!(records[0].verdict.as_deref(), Some("allow"));
}

#[tokio::test]
async fn a_description_is_the_definition_that_a_list_would_show() {
    let house = house();
    let alice = legacy(principal("alice"));
    let answer = house.call(&alice, "describe_tool", json!({"name": "big__issues_list"})).await;
    let definition = &answer["result"]["structuredContent"];
    assert_eq!(definition["name"], "big__issues_list");
    assert!(definition["inputSchema"].is_object());
    let hidden = house.call(&alice, "describe_tool", json!({"name": "big__issues_delete"})).await;
    let unknown = house.call(&alice, "describe_tool", json!({"name": "big__issues_nothing"})).await;
    let plain = |v: &Value, name: &str| v["error"].to_string().replace(name, "");
    assert_eq!(plain(&hidden, "delete"), plain(&unknown, "nothing"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_three_do_not_nest() {
    let house = house();
    let alice = modern(principal("alice"), "{}");
    for (name, arguments) in [
        ("search_tools", json!({})),
        ("search_tools", json!({"query": "x", "limit": 51})),
        ("describe_tool", json!({"name": 7})),
        ("call_tool", json!({"name": "big__thing_2"})),
        ("call_tool", json!({"name": "call_tool", "arguments": {}})),
    ] {
        let params = json!({"name": name, "arguments": arguments});
        let answer = house.send(&alice, Method::ToolsCall, &params).await;
        assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
    }
    assert_eq!(house.sources[1].called(), 0);
}
