//! `[packs.NAME]`: sources that others wrote, each held to what the operator approved.

mod entry;
mod expand;
mod folder;
mod held;
mod origin;
#[cfg(test)]
mod tests;
mod written;

pub use entry::PackEntry;
pub use expand::{Opened, expand, open, pack_source};
pub use folder::{keep, kept};
pub use origin::Origin;
