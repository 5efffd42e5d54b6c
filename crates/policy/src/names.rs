//! Names and words in a policy that the schema cannot check, because to Cedar they are just text.

use cedar_policy_core::ast::EntityReference;
use cedar_policy_core::ast::{
    BinaryOp, EntityUID, Expr, ExprKind, Literal, PrincipalOrResourceConstraint, Template, Var,
};
use model::{Effect, Role};

use crate::context::WEEKDAYS;
use crate::known::{Known, hint};
use crate::reads::children;

/// What is wrong, and the bytes of the text where, if that is known.
pub(crate) type Fault = (Option<(usize, usize)>, String);

/// Finds names of sources and tools that do not exist, and words no attribute ever has.
///
/// A `forbid` that speaks of `gihtub` would otherwise never apply, and nobody would know.
pub(crate) fn check(policy: &Template, known: &Known) -> Result<(), Fault> {
    let whole = policy.loc().map(|l| (l.start(), l.end()));
    if let Some(uid) = constrained(policy.resource_constraint().as_inner()) {
        let place = uid.loc().map(|l| (l.start(), l.end())).or(whole);
        entity(uid, known).map_err(|message| (place, message))?;
    }
    match policy.non_scope_constraints() {
        Some(condition) => visit(condition, known),
        None => Ok(()),
    }
}

/// The tools that a policy names, each once, in the order of the text.
pub(crate) fn tools(policy: &Template) -> Vec<String> {
    let mut names = Vec::new();
    let mut note = |uid: &EntityUID| {
        let name: &str = uid.eid().as_ref();
        if uid.entity_type().to_string() == "Tool" && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    };
    if let Some(uid) = constrained(policy.resource_constraint().as_inner()) {
        note(uid);
    }
    let mut left: Vec<&Expr> = policy.non_scope_constraints().into_iter().collect();
    while let Some(expr) = left.pop() {
        if let ExprKind::Lit(Literal::EntityUID(uid)) = expr.expr_kind() {
            note(uid);
        }
        left.extend(children(expr).into_iter().rev());
    }
    names
}

fn constrained(constraint: &PrincipalOrResourceConstraint) -> Option<&EntityUID> {
    match constraint {
        PrincipalOrResourceConstraint::Any | PrincipalOrResourceConstraint::Is(_) => None,
        PrincipalOrResourceConstraint::In(uid)
        | PrincipalOrResourceConstraint::Eq(uid)
        | PrincipalOrResourceConstraint::IsIn(_, uid) => match uid {
            EntityReference::EUID(uid) => Some(uid),
            EntityReference::Slot(_) => None,
        },
    }
}

fn visit(expr: &Expr, known: &Known) -> Result<(), Fault> {
    let fault = |message| (expr.source_loc().map(|l| (l.start(), l.end())), message);
    match expr.expr_kind() {
        ExprKind::Lit(Literal::EntityUID(uid)) => entity(uid, known).map_err(fault)?,
        ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } => {
            compared(arg1, arg2, known)?;
            compared(arg2, arg1, known)?;
        }
        ExprKind::BinaryApp { op: BinaryOp::Contains, arg1, arg2 } => {
            if let ExprKind::Set(items) = arg1.expr_kind() {
                items.iter().try_for_each(|item| compared(arg2, item, known))?;
            }
        }
        _ => {}
    }
    children(expr).into_iter().try_for_each(|child| visit(child, known))
}

/// A tool, prompt or source must be one there can be.
fn entity(uid: &EntityUID, known: &Known) -> Result<(), String> {
    let id: &str = uid.eid().as_ref();
    match uid.entity_type().to_string().as_str() {
        "Source" => known.source(id),
        "Tool" | "Prompt" => known.exposed(id),
        _ => return Ok(()),
    }
    .map_err(|what| format!("there is {what}"))
}

/// Where an attribute with few values is compared with a text, the text must be one of them.
fn compared(attribute: &Expr, text: &Expr, known: &Known) -> Result<(), Fault> {
    let ExprKind::Lit(Literal::String(word)) = text.expr_kind() else { return Ok(()) };
    let ExprKind::GetAttr { expr, attr } = attribute.expr_kind() else { return Ok(()) };
    let fault = |message| (text.source_loc().map(|l| (l.start(), l.end())), message);
    let words: Vec<&str> = match (expr.expr_kind(), attr.as_str()) {
        (ExprKind::Var(Var::Resource), "effect") => {
            Effect::ALL.iter().map(|e| e.as_str()).collect()
        }
        (ExprKind::Var(Var::Principal), "role") => {
            vec![Role::Agent.as_str(), Role::Operator.as_str()]
        }
        (ExprKind::GetAttr { expr, attr: time }, "weekday")
            if time == "time" && matches!(expr.expr_kind(), ExprKind::Var(Var::Context)) =>
        {
            WEEKDAYS.to_vec()
        }
        (ExprKind::Var(Var::Resource), "source") => {
            return known.source(word).map_err(|what| fault(format!("there is {what}")));
        }
        _ => return Ok(()),
    };
    if words.contains(&word.as_str()) {
        return Ok(());
    }
    let message = format!("`{attr}` is never {word:?}{}", hint(word, words.into_iter()));
    Err(fault(message))
}
