//! The Model Context Protocol: revisions 2024-11-05 to 2025-11-25 (legacy) and 2026-07-28 (modern).

mod call_tool_result;
mod client_capabilities;
pub mod codes;
mod draft;
mod extensions;
pub mod headers;
pub mod keys;
mod level;
pub mod listen;
pub mod meta;
mod method;
pub mod open;
mod server_capabilities;
pub mod translate;
mod version;
mod writer;

pub use call_tool_result::{CallToolResult, ContentBlock, Media, Structured};
pub use client_capabilities::{ClientCapabilities, ClientFlags};
pub use draft::Draft;
pub use level::Level;
pub use method::Method;
pub use server_capabilities::{Offer, ServerCapabilities, ServerFlags};
pub use version::{Era, Version};
