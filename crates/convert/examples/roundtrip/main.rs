//! Makes arguments for every N-th tool of the descriptions below the given folders, builds the request, and writes one
//! JSON line for each: what `fixtures/convert/roundtrip.py` holds against the description, with a validator of its own.
//!
//! `cargo run -p convert --example roundtrip -- [--every N] [--take N] FOLDER… > requests.jsonl`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that writes to the next")]

#[path = "../corpus/mod.rs"]
mod corpus;
mod line;
mod merge;
mod text;
mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;

use convert::{Tool, openapi};
use serde_json::{Map, Value};
use value::{ATTEMPTS, Maker, Seed};

fn main() {
    let (mut every, mut take, mut roots) = (1_usize, None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--every" => every = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            "--take" => take = arguments.next().and_then(|n| n.parse::<usize>().ok()),
            path => roots.push(PathBuf::from(path)),
        }
    }
    let (mut seen, mut failed) = (0_usize, BTreeMap::<String, usize>::new());
    for file in corpus::files(&roots, take) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let Ok(converted) = openapi(&bytes, &corpus::options()) else { continue };
        let place = file.display().to_string();
        for tool in &converted.tools {
            seen += 1;
            if seen % every.max(1) != 0 {
                continue;
            }
            for rich in [false, true] {
                match one(tool, rich) {
                    Ok(arguments) => println!("{}", line::made(&place, tool, rich, &arguments)),
                    Err(reason) => {
                        *failed.entry(reason.to_owned()).or_default() += 1;
                        println!("{}", line::failed(&place, tool, rich, reason));
                    }
                }
            }
        }
    }
    for (reason, count) in failed {
        eprintln!("no arguments: {reason}: {count}");
    }
}

/// Arguments of a tool that its schema accepts, checked as the gate checks them.
fn one(tool: &Tool, rich: bool) -> Result<Map<String, Value>, &'static str> {
    let schema = inspect::Schema::compile(&tool.input_schema, inspect::Limits::default())
        .map_err(|_| "schema_not_valid")?;
    let mut last = "does_not_fit";
    for attempt in 0..ATTEMPTS {
        let maker = Maker::new(&tool.input_schema, rich, attempt);
        match maker.make(&tool.input_schema, Seed::of(&tool.name), 0) {
            Ok(value) => {
                let value = if rich { line::spiced(tool, value, &schema) } else { value };
                if schema.validate(&value).is_ok()
                    && let Value::Object(arguments) = value
                {
                    return Ok(arguments);
                }
                last = "does_not_fit";
            }
            Err(reason) => last = reason,
        }
    }
    Err(last)
}
