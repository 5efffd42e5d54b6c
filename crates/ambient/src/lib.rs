//! Time, randomness and the environment: one door each, so that tests can hold them.

mod clock;

pub use clock::{Clock, Instant};

/// Fills `out` with random bytes from the operating system's generator (through AWS-LC).
///
/// # Errors
/// The generator is unavailable; nothing that needs randomness may go on.
pub fn random(out: &mut [u8]) -> Result<(), NoEntropy> {
    aws_lc_rs::rand::fill(out).map_err(|_| NoEntropy)
}

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoEntropy;

impl std::fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the operating system gave no randomness")
    }
}

impl std::error::Error for NoEntropy {}

/// The value of an environment variable, if it is set and is UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
