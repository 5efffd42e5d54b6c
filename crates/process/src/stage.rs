use std::ffi::OsString;
use std::process::ExitCode;

use crate::{starter, supervisor};

/// First argument of the supervisor. The second names the source, for people who look at the process list.
pub(crate) const SUPERVISE: &str = "__child";
/// First argument of the stage that becomes the program.
pub(crate) const START: &str = "__exec";

/// Runs one of this room's stages if `args` (the process's own, with its name) ask for one.
///
/// To be called first thing in `main`, before any thread exists and any descriptor is open: `None` means that this is
/// an ordinary run.
pub fn take_over(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().skip(1);
    let stage = args.next()?;
    if stage == SUPERVISE {
        // It has read the order, with its secrets. Where the kernel does not do it, the limit of the gate still holds.
        let _ = crate::keep_memory();
        Some(supervisor::run())
    } else if stage == START {
        Some(starter::run(args))
    } else {
        None
    }
}
