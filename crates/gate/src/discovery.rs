//! Big catalogues: three tools in the place of hundreds. What they find is what lists would show, decided the same
//! way, and a call through them takes the way of every call, under the name of the tool it means.

use std::cmp::Reverse;
use std::sync::Arc;

use audit::Outcome;
use bytes::Bytes;
use model::{Code, Refusal};
use protocol::json::{Edit, JsonError, Limits, Object, quote};
use protocol::mcp::{CallToolResult, ContentBlock, Method, Structured};

use crate::catalogue::{Entry, Fragment, Shelf};
use crate::gate::{Gate, Incoming};
use crate::port::Kind;
use crate::way::{Ending, may_call, shows};
use crate::{Client, Vetted, list};

const SEARCH: &str = "search_tools";
const DESCRIBE: &str = "describe_tool";
const CALL: &str = "call_tool";

/// Most tools of one answer.
const MOST: usize = 50;
/// Tools of one answer when nothing is said.
const USUAL: usize = 10;
/// Bytes of a description that a search shows.
const SHOWN: usize = 240;
/// Words of a question that count.
const WORDS: usize = 16;

/// What becomes of a request.
pub(crate) enum Turn {
    /// It goes on, as a call of the tool it means.
    On(Box<Incoming>),
    /// It is answered.
    Answered(Ending),
}

/// Whether this name is one of the three.
pub(crate) fn is_own(gate: &Gate, client: &Client, name: &str) -> bool {
    matches!(name, SEARCH | DESCRIBE | CALL) && is_on(gate, client)
}

/// Whether the tools of a source are left out of the lists of this client's tenant.
pub(crate) fn folds(shelf: &Shelf, client: &Client) -> bool {
    let count = || shelf.count(Kind::Tools, &client.principal.tenant);
    shelf.settings.discovery.is_some_and(|most| count() > most)
}

/// Whether there is a source for this client's tenant that may be left out of lists.
fn is_on(gate: &Gate, client: &Client) -> bool {
    let tenant = &client.principal.tenant;
    let mut shelves = gate.catalogue().shelves().iter();
    shelves.any(|s| s.settings.discovery.is_some() && s.settings.audience.has(tenant))
}

/// Answers a search or a description, and turns a call through [`CALL`] into the call it means.
pub(crate) async fn turn(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: Box<Incoming>,
) -> Result<Turn, Refusal> {
    let own = own_name(gate, client, &incoming);
    match own {
        Some(SEARCH) => {
            Box::pin(search(gate, client, &given(&incoming)?)).await.map(Turn::Answered)
        }
        Some(DESCRIBE) => {
            Box::pin(describe(gate, client, &given(&incoming)?)).await.map(Turn::Answered)
        }
        Some(_) => meant(incoming).map(Turn::On),
        None => Ok(Turn::On(incoming)),
    }
}

/// Which of the three is called, if one is.
fn own_name(gate: &Gate, client: &Client, incoming: &Incoming) -> Option<&'static str> {
    if incoming.method != Method::ToolsCall {
        return None;
    }
    let name = incoming.params.str("name")?;
    [SEARCH, DESCRIBE, CALL].into_iter().find(|own| *own == name).filter(|_| is_on(gate, client))
}

/// The three definitions, for a client that may call something behind them.
pub(crate) fn definitions() -> Fragment {
    let one = |name: &str, description: &str, members: &str, required: &str, reads: bool| {
        let text = format!(
            r#"{{"name":"{name}","description":{},"inputSchema":{{"type":"object","properties":{{{members}}},"required":[{required}],"additionalProperties":false}},"annotations":{{"readOnlyHint":{reads}}}}}"#,
            quote(description)
        );
        (name.to_owned(), text.into())
    };
    let tool =
        r#""name":{"type":"string","description":"Name of a tool, as search_tools gives it"}"#;
    Fragment::new(vec![
        one(
            SEARCH,
            "Finds tools by words about what they do. There are more tools than the list shows.",
            r#""query":{"type":"string","maxLength":1000,"description":"What you want to do"},"limit":{"type":"integer","minimum":1,"maximum":50}"#,
            r#""query""#,
            true,
        ),
        one(
            DESCRIBE,
            "Gives the whole definition of a tool, with the schema of its arguments.",
            tool,
            r#""name""#,
            true,
        ),
        one(
            CALL,
            "Calls a tool by its name. It is decided and recorded as a call of that tool.",
            &format!(
                r#"{tool},"arguments":{{"type":"object","description":"Arguments of the tool"}}"#
            ),
            r#""name","arguments""#,
            false,
        ),
    ])
}

fn given(incoming: &Incoming) -> Result<Object, Refusal> {
    let read = incoming.params.object("arguments").map_err(|e| invalid(&e.to_string()))?;
    Ok(read.unwrap_or_else(Object::empty))
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(Code::InvalidParams, format!("arguments: {why}"))
}

/// The call of the tool that a call of [`CALL`] means. Whatever else stood in the params (`_meta`, the answers to an
/// earlier question) stays.
fn meant(incoming: Box<Incoming>) -> Result<Box<Incoming>, Refusal> {
    let given = given(&incoming)?;
    let name = given.str("name").ok_or_else(|| invalid("`name` is no text"))?;
    if matches!(&*name, SEARCH | DESCRIBE | CALL) {
        return Err(invalid("`name` must be that of a tool found with search_tools"));
    }
    let arguments = given.object("arguments").map_err(|e| invalid(&e.to_string()))?;
    let arguments = arguments.ok_or_else(|| invalid("`arguments` is no object"))?;
    let text = Edit::new()
        .set_str("name", &name)
        .set("arguments", arguments.text().to_vec())
        .apply(&incoming.params);
    let params = Object::parse(text, Limits::REQUEST).map_err(|e| invalid(&e.to_string()))?;
    // Mirrors, if there were any, were of the outer call.
    Ok(Box::new(Incoming { params, param_headers: None, ..*incoming }))
}

