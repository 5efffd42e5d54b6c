use std::sync::Arc;

use cedar_policy::{AuthorizationError, Decision, EvaluationError, Response};
use model::Verdict;

use crate::rule::{Kind, Rule};

/// What a number of policies say together: of each kind, the first policy in the order of loading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    forbid: Option<usize>,
    error: Option<(usize, String)>,
    ask: Option<usize>,
    allow: Option<usize>,
}

impl Outcome {
    /// What Cedar answered.
    pub(crate) fn of(response: &Response, rules: &[Rule]) -> Self {
        let mut outcome = Self::default();
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let index = index_of(error.policy_id()).unwrap_or(usize::MAX);
            outcome.fail(index, describe(error.inner()));
        }
        for index in response.diagnostics().reason().map(index_of) {
            match index.and_then(|i| rules.get(i).map(|rule| (i, rule.kind))) {
                Some((i, Kind::Forbid)) => least(&mut outcome.forbid, i),
                Some((i, Kind::Ask)) => least(&mut outcome.ask, i),
                Some((i, Kind::Allow)) => least(&mut outcome.allow, i),
                None => outcome
                    .fail(usize::MAX, "it is not one of the policies that were loaded".to_owned()),
            }
        }
        // Cedar names permits only when it allows; should the two ever disagree, the answer is no.
        if response.decision() == Decision::Deny {
            (outcome.ask, outcome.allow) = (None, None);
        }
        outcome
    }

    /// Notes that a policy could not be evaluated.
    pub(crate) fn fail(&mut self, index: usize, why: String) {
        if self.error.as_ref().is_none_or(|(first, _)| index < *first) {
            self.error = Some((index, why));
        }
    }

    /// What both say together.
    pub(crate) fn join(mut self, other: Self) -> Self {
        for (mine, theirs) in [
            (&mut self.forbid, other.forbid),
            (&mut self.ask, other.ask),
            (&mut self.allow, other.allow),
        ] {
            if let Some(index) = theirs {
                least(mine, index);
            }
        }
        if let Some((index, why)) = other.error {
            self.fail(index, why);
        }
        self
    }

    /// Whether no further policy can change the answer.
    pub(crate) const fn is_no(&self) -> bool {
        self.forbid.is_some() || self.error.is_some()
    }

    /// Whether the answer is yes, or a person's to give.
    pub(crate) const fn is_yes_or_ask(&self) -> bool {
        !self.is_no() && (self.ask.is_some() || self.allow.is_some())
    }

    /// The verdict: forbid, then error, then ask, then allow, then the refusal of what nothing permits.
    pub(crate) fn verdict(&self, rules: &[Rule]) -> Verdict {
        let id = |index: usize| rules.get(index).map_or("error", |rule| &rule.id).to_owned();
        let at = |index: usize| rules.get(index).map(Rule::location).unwrap_or_default();
        if let Some(index) = self.forbid {
            let reason = format!("the policy `{}` ({}) forbids it", id(index), at(index));
            return Verdict::Deny { rule: id(index), reason };
        }
        if let Some((index, why)) = &self.error {
            return error(&format!(
                "the policy `{}` ({}) could not be evaluated: {why}",
                id(*index),
                at(*index)
            ));
        }
        match (self.ask, self.allow) {
            (Some(index), _) => Verdict::Ask { rule: id(index) },
            (None, Some(index)) => Verdict::Allow { rule: id(index) },
            (None, None) => Verdict::Deny {
                rule: "default".to_owned(),
                reason: "no policy permits it".to_owned(),
            },
        }
    }
}

/// A refusal because something failed.
pub(crate) fn error(reason: &str) -> Verdict {
    Verdict::Deny { rule: "error".to_owned(), reason: reason.to_owned() }
}

/// The same, where there are no entities or no request to ask with. Names that come this far are always lawful.
pub(crate) fn unaskable() -> Arc<Verdict> {
    Arc::new(error("the call could not be put into the words of policy"))
}

fn least(slot: &mut Option<usize>, index: usize) {
    *slot = Some(slot.map_or(index, |first| first.min(index)));
}

/// Policies carry their place in the list as the id Cedar knows them by.
fn index_of(id: &cedar_policy::PolicyId) -> Option<usize> {
    AsRef::<str>::as_ref(id).parse().ok()
}

/// An error in words of our own: Cedar's would show values of arguments, and these are nobody's but the caller's.
pub(crate) fn describe(error: &EvaluationError) -> String {
    match error {
        EvaluationError::RecordAttrDoesNotExist(_) | EvaluationError::EntityAttrDoesNotExist(_) => {
            format!("{error}: ask with `has` first")
        }
        EvaluationError::TypeError(_) => error.to_string(),
        EvaluationError::IntegerOverflow(_) => "a number left the range of 64 bits".to_owned(),
        EvaluationError::FailedExtensionFunctionExecution(e) => {
            format!("the function `{}` refused its argument", e.extension_name())
        }
        EvaluationError::RecursionLimit(_) => "it is nested too deeply".to_owned(),
        _ => "Cedar could not evaluate it".to_owned(),
    }
}
