//! The audit log on disk: append-only, group commit, rotation that keeps the proof.
