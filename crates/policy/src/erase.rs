//! Arguments have no fixed form, so Cedar's validator cannot know their types and would refuse every policy that looks
//! at one. Here a policy is rewritten, for the validator's eyes only, so that what stands around an argument is still
//! checked: `context.arguments.owner == principal.tennant` is refused for `tennant`.
//!
//! Where a type follows from the place (`… like`, `ip(…)`, `… && …`), a stand-in of that type takes the place of the
//! argument. Where it does not, the whole operation is replaced by a stand-in for its result, and its other operands
//! are kept as comparisons with themselves.

use cedar_policy_core::ast::{BinaryOp, Expr, ExprKind, Name, UnaryOp, Var};
use cedar_policy_core::parser::Loc;

/// An expression after rewriting.
enum Erased {
    /// Of a type the validator can tell.
    Typed(Expr),
    /// An argument, or made of one. The expressions are those within it that must still be checked.
    Free(Vec<Expr>),
}
use Erased::{Free, Typed};

/// The stand-ins of the schema.
const BOOL: &str = "an argument, as Bool";
const LONG: &str = "an argument, as Long";
const STRING: &str = "an argument, as String";

/// The condition of a policy, as the validator should see it.
pub(crate) fn condition(expr: &Expr) -> Expr {
    as_type(erase(expr), BOOL, expr.source_loc())
}

fn erase(expr: &Expr) -> Erased {
    let at = expr.source_loc();
    let typed = |built: Expr| Typed(built.with_maybe_source_loc(at.cloned()));
    match expr.expr_kind() {
        ExprKind::GetAttr { expr: of, attr } => {
            if attr == "arguments" && is_context(of) {
                return Free(Vec::new());
            }
            match erase(of) {
                Free(checks) => Free(checks),
                Typed(of) => typed(Expr::get_attr(of, attr.clone())),
            }
        }
        ExprKind::HasAttr { expr: of, .. } => match erase(of) {
            Free(checks) => typed(stand_in(BOOL, checks, at)),
            Typed(_) => Typed(expr.clone()),
        },
        ExprKind::ExtHasAttr { expr: of, attrs } => match erase(of) {
            Free(checks) => typed(stand_in(BOOL, checks, at)),
            Typed(_) if is_context(of) && attrs.first() == "arguments" => {
                typed(stand_in(BOOL, Vec::new(), at))
            }
            Typed(_) => Typed(expr.clone()),
        },
        ExprKind::Like { expr: of, pattern } => {
            typed(Expr::like(as_type(erase(of), STRING, at), pattern.clone()))
        }
        // An argument is never an entity: the stand-in makes the validator say so.
        ExprKind::Is { expr: of, entity_type } => {
            typed(Expr::is_entity_type(as_type(erase(of), STRING, at), entity_type.clone()))
        }
        ExprKind::And { left, right } => {
            typed(Expr::and(as_type(erase(left), BOOL, at), as_type(erase(right), BOOL, at)))
        }
        ExprKind::Or { left, right } => {
            typed(Expr::or(as_type(erase(left), BOOL, at), as_type(erase(right), BOOL, at)))
        }
        ExprKind::If { test_expr, then_expr, else_expr } => {
            let test = as_type(erase(test_expr), BOOL, at);
            match both(erase(then_expr), erase(else_expr)) {
                Ok((then, other)) => typed(Expr::ite(test, then, other)),
                Err(mut checks) => {
                    checks.push(test);
                    Free(checks)
                }
            }
        }
        ExprKind::UnaryApp { op, arg } => match (op, erase(arg)) {
            (UnaryOp::Neg, arg) => typed(Expr::unary_app(*op, as_type(arg, LONG, at))),
            (UnaryOp::Not, arg) => typed(Expr::unary_app(*op, as_type(arg, BOOL, at))),
            (UnaryOp::IsEmpty, Free(checks)) => typed(stand_in(BOOL, checks, at)),
            (UnaryOp::IsEmpty, Typed(arg)) => typed(Expr::unary_app(*op, arg)),
        },
        ExprKind::BinaryApp { op, arg1, arg2 } => typed(binary(*op, erase(arg1), erase(arg2), at)),
        ExprKind::ExtensionFunctionApp { fn_name, args } => {
            let args = args
                .iter()
                .enumerate()
                .map(|(i, arg)| function_argument(fn_name, i, erase(arg), at));
            typed(Expr::call_extension_fn(fn_name.clone(), args.collect()))
        }
        ExprKind::Set(items) => match all(items.iter()) {
            Ok(items) => typed(Expr::set(items)),
            Err(checks) => Free(checks),
        },
        ExprKind::Record(fields) => match all(fields.values()) {
            Ok(values) => match Expr::record(fields.keys().cloned().zip(values)) {
                Ok(record) => typed(record),
                Err(_) => Typed(expr.clone()),
            },
            Err(checks) => Free(checks),
        },
        ExprKind::Lit(_) | ExprKind::Var(_) | ExprKind::Slot(_) | ExprKind::Unknown(_) => {
            Typed(expr.clone())
        }
    }
}

