//! The path `/mcp/{source}`: one source, and nothing of any other.

use std::sync::atomic::Ordering;

use gate::Arrival;
use gate::port::{Filter, Kind};
use protocol::mcp::Method;
use serde_json::{Value, json};

use crate::support::{
    Fake, House, Plan, legacy, legacy_of, modern, modern_of, name, principal, scoped, tool,
};

const TEMPLATE: &str = "db://{schema}/{table}";

fn plan() -> Plan {
    let shop = Fake::new("shop", &[tool("t", "Shop's")]);
    Plan::with_tools(&[tool("t", "Notes'")]).and(shop, |_| {})
}

fn about(kind: &str, member: &str, name: &str) -> Value {
    json!({"ref": {"type": kind, member: name}, "argument": {"name": "x", "value": ""}})
}

/// Every request that names something of `source`.
fn requests(source: &str) -> Vec<(Method, Value)> {
    let uri = |upstream: &str| format!("{source}+{upstream}");
    let (tool, prompt) = (format!("{source}__t"), format!("{source}__review"));
    vec![
        (Method::ToolsCall, json!({"name": tool})),
        (Method::PromptsGet, json!({"name": prompt})),
        (Method::ResourcesRead, json!({"uri": uri("file:///readme.txt")})),
        (Method::ResourcesRead, json!({"uri": uri("db://hr/rooms")})),
        (Method::Complete, about("ref/prompt", "name", &prompt)),
        (Method::Complete, about("ref/resource", "uri", &uri(TEMPLATE))),
        (Method::Complete, about("ref/resource", "uri", &uri("file:///readme.txt"))),
    ]
}

fn counts(house: &House) -> [usize; 2] {
    [house.sources[0].called(), house.sources[1].called()]
}

#[tokio::test]
async fn through_the_path_of_a_source_every_request_reaches_it_and_none_another() {
    let house = plan().build();
    let all = legacy(principal("alice"));
    let narrow = legacy_of(principal("alice"), "shop");
    // Once while nothing is known yet, once when all is.
    for known in [false, true] {
        let before = counts(&house);
        for (method, params) in requests("notes") {
            let refused = house.send(&narrow, method, &params).await;
            assert!(refused["error"].is_object(), "{params}: {refused}");
        }
        assert_eq!(counts(&house), before, "{known}");
        let lists = house.sources[0].lists.load(Ordering::SeqCst);
        assert_eq!(lists > 0, known, "what is out of view is not even listed");
        for (method, params) in requests("shop") {
            let answer = house.send(&narrow, method, &params).await;
            assert!(answer["result"].is_object(), "{params}: {answer}");
        }
        assert_eq!(counts(&house), [before[0], before[1] + 7]);
        for (method, params) in requests("notes") {
            assert!(house.send(&all, method, &params).await["result"].is_object(), "{params}");
        }
    }
}

#[tokio::test]
async fn an_upstreams_own_uri_is_known_where_only_one_source_in_view_has_it() {
    let house = plan().build();
    let all = legacy(principal("alice"));
    let narrow = legacy_of(principal("alice"), "shop");
    for uri in ["file:///readme.txt", "db://hr/rooms"] {
        let read = json!({"uri": uri});
        let ambiguous = house.send(&all, Method::ResourcesRead, &read).await;
        assert_eq!(ambiguous["error"]["code"], -32002, "{uri}");
        let answer = house.send(&narrow, Method::ResourcesRead, &read).await;
        assert!(answer["result"].is_object(), "{uri}: {answer}");
    }
    assert_eq!(counts(&house), [0, 2]);
    let seen = house.sources[1].seen.lock().unwrap().clone();
    assert_eq!([&*seen[0].0, &*seen[1].0], ["file:///readme.txt", "db://hr/rooms"]);
}

#[tokio::test]
async fn two_templates_of_one_source_that_fit_are_no_doubt_about_whose_it_is() {
    let house = Plan::with_tools(&[]).build();
    house
        .source()
        .templates
        .lock()
        .unwrap()
        .push(json!({"uriTemplate": "db://hr/{x}", "name": "hr"}));
    let alice = legacy(principal("alice"));
    let read = house.send(&alice, Method::ResourcesRead, &json!({"uri": "db://hr/rooms"})).await;
    assert!(read["result"].is_object(), "{read}");
}

