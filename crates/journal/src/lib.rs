//! The audit log on disk: append-only, group commit, rotation that keeps the proof.
//!
//! [`Journal`] writes: a [`Slot`] is reserved before a call is made, so that its record is sure to have room, and
//! resolves when the record is durable. [`verify`], [`records`], [`prove`] and [`export`] read: they need no lock and
//! work while the gate runs. One directory holds, for every segment, the records (`.jsonl`), what signed them
//! (`.checkpoints`), where they begin in the tree (`.tree`) and their hashes (`.leaves`, a help to name what was
//! changed, never proof of anything); and once, the newest `checkpoint`, the `key`, its public half and `handovers`.
//!
//! The newest segment ends in zeros: room set aside for records that were promised. They go when it is closed.

mod chain;
mod commit;
mod company;
mod disk;
mod error;
mod export;
mod journal;
mod keys;
mod latest;
mod layout;
mod notes;
mod options;
mod prove;
mod queue;
mod read;
mod recover;
mod retain;
mod segment;
mod sink;
mod stats;
mod verify;
mod window;
mod writer;

pub use commit::{Commit, Slot};
pub use disk::{Disk, DiskFile, RealDisk};
pub use error::{JournalError, OpenError, ReadError};
pub use export::{Format, export};
pub use journal::{Journal, Recovery};
pub use latest::latest_of_ledger;
pub use options::{Options, Retention};
pub use prove::{Proof, prove};
pub use read::{Filter, Records, Stored, last, records, search, tail};
pub use sink::{FileSink, Sink};
pub use stats::Stats;
pub use verify::{Problem, Report, verify};
