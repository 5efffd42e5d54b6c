use std::fmt;

use cedar_policy::{Authorizer, Entities, PolicySet as Cedar, Request as CedarRequest};
use model::Verdict;

use crate::context;
use crate::entities::Ids;
use crate::outcome::describe;
use crate::reads::Paths;
use crate::request::Request;
use crate::rule::Rule;
use crate::scope;
use crate::set::PolicySet;

/// How a verdict came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The verdict itself.
    pub verdict: Verdict,
    /// Whether it is the lists of the principal's tenant that refuse: then no policy can permit it.
    pub refused_by_tenant: bool,
    /// Every policy that applied, in the order of loading.
    pub satisfied: Vec<Satisfied>,
    /// Every policy that could not be evaluated.
    pub errors: Vec<Failure>,
    /// What policy was asked, in Cedar's words, arguments included: for the operator's eyes.
    pub request: String,
}

/// A policy that applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfied {
    /// Its name.
    pub rule: String,
    /// `file:line`; `levels:n` for the n-th entry of the table of levels.
    pub location: String,
    /// `permit`, `ask` or `forbid`.
    pub says: &'static str,
}

/// A policy that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub rule: String,
    /// `file:line`.
    pub location: String,
    /// Why not.
    pub reason: String,
}

impl PolicySet {
    /// Decides, and tells how. Slower than [`PolicySet::decide`]: each policy is asked alone.
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        let mut explanation = Explanation {
            verdict: self.decide(request),
            refused_by_tenant: self.refused_by_tenant(request),
            satisfied: Vec::new(),
            errors: Vec::new(),
            request: String::new(),
        };
        // Without these there is nothing to ask, and the verdict has said so.
        let Some(ids) = Ids::of(request.principal, request.action, &request.target) else {
            return explanation;
        };
        let Some(entities) = ids.entities(request.principal, &request.target) else {
            return explanation;
        };
        let rules = self.rules().iter();
        let fitting: Vec<&Rule> = rules.filter(|rule| scope::fits(&rule.policy, &ids)).collect();
        let mut wanted = Paths::None;
        for rule in &fitting {
            wanted.join(&rule.reads.arguments);
        }
        let build = |wanted| context::build(request.arguments, wanted, true, request.now);
        let (Some((context, unreadable)), Some((whole, _))) = (build(&wanted), build(&Paths::All))
        else {
            return explanation;
        };
        explanation.request = print(request, &ids, &whole.to_string());
        let (principal, action, resource) =
            (ids.principal.clone(), ids.action.clone(), ids.resource.clone());
        let Ok(asked) = CedarRequest::new(principal, action, resource, context, None) else {
            return explanation;
        };
        for rule in fitting {
            let broken = unreadable.iter().find(|part| rule.reads.arguments.touch(&part.path));
            match broken.map_or_else(|| alone(rule, &asked, &entities), |part| Err(part.sentence()))
            {
                Ok(true) => explanation.satisfied.push(Satisfied {
                    rule: rule.id.clone(),
                    location: rule.location(),
                    says: rule.kind.as_str(),
                }),
                Ok(false) => {}
                Err(reason) => explanation.errors.push(Failure {
                    rule: rule.id.clone(),
                    location: rule.location(),
                    reason,
                }),
            }
        }
        explanation
    }
}

/// Whether one policy applies, or why it could not be evaluated.
fn alone(rule: &Rule, request: &CedarRequest, entities: &Entities) -> Result<bool, String> {
    let mut set = Cedar::new();
    set.add(rule.policy.clone()).map_err(|_| "Cedar would not take it".to_owned())?;
    let response = Authorizer::new().is_authorized(request, &set, entities);
    if let Some(cedar_policy::AuthorizationError::PolicyEvaluationError(error)) =
        response.diagnostics().errors().next()
    {
        return Err(describe(error.inner()));
    }
    Ok(response.diagnostics().reason().next().is_some())
}

fn print(request: &Request<'_>, ids: &Ids, context: &str) -> String {
    let (who, what) = (request.principal, &request.target);
    let scopes: Vec<&str> = who.scopes.iter().collect();
    format!(
        "principal: {} in {}, role {:?}, scopes {scopes:?}\naction: {}\nresource: {} in {}, upstream {:?}, effect {:?}, accepted {}\ncontext: {context}",
        ids.principal,
        ids.tenant,
        who.role.as_str(),
        ids.action,
        ids.resource,
        ids.source,
        what.upstream_name,
        what.judged_effect().as_str(),
        what.effect_accepted,
    )
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verdict: {} by {}", self.verdict.as_str(), self.verdict.rule())?;
        if let Verdict::Deny { reason, .. } = &self.verdict {
            write!(f, ", because {reason}")?;
        }
        for satisfied in &self.satisfied {
            write!(f, "\napplies: {} {} ({})", satisfied.says, satisfied.rule, satisfied.location)?;
        }
        for failure in &self.errors {
            write!(f, "\nfails: {} ({}): {}", failure.rule, failure.location, failure.reason)?;
        }
        write!(f, "\n{}", self.request)
    }
}
