//! Recorded traffic (HAR 1.2) into tools, without what was secret in it. Pure.
//!
//! Calls of one operation are put together, and a [`convert::Tool`] is made of what they have in common. No value of the
//! recording stands in a tool: names, types and forms do. A segment of a path becomes a place for a value only on
//! evidence, and what has nothing in common stays apart. How sure it is that a tool is what it seems is said of each
//! ([`Mark`]), and of each entry that became no call why not.

mod body;
mod convert_all;
mod credentials;
mod effect;
mod entry;
mod error;
mod fields;
mod group;
mod kind;
mod learned;
mod like;
mod mark;
mod multipart;
mod place;
mod recording;
mod sample;
mod schema;
mod secret;
mod segment;
mod shape;
mod sieve;
mod text;
mod tool;

use convert::{Scheme, Skipped, Tool};

pub use error::Unreadable;
pub use mark::{Confidence, Mark};

/// What an operator says about a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The origin whose calls become tools; needed where the recording has calls of several.
    pub origin: Option<String>,
    /// The server that is called in its place.
    pub server: Option<String>,
    /// Most entries that are read; at most 20,000.
    pub entries: usize,
    /// How sure it must be of a tool.
    pub least: Confidence,
}

impl Default for Options {
    fn default() -> Self {
        Self { origin: None, server: None, entries: 2_000, least: Confidence::Low }
    }
}

/// A recording, converted.
#[derive(Debug, Clone)]
pub struct Converted {
    /// Where calls go: the origin, or the server in its place.
    pub base: String,
    /// What was recorded often enough, sorted by name.
    pub tools: Vec<Tool>,
    /// How sure it is of each of them, in the same order.
    pub marks: Vec<Mark>,
    /// Entries that are no calls, and operations that became no tools, each with its reason.
    pub skipped: Vec<Skipped>,
    /// Other origins with calls, and how many.
    pub others: Vec<(String, usize)>,
    /// Credentials that were seen, and by how many calls. Their values are gone.
    pub schemes: Vec<(Scheme, usize)>,
    /// Entries in the recording.
    pub entries: usize,
    /// Calls that tools were made of.
    pub calls: usize,
}

/// Converts a recording. One entry that cannot be read never stops the others.
///
/// # Errors
/// The text is no recording, it has no calls, or which origin is meant is not clear.
pub fn har(text: &[u8], options: &Options) -> Result<Converted, Unreadable> {
    convert_all::all(recording::read(text, options.entries)?, options)
}

/// The origins of a recording, and how many calls each has: most first.
///
/// # Errors
/// The text is no recording.
pub fn origins(text: &[u8], entries: usize) -> Result<Vec<(String, usize)>, Unreadable> {
    Ok(recording::read(text, entries)?.origins())
}

/// Whether a text begins like a recording.
pub fn is_har(text: &[u8]) -> bool {
    entry::entries(text).is_ok()
}

#[cfg(test)]
mod tests;
