//! The rows of the cases that are about judging an offer, each through `explain`: a row is run, or listed with the room
//! that it waits for.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod base;
mod by_hand;
mod expected;
mod notation;

use std::collections::BTreeMap;

use serde_json::Value;
use spend::explain::explain;

const ROWS: &str = include_str!("rows.tsv");
const ELSEWHERE: &str = include_str!("elsewhere.tsv");

struct Row {
    id: &'static str,
    given: &'static str,
    expected: &'static str,
}

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| {
        let mut cells = line.splitn(3, '\t');
        Row {
            id: cells.next().unwrap(),
            given: cells.next().unwrap(),
            expected: cells.next().unwrap(),
        }
    };
    ROWS.lines().skip(1).map(cells).collect()
}

fn elsewhere() -> BTreeMap<&'static str, &'static str> {
    ELSEWHERE.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect()
}

/// The input of a row: written by hand where its words are prose, else translated.
fn input(row: &Row) -> Option<Value> {
    by_hand::input(row.id).or_else(|| notation::input(row.given)).map(|mut input| {
        input["id"] = row.id.into();
        input
    })
}

#[test]
fn every_row_is_judged_as_it_should_be() {
    let (elsewhere, base) = (elsewhere(), base::base());
    let mut wrong = Vec::new();
    let mut run = 0;
    for row in rows() {
        if elsewhere.contains_key(row.id) {
            continue;
        }
        let Some(input) = input(&row) else {
            wrong.push(format!("{}: not translated: {:.100}", row.id, row.given));
            continue;
        };
        run += 1;
        let told = explain(&input, &base);
        if let Err(why) = expected::holds(row.expected, &told) {
            wrong.push(format!("{}: {why}: expected {}, got {told}", row.id, row.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {run} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(run >= 150, "only {run} rows were run");
}

#[test]
fn what_is_listed_as_run_elsewhere_is_a_row_and_has_a_reason() {
    let known: Vec<&str> = rows().iter().map(|row| row.id).collect();
    for (id, reason) in elsewhere() {
        assert!(known.contains(&id), "{id} is no row");
        assert!(!reason.is_empty(), "{id} has no reason");
    }
}

#[test]
fn every_verdict_has_a_sentence() {
    let base = base::base();
    for row in rows() {
        let Some(input) = input(&row) else { continue };
        let told = explain(&input, &base);
        let reason = told["reason"].as_str().unwrap();
        let begins = reason.starts_with(|c: char| c.is_uppercase() || c.is_numeric());
        assert!(begins && reason.ends_with('.'), "{}: {reason}", row.id);
    }
}
