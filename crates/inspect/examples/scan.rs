//! What looking at one result costs: `cargo run --release -p inspect --example scan`, or one kind alone, for a profiler:
//! `valgrind --tool=callgrind target/release/examples/scan prose 65536`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people that measures time"
)]

use std::time::Instant;

use inspect::{Context, Neighbours, scan_result};
use serde_json::{Value, json};

/// The kind that names its server, as results of the modern era do.
const MODERN: &str = "modern";

/// Kinds of results, and a piece that each is made of.
const KINDS: [(&str, &str); 8] = [
    ("filler", "The tool result is long. "),
    (MODERN, "The tool result is long. "),
    (
        "prose",
        "The harbour was rebuilt from the ground up after the flood of 1953, and it's now the town's largest employer. \
         If you follow the coast road you'll see the old lighthouse before the bridge; visitors show their tickets at \
         the gate. Users of the ferry keep left.\n\n",
    ),
    (
        "records",
        "{\"id\":1234,\"user\":\"ada\",\"title\":\"Quarterly figures\",\"tags\":[\"alpha\",\"beta\"],\"from\":\"2026-01-01\",\"size\":10.5},\n",
    ),
    (
        "code",
        "    /* keep the order */\n    fn send(&self, to: &str) -> Result<(), Error> {\n        let key = self.env.get('k')?; // see below\n        self.post(to, key)\n    }\n\n",
    ),
    (
        "base64",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII/",
    ),
    (
        "accents",
        "Le café du théâtre est fermé ; l’équipe revient après l’été. Voir aussi « Horaires » et l'accès. ",
    ),
    ("japanese", "港は一九五三年の洪水のあと再建され、今では町で最大の雇用主である。"),
];

fn main() {
    let mut words = std::env::args().skip(1);
    let (only, bytes) = (words.next(), words.next().and_then(|n| n.parse().ok()));
    for (kind, piece) in KINDS.iter().filter(|(k, _)| only.as_deref().is_none_or(|only| only == *k))
    {
        for size in
            [1024, 65_536].into_iter().filter(|size| bytes.is_none_or(|n: usize| n == *size))
        {
            measure(kind, "text", &as_text(piece, size, *kind == MODERN));
            if *kind == "records" {
                measure(kind, "structured", &as_items(size));
            }
        }
    }
}

/// The text of a result that says `piece` over and over.
fn as_text(piece: &str, size: usize, modern: bool) -> String {
    let text = piece.repeat(size / piece.len() + 1);
    let end = (0..=size).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut result = json!({ "content": [{ "type": "text", "text": text[..end] }] });
    if modern {
        let server = json!({ "name": "notes", "version": "1.0.0" });
        result["_meta"] = json!({ "io.modelcontextprotocol/serverInfo": server });
    }
    result.to_string()
}

/// The same amount of small records, as `structuredContent`.
fn as_items(size: usize) -> String {
    let item = |n: usize| json!({ "id": n, "user": "ada", "title": "Quarterly figures", "tags": ["alpha", "beta"] });
    let items: Vec<Value> = (0..size / 70).map(item).collect();
    json!({ "content": [], "structuredContent": { "items": items } }).to_string()
}

fn measure(kind: &str, form: &str, result: &str) {
    let others = Neighbours::default().source("shop").tool("shop__refund");
    let context = Context::result("notes", &others);
    let rounds = (4_000_000 / result.len()).clamp(1, 200);
    let found = scan_result(result.as_bytes(), &context).len();
    let best = (0..rounds).map(|_| {
        let start = Instant::now();
        std::hint::black_box(scan_result(std::hint::black_box(result.as_bytes()), &context));
        start.elapsed()
    });
    let best = best.min().unwrap_or_default();
    println!("{kind:>9} {form:>10} {:>6} bytes: {best:>10.2?}, {found} findings", result.len());
}
