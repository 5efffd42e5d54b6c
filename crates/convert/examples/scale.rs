//! Converts every description below the given folders and files, and prints a table.
//!
//! `cargo run --release -p convert --example scale -- [--check N] [--take N] FOLDER…`: with `--check`, the schemas of
//! every N-th tool are compiled as JSON Schema 2020-12, and each document is converted once more with its paths in another
//! order; with `--take`, N documents evenly from among all of at most 4 MiB.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for people, which measures real time"
)]

mod corpus;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use convert::{Converted, openapi, openapi_value};
use corpus::options;
use serde_json::Value;

#[derive(Default)]
struct Table {
    documents: usize,
    unreadable: Vec<String>,
    operations: usize,
    converted: usize,
    tools: usize,
    skipped: BTreeMap<&'static str, usize>,
    schemas: usize,
    bad_schemas: BTreeMap<String, usize>,
    wrong: Vec<String>,
    slowest: (Duration, String),
    took: Duration,
}

fn main() {
    let (mut check, mut take) = (0, None);
    let mut roots = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => check = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            "--take" => take = arguments.next().and_then(|n| n.parse::<usize>().ok()),
            path => roots.push(PathBuf::from(path)),
        }
    }
    let files = corpus::files(&roots, take);
    let mut table = Table::default();
    for file in &files {
        one(file, check, &mut table);
    }
    print(&table);
    let converted = table.operations - table.skipped.values().sum::<usize>();
    let enough = converted * 100 >= table.operations * 99;
    if !enough || !table.wrong.is_empty() || !table.bad_schemas.is_empty() || table.documents == 0 {
        std::process::exit(1);
    }
}

fn one(file: &Path, check: usize, table: &mut Table) {
    let Ok(text) = std::fs::read(file) else { return };
    let name = file.display().to_string();
    let started = Instant::now();
    let converted = openapi(&text, &options());
    let took = started.elapsed();
    let converted = match converted {
        Ok(converted) => converted,
        Err(e) if e.code == "not_openapi" => return,
        Err(e) => return table.unreadable.push(format!("{name}: {}: {e}", e.code)),
    };
    table.documents += 1;
    table.took += took;
    if took > table.slowest.0 {
        table.slowest = (took, name.clone());
    }
    if took > Duration::from_secs(10) {
        table.wrong.push(format!("{name}: took {took:?}"));
    }
    table.operations += converted.operations;
    table.converted += converted.operations - converted.skipped.len();
    table.tools += converted.tools.len();
    for skipped in &converted.skipped {
        *table.skipped.entry(skipped.code).or_default() += 1;
    }
    names(&name, &converted, table);
    if check > 0 {
        schemas(&name, &converted, check, table);
        stable(&name, &text, &converted, table);
    }
}

fn names(file: &str, converted: &Converted, table: &mut Table) {
    let mut seen = HashSet::new();
    for tool in &converted.tools {
        let lawful = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        let good = !tool.name.is_empty() && tool.name.len() <= 64 && tool.name.bytes().all(lawful);
        if !good || !seen.insert(&tool.name) {
            table.wrong.push(format!("{file}: the name `{}`", tool.name));
        }
    }
}

fn schemas(file: &str, converted: &Converted, check: usize, table: &mut Table) {
    for tool in converted.tools.iter().step_by(check) {
        for schema in std::iter::once(&tool.input_schema).chain(&tool.output_schema) {
            table.schemas += 1;
            if let Err(problem) = inspect::Schema::compile(schema, inspect::Limits::default()) {
                let count = table.bad_schemas.entry(problem.rule.to_owned()).or_default();
                *count += 1;
                if *count <= 5 {
                    eprintln!("{file}: {}: {problem}", tool.name);
                }
            }
        }
    }
}

/// The same tools under the same names when the paths stand in another order.
fn stable(file: &str, text: &[u8], converted: &Converted, table: &mut Table) {
    let Ok(mut document) = serde_json::from_slice::<Value>(text) else { return };
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
    let reversed: Vec<_> = std::mem::take(paths).into_iter().rev().collect();
    paths.extend(reversed);
    let Ok(again) = openapi_value(&document, &options()) else { return };
    let key = |c: &Converted| {
        c.tools.iter().map(|t| (t.name.clone(), t.recipe.path.clone())).collect::<Vec<_>>()
    };
    if key(converted) != key(&again) {
        table.wrong.push(format!("{file}: other names in another order"));
    }
}

fn print(table: &Table) {
    let skipped: usize = table.skipped.values().sum();
    let share = |n: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
        let share = n as f64 * 100.0 / table.operations.max(1) as f64;
        share
    };
    println!("| what | count |\n|---|---|");
    println!("| documents | {} |", table.documents);
    println!("| operations | {} |", table.operations);
    println!("| converted | {} ({:.2} %) |", table.converted, share(table.converted));
    println!("| tools | {} |", table.tools);
    println!("| refused | {skipped} ({:.2} %) |", share(skipped));
    for (code, count) in &table.skipped {
        println!("| refused: `{code}` | {count} |");
    }
    println!("| schemas compiled | {} |", table.schemas);
    for (rule, count) in &table.bad_schemas {
        println!("| schemas not valid: `{rule}` | {count} |");
    }
    println!(
        "| slowest document | {} ms, {} |",
        table.slowest.0.as_millis(),
        short(&table.slowest.1)
    );
    println!("| conversion alone | {} ms |", table.took.as_millis());
    println!("| peak memory | {} MiB |", peak() / 1024);
    for line in table.unreadable.iter().chain(&table.wrong).take(50) {
        eprintln!("{line}");
    }
}

fn short(path: &str) -> &str {
    path.split("node_modules/").last().unwrap_or(path)
}

/// Peak resident memory in KiB, as the kernel tells it.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}
