use std::borrow::Cow;

use model::money::MoneyRule;

/// Why something a seller said cannot be taken as it is: a stable code and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Flaw {
    /// The stable code.
    pub rule: MoneyRule,
    /// One plain sentence, in our words: never a seller's text.
    pub why: Cow<'static, str>,
}

impl Flaw {
    /// A flaw with its sentence.
    pub fn new(rule: MoneyRule, why: impl Into<Cow<'static, str>>) -> Self {
        Self { rule, why: why.into() }
    }
}
