//! Packs: a source with its manifest, its policy and its description, approved as one.
//!
//! A [`Pack`] is read from [`Files`] and known by its [`Digest`]. What it may reach stands in its [`Manifest`]: hosts,
//! methods, secrets, settings and a program. An operator approves the digest, and with it the manifest; whatever the
//! source of the pack says beyond the manifest is refused by the `allows_…` of the manifest. This room reads no folder and
//! knows no configuration: it is pure.

mod bind;
mod builtin;
mod change;
mod digest;
mod error;
mod files;
mod manifest;
mod pack;
mod place;
#[cfg(test)]
mod tests;
mod texts;

pub use bind::{Bound, secrets_in, settings_in};
pub use builtin::{BUILTIN, builtin, builtin_names};
pub use change::changes;
pub use digest::Digest;
pub use error::{Code, PackError};
pub use files::{Files, MAX_BYTES, MAX_FILE, MAX_FILES};
pub use manifest::{Manifest, Program};
pub use pack::{MANIFEST_FILE, POLICY_FILE, Pack, SOURCE_FILE};
pub use place::Place;
