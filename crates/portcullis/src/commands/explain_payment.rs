use std::io::{BufRead as _, Read as _, stdin};
use std::path::Path;
use std::process::ExitCode;

use ambient::Clock;
use anyhow::{Context as _, bail};
use audit::terminal_safe;
use model::Timestamp;
use serde_json::{Map, Value, json};
use spend::explain::{Base, explain};

use crate::cli::ExplainPayment;
use crate::config;
use crate::house::money;
use crate::say;

/// Largest answer, and longest line of a batch, in bytes.
const LARGEST: u64 = 4 << 20;

/// Says what would become of a demand for money, and why, without paying.
pub fn run(command: &ExplainPayment) -> anyhow::Result<ExitCode> {
    let base = base(&command.file.config)?;
    if command.batch {
        return batch(&base);
    }
    let (Some(url), Some(file)) = (&command.url, &command.challenge) else {
        bail!("say --url and --challenge, or --batch");
    };
    let mut case = answer(&read(file)?)?;
    case.insert("url".to_owned(), url.clone().into());
    case.insert("method".to_owned(), command.method.clone().into());
    if let Some(tool) = &command.tool {
        case.insert("tool".to_owned(), tool.clone().into());
    }
    let told = explain(&Value::Object(case), &base);
    if command.json {
        say::line(serde_json::to_string_pretty(&told)?);
    } else {
        tell(&told);
    }
    Ok(ExitCode::from(u8::from(told["verdict"] != "allow" && told["verdict"] != "pass")))
}

/// What a configuration allows about money, with nothing spent yet.
fn base(path: &Path) -> anyhow::Result<Base> {
    let loaded = config::load(path)?;
    let own = loaded
        .config
        .payments
        .as_ref()
        .context("nothing is ever paid: the configuration has no `[payments]`")?;
    let policy = money::policy(own).map_err(anyhow::Error::msg)?;
    let limits = money::limits(&loaded.config).map_err(anyhow::Error::msg)?;
    let known = spend::Known {
        now: Timestamp(Clock::system().now_millis()),
        pins: spend::Pins(money::pins(own).map_err(anyhow::Error::msg)?),
        ..spend::Known::default()
    };
    Ok(Base { situation: spend::Situation { policy, known }, limits })
}

fn batch(base: &Base) -> anyhow::Result<ExitCode> {
    for line in stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let told = match serde_json::from_str::<Value>(&line) {
            Ok(case @ Value::Object(_)) => explain(&case, base),
            Ok(_) => unreadable("the line is no JSON object"),
            Err(e) => unreadable(&format!("the line is no JSON: {e}")),
        };
        say::line(told);
    }
    Ok(ExitCode::SUCCESS)
}

fn unreadable(why: &str) -> Value {
    json!({ "id": null, "verdict": "load-error", "rule": "policy", "reason": why, "facts": {} })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?;
    } else {
        let opened = std::fs::File::open(file);
        let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    anyhow::ensure!(bytes.len() as u64 <= LARGEST, "the answer has more than {LARGEST} bytes");
    Ok(bytes)
}

/// An answer as `curl -i` prints it: status line, header fields, an empty line, the body.
fn answer(text: &[u8]) -> anyhow::Result<Map<String, Value>> {
    let text = String::from_utf8_lossy(text);
    let (head, body) = match text.find("\r\n\r\n") {
        Some(at) => (&text[..at], &text[at + 4..]),
        None => text.split_once("\n\n").unwrap_or((&text, "")),
    };
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    let status: u16 = status
        .strip_prefix("HTTP/")
        .and_then(|rest| rest.split_whitespace().nth(1))
        .and_then(|code| code.parse().ok())
        .context(
            "the answer does not begin with a status line, like `HTTP/1.1 402 Payment Required`",
        )?;
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("`{}` is no header field", terminal_safe(line)))?;
        headers.push(json!([name.trim(), value.trim()]));
    }
    let mut case = Map::new();
    case.insert("status".to_owned(), status.into());
    case.insert("headers".to_owned(), headers.into());
    case.insert("body".to_owned(), body.into());
    Ok(case)
}

fn tell(told: &Value) {
    let text = |name: &str| terminal_safe(told[name].as_str().unwrap_or("-")).into_owned();
    say::line(format_args!("{} {}", text("verdict"), told["rule"].as_str().unwrap_or_default()));
    say::line(format_args!("  {}", text("reason")));
    for (name, value) in told["facts"].as_object().into_iter().flatten() {
        let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        say::line(format_args!("  {name}: {}", terminal_safe(&shown)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_curl_prints_it() {
        for ends in ["\r\n", "\n"] {
            let text = ["HTTP/1.1 402 Payment Required", "X-Cashu: creqA:b", "", "a\nb"].join(ends);
            let case = answer(text.as_bytes()).unwrap();
            assert_eq!(case["status"], 402);
            assert_eq!(case["headers"], json!([["X-Cashu", "creqA:b"]]));
            assert_eq!(case["body"], "a\nb");
        }
        assert!(answer(b"X-Cashu: a").is_err() && answer(b"HTTP/1.1 402 x\nnonsense").is_err());
    }
}
