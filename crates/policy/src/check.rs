use std::str::FromStr as _;

use cedar_policy::{Policy, PolicySet as Cedar, ValidationMode, ValidationWarning};
use cedar_policy_core::ast::{self, StaticPolicy};
use cedar_policy_core::parser::Loc;
use miette::Diagnostic;

use crate::erase;
use crate::names::Fault;
use crate::schema::validator;

/// Parses one text into its policies, in the order they are written.
pub(crate) fn parse(text: &str) -> Result<Vec<Policy>, Fault> {
    let set = Cedar::from_str(text).map_err(|errors| {
        let first = errors.iter().min_by_key(|e| span(*e).map_or(usize::MAX, |(start, _)| start));
        first.map_or((None, "is no Cedar policy".to_owned()), |e| (span(e), sentence(e)))
    })?;
    if let Some(template) = set.templates().next() {
        let core: &ast::Template = template.as_ref();
        let place = core.loc().map(|l| (l.start(), l.end()));
        return Err((place, "templates (`?principal`, `?resource`) are not supported".to_owned()));
    }
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    policies.sort_by_key(start);
    Ok(policies)
}

/// Where a policy begins in its text.
pub(crate) fn start(policy: &Policy) -> usize {
    core(policy).template().loc().map_or(0, Loc::start)
}

/// The tree below the stable surface.
pub(crate) fn core(policy: &Policy) -> &ast::Policy {
    policy.as_ref()
}

/// Checks a policy against the schema: types, attributes, actions, and whether it can ever apply.
pub(crate) fn against_schema(policy: &Policy) -> Result<(), Fault> {
    let wrong = |message: &str| (None, message.to_owned());
    let validator = validator().ok_or_else(|| wrong("the schema is broken"))?;
    let mut set = Cedar::new();
    set.add(erased(policy).ok_or_else(|| wrong("is a template"))?)
        .map_err(|_| wrong("is given twice"))?;
    let result = validator.validate(&set, ValidationMode::Strict);
    let errors = result.validation_errors().map(|e| (span(e), sentence(e)));
    if let Some(fault) = errors.min_by_key(|(span, _)| span.map_or(usize::MAX, |(start, _)| start))
    {
        return Err(fault);
    }
    match result.validation_warnings().find_map(|w| Some((span(w), serious(w)?))) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// The policy with its arguments replaced by stand-ins.
fn erased(policy: &Policy) -> Option<Policy> {
    let template = core(policy).template();
    let body = StaticPolicy::new(
        template.id().clone(),
        template.loc().cloned(),
        template.annotations_arc().as_ref().clone(),
        template.effect(),
        template.principal_constraint().clone(),
        template.action_constraint().clone(),
        template.resource_constraint().clone(),
        template.non_scope_constraints().map(erase::condition),
    );
    body.ok().map(Policy::from)
}

/// Warnings that would leave a rule without effect, or make it read as something it is not.
fn serious(warning: &ValidationWarning) -> Option<String> {
    match warning {
        ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_) => {
            Some("this policy can never apply: its action does not go with its resource, or its condition is always false".to_owned())
        }
        ValidationWarning::BidiCharsInString(_) | ValidationWarning::BidiCharsInIdentifier(_) => {
            Some("this text holds characters that turn the direction of writing".to_owned())
        }
        _ => None,
    }
}

/// The bytes an error is about.
fn span(error: &dyn Diagnostic) -> Option<(usize, usize)> {
    let label = error.labels()?.next()?;
    Some((label.offset(), label.offset() + label.len()))
}

/// An error in one sentence: what is wrong, then what was expected or probably meant.
fn sentence(error: &dyn Diagnostic) -> String {
    let message = plain(&error.to_string());
    let label = error.labels().and_then(|mut l| l.next()).and_then(|l| l.label().map(plain));
    let help = error.help().map(|h| plain(&h.to_string()));
    match help.or(label).filter(|hint| !hint.is_empty()) {
        Some(hint) => format!("{message}: {hint}"),
        None => message,
    }
}

/// Without the id that Cedar was given, which means nothing to a person, and in one line.
fn plain(text: &str) -> String {
    let text = match text.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, ")) {
        Some((_, rest)) => rest,
        None => text,
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}
