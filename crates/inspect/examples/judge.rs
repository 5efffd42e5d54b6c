//! What judging one definition costs: `cargo run --release -p inspect --example judge`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people that measures time"
)]

use std::time::Instant;

use inspect::{Context, Limits, Neighbours, Schema, scan_definition};
use serde_json::json;

fn main() {
    let others = Neighbours::default();
    let context = Context::definition("notes", &others);
    for round in 0..3 {
        let mut scans = std::time::Duration::ZERO;
        let mut compiles = std::time::Duration::ZERO;
        for n in 0..100 {
            let tool = json!({
                "name": format!("tool_{n}"),
                "description": format!("Returns the notes of your user from folder {n}, newest first"),
                "inputSchema": {"type": "object", "properties": {
                    "text": {"type": "string", "description": "What to look for"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                }, "required": ["text"]},
            });
            let start = Instant::now();
            let found = scan_definition(&tool, &context);
            scans += start.elapsed();
            let start = Instant::now();
            let schema = Schema::compile(&tool["inputSchema"], Limits::default());
            compiles += start.elapsed();
            assert!(found.is_empty() && schema.is_ok());
        }
        println!("round {round}: 100 scans {scans:?}, 100 schemas {compiles:?}");
    }
}
