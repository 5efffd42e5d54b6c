use model::{
    Action, Credential, Effect, Principal, PrincipalId, Role, Scopes, SourceName, TenantId,
    Timestamp, Verdict,
};
use serde::Deserialize;

use crate::request::{Request, Target};
use crate::set::PolicySet;

/// One case of `portcullis policy test`: a call, and the verdict it should get.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Who calls.
    pub principal: String,
    /// Whom they belong to; `default` if not given.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// What they are to the gate; an agent if not given.
    #[serde(default = "default_role")]
    pub role: Role,
    /// What their credential is limited to, for policies that ask.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What for; a call if not given.
    #[serde(default)]
    pub action: What,
    /// The source of the thing.
    pub source: String,
    /// Its exposed name, or the URI of a resource.
    pub name: String,
    /// What its source calls it; the part of `name` after the source if not given.
    pub upstream_name: Option<String>,
    /// What it may do to the world. Not given, it is as with any tool without one: destructive and not accepted.
    pub effect: Option<Effect>,
    /// Whether the operator set or accepted the effect; not given, yes if there is one.
    pub accepted: Option<bool>,
    /// The arguments, an object.
    pub arguments: Option<serde_json::Value>,
    /// When, in milliseconds since the epoch; its beginning if not given.
    #[serde(default)]
    pub now: u64,
    /// What policy should say.
    pub expect: Expect,
    /// The policy that should decide; any if not given.
    pub rule: Option<String>,
}

/// [`Action`] as it is written in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Call a tool.
    #[default]
    Call,
    /// Read a resource.
    Read,
    /// Get a prompt.
    Prompt,
}

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// It goes on.
    Allow,
    /// It stops.
    Deny,
    /// A person decides.
    Ask,
}

impl Expect {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Ask => "ask",
        }
    }
}

/// How a case went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// Whether policy said what was expected.
    pub passed: bool,
    /// What was expected and what was said, in one sentence.
    pub reason: String,
    /// The verdict; `None` if the case itself is wrong.
    pub verdict: Option<Verdict>,
}

fn default_tenant() -> String {
    "default".to_owned()
}

const fn default_role() -> Role {
    Role::Agent
}

impl PolicySet {
    /// Runs one case.
    pub fn test(&self, case: &Case) -> CaseResult {
        let source = match SourceName::new(&case.source) {
            Ok(source) => source,
            Err(error) => {
                return CaseResult { passed: false, reason: error.to_string(), verdict: None };
            }
        };
        let principal = Principal {
            id: PrincipalId::new(&case.principal),
            tenant: TenantId::new(&case.tenant),
            role: case.role,
            scopes: Scopes::new(case.scopes.iter().cloned()),
            credential: Credential::None,
        };
        let arguments = case.arguments.as_ref().map(|a| a.to_string().into_bytes());
        let own = case.name.split_once("__").map_or(case.name.as_str(), |(_, own)| own);
        let verdict = self.decide(&Request {
            principal: &principal,
            action: match case.action {
                What::Call => Action::Call,
                What::Read => Action::Read,
                What::Prompt => Action::Prompt,
            },
            target: Target {
                source: &source,
                name: &case.name,
                upstream_name: case.upstream_name.as_deref().unwrap_or(own),
                effect: case.effect.unwrap_or(Effect::Destructive),
                effect_accepted: case.accepted.unwrap_or(case.effect.is_some()),
            },
            arguments: arguments.as_deref(),
            now: Timestamp(case.now),
        });
        judge(case, verdict)
    }
}

fn judge(case: &Case, verdict: Verdict) -> CaseResult {
    let (expected, got) = (case.expect.as_str(), verdict.as_str());
    let because = match &verdict {
        Verdict::Deny { reason, .. } => format!(": {reason}"),
        _ => String::new(),
    };
    let other_rule = case.rule.as_deref().filter(|rule| *rule != verdict.rule());
    let reason = match other_rule {
        _ if expected != got => {
            format!("expected {expected}, got {got} by `{}`{because}", verdict.rule())
        }
        Some(rule) => {
            format!("expected {expected} by `{rule}`, got it by `{}`{because}", verdict.rule())
        }
        None => format!("{got} by `{}`, as expected", verdict.rule()),
    };
    CaseResult { passed: expected == got && other_rule.is_none(), reason, verdict: Some(verdict) }
}
