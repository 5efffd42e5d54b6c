use std::time::Duration;

/// What one run of a workflow may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls in all, repeated ones counted each time: where every loop ends.
    pub steps: u32,
    /// Calls at the same time.
    pub breadth: usize,
    /// Bytes of values that are kept at once, or put together for one call.
    pub bytes: usize,
    /// The longest single wait before a retry. What would wait longer fails at once.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 200, breadth: 20, bytes: 10 * 1024 * 1024, wait: Duration::from_mins(1) }
    }
}

/// Largest document, in bytes.
pub(crate) const MAX_DOCUMENT: usize = 4 * 1024 * 1024;
/// Deepest nesting of a document.
pub(crate) const MAX_DEPTH: u32 = 64;
/// Most values in a document.
pub(crate) const MAX_VALUES: u32 = 200_000;
/// Most workflows of a document.
pub(crate) const MAX_WORKFLOWS: usize = 200;
/// Most steps of a workflow.
pub(crate) const MAX_STEPS: usize = 200;
/// Most elements of any other list (parameters, criteria, actions, …).
pub(crate) const MAX_LIST: usize = 200;
/// Longest expression, condition, pattern or path, in bytes.
pub(crate) const MAX_TEXT: usize = 4096;
