//! Child programs: clean environment, own process tree, bounded, never outliving the gate.
//!
//! Between the gate and each program stands a small supervisor: this very binary, started again as `__child`. The gate
//! holds one end of a socket to it. When the gate asks, or dies in whatever way, the supervisor ends the program and
//! everything that came from it, however detached: as the subreaper it is the parent orphans return to.
//!
//! The program itself is started by a second re-execution, `__exec`, which closes descriptors, leaves the session, asks
//! to be killed with its supervisor and confines itself ([`Confine`]) before it becomes the program. Both stages begin
//! with one thread and run before anything else in the process, which is why none of this needs `unsafe`. From then on
//! the supervisor sees what the program is refused: the kernel asks it about each call that may be.
//!
//! The binary's `main` begins with [`take_over`].

mod child;
mod children;
mod confine;
mod descriptors;
mod diary;
mod dumps;
mod environment;
mod error;
mod handover;
mod interpreters;
mod keeper;
mod launcher;
mod limit;
mod lines;
mod lookout;
mod order;
mod program;
mod refused;
mod restarts;
mod spec;
mod stage;
mod starter;
mod stderr;
mod stdin;
mod supervisor;
mod tree;

pub use child::{Child, Exit, Handle, Look, News};
pub use children::{Caps, Children};
pub use confine::{Confine, Grants, Limits, Missing, Reach, Support, fetches_programs};
pub use diary::Blind;
pub use dumps::keep_memory;
pub use environment::INHERITED;
pub use error::SpawnError;
pub use launcher::Launcher;
pub use limit::{Limit, Seen};
pub use lines::{LineError, Lines};
pub use refused::{Refusals, Refused, Wall};
pub use restarts::{Backoff, Restarts};
pub use spec::Spec;
pub use stage::take_over;
pub use stderr::Stderr;
pub use stdin::{Stdin, WriteError};
