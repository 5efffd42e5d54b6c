//! What happens outside any call: who hears of it, and who does not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gate::port::{Filter, Kind, Told};
use gate::{Arrival, Client, Happening, Watch};
use protocol::mcp::{Level, Method};
use serde_json::{Value, json};

use crate::support::{
    Fake, House, Plan, incoming, legacy, legacy_of, message, name, principal, tool,
};

const README: &str = "notes+file:///readme.txt";

fn house() -> House {
    Plan::with_tools(&[tool("search", "Finds notes")])
        .and(Fake::new("mail", &[tool("send", "Sends")]), |_| {})
        .build()
}

async fn watch(house: &House, client: &Arc<Client>, filter: Filter) -> (Filter, Watch) {
    house.gate.watch(client, filter, &Arrival::default()).await.unwrap()
}

fn of(uris: &[&str]) -> Filter {
    Filter { uris: uris.iter().map(|u| (*u).to_owned()).collect(), ..Filter::default() }
}

fn lists() -> Filter {
    Filter { tools: true, prompts: true, resources: true, ..Filter::default() }
}

/// Time stands still in these tests and leaps to whatever is waited for.
async fn heard(watch: &mut Watch) -> Option<Happening> {
    tokio::time::timeout(Duration::from_secs(1), watch.next()).await.ok()
}

async fn subscribe(house: &House, client: &Arc<Client>, watch: &Watch, uri: &str) -> Value {
    let params = json!({"uri": uri}).to_string();
    let request = incoming(Method::ResourcesSubscribe, &params);
    message(house.gate.subscribe(client, watch, request).await)
}

fn updated(uri: &str) -> Happening {
    Happening::Updated(uri.to_owned())
}

#[tokio::test]
async fn what_is_accepted_is_what_the_sources_agreed_to_under_the_names_of_the_client() {
    let house = house();
    let alice = legacy(principal("alice"));
    let wanted = Filter {
        uris: vec![README.to_owned(), "notes+file:///nothing.txt".to_owned()],
        tasks: vec!["made-up".to_owned()],
        ..lists()
    };
    let (accepted, _watch) = watch(&house, &alice, wanted.clone()).await;
    let all = Filter { uris: vec![README.to_owned()], ..lists() };
    assert_eq!(accepted, all, "no promise about what is unknown or not watched");
    let told = house.source().told();
    assert_eq!(told, ["alice watches tools prompts resources file:///readme.txt"]);
    assert_eq!(house.sources[1].told(), ["alice watches tools prompts resources"]);
    for source in &house.sources {
        *source.watches.lock().unwrap() = Some(Filter::default());
    }
    *house.sources[1].watches.lock().unwrap() = Some(Filter { prompts: true, ..of(&["foreign"]) });
    let (accepted, _watch) = watch(&house, &alice, wanted.clone()).await;
    assert_eq!(accepted, Filter { prompts: true, ..Filter::default() });
    house.sources[1].dead.store(true, Ordering::SeqCst);
    let (accepted, _watch) = watch(&house, &alice, wanted).await;
    assert_eq!(accepted, Filter::default(), "a source that fails promises nothing");
}