async fn search(gate: &Gate, client: &Arc<Client>, given: &Object) -> Result<Ending, Refusal> {
    let query = given.str("query").ok_or_else(|| invalid("`query` is no text"))?;
    let limit = match given.raw("limit") {
        None => USUAL,
        Some(raw) => std::str::from_utf8(raw)
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|n| (1..=MOST).contains(n))
            .ok_or_else(|| invalid("`limit` is no whole number from 1 to 50"))?,
    };
    list::freshen(gate, client, Kind::Tools, None).await;
    let words = words(&query);
    let mut found: Vec<(Reverse<u32>, Arc<Entry>)> = visible(gate, client)
        .map(|entry| (Reverse(score(&words, &entry)), entry))
        .filter(|(score, _)| score.0 > 0)
        .collect();
    found.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.exposed.cmp(&y.exposed)));
    let total = found.len();
    let tools: Vec<String> = found.iter().take(limit).map(|(_, entry)| line(entry)).collect();
    let data = format!("{{\"total\":{total},\"tools\":[{}]}}", tools.join(","));
    answered(client, data, None)
}

/// What lists would show this client, were they not too long.
fn visible<'a>(gate: &'a Gate, client: &'a Client) -> impl Iterator<Item = Arc<Entry>> + 'a {
    let tenant = &client.principal.tenant;
    let index = gate.catalogue().index(tenant);
    gate.catalogue()
        .in_view(client)
        .flat_map(|shelf| shelf.entries(Kind::Tools, tenant))
        .filter(move |entry| index.holds(entry))
        .filter(|entry| shows(gate, &client.principal, entry))
}

async fn describe(gate: &Gate, client: &Arc<Client>, given: &Object) -> Result<Ending, Refusal> {
    let name = given.str("name").ok_or_else(|| invalid("`name` is no text"))?;
    let entry = may_call(gate, client, &name).await?;
    let shown = list::shown(client, &entry);
    let shown = shown.ok_or_else(|| {
        Refusal::new(Code::NotTranslatable, format!("{name} cannot be described in your version"))
    })?;
    answered(client, shown, Some(entry.source_name().as_str()))
}

/// One line of a search: what it is called, what it is for, what it may do.
fn line(entry: &Entry) -> String {
    let description = entry.definition.str("description").unwrap_or_default();
    let end = description.floor_char_boundary(SHOWN.min(description.len()));
    let more = if end < description.len() { "…" } else { "" };
    format!(
        r#"{{"name":{},"description":{},"effect":"{}"}}"#,
        quote(&entry.exposed),
        quote(&format!("{}{more}", &description[..end])),
        entry.effect
    )
}

fn answered(
    client: &Client,
    data: impl Into<Bytes>,
    source: Option<&str>,
) -> Result<Ending, Refusal> {
    let unread = |e: JsonError| {
        Refusal::new(Code::Internal, "the answer cannot be written").detail(e.to_string())
    };
    let structured = Structured::parse(data.into()).map_err(unread)?;
    let (content, structured) = (&[ContentBlock::Structured], Some(&structured));
    let draft =
        CallToolResult { content, structured, ..CallToolResult::default() }.write(client.version);
    let draft = match source {
        Some(source) => draft.labelled(source, None),
        None => draft,
    };
    let vetted = Vetted::result(draft.write().map_err(unread)?);
    Ok(Ending { vetted, outcome: Outcome::Ok, upstream_status: None, note: None })
}

/// Words in small letters: cut at whatever is no letter or digit, and where a capital begins one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut small = false;
    for c in text.chars() {
        let ends = !c.is_alphanumeric() || (c.is_uppercase() && small);
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words.retain(|word| word.chars().count() > 1);
    words.truncate(256);
    words
}

/// How well a tool fits: a word in its name counts most, then one in its title, then one in its description.
fn score(asked: &[String], entry: &Entry) -> u32 {
    let places = [
        (8, words(&entry.exposed)),
        (4, words(&entry.definition.str("title").unwrap_or_default())),
        (2, words(&entry.definition.str("description").unwrap_or_default())),
    ];
    let fits = |word: &String, weight: u32, place: &[String]| {
        if place.contains(word) {
            weight
        } else if place.iter().any(|p| akin(p, word)) {
            weight / 2
        } else {
            0
        }
    };
    let each = asked.iter().take(WORDS).map(|word| {
        places.iter().map(|(weight, place)| fits(word, *weight, place)).max().unwrap_or(0)
    });
    each.sum()
}

/// `issue` and `issues`, `list` and `listing`: one begins with the other.
fn akin(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.len() >= 3 && long.starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_at_marks_and_capitals() {
        assert_eq!(words("repos/listForUser a 2FA"), ["repos", "list", "for", "user", "2fa"]);
        assert_eq!(words("Größe_der Äste"), ["größe", "der", "äste"]);
    }

    #[test]
    fn words_of_one_stem_are_akin_and_short_ones_are_not() {
        assert!(akin("issues", "issue") && akin("list", "listing"));
        assert!(!akin("to", "tools") && !akin("cat", "dog"));
    }
}
