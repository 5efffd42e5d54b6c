//! What would happen, without it happening.

use std::sync::Arc;

use futures_util::future::join_all;
use model::{Action, Effect, Principal, Timestamp, Verdict};
use policy::{Explanation, Request};
use protocol::json::{self, Limits, Object};

use crate::catalogue::{Shelf, State};
use crate::enter::visitor;
use crate::gate::Gate;
use crate::list::{freshen, renew};
use crate::port::Kind;
use crate::way::target_of;
use crate::{Audience, Client};

/// A tool as an operator sees it.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The name agents use.
    pub exposed: String,
    /// Its source.
    pub source: String,
    /// For whom that is there.
    pub audience: Audience,
    /// The source's own name for it.
    pub upstream: String,
    /// Its effect.
    pub effect: Effect,
    /// Whether an operator set or accepted the effect.
    pub accepted: bool,
    /// What the effect would be, going by annotations and name: a proposal.
    pub proposed: Effect,
    /// Why it is in quarantine, if it is.
    pub quarantined: Option<String>,
    /// Stable codes of what was found in its definition.
    pub findings: Vec<String>,
}

/// Why a call would be allowed or refused.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The tool it would go to, if there is one of that name.
    pub tool: Option<Tool>,
    /// What policy says, and which of its lines say it.
    pub policy: Option<Explanation>,
    /// `allow`, `deny` or `ask`, everything considered.
    pub verdict: &'static str,
    /// The stage that decides.
    pub stage: &'static str,
    /// One sentence.
    pub reason: String,
    /// The line that would allow it.
    pub allow: Option<String>,
}

impl Gate {
    /// Every tool of every source that answers, as this client's sessions see them; quarantined ones included. For the
    /// operator: a source that is not there for the client's tenant is seen as its first tenant sees it.
    pub async fn tools(&self, client: &Arc<Client>) -> Vec<Tool> {
        let mut tools = self.offered(client, Kind::Tools).await;
        for collision in self.catalogue().collisions() {
            tools.retain(|t| {
                (&*t.source, &t.upstream) != (collision.newcomer.0.as_str(), &collision.newcomer.1)
            });
        }
        tools
    }

    /// Every prompt, in the same way and with the same things to know of it.
    pub async fn prompts(&self, client: &Arc<Client>) -> Vec<Tool> {
        self.offered(client, Kind::Prompts).await
    }

    async fn offered(&self, client: &Arc<Client>, kind: Kind) -> Vec<Tool> {
        let shelves = self.catalogue().shelves().iter();
        let seen = shelves.filter_map(|shelf| Some((shelf, onlooker(client, shelf)?)));
        let seen: Vec<(&Shelf, Arc<Client>)> = seen.collect();
        join_all(seen.iter().map(|(shelf, by)| renew(self, by, shelf, kind))).await;
        seen.iter().filter(|(_, by)| !Arc::ptr_eq(by, client)).for_each(|(_, by)| self.end(by));
        let mut all = Vec::new();
        for (shelf, by) in &seen {
            let mut entries = shelf.entries(kind, &by.principal.tenant);
            entries.sort_by(|a, b| a.exposed.cmp(&b.exposed));
            let audience = &shelf.settings.audience;
            let each = entries.iter().map(tool);
            all.extend(each.map(|t| Tool { audience: audience.clone(), ..t }));
        }
        all
    }

    /// Two definitions that would have one name: `(name, holder, newcomer)`, each `source/tool`.
    pub fn collisions(&self) -> Vec<(String, String, String)> {
        let side = |s: &(model::SourceName, String)| format!("{}/{}", s.0, s.1);
        let each = self.catalogue().collisions().into_iter();
        each.map(|c| (c.exposed.clone(), side(&c.holder), side(&c.newcomer))).collect()
    }

    /// What would become of a call, and why.
    pub async fn explain(&self, client: &Arc<Client>, name: &str, arguments: &Object) -> Explained {
        freshen(self, client, Kind::Tools, Some(name)).await;
        let allow = Some(policy::allow_line(client.principal.id.as_str(), Action::Call, name));
        let no = |tool, policy, stage, reason: String| Explained {
            tool,
            policy,
            verdict: "deny",
            stage,
            reason,
            allow: allow.clone(),
        };
        let index = self.catalogue().index(&client.principal.tenant);
        let Some(entry) = index.tool(name).cloned() else {
            return no(None, None, "look up", format!("there is no tool {name}"));
        };
        if !client.principal.scopes.cover(name) {
            return no(
                Some(tool(&entry)),
                None,
                "look up",
                "the credential's scopes do not cover it".to_owned(),
            );
        }
        let now = Timestamp(self.clock().now_millis());
        let request = Request {
            principal: &client.principal,
            action: Action::Call,
            target: target_of(&entry),
            arguments: Some(arguments.text()),
            now,
        };
        let policy = self.decider().policies().explain(&request);
        let tool = tool(&entry);
        match &policy.verdict {
            Verdict::Deny { rule, reason } => {
                let reason = format!("{rule}: {reason}");
                let allow = allow.clone().filter(|_| !policy.refused_by_tenant);
                return Explained { allow, ..no(Some(tool), Some(policy), "decide", reason) };
            }
            Verdict::Ask { rule } => {
                let reason = format!("{rule} asks for a person's approval");
                return Explained {
                    verdict: "ask",
                    ..no(Some(tool), Some(policy), "decide", reason)
                };
            }
            Verdict::Allow { .. } => {}
        }
        if let State::Quarantined(why) = &entry.state {
            let why = why.clone();
            return Explained { allow: None, ..no(Some(tool), Some(policy), "look up", why) };
        }
        if let Err(refusal) =
            crate::way::fits(&entry, arguments, self.checks_arguments(entry.source_name()))
        {
            return Explained {
                allow: None,
                ..no(Some(tool), Some(policy), "check", refusal.message)
            };
        }
        let reason = format!("{} permits it", policy.verdict.rule());
        Explained {
            tool: Some(tool),
            policy: Some(policy),
            verdict: "allow",
            stage: "decide",
            reason,
            allow: None,
        }
    }
}

/// As whom a source is looked at: as this client, or, where it is not there for its tenant, as the first one it is
/// there for.
fn onlooker(client: &Arc<Client>, shelf: &Shelf) -> Option<Arc<Client>> {
    let audience = &shelf.settings.audience;
    if audience.has(&client.principal.tenant) {
        return Some(client.clone());
    }
    let tenant = audience.tenants()?.first()?.clone();
    let principal = Arc::new(Principal { tenant, ..Principal::clone(&client.principal) });
    visitor(&principal, shelf.source.name())
}

fn tool(entry: &Arc<crate::catalogue::Entry>) -> Tool {
    let annotations = entry
        .definition
        .object("annotations")
        .ok()
        .flatten()
        .and_then(|o| json::value(o.text(), Limits::REPLY).ok());
    Tool {
        exposed: entry.exposed.clone(),
        source: entry.source_name().as_str().to_owned(),
        audience: Audience::Everyone,
        upstream: entry.upstream.clone(),
        effect: entry.effect,
        accepted: entry.accepted,
        proposed: inspect::propose_effect(&entry.upstream, annotations.as_ref()),
        quarantined: match &entry.state {
            State::Live => None,
            State::Quarantined(why) => Some(why.clone()),
        },
        findings: entry.findings.iter().map(|f| f.rule.to_owned()).collect(),
    }
}
