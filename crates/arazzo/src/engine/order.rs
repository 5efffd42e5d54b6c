//! Which step may begin.
//!
//! The order of a document is kept, but for two freedoms. Steps that change nothing run beside each other, as far as
//! none reads what another gives. And a step that says what it waits for (`dependsOn`, 1.1) waits for that and for
//! what it reads, and for nothing else. A step that decides what comes next never runs beside any other.

use super::run::{Engine, Status};

impl Engine {
    /// The first step that may begin now.
    pub(super) fn startable(&self) -> Option<usize> {
        (0..self.runs.len()).find(|at| match self.status(*at) {
            Status::Again => true,
            Status::Pending => self.may_begin(*at),
            _ => false,
        })
    }

    fn may_begin(&self, at: usize) -> bool {
        let Some(step) = self.step(at) else { return false };
        let waits_for = step.depends_on.as_deref().unwrap_or_default();
        if waits_for.iter().any(|other| self.status(*other) != Status::Done) {
            return false;
        }
        (0..at).all(|other| self.status(other).is_settled() || self.beside(at, other))
    }

    /// Whether a step may run beside an earlier one that has not ended.
    fn beside(&self, at: usize, other: usize) -> bool {
        let (Some(step), Some(earlier)) = (self.step(at), self.step(other)) else { return false };
        if self.workflow().is_none_or(|w| w.sequential)
            || step.decides()
            || earlier.decides()
            || step.reads.contains(&other)
        {
            return false;
        }
        let overlaps = |at: usize| self.overlaps.get(at) == Some(&true);
        step.depends_on.is_some() || (overlaps(at) && overlaps(other))
    }
}
