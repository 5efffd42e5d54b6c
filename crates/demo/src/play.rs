//! The agent before the gate, act by act.

use std::path::Path;

use serde_json::json;

use crate::{Agent, AgentError, Answer, Speaks};

/// What the play needs of the house it is played in.
pub struct Stage<'a> {
    /// Where the gate is.
    pub url: &'a str,
    /// A good key.
    pub key: &'a str,
    /// The file whose presence makes the notes server the second version of itself.
    pub poison: &'a Path,
    /// Calls of one tool that the gate allows in a minute.
    pub per_minute: u32,
    /// What the wallet has sent so far, in satoshi, by its own books.
    pub sent: &'a (dyn Fn() -> u64 + Sync),
    /// What an operator does: says yes to the approval of that id.
    pub approve: &'a (dyn Fn(&str) -> Result<(), String> + Sync),
    /// Told of each act as it ends.
    pub told: &'a mut dyn FnMut(&Act),
}

/// One thing that was tried, and whether the gate did what it promises.
#[derive(Debug, Clone)]
pub struct Act {
    /// What was tried, and what was expected.
    pub what: String,
    /// What happened, in plain words; line by line.
    pub said: Vec<String>,
    /// Whether that is what was expected.
    pub good: bool,
}

/// Plays all of it. The gate is expected to have the sources `notes` and `weather`, the shipped policy, and a rule that
/// allows `notes__add_note`.
///
/// # Errors
/// The gate cannot be talked to, or a file not written.
pub async fn play(stage: &mut Stage<'_>) -> Result<Vec<Act>, PlayError> {
    let mut acts = Vec::new();
    let mut legacy = Agent::new(stage.url, stage.key, Speaks::Legacy)?;
    let mut modern = Agent::new(stage.url, stage.key, Speaks::Modern)?;
    let mut act = |act: Act, told: &mut dyn FnMut(&Act)| {
        told(&act);
        acts.push(act);
    };
    act(nobody(stage.url).await?, stage.told);
    act(sees(&mut legacy).await?, stage.told);
    act(allowed(&mut legacy, "an agent of the legacy era").await?, stage.told);
    act(allowed(&mut modern, "an agent of the modern era").await?, stage.told);
    act(denied(&mut legacy).await?, stage.told);
    std::fs::write(stage.poison, b"").map_err(PlayError::File)?;
    act(quarantined(&mut legacy).await?, stage.told);
    act(free(&mut legacy, stage.sent).await?, stage.told);
    act(paid(&mut legacy, stage.sent).await?, stage.told);
    act(asked(&mut legacy, stage.sent, stage.approve).await?, stage.told);
    act(too_much(&mut legacy, stage.sent).await?, stage.told);
    act(changed(&mut legacy, stage.sent).await?, stage.told);
    act(limited(&mut modern, stage.per_minute).await?, stage.told);
    Ok(acts)
}

/// The play could not go on.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The gate could not be talked to.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A file of the play could not be written.
    #[error("a file of the demonstration could not be written: {0}")]
    File(std::io::Error),
}

async fn nobody(url: &str) -> Result<Act, AgentError> {
    let mut stranger = Agent::new(url, "pc_000000000000_wrong", Speaks::Modern)?;
    let answer = stranger.open().await?;
    Ok(Act {
        what: "Somebody without a good key asks what there is: refused".to_owned(),
        said: vec![format!(
            "HTTP {}, {}: {}",
            answer.status.as_u16(),
            answer.code(),
            answer.error()
        )],
        good: answer.status == 401,
    })
}

async fn sees(agent: &mut Agent) -> Result<Act, AgentError> {
    agent.open().await?;
    let tools = agent.tools().await?;
    Ok(Act {
        what: "An agent lists the tools of both servers: it is shown what it may call, no more"
            .to_owned(),
        good: tools.iter().any(|t| t == "notes__search_notes")
            && tools.iter().any(|t| t == "weather__forecast")
            && !tools.iter().any(|t| t == "notes__delete_all"),
        said: vec![tools.join(", ")],
    })
}

async fn allowed(agent: &mut Agent, who: &str) -> Result<Act, AgentError> {
    let noted = agent.call("notes__add_note", json!({ "text": "buy milk" })).await?;
    let found = agent.call("notes__search_notes", json!({ "word": "milk" })).await?;
    let sky = agent.call("weather__forecast", json!({ "city": "Oslo" })).await?;
    let said = [&noted, &found, &sky].map(|a| format!("{}{}", a.text(), a.error()));
    Ok(Act {
        what: format!("{who} notes something, finds it, and asks for the weather: allowed")
            .replacen('a', "A", 1),
        good: found.text().contains("buy milk") && sky.text().starts_with("Oslo"),
        said: said.into(),
    })
}

async fn denied(agent: &mut Agent) -> Result<Act, AgentError> {
    let answer = agent.call("notes__delete_all", json!({})).await?;
    let mut said = vec![format!("{}: {}", answer.code(), answer.error())];
    if let Some(line) = answer.message["error"]["data"]["allow"].as_str() {
        said.push(format!("this line of policy would allow it: {line}"));
    }
    Ok(Act {
        what: "It tries to delete every note: refused, because that is destructive".to_owned(),
        good: answer.code() == "policy_denied" || answer.code() == "unavailable",
        said,
    })
}