#[tokio::test(start_paused = true)]
async fn an_update_reaches_those_who_watch_that_resource_and_nobody_else() {
    let house = house();
    let (alice, bob) = (legacy(principal("alice")), legacy(principal("bob")));
    let (_, mut one) = watch(&house, &alice, of(&[README])).await;
    let (_, mut two) = watch(&house, &alice, of(&[README])).await;
    let (_, mut bobs) = watch(&house, &bob, of(&[README])).await;
    let events = house.events();
    events.updated(&name("notes"), alice.lease, "file:///readme.txt");
    assert_eq!(heard(&mut one).await, Some(updated(README)));
    assert_eq!(heard(&mut two).await, Some(updated(README)), "each watch of a client hears of it");
    events.updated(&name("notes"), alice.lease, "file:///other.txt");
    events.updated(&name("mail"), alice.lease, "file:///readme.txt");
    for watch in [&mut one, &mut two, &mut bobs] {
        assert_eq!(heard(watch).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_list_is_told_once_until_somebody_has_looked() {
    let house = house();
    let alice = legacy(principal("alice"));
    house.tools(&alice).await;
    let (_, mut all) = watch(&house, &alice, lists()).await;
    let (_, mut narrow) = watch(&house, &legacy_of(principal("alice"), "mail"), lists()).await;
    let tools = Some(Happening::ListChanged(Kind::Tools));
    house.tools_changed("notes");
    assert_eq!(heard(&mut all).await, tools);
    house.tools_changed("notes");
    assert_eq!(heard(&mut all).await, None, "it was told already");
    house.tools(&alice).await;
    house.tools_changed("notes");
    assert_eq!(heard(&mut all).await, tools);
    assert_eq!(heard(&mut narrow).await, None, "another source's list is none of its business");
    house.tools_changed("mail");
    assert_eq!(heard(&mut narrow).await, tools);
    house.tools_changed("nobody");
    assert_eq!(heard(&mut all).await, tools, "mail's");
    assert_eq!(heard(&mut all).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_of_the_lists_it_asked_for_and_of_no_other() {
    let alice = legacy(principal("alice"));
    for (wanted, told) in [
        (Filter { tools: true, ..Filter::default() }, Kind::Tools),
        (Filter { prompts: true, ..Filter::default() }, Kind::Prompts),
        (Filter { resources: true, ..Filter::default() }, Kind::Resources),
    ] {
        let house = house();
        let (_, mut watch) = watch(&house, &alice, wanted).await;
        for kind in Kind::ALL {
            house.events().list_changed(&name("notes"), kind);
        }
        assert_eq!(heard(&mut watch).await, Some(Happening::ListChanged(told)));
        assert_eq!(heard(&mut watch).await, None, "resources and templates are one notice");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_flood_of_task_states_the_newest_wait_and_only_for_their_client() {
    let house = house();
    let (alice, bob) = (legacy(principal("alice")), legacy(principal("bob")));
    let (_, mut hers) = watch(&house, &alice, Filter::default()).await;
    let (_, mut his) = watch(&house, &bob, Filter::default()).await;
    for n in 0..300 {
        let state = format!("{{\"taskId\":\"t{n}\"}}");
        house.events().task(&name("notes"), alice.lease, state.into());
    }
    for n in 44..300 {
        let Some(Happening::Task(state)) = heard(&mut hers).await else { panic!("{n} is lost") };
        let state: Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(state["taskId"], format!("t{n}"));
        assert_eq!(state["_meta"]["portcullis/source"], "notes");
    }
    assert_eq!(heard(&mut hers).await, None);
    assert_eq!(heard(&mut his).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_decided_recorded_heard_and_ended() {
    let house = house();
    let alice = legacy(principal("alice"));
    *house.source().resources.lock().unwrap() = ["readme", "todo"]
        .map(|name| json!({"uri": format!("file:///{name}.txt"), "name": name}))
        .to_vec();
    let (_, mut watch) = watch(&house, &alice, Filter::default()).await;
    house.source().told();
    let todo = "notes+file:///todo.txt";
    for uri in [README, todo] {
        assert!(subscribe(&house, &alice, &watch, uri).await["result"].is_object());
    }
    assert_eq!(
        house.source().told(),
        ["alice watches file:///readme.txt", "alice watches file:///todo.txt"]
    );
    let records = house.records().await;
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].verdict.as_deref(), Some("allow"));
    house.gate.unsubscribe(&alice, &watch, README).await;
    assert_eq!(house.source().told(), ["alice leaves file:///readme.txt"]);
    for name_of in ["readme", "todo"] {
        let uri = format!("file:///{name_of}.txt");
        house.events().updated(&name("notes"), alice.lease, &uri);
    }
    assert_eq!(heard(&mut watch).await, Some(updated(todo)));
    assert_eq!(heard(&mut watch).await, None);
    house.gate.unwatch(&alice, watch).await;
    assert_eq!(house.source().told(), ["alice leaves file:///todo.txt"]);
    assert_eq!(house.gate.watching(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_its_source_refuses_is_refused_and_nothing_is_heard_of_it() {
    let house = house();
    let alice = legacy(principal("alice"));
    let (_, mut watch) = watch(&house, &alice, Filter::default()).await;
    *house.source().watches.lock().unwrap() = Some(Filter::default());
    let refused = subscribe(&house, &alice, &watch, README).await;
    assert_eq!(refused["error"]["code"], -32601);
    house.source().dead.store(true, Ordering::SeqCst);
    let failed = subscribe(&house, &alice, &watch, README).await;
    assert_eq!(failed["error"]["data"]["code"], "upstream_failed");
    house.events().updated(&name("notes"), alice.lease, "file:///readme.txt");
    assert_eq!(heard(&mut watch).await, None);
}

#[tokio::test]
async fn only_so_many_resources_are_watched_at_a_time() {
    let house = house();
    let alice = legacy(principal("alice"));
    let uris = |count: usize| Filter {
        uris: (0..count).map(|n| format!("notes+db://hr/{n}")).collect(),
        ..Filter::default()
    };
    let at = Arrival::default();
    let no = house.gate.watch(&alice, uris(1025), &at).await.err().unwrap();
    assert_eq!(message(no)["error"]["data"]["code"], "too_large");
    assert_eq!(watch(&house, &alice, uris(1024)).await.0.uris.len(), 1024);
    let (_, watch) = watch(&house, &alice, uris(1023)).await;
    assert!(subscribe(&house, &alice, &watch, README).await["result"].is_object());
    let refused = subscribe(&house, &alice, &watch, "notes+db://hr/more").await;
    assert_eq!(refused["error"]["data"]["code"], "too_large");
}

#[tokio::test]
async fn who_has_left_watches_no_more() {
    let house = house();
    let alice = legacy(principal("alice"));
    assert_eq!(house.gate.watching(), 0);
    let (_, one) = watch(&house, &alice, lists()).await;
    let (_, two) = watch(&house, &alice, lists()).await;
    assert_eq!(house.gate.watching(), 2);
    drop(one);
    assert_eq!(house.gate.watching(), 1);
    drop(two);
    assert_eq!(house.gate.watching(), 0);
}

#[tokio::test]
async fn what_a_client_tells_of_its_session_reaches_every_source() {
    let house = house();
    let alice = legacy(principal("alice"));
    assert_eq!(alice.level(), None);
    house.gate.told(&alice, Told::Level(Level::Error)).await;
    assert_eq!(alice.level(), Some(Level::Error));
    house.gate.told(&alice, Told::RootsChanged).await;
    assert_eq!(alice.level(), Some(Level::Error));
    house.gate.end(&alice);
    for source in &house.sources {
        assert_eq!(
            source.told(),
            ["alice says Level(Error)", "alice says RootsChanged", "alice ends"]
        );
    }
}
