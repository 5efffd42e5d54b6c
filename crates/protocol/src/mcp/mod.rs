//! The Model Context Protocol: revisions 2024-11-05 to 2025-11-25 (legacy) and 2026-07-28 (modern).

mod method;
mod version;

pub use method::Method;
pub use version::{Era, Version};
