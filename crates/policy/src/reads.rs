use cedar_policy_core::ast::{Expr, ExprKind, Var};

/// What a policy looks at besides who asks for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// `context.time` or `context.now`.
    pub(crate) time: bool,
    /// `context.arguments`.
    pub(crate) arguments: Paths,
}

/// The arguments a policy looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Paths {
    /// None.
    #[default]
    None,
    /// What is at or below these paths.
    Some(Vec<Vec<String>>),
    /// Any.
    All,
}

impl Paths {
    fn add(&mut self, path: &[&str]) {
        if path.is_empty() {
            *self = Self::All;
        }
        let path = path.iter().map(|s| (*s).to_owned()).collect();
        match self {
            Self::All => {}
            Self::None => *self = Self::Some(vec![path]),
            Self::Some(paths) => paths.push(path),
        }
    }

    /// Adds what `other` looks at.
    pub(crate) fn join(&mut self, other: &Self) {
        match other {
            Self::None => {}
            Self::All => *self = Self::All,
            Self::Some(paths) => {
                for path in paths {
                    self.add(&path.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
        }
    }

    /// Whether anything at all is looked at.
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether the argument `key` of the outermost object, or a part of it, is looked at.
    pub(crate) fn wants(&self, key: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(paths) => paths.iter().any(|p| p.first().is_some_and(|first| first == key)),
        }
    }

    /// Whether what is at `path` is looked at, or something it is part of, or a part of it.
    pub(crate) fn touch(&self, path: &[String]) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(paths) => paths.iter().any(|p| p.iter().zip(path).all(|(a, b)| a == b)),
        }
    }
}

impl Reads {
    /// What `expr` looks at. Errs on the side of more: what is behind a short-circuit counts.
    pub(crate) fn of(expr: &Expr) -> Self {
        let mut reads = Self::default();
        reads.visit(expr);
        reads
    }

    /// Whether the verdict depends on anything but who asks for what.
    pub(crate) const fn any(&self) -> bool {
        self.time || !self.arguments.is_none()
    }

    fn visit(&mut self, expr: &Expr) {
        if let Some(path) = path(expr) {
            return self.note(&path);
        }
        match expr.expr_kind() {
            ExprKind::HasAttr { expr, attr } => {
                if let Some(mut path) = path(expr) {
                    path.push(attr);
                    return self.note(&path);
                }
            }
            ExprKind::ExtHasAttr { expr, attrs } => {
                if let Some(mut path) = path(expr) {
                    path.extend(attrs.iter().map(cedar_policy::pst::SmolStr::as_str));
                    return self.note(&path);
                }
            }
            _ => {}
        }
        for child in children(expr) {
            self.visit(child);
        }
    }

    fn note(&mut self, path: &[&str]) {
        match path {
            [] => {
                self.time = true;
                self.arguments = Paths::All;
            }
            ["arguments", rest @ ..] => self.arguments.add(rest),
            // `time`, `now`, and whatever else the schema check will refuse.
            _ => self.time = true,
        }
    }
}

/// The attributes that lead from `context` to `expr`, if that is what `expr` is.
fn path(expr: &Expr) -> Option<Vec<&str>> {
    match expr.expr_kind() {
        ExprKind::Var(Var::Context) => Some(Vec::new()),
        ExprKind::GetAttr { expr, attr } => {
            let mut path = path(expr)?;
            path.push(attr);
            Some(path)
        }
        _ => None,
    }
}

/// The expressions directly within `expr`.
pub(crate) fn children(expr: &Expr) -> Vec<&Expr> {
    match expr.expr_kind() {
        ExprKind::Lit(_) | ExprKind::Var(_) | ExprKind::Slot(_) | ExprKind::Unknown(_) => {
            Vec::new()
        }
        ExprKind::If { test_expr, then_expr, else_expr } => vec![test_expr, then_expr, else_expr],
        ExprKind::And { left, right } | ExprKind::Or { left, right } => vec![left, right],
        ExprKind::UnaryApp { arg, .. } => vec![arg],
        ExprKind::BinaryApp { arg1, arg2, .. } => vec![arg1, arg2],
        ExprKind::ExtensionFunctionApp { args, .. } => args.iter().collect(),
        ExprKind::GetAttr { expr, .. }
        | ExprKind::HasAttr { expr, .. }
        | ExprKind::ExtHasAttr { expr, .. }
        | ExprKind::Like { expr, .. }
        | ExprKind::Is { expr, .. } => vec![expr],
        ExprKind::Set(items) => items.iter().collect(),
        ExprKind::Record(fields) => fields.values().collect(),
    }
}
