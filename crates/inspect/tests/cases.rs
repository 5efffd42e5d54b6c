//! Each row of `cases.tsv` (the shared rows this room answers for, by id) and of `own.tsv` (our own) gives the verdict
//! it promises.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

use inspect::{
    Context, Finding, Limits, Neighbours, Schema, Severity, check_argument_names, scan_definition,
    scan_elicitation, scan_instructions, scan_prompt_result, scan_resource, scan_result,
    scan_result_text, worst,
};
use serde_json::{Value, json};

#[test]
fn every_shared_row_gets_its_verdict() {
    let rows = include_str!("cases.tsv").lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[0].to_owned(), cells[1], cells[2], cells[3])
    });
    check(rows);
}

#[test]
fn every_row_of_our_own_gets_its_verdict() {
    let rows = include_str!("own.tsv").lines().enumerate().skip(1).map(|(index, line)| {
        let cells: Vec<&str> = line.splitn(3, '\t').collect();
        (format!("own.tsv:{}", index + 1), cells[1], cells[2], cells[0])
    });
    check(rows);
}

fn check<'a>(rows: impl Iterator<Item = (String, &'a str, &'a str, &'a str)>) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (id, kind, given, expected) in rows {
        count += 1;
        let (verdict, why) = judge(kind, &text(given));
        if verdict != expected {
            wrong.push(format!("{id} ({kind}): {verdict}, not {expected}: {given}\n    {why}"));
        }
    }
    assert!(
        count > 50 && wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The verdict and what it rests on.
fn judge(kind: &str, given: &str) -> (&'static str, String) {
    let others = Neighbours::default()
        .source("shop")
        .source("mail")
        .source("files")
        .tool("shop__refund")
        .tool("mail__send")
        .tool("files__delete");
    let definition = Context::definition("notes", &others);
    let result = Context::result("notes", &others);
    let found = match kind {
        "description" | "title" | "name" => {
            scan_definition(&tool(&json!({ kind: given })), &definition)
        }
        "tool" => scan_definition(&tool(&parse(given)), &definition),
        "instructions" => scan_instructions(given, &definition),
        "resource" => scan_resource(&parse(given), &definition),
        "result" => scan_result_text(given, &result),
        "result-json" => scan_result(given.as_bytes(), &result),
        "prompt-result" => scan_prompt_result(given.as_bytes(), &result),
        "elicitation" => match scan_elicitation(&parse(given), &["apple.example".to_owned()]) {
            Ok(found) => found,
            Err(finding) => return ("deny", format!("{finding:?}")),
        },
        "schema" => match Schema::compile(&parse(given), Limits::default()) {
            Ok(_) => Vec::new(),
            Err(problem) => vec![problem.finding("/inputSchema")],
        },
        "arguments" | "names" => return arguments(kind, given),
        other => panic!("unknown kind {other}"),
    };
    (verdict(&found), format!("{found:?}"))
}

fn arguments(kind: &str, given: &str) -> (&'static str, String) {
    let (schema, arguments) = given.split_once(" <- ").unwrap();
    let (schema, arguments) = (parse(schema), parse(arguments));
    let why = if kind == "names" {
        check_argument_names(&arguments, &schema).err().map(|p| p.to_string())
    } else {
        let schema = Schema::compile(&schema, Limits::default()).unwrap();
        schema.validate(&arguments).err().map(|p| format!("{p:?}"))
    };
    (if why.is_some() { "deny" } else { "allow" }, why.unwrap_or_default())
}

fn verdict(found: &[Finding]) -> &'static str {
    worst(found).map_or("allow", Severity::as_str)
}

/// A plain tool with these members instead of its own.
fn tool(members: &Value) -> Value {
    let mut tool = json!({"name": "add_note", "description": "Adds a note.", "inputSchema": {"type": "object"}});
    for (name, value) in members.as_object().unwrap() {
        tool[name] = value.clone();
    }
    tool
}

fn parse(given: &str) -> Value {
    serde_json::from_str(given).unwrap_or_else(|e| panic!("{given}: {e}"))
}

/// `\u{41}` as the character it names; `\n`, `\t` as themselves outside JSON.
fn text(given: &str) -> String {
    let mut out = String::new();
    let mut rest = given;
    while let Some(at) = rest.find("\\u{") {
        out.push_str(&rest[..at]);
        let (code, after) = rest[at + 3..].split_once('}').unwrap();
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = after;
    }
    out.push_str(rest);
    if out.starts_with(['{', '[']) {
        out
    } else {
        out.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
    }
}