async fn quarantined(agent: &mut Agent) -> Result<Act, AgentError> {
    let tools = agent.tools().await?;
    let answer = agent.call("notes__add_note", json!({ "text": "anything" })).await?;
    let hidden = !tools.iter().any(|t| t == "notes__add_note");
    Ok(Act {
        what: "The notes server changes what `add_note` says of itself: quarantined until a person looks".to_owned(),
        said: vec![
            format!("{}: {}", answer.code(), answer.error()),
            format!("what is listed now: {}", tools.join(", ")),
        ],
        good: hidden && answer.code() == "quarantined",
    })
}

/// Calls something of the shop; what came, and what the wallet sent for it.
async fn buy(
    agent: &mut Agent,
    tool: &str,
    sent: &(dyn Fn() -> u64 + Sync),
) -> Result<(Answer, u64), AgentError> {
    let before = sent();
    let answer = agent.call(tool, json!({})).await?;
    Ok((answer, sent() - before))
}

fn told(answer: &Answer, spent: u64) -> Vec<String> {
    let said = format!("{}{}", answer.text(), answer.error());
    vec![said.lines().next().unwrap_or_default().to_owned(), format!("the wallet sent {spent} sat")]
}

async fn free(agent: &mut Agent, sent: &(dyn Fn() -> u64 + Sync)) -> Result<Act, AgentError> {
    let (answer, spent) = buy(agent, "shop__opening_hours", sent).await?;
    Ok(Act {
        what: "An agent asks a shop when it is open: free, and nothing is paid".to_owned(),
        good: spent == 0 && answer.text().contains("09:00"),
        said: told(&answer, spent),
    })
}

async fn paid(agent: &mut Agent, sent: &(dyn Fn() -> u64 + Sync)) -> Result<Act, AgentError> {
    let (answer, spent) = buy(agent, "shop__market_report", sent).await?;
    Ok(Act {
        what: "It asks for a report that costs 10 sat: within its budget, paid and delivered"
            .to_owned(),
        good: spent == 10 && answer.text().contains("report"),
        said: told(&answer, spent),
    })
}

async fn asked(
    agent: &mut Agent,
    sent: &(dyn Fn() -> u64 + Sync),
    approve: &(dyn Fn(&str) -> Result<(), String> + Sync),
) -> Result<Act, AgentError> {
    let (first, spent) = buy(agent, "shop__archive", sent).await?;
    let mut said = told(&first, spent);
    let id = first.message["error"]["data"]["approvalId"].as_str().unwrap_or_default();
    let answered = approve(id);
    said.push(match &answered {
        Ok(()) => format!("a person says yes to {id}, and the agent asks again"),
        Err(why) => format!("nobody could say yes: {why}"),
    });
    let (second, paid) = buy(agent, "shop__archive", sent).await?;
    said.extend(told(&second, paid));
    Ok(Act {
        what: "It asks for something for 100 sat, above what it may spend unasked: a person is asked first".to_owned(),
        good: spent == 0 && answered.is_ok() && paid == 100 && second.text().contains("archive"),
        said,
    })
}

async fn too_much(agent: &mut Agent, sent: &(dyn Fn() -> u64 + Sync)) -> Result<Act, AgentError> {
    let (answer, spent) = buy(agent, "shop__company", sent).await?;
    Ok(Act {
        what: "It wants to buy the whole company for 5000 sat: over its budget, and nobody is even asked".to_owned(),
        good: spent == 0 && format!("{}{}", answer.text(), answer.error()).contains("day_cap"),
        said: told(&answer, spent),
    })
}

async fn changed(agent: &mut Agent, sent: &(dyn Fn() -> u64 + Sync)) -> Result<Act, AgentError> {
    let (answer, spent) = buy(agent, "shop__news", sent).await?;
    Ok(Act {
        what: "The shop wants its 10 sat paid to somebody else than agreed: a person has to look"
            .to_owned(),
        good: spent == 0 && answer.code() == "approval_required",
        said: told(&answer, spent),
    })
}

async fn limited(agent: &mut Agent, per_minute: u32) -> Result<Act, AgentError> {
    let mut passed = 0;
    for _ in 0..=per_minute {
        let answer = agent.call("weather__forecast", json!({ "city": "Rome" })).await?;
        if answer.code() == "rate_limited" {
            let wait = answer.message["error"]["data"]["retryAfterMs"].as_u64().unwrap_or(0);
            return Ok(limit(
                passed,
                Some(format!("{}; it may come back in {} s", answer.error(), wait.div_ceil(1000))),
            ));
        }
        passed += 1;
    }
    Ok(limit(passed, None))
}

fn limit(passed: u32, refused: Option<String>) -> Act {
    Act {
        what: "An agent in a loop asks for the weather again and again: slowed down".to_owned(),
        good: refused.is_some(),
        said: vec![
            format!("{passed} more calls passed"),
            refused.map_or("no limit was met".to_owned(), |r| format!("rate_limited: {r}")),
        ],
    }
}
