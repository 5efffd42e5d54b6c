//! Rows about names: what can be one, what two of them would make, and what a name that is not one gets.

use gate::port::Kind;
use serde_json::{Value, json};

use crate::support::{Fake, House, Plan, legacy, principal, scoped, tool};

async fn names(house: &House) -> Vec<String> {
    house.tools(&legacy(principal("alice"))).await
}

/// A name that could be taken for another one is not exposed; whatever else the source offers is.
#[tokio::test]
async fn a_name_that_could_deceive_is_not_exposed_and_its_neighbours_are() {
    for (row, bad) in [
        ("g-metadata-33", "pay\u{202e}tnemyap"),
        ("g-metadata-61", "p\u{430}yments"),
        ("g-metadata-62", "read_file "),
        ("g-metadata-65", "read\nfile"),
        ("b-poisoning-08", "l\u{456}st"),
        ("b-poisoning-09", "re\u{200b}ad"),
    ] {
        let house = Plan::with_tools(&[tool(bad, "odd"), tool("list", "fine")]).build();
        assert_eq!(names(&house).await, ["notes__list"], "{row}");
        let alice = legacy(principal("alice"));
        for asked in [bad.to_owned(), format!("notes__{bad}")] {
            let refused = house.call(&alice, &asked, json!({})).await;
            assert_eq!(refused["error"]["data"]["code"], "unavailable", "{row}");
        }
        assert_eq!(house.source().called(), 0, "{row}");
    }
}

/// g-metadata-63
#[tokio::test]
async fn a_name_with_dots_is_exposed_without_them_and_routed_back_exactly() {
    let house = Plan::with_tools(&[tool("admin.tools.list", "dots")]).build();
    assert_eq!(names(&house).await, ["notes__admin_tools_list"]);
    house.call(&legacy(principal("alice")), "notes__admin_tools_list", json!({})).await;
    assert_eq!(house.source().seen.lock().unwrap()[0].0, "admin.tools.list");
}

/// g-protocol-57: one bad definition among ten.
#[tokio::test]
async fn a_tool_without_a_schema_is_not_exposed_and_the_nine_others_are() {
    let mut ten: Vec<Value> = (0..9).map(|n| tool(&format!("t{n}"), "fine")).collect();
    ten.push(json!({"name": "bad", "inputSchema": null}));
    let house = Plan::with_tools(&ten).build();
    assert_eq!(names(&house).await.len(), 9);
    let refused = house.call(&legacy(principal("alice")), "notes__bad", json!({})).await;
    assert_eq!(refused["error"]["data"]["code"], "unavailable");
}

/// g-metadata-64, g-metadata-59, v-authz-13: what only shows when sources are asked leaves the newcomer out and names
/// both. What is pinned already is a start-up error.
#[tokio::test]
async fn neither_of_two_equal_names_wins_by_being_last() {
    let both = [tool("a.b", "one"), tool("a_b", "two")];
    let house = Plan::with_tools(&both).build();
    names(&house).await;
    assert_eq!(
        house.gate.collisions(),
        [("notes__a_b".to_owned(), "notes/a.b".to_owned(), "notes/a_b".to_owned())]
    );
    let mail = Fake::new("mail", &[tool("echo", "mail's")]);
    let plan = Plan::with_tools(&[tool("echo", "notes'")])
        .first(|s| s.prefix = None)
        .and(mail, |s| s.prefix = None);
    let house = plan.build();
    let alice = legacy(principal("alice"));
    assert_eq!(house.tools(&alice).await, ["echo"]);
    house.page(&alice, Kind::Prompts).await;
    let collisions = house.gate.collisions();
    let named = |name: &str| (name.to_owned(), format!("notes/{name}"), format!("mail/{name}"));
    assert!(collisions.contains(&named("echo")), "{collisions:?}");
    assert!(collisions.contains(&named("review")), "{collisions:?}");
    house.call(&alice, "echo", json!({})).await;
    assert_eq!((house.sources[0].called(), house.sources[1].called()), (1, 0));
}

/// v-authz-10, v-authz-11, v-authz-12, g-policy-09, g-policy-10: another spelling is an unknown name.
#[tokio::test]
async fn another_spelling_is_an_unknown_tool_for_those_who_may_call_the_real_one() {
    let house = Plan::with_tools(&[tool("echo", "fine")]).build();
    let alice = legacy(principal("alice"));
    let expected = house.call(&alice, "notes__nothing", json!({})).await;
    for (row, name) in [
        ("v-authz-10", "NOTES__ECHO"),
        ("v-authz-11", "notes__\u{435}cho"),
        ("v-authz-12", "notes__echo "),
        ("g-policy-09", "Notes__echo"),
        ("g-policy-10", " notes__echo"),
    ] {
        let refused = house.call(&alice, name, json!({})).await;
        assert_eq!(refused["error"]["code"], expected["error"]["code"], "{row}");
        assert_eq!(refused["error"]["message"], format!("Unknown tool: {name}"), "{row}");
    }
    assert_eq!(house.source().called(), 0);
}

/// v-authz-01, v-authz-02, v-authz-04, v-authz-06
#[tokio::test]
async fn a_key_limited_to_one_tool_runs_it_lists_it_and_nothing_else() {
    let house = Plan::with_tools(&[tool("echo", "fine"), tool("users", "people")]).build();
    let echo = legacy(scoped("echo", &["tool:notes__echo"]));
    let ran = house.call(&echo, "notes__echo", json!({})).await;
    assert!(ran["result"].is_object(), "v-authz-01: {ran}");
    assert_eq!(house.tools(&echo).await, ["notes__echo"], "v-authz-04");
    let params = r#"{"name":"notes__users"}"#;
    let incoming = crate::support::incoming(protocol::mcp::Method::ToolsCall, params);
    let link = std::sync::Arc::new(crate::support::Nobody);
    let vetted = house.gate.call(&echo, incoming, link).await;
    assert_eq!(vetted.status(protocol::mcp::Era::Legacy), 403, "v-authz-02");
    let challenge = vetted.www_authenticate().unwrap();
    assert!(challenge.contains(r#"error="insufficient_scope", scope="tool:notes__users""#));
    let read = protocol::mcp::Method::ResourcesRead;
    let uri = "notes+file:///readme.txt";
    let refused = house.send(&echo, read.clone(), &json!({"uri": uri})).await;
    let unknown = house.send(&echo, read, &json!({"uri": "notes+file:///nothing.txt"})).await;
    assert_eq!(
        refused.to_string().replace("readme", "#"),
        unknown.to_string().replace("nothing", "#"),
        "v-authz-06"
    );
    assert_eq!(house.page(&echo, Kind::Resources).await["result"]["resources"], json!([]));
    assert_eq!(house.source().called(), 1);
}
