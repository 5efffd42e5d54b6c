#![no_main]
//! A batch is split into exactly the values of its array, within its bound.

use bytes::Bytes;
use fuzz::Json;
use libfuzzer_sys::fuzz_target;
use protocol::batch::{BatchError, is_batch, split};
use protocol::json::{JsonError, Limits};

const MAX: usize = 5;

fuzz_target!(|data: &[u8]| {
    let text = Bytes::copy_from_slice(data);
    let opinion = Json::parse(data);
    match split(&text, Limits::REQUEST, MAX) {
        Ok(items) => {
            assert!(is_batch(&text) && items.len() <= MAX);
            let found: Vec<Json> = items.iter().map(|raw| Json::parse(raw).unwrap()).collect();
            assert_eq!(Some(Json::Array(found)), opinion);
        }
        Err(BatchError::Parse(JsonError::Limit(_))) => {}
        Err(why) => {
            let lawful = |n: usize| (1..=MAX).contains(&n);
            assert!(!matches!(&opinion, Some(Json::Array(items)) if lawful(items.len())), "{why}");
            let code = if matches!(why, BatchError::Parse(_)) { -32700 } else { -32600 };
            assert_eq!(why.code(), code);
        }
    }
    if let Some(opinion) = opinion {
        assert_eq!(is_batch(&text), matches!(opinion, Json::Array(_)));
    }
});
