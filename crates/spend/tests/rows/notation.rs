//! From the notation of the rows to the input of `explain`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::base;

/// The input of a row whose words are notation; `None` for prose.
pub fn input(given: &str) -> Option<Value> {
    let (state, rest) = match given.strip_prefix("set{") {
        Some(_) => {
            let end = closing(&given[3..])? + 3;
            (words(&given[4..end])?, given[end + 1..].trim_start())
        }
        None => (json!({}), given),
    };
    let mut input = offered(rest).or_else(|| challenged(rest))?;
    let asked = input.as_object_mut()?.entry("state").or_insert_with(|| json!({}));
    asked.as_object_mut()?.extend(state.as_object()?.clone());
    input["tool"] = "weather".into();
    Some(input)
}

/// An answer 402 with this header.
pub fn answered(name: &str, value: &str) -> Value {
    json!({"url": base::URL, "status": 402, "headers": {name: value}})
}

/// An answer with this offer in its header.
pub fn x402(offer: &Value) -> Value {
    answered("PAYMENT-REQUIRED", &BASE64_STANDARD.encode(offer.to_string()))
}

/// The base offer with its entry patched.
pub fn patched(patch: &Value) -> Value {
    let mut offer = base::offer();
    merge(&mut offer["accepts"][0], patch);
    offer
}

fn offered(text: &str) -> Option<Value> {
    let text = text.strip_prefix("payment_preview of ").unwrap_or(text);
    if let Some(url) = text.strip_prefix("request https://") {
        let mut input = x402(&base::offer());
        input["url"] = unescaped(&format!("https://{}", url.split(' ').next()?)).into();
        return (!url.contains(' ')).then_some(input);
    }
    let mut offer = base::offer();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(list) = rest.strip_prefix("accepts=") {
            let (patches, after) = json_at(list)?;
            let entry = |patch: &Value| {
                let mut entry = base::entry();
                merge(&mut entry, patch);
                entry
            };
            offer["accepts"] = patches.as_array()?.iter().map(entry).collect();
            rest = after.strip_prefix("(two equal entries)").unwrap_or(after);
        } else if let Some(patch) = rest.strip_prefix("offer+") {
            let (patch, after) = json_at(patch)?;
            merge(&mut offer["accepts"][0], &patch);
            rest = after.strip_prefix("at T0").unwrap_or(after);
        } else {
            let (patch, after) = json_at(rest.strip_prefix("required+")?)?;
            merge(&mut offer, &patch);
            rest = after;
        }
    }
    (!text.is_empty()).then(|| x402(&offer))
}

fn challenged(text: &str) -> Option<Value> {
    if let Some(name) = text.strip_prefix("L402 challenge with INV") {
        let invoice = match name {
            "10" => base::INV10,
            "1000" => base::INV1000,
            _ => return None,
        };
        return Some(l402(invoice));
    }
    if let Some(rest) = text.strip_prefix("invoice ") {
        return rest.strip_suffix(" at T0").filter(|invoice| !invoice.contains(' ')).map(l402);
    }
    if let Some(lines) = text.strip_prefix("two header lines: ") {
        let lines = lines.split(" and ").map(|line| line.strip_prefix("WWW-Authenticate: "));
        let lines: Vec<&str> = lines.collect::<Option<_>>()?;
        return Some(json!({"url": base::URL, "headers": {"WWW-Authenticate": lines}}));
    }
    let (name, value) = text.split_once(": ")?;
    if !matches!(name, "WWW-Authenticate" | "X-Cashu" | "X-LNURLcash") {
        return None;
    }
    let (value, body) = match value.split_once(" on POST with body ") {
        Some((value, body)) => (value, Some(body)),
        None => (value, None),
    };
    let value = value.replace("<1 MiB of A>", &"A".repeat(1 << 20));
    let mut input = answered(name, &unescaped(&value));
    if let Some(body) = body {
        input["method"] = "POST".into();
        input["state"] = json!({"request_body": body});
    }
    Some(input)
}

/// An answer with the macaroon and this invoice.
pub fn l402(invoice: &str) -> Value {
    let line = format!(r#"L402 version="0", token="{}", invoice="{invoice}""#, base::MAC);
    answered("WWW-Authenticate", &line)
}

/// RFC 7396.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name.as_str()], value);
        }
    }
}

/// The JSON value at the beginning of a text, and what follows it.
fn json_at(text: &str) -> Option<(Value, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, text[values.byte_offset()..].trim_start()))
}

/// Where the brace that opens a text is closed.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `name:value, …` with names, and values that are words, without quotes.
fn words(text: &str) -> Option<Value> {
    let mut json = String::from("{");
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = rest[1..].find('"')? + 2;
            json.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if c.is_ascii_alphabetic() {
            let end =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            json.push('"');
            json.push_str(&rest[..end]);
            json.push('"');
            rest = &rest[end..];
        } else {
            json.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    json.push('}');
    serde_json::from_str::<Map<String, Value>>(&json).ok().map(Value::Object)
}

/// `\r`, `\n`, `\t`, `\uXXXX` and `\\`.
pub fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('r') => out.push('\r'),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                out.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}
