use convert::Location;
use model::Template;
use serde_json::json;

use super::{Plan, Server, answer, tool, with};
use crate::{Auth, Grant, Paging, Step};

#[tokio::test]
async fn pages_are_followed_as_far_as_asked_and_the_next_one_is_named() {
    let server = Server::start(|request, _| {
        let at = |n: &str| request.contains(&format!("cursor={n}"));
        let (items, next) = if at("b") {
            ("[3,4]", "\"c\"")
        } else if at("c") {
            ("[5]", "null")
        } else {
            ("[1,2]", "\"b\"")
        };
        answer(200, &format!(r#"{{"items":{items},"next":{next}}}"#))
    })
    .await;
    let paging = Paging {
        items: "/items".parse().unwrap(),
        step: Step::Cursor("/next".parse().unwrap(), "cursor".into()),
    };
    let bench = Plan::of(vec![tool("list", "GET", "/items", &["cursor"])])
        .change(|c| c.paging = vec![("list".into(), paging)])
        .build(server);
    let one = bench.call("list", json!({})).await;
    assert_eq!(one["structuredContent"]["items"], json!([1, 2]));
    assert_eq!(one["_meta"]["portcullis/next"], json!({"cursor": "b"}));
    let two = bench.call("list", json!({"_view": {"pages": 2}})).await;
    assert_eq!(two["structuredContent"]["items"], json!([1, 2, 3, 4]));
    assert_eq!(two["_meta"]["portcullis/next"], json!({"cursor": "c"}));
    let all = bench.call("list", json!({"_view": {"pages": 9}})).await;
    assert_eq!(all["structuredContent"]["items"], json!([1, 2, 3, 4, 5]));
    assert!(all["_meta"].get("portcullis/next").is_none());
}

#[tokio::test]
async fn a_link_to_the_next_page_is_followed_on_its_own_origin_only() {
    for (place, wanted) in
        [("</items?page=2>", json!([1, 2])), ("<http://evil.example/>", json!([1]))]
    {
        let server = Server::start(move |request, _| {
            if request.contains("page=2") {
                return answer(200, "[2]");
            }
            let link = format!("link: {place}; rel=\"next\"");
            with(200, &["content-type: application/json", &link], "[1]")
        })
        .await;
        let paging = Paging { items: "".parse().unwrap(), step: Step::Link };
        let bench = Plan::of(vec![tool("list", "GET", "/items", &["page"])])
            .change(|c| c.paging = vec![("*".into(), paging)])
            .build(server);
        let result = bench.call("list", json!({"_view": {"pages": 5}})).await;
        assert_eq!(result["structuredContent"]["body"], wanted, "{place}");
    }
}

#[tokio::test]
async fn a_link_that_repeats_the_key_of_the_query_is_followed_with_the_key_in_it_once() {
    let server = Server::start(|request, _| {
        if request.contains("page=2") {
            return answer(200, "[2]");
        }
        let link = "link: </items?key=canary-7&page=2&q=a+b>; rel=\"next\"";
        with(200, &["content-type: application/json", link], "[1]")
    })
    .await;
    let key = Grant::ApiKey {
        location: Some(Location::Query),
        name: Some("key".to_owned()),
        value: Template::parse("vault:key").unwrap(),
    };
    let paging = Paging { items: "".parse().unwrap(), step: Step::Link };
    let bench = Plan::of(vec![tool("list", "GET", "/items", &["page"])])
        .auth(Auth::Every(key))
        .change(|c| c.paging = vec![("*".into(), paging)])
        .build(server);
    let result = bench.call("list", json!({"_view": {"pages": 2}})).await;
    assert_eq!(result["structuredContent"]["body"], json!([1, 2]), "{result}");
    assert!(!result.to_string().contains("canary-7"), "{result}");
    let second = bench.server.asked().remove(1);
    assert!(second.starts_with("GET /items?page=2&q=a+b&key=canary-7 "), "{second}");
}
