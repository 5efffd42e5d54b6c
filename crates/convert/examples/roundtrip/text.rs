//! Texts that a schema allows: by pattern, by format, or any word of the right length.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value};

use crate::value::{Made, Seed};

/// Most times that what may be repeated without end is repeated.
const REPEATS: u32 = 2;

/// A text that fits.
pub(crate) fn text(schema: &Map<String, Value>, seed: Seed) -> Made {
    let least = bound(schema, "minLength").unwrap_or(0);
    let most = bound(schema, "maxLength").unwrap_or(usize::MAX);
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return matching(pattern, least, most, seed).map(Value::from);
    }
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if let Some(text) = formatted(format, seed) {
        return Ok(Value::from(text));
    }
    if schema.contains_key("contentEncoding") {
        // `Zm9v` is base64 of three bytes; several of them are base64 again.
        return Ok(Value::from("Zm9v".repeat(least.div_ceil(4).max(1))));
    }
    let wanted = (4 + seed.pick(5)).clamp(least, most.max(least));
    Ok(Value::from(word(wanted, seed)))
}

pub(crate) fn bound(schema: &Map<String, Value>, name: &str) -> Option<usize> {
    usize::try_from(schema.get(name)?.as_u64()?).ok()
}

/// So many letters.
fn word(length: usize, seed: Seed) -> String {
    (0..length)
        .map(|n| char::from(b'a' + u8::try_from(seed.with(n).pick(26)).unwrap_or(0)))
        .collect()
}

fn formatted(format: &str, seed: Seed) -> Option<String> {
    let n = seed.pick(28) + 1;
    Some(match format {
        "date" => format!("2024-02-{n:02}"),
        "date-time" => format!("2024-02-{n:02}T03:04:05Z"),
        "time" => "03:04:05Z".to_owned(),
        "duration" => format!("P{n}D"),
        "email" | "idn-email" => format!("{}@example.com", word(6, seed)),
        "hostname" | "idn-hostname" => format!("{}.example.com", word(6, seed)),
        "ipv4" => format!("192.0.2.{n}"),
        "ipv6" => format!("2001:db8::{n:x}"),
        "uri" | "url" | "iri" => format!("https://example.com/{}", word(6, seed)),
        "uri-reference" | "iri-reference" | "uri-template" => format!("/{}", word(6, seed)),
        "uuid" => format!("123e4567-e89b-42d3-a456-4266141740{n:02}"),
        "json-pointer" => format!("/{}", word(4, seed)),
        "relative-json-pointer" => format!("{n}/{}", word(4, seed)),
        "regex" => format!("^{}$", word(4, seed)),
        "byte" => "Zm9v".to_owned(),
        _ => return None,
    })
}

/// A text that matches, as long as it must be if more repetitions can make it so.
fn matching(pattern: &str, least: usize, most: usize, seed: Seed) -> Result<String, &'static str> {
    let hir = regex_syntax::Parser::new().parse(pattern).map_err(|_| "pattern_not_known")?;
    let mut out = String::new();
    for more in [0, 1, 3, 8, 16, 40, 100, 300] {
        out.clear();
        spell(&hir, more, seed, &mut out)?;
        let length = out.chars().count();
        if length >= least {
            return if length <= most { Ok(out) } else { Err("pattern_and_length") };
        }
    }
    // An open pattern takes anything behind what matches.
    out.push_str(&word(least.saturating_sub(out.chars().count()), seed));
    Ok(out)
}

fn spell(hir: &Hir, more: u32, seed: Seed, out: &mut String) -> Result<(), &'static str> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            out.push_str(std::str::from_utf8(&literal.0).map_err(|_| "pattern_of_bytes")?);
        }
        HirKind::Class(class) => out.push(one_of(class, seed.with(out.len()))?),
        HirKind::Repetition(repetition) => {
            let fewest = repetition.min.max(more).max(u32::from(repetition.max != Some(0)));
            let most = repetition.max.unwrap_or_else(|| fewest.max(REPEATS));
            let times = fewest.min(most).max(repetition.min);
            for _ in 0..times {
                spell(&repetition.sub, more, seed, out)?;
            }
        }
        HirKind::Capture(capture) => spell(&capture.sub, more, seed, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                spell(part, more, seed, out)?;
            }
        }
        HirKind::Alternation(parts) => {
            let part = parts.get(seed.pick(parts.len())).ok_or("pattern_matches_nothing")?;
            spell(part, more, seed, out)?;
        }
    }
    Ok(())
}

/// A character of the class: a letter or digit where it has one.
fn one_of(class: &Class, seed: Seed) -> Result<char, &'static str> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|r| (r.start(), r.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|r| (char::from(r.start()), char::from(r.end()))).collect()
        }
    };
    let has = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
    let plain: Vec<char> =
        ('a'..='z').chain('0'..='9').chain('A'..='Z').filter(|c| has(*c)).collect();
    if let Some(found) = plain.get(seed.pick(plain.len().max(1))) {
        return Ok(*found);
    }
    let visible = (' '..='~').find(|c| has(*c));
    visible.or_else(|| ranges.first().map(|(from, _)| *from)).ok_or("pattern_matches_nothing")
}
