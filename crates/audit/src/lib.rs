//! Records of calls, their Merkle tree, signed checkpoints and exports. No I/O.
//!
//! A [`Record`] becomes one line of JSON. Lines are the leaves of an RFC 6962 tree ([`Tree`]); a [`Checkpoint`] is
//! its size and root, signed as a C2SP note ([`Signer`], [`Verifier`]). [`inclusion`] and [`consistency`] prove what
//! a checkpoint says. Where the lines are kept is the business of another room.

mod checkpoint;
mod entry;
mod escape;
mod export;
mod instant;
mod key;
mod line;
mod mask;
mod note;
mod payment;
mod proof;
mod record;
mod terminal;
mod text;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Entry, EntryError};
pub use export::{cef, ocsf};
pub use instant::{parse_rfc3339, rfc3339};
pub use key::{KeyError, Signer, Verifier};
pub use line::assemble;
pub use mask::{MaskRules, mask_arguments};
pub use note::{Note, NoteError, Signature};
pub use payment::{Payment, PaymentEntry};
pub use proof::{
    ProofError, consistency, inclusion, inclusion_text, verify_consistency, verify_inclusion,
};
pub use record::{Kind, MAX_LINE, Outcome, Record};
pub use terminal::terminal_safe;
pub use text::Text;
pub use tree::{Hash, RangeError, Tree, hash_text, leaf_hash, node_hash, parse_hash};
