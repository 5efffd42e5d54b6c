//! Lists, page by page.

use gate::port::{Kind, Source};
use serde_json::Value;

use super::server::{Say, Server};
use super::*;

/// A modern server whose pages are what `page` makes of the cursor.
async fn paged(page: impl Fn(Option<&str>) -> String + Send + Sync + 'static) -> (World, Server) {
    let server = Server::start(move |h| {
        if h.method() == "server/discover" {
            return Say::ok(h.result(
                r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"prompts":{}}}"#,
            ));
        }
        let params = &h.json()["params"];
        assert!(params["_meta"].is_object(), "modern requests carry _meta");
        Say::ok(h.result(&page(params.get("cursor").and_then(Value::as_str))))
    })
    .await;
    let world = world(http(&server), |c| {
        c.bounds.pages = 5;
        c.bounds.list = 10_000;
    });
    (world, server)
}

async fn list(world: &World) -> (usize, Vec<String>) {
    let listing = world.mcp.list(&client(MODERN, "{}"), Kind::Prompts).await.unwrap();
    (listing.pages.len(), listing.warnings)
}

#[tokio::test]
async fn an_empty_cursor_and_an_empty_page_are_not_the_end_g_protocol_50() {
    let (world, _server) = paged(|cursor| match cursor {
        None => r#"{"prompts":[],"nextCursor":""}"#.to_owned(),
        Some("") => r#"{"prompts":[],"nextCursor":"b"}"#.to_owned(),
        _ => r#"{"prompts":[{"name":"x", "y":1.0}]}"#.to_owned(),
    })
    .await;
    let listing = world.mcp.list(&client(MODERN, "{}"), Kind::Prompts).await.unwrap();
    assert_eq!((listing.pages.len(), listing.warnings.len()), (3, 0));
    assert_eq!(&listing.pages[2][..], br#"[{"name":"x", "y":1.0}]"#, "byte for byte");
}

#[tokio::test]
async fn endless_pages_stop_at_the_limit_and_the_warning_names_the_source_g_protocol_46() {
    let (world, _server) = paged(|c| {
        let n: u32 = c.and_then(|c| c.parse().ok()).unwrap_or(0);
        format!(r#"{{"prompts":[],"nextCursor":"{}"}}"#, n + 1)
    })
    .await;
    let (pages, warnings) = list(&world).await;
    assert_eq!(pages, 5);
    assert!(warnings[0].starts_with("shop: "), "{warnings:?}");
}

#[tokio::test]
async fn a_cursor_that_repeats_is_recognised_g_protocol_47() {
    let (world, server) = paged(|_| r#"{"prompts":[],"nextCursor":"a"}"#.to_owned()).await;
    let (pages, warnings) = list(&world).await;
    assert_eq!((pages, warnings.len(), server.count("prompts/list")), (2, 1, 2));
}

#[tokio::test]
async fn a_list_larger_than_allowed_is_cut_short() {
    let (world, _server) = paged(|c| {
        let n: u32 = c.and_then(|c| c.parse().ok()).unwrap_or(0);
        format!(r#"{{"prompts":["{}"],"nextCursor":"{}"}}"#, "x".repeat(4000), n + 1)
    })
    .await;
    let (pages, warnings) = list(&world).await;
    assert_eq!((pages, warnings.len()), (2, 1));
}

#[tokio::test]
async fn a_first_page_that_cannot_be_read_is_an_error_and_a_later_one_a_warning() {
    let (world, _server) = paged(|_| r#"{"prompts":{}}"#.to_owned()).await;
    assert!(world.mcp.list(&client(MODERN, "{}"), Kind::Prompts).await.is_err());
    let (world, _server) = paged(|c| match c {
        None => r#"{"prompts":[],"nextCursor":"a"}"#.to_owned(),
        _ => "7".to_owned(),
    })
    .await;
    assert_eq!(list(&world).await.1.len(), 1);
}

#[tokio::test]
async fn what_a_server_does_not_offer_is_an_empty_list() {
    let (world, server) = paged(|_| String::new()).await;
    let listing = world.mcp.list(&client(MODERN, "{}"), Kind::Resources).await.unwrap();
    assert!(listing.pages.is_empty() && server.count("resources/list") == 0);
}