#[tokio::test]
async fn lists_greeting_and_watching_are_of_the_one_source() {
    let house = plan().build();
    for source in &house.sources {
        *source.instructions.lock().unwrap() = Some(format!("All about {}.", source.name));
    }
    let narrow = legacy_of(principal("alice"), "shop");
    for kind in Kind::ALL {
        let page = house.page(&narrow, kind).await["result"].clone();
        assert_eq!(page[kind.member()].as_array().unwrap().len(), 1, "{page}");
        assert!(page.to_string().contains("shop"), "{page}");
    }
    let welcome = house.gate.greet(&narrow).await;
    assert_eq!(welcome.instructions.as_deref(), Some("[shop] All about shop."));
    let filter = Filter { tools: true, ..Filter::default() };
    let (_, _watch) = house.gate.watch(&narrow, filter, &Arrival::default()).await.unwrap();
    assert_eq!(house.sources[0].told(), Vec::<String>::new());
    assert_eq!(house.sources[1].told(), ["alice watches tools"]);
    assert_eq!(house.sources[0].lists.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_unknown_method_passes_only_where_one_source_is_meant_and_it_is_of_no_other_era() {
    let policy = "permit(principal, action, resource);";
    let pass = |s: &mut gate::SourceSettings| s.pass_unknown = true;
    let house = Plan::with_tools(&[]).first(pass).and(Fake::new("shop", &[]), pass).policy(policy);
    let house = house.build();
    let custom = Method::Other("x-custom/refresh".into());
    let who = || principal("alice");
    for (client, method, passes) in [
        (legacy(who()), custom.clone(), false),
        (legacy_of(who(), "shop"), custom.clone(), true),
        (modern_of(who(), "shop"), custom.clone(), true),
        (modern(who(), "{}"), custom, false),
        (legacy_of(who(), "shop"), Method::TasksList, true),
        (modern_of(who(), "shop"), Method::TasksList, false),
        (modern_of(who(), "shop"), Method::TasksResult, false),
    ] {
        let before = counts(&house)[1];
        let answer = house.send(&client, method.clone(), &json!({})).await;
        assert_eq!(answer["result"].is_object(), passes, "{method:?}: {answer}");
        assert!(passes || answer["error"]["code"] == -32601, "{method:?}: {answer}");
        assert_eq!(counts(&house), [0, before + usize::from(passes)], "{method:?}");
    }
}

#[tokio::test]
async fn a_name_is_looked_for_where_it_could_be_from_and_nowhere_else() {
    let renamed = |s: &mut gate::SourceSettings| {
        s.names = vec![("t".to_owned(), "buy".to_owned())];
    };
    let shop = Fake::new("shop", &[tool("t", "Shop's")]);
    let house = Plan::with_tools(&[tool("t", "Notes'")]).and(shop, renamed).build();
    let alice = legacy(principal("alice"));
    assert!(house.call(&alice, "notes__t", json!({})).await["result"].is_object());
    assert_eq!(house.sources[1].asked_for(Kind::Tools), 0);
    house.call(&alice, "notes__nothing", json!({})).await;
    assert_eq!(house.source().asked_for(Kind::Tools), 1, "its list is known");
    assert!(house.call(&alice, "buy", json!({})).await["result"].is_object());
    assert_eq!(house.sources[1].asked_for(Kind::Tools), 1);
}

/// To those who may use nothing of a source, its path is not there.
#[tokio::test]
async fn a_source_has_something_for_those_who_may_use_something_of_it() {
    let none = "permit(principal, action, resource) when { resource.source == \"shop\" };";
    let no_tools = "permit(principal, action == Action::\"prompt\", resource);";
    let (alice, narrow) = (principal("alice"), scoped("alice", &["tool:shop__t"]));
    for (policy, who, source, has) in [
        (policy::SHIPPED, &alice, "notes", true),
        (policy::SHIPPED, &alice, "nothing", false),
        (policy::SHIPPED, &narrow, "notes", false),
        (policy::SHIPPED, &narrow, "shop", true),
        (no_tools, &alice, "notes", true),
        (none, &alice, "notes", false),
        ("", &alice, "notes", false),
    ] {
        let house = plan().policy(policy).build();
        for _ in 0..2 {
            let said = house.gate.has_something_for(who, &name(source)).await;
            assert_eq!(said, has, "{policy} {source}");
        }
        let other = usize::from(source == "notes");
        assert_eq!(house.sources[other].lists.load(Ordering::SeqCst), 0);
        let asked = house.sources[1 - other].listed.lock().unwrap().len();
        assert_eq!(asked, if source == "nothing" { 0 } else { 4 }, "each list once");
        let told = house.sources[1 - other].told();
        assert_eq!(told.len(), usize::from(asked > 0), "nothing is held for the visitor: {told:?}");
    }
    let house = plan().build();
    house.source().dead.store(true, Ordering::SeqCst);
    assert!(!house.gate.has_something_for(&alice, &name("notes")).await);
    house.source().dead.store(false, Ordering::SeqCst);
    assert!(house.gate.has_something_for(&alice, &name("notes")).await, "it is asked again");
    house.source().dead.store(true, Ordering::SeqCst);
    house.tools_changed("notes");
    assert!(house.gate.has_something_for(&alice, &name("notes")).await, "what is known stays");
}
