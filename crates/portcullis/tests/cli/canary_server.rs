//! An API that fails in all the ways that APIs fail, and says again what it was sent.

use std::fmt::Write as _;

use serde_json::json;

use super::canary::base64;
use super::standin::{Asked, Said};

/// A token that nobody has put into the vault.
pub const TOKEN: &str = "canary-tok/b00c_q.x";

/// Ways to fail, each an operation of every API.
pub const MODES: [&str; 9] =
    ["fine", "unauthorized", "broken", "redirect", "reset", "invalid", "page", "text", "garbage"];

pub fn description() -> String {
    let mut text = "openapi: 3.0.3\ninfo: {title: T, version: \"1\"}\npaths:\n".to_owned();
    for mode in MODES {
        let kind = if mode == "text" { "text/plain" } else { "application/json" };
        let _ = write!(
            text,
            "  /{mode}:\n    get:\n      operationId: {mode}\n      responses:\n        \"200\": {{description: ok, content: {{{kind}: {{schema: {{}}}}}}}}\n"
        );
    }
    text
}

/// Everything that was sent, said again in every way that a careless server has.
fn echo(asked: &Asked) -> String {
    let values = asked.head.lines().filter_map(|line| line.split_once(": ")).map(|(_, v)| v);
    let mut all = format!("{}\n{}\n", asked.head, asked.body);
    for value in values {
        for text in [value, value.split_once(' ').map_or(value, |(_, rest)| rest)] {
            let percent = percent(text);
            let html = text.replace('&', "&amp;").replace('"', "&quot;");
            let _ = writeln!(all, "{percent} {html} {} {}", padded(text), json!(text));
        }
    }
    all
}

/// Every byte percent-encoded.
pub fn percent(text: &str) -> String {
    let one = |b: u8| format!("%{b:02X}");
    text.bytes().map(one).collect()
}

/// In base64, to its end.
fn padded(text: &str) -> String {
    let zeros = (3 - text.len() % 3) % 3;
    let digits = base64(&(text.to_owned() + &"\0".repeat(zeros)));
    format!("{}{}", &digits[..digits.len() - zeros], "=".repeat(zeros))
}

pub fn answer(asked: &Asked) -> Said {
    let mode = asked.target.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let echo = echo(asked);
    let flat = asked.head.lines().nth(1).unwrap_or_default().replace(['<', '>'], "");
    let json_type = "Content-Type: application/json\r\n";
    let head = |kind: &str| {
        format!(
            "Content-Type: {kind}\r\nX-Echo: {flat} {}\r\nETag: \"{}\"\r\n",
            asked.target, asked.target
        )
    };
    match mode.as_str() {
        "token" => Said::json(
            200,
            &json!({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600, "you": echo}),
        ),
        "unauthorized" => {
            Said::Answer(401, head("application/json"), json!({"said": echo}).to_string())
        }
        "broken" => Said::Answer(500, head("text/plain"), echo),
        "redirect" => {
            let to = format!(
                "Location: http://127.0.0.1:9/x?again={}\r\n",
                asked.target.replace('?', "&")
            );
            Said::Answer(302, to, echo)
        }
        "reset" => Said::Nothing,
        "invalid" => {
            Said::Answer(200, json_type.to_owned(), format!("{{\"said\": {}", json!(echo)))
        }
        "page" => Said::Answer(200, head("text/html"), format!("<p>{echo}</p>")),
        "text" => Said::Answer(200, head("text/plain"), echo),
        "garbage" => Said::Raw(format!("HTTP/1.1 200 {echo}\r\n{echo}\r\n\r\n").into_bytes()),
        _ => Said::Answer(
            200,
            head("application/json"),
            json!({"said": echo, "head": asked.head}).to_string(),
        ),
    }
}
