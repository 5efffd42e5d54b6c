//! Workflows as a source: each step is a call of its own through the gate.
