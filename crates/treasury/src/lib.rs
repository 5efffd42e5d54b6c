//! Where money is reserved, signed for and accounted: the books and their file, behind one writer.
//!
//! ```text
//! reserve ─▶ Reservation ─sign─▶ Signed ─sent─▶ Sent ─▶ settle | release | hold
//! ```
//!
//! Each arrow is durable before it is taken, and each value is used up by it. One that is dropped leaves its money held,
//! never free, whatever became of the caller. [`Treasury::reserve`] judges, books and stores in one transaction on the
//! file, after it has read what other processes have stored: any number of them share one truth.

mod approvals;
mod error;
mod judged;
mod operator;
mod owner;
mod queue;
mod read;
mod reservation;
mod round;
mod treasury;
mod writer;

pub use approvals::Asked;
pub use error::{OpenError, Refused};
pub use ledger;
pub use reservation::{Reservation, Sent, Settlement, Signed};
pub use store::{BlobKind, LedgerKey, Mark};
pub use treasury::Treasury;
pub use writer::Standing;
