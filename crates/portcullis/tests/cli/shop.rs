//! The shop of `fixtures/arazzo/shop.openapi.yaml`, as a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::standin::{Asked, Said, Standin};

/// The shop of the description. `busy` says for how many requests in a row the stock cannot be told.
pub struct Shop {
    pub server: Standin,
    pub busy: Arc<AtomicUsize>,
    pub most: Arc<AtomicUsize>,
}

impl Shop {
    pub fn open() -> Self {
        let (busy, most, now): (Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>) =
            Default::default();
        let (is_busy, at_once) = (busy.clone(), most.clone());
        let server = Standin::start(move |asked, _| {
            at_once.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(80));
            now.fetch_sub(1, Ordering::SeqCst);
            answer(asked, &is_busy)
        });
        Self { server, busy, most }
    }

    /// What one call leads to, and nothing of what came before.
    pub fn fresh(&self) {
        self.server.forget();
        self.most.store(0, Ordering::SeqCst);
    }
}

fn answer(asked: &Asked, busy: &AtomicUsize) -> Said {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let (status, body) = match (asked.method.as_str(), path) {
        ("POST", "/v1/login") if asked.json()["password"] == "p w" => {
            (200, json!({"token": "t-1"}))
        }
        ("GET", "/v1/orders") => match (asked.header("x-token"), query) {
            (Some("Bearer t-1"), _) => (200, json!({"items": [{"id": "o1"}], "next": null})),
            (None, "") => (200, json!({"items": [{"id": 1}], "next": "2"})),
            (None, "cursor=2") => (200, json!({"items": [{"id": 2}], "next": "3"})),
            (None, "cursor=3") => (200, json!({"items": [{"id": 3}], "next": null})),
            _ => (401, json!({"why": "token"})),
        },
        ("POST", "/v1/orders") => {
            (201, json!({"id": format!("o-{}", asked.json()["article"].as_str().unwrap())}))
        }
        ("GET", "/v1/orders/o-pen") => (200, json!({"id": "o-pen", "state": "new"})),
        ("GET", "/v1/stock/pen") => {
            let left = busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if left.is_ok() { (503, json!({"why": "busy"})) } else { (200, json!({"count": 2})) }
        }
        ("GET", "/v1/prices/pen") => (200, json!({"cents": 150})),
        _ => (404, json!({"why": "nothing here"})),
    };
    Said::json(status, &body)
}