fn binary(op: BinaryOp, left: Erased, right: Erased, at: Option<&Loc>) -> Expr {
    if !matches!((&left, &right), (Typed(_), Typed(_)))
        && matches!(op, BinaryOp::In | BinaryOp::GetTag | BinaryOp::HasTag)
    {
        // An argument is never an entity: the stand-in makes the validator say so.
        let wrong = stand_in(STRING, Vec::new(), at);
        return Expr::binary_app(op, wrong.clone(), wrong);
    }
    let (mut checks, other) = match (left, right) {
        (Typed(left), Typed(right)) => return Expr::binary_app(op, left, right),
        (Free(mut checks), Free(more)) => {
            checks.extend(more);
            (checks, None)
        }
        (Typed(set), Free(checks)) if op == BinaryOp::Contains => {
            (checks, Some(Expr::is_empty(set)))
        }
        (Free(checks), Typed(other)) | (Typed(other), Free(checks)) => {
            (checks, Some(suits(op, other)))
        }
    };
    checks.extend(other);
    let result =
        if matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul) { LONG } else { BOOL };
    stand_in(result, checks, at)
}

/// An expression that has a type only if `operand` may stand on either side of `op`.
fn suits(op: BinaryOp, operand: Expr) -> Expr {
    match op {
        BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
            Expr::binary_app(op, operand.clone(), operand)
        }
        BinaryOp::ContainsAll | BinaryOp::ContainsAny => Expr::is_empty(operand),
        _ => operand,
    }
}

/// Both, if both have types; otherwise what is left to check.
fn both(left: Erased, right: Erased) -> Result<(Expr, Expr), Vec<Expr>> {
    match (left, right) {
        (Typed(left), Typed(right)) => Ok((left, right)),
        (Free(mut checks), Typed(other)) | (Typed(other), Free(mut checks)) => {
            checks.push(other);
            Err(checks)
        }
        (Free(mut checks), Free(more)) => {
            checks.extend(more);
            Err(checks)
        }
    }
}

fn all<'a>(items: impl Iterator<Item = &'a Expr>) -> Result<Vec<Expr>, Vec<Expr>> {
    let (mut typed, mut checks, mut free) = (Vec::new(), Vec::new(), false);
    for item in items {
        match erase(item) {
            Typed(item) => typed.push(item),
            Free(more) => {
                free = true;
                checks.extend(more);
            }
        }
    }
    if free {
        checks.extend(typed);
        Err(checks)
    } else {
        Ok(typed)
    }
}

/// What stands for an argument within the brackets, or before the dot, of an extension function.
fn function_argument(function: &Name, place: usize, arg: Erased, at: Option<&Loc>) -> Expr {
    let Typed(arg) = arg else {
        let literal = |name: &str, text: &str| match Name::parse_unqualified_name(name) {
            Ok(name) => Expr::call_extension_fn(name, vec![Expr::val(text)]),
            Err(_) => Expr::val(text),
        };
        return match (function.to_string().as_str(), place) {
            ("ip", _) => Expr::val("127.0.0.1"),
            ("decimal", _) => Expr::val("0.0"),
            ("datetime", _) => Expr::val("1970-01-01"),
            ("duration", _) => Expr::val("0ms"),
            ("lessThan" | "lessThanOrEqual" | "greaterThan" | "greaterThanOrEqual", _) => {
                literal("decimal", "0.0")
            }
            ("isIpv4" | "isIpv6" | "isLoopback" | "isMulticast" | "isInRange", _) => {
                literal("ip", "127.0.0.1")
            }
            ("offset", 0) | ("durationSince" | "toDate" | "toTime", _) => {
                literal("datetime", "1970-01-01")
            }
            ("offset", _) => literal("duration", "0ms"),
            ("toMilliseconds" | "toSeconds" | "toMinutes" | "toHours" | "toDays", _) => {
                literal("duration", "0ms")
            }
            _ => stand_in(STRING, Vec::new(), at),
        };
    };
    arg
}

/// The expression itself, or a stand-in of the type its place wants.
fn as_type(erased: Erased, kind: &str, at: Option<&Loc>) -> Expr {
    match erased {
        Typed(expr) => expr,
        Free(checks) => stand_in(kind, checks, at),
    }
}

/// A value of the given type, whose own type holds only if each check has one.
fn stand_in(kind: &str, checks: Vec<Expr>, at: Option<&Loc>) -> Expr {
    let value =
        Expr::get_attr(Expr::var(Var::Context), kind.into()).with_maybe_source_loc(at.cloned());
    checks.into_iter().fold(value, |value, check| {
        let same = Expr::is_eq(check.clone(), check);
        Expr::ite(same, value.clone(), value)
    })
}

fn is_context(expr: &Expr) -> bool {
    matches!(expr.expr_kind(), ExprKind::Var(Var::Context))
}
