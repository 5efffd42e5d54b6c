//! The last stage before a program: the process that becomes it.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use nix::sys::signal::SigSet;
use rustix::process::{Signal, getppid, set_parent_process_death_signal, setsid};

use crate::confine::plan::{Malformed, Plan};
use crate::{confine, descriptors, handover};

/// As `env` and `nohup` have it: found but not startable, and not found.
const NOT_STARTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// `args`: the supervisor's process id, the number of words of the confinement and those, the program's file, its name,
/// its arguments.
pub(crate) fn run(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let parent = args.next();
    // Without a confinement that can be read, even if it says that there is none, nothing is started.
    let Ok(plan) = confinement(&mut args) else { return ExitCode::from(NOT_STARTABLE) };
    let (Some(parent), Some(file), Some(name)) = (parent, args.next(), args.next()) else {
        return ExitCode::from(NOT_STARTABLE);
    };
    match become_program(&parent, plan.as_ref(), &file, &name, args) {
        Ok(never) => match never {},
        Err((code, why)) => {
            // Standard error is the child's: the gate reads it and shows it with the source's name.
            let _ = writeln!(std::io::stderr(), "{}: {why}", file.display());
            ExitCode::from(code)
        }
    }
}

fn confinement(args: &mut impl Iterator<Item = OsString>) -> Result<Option<Plan>, Malformed> {
    let count = args.next().and_then(|n| n.to_str()?.parse::<usize>().ok()).ok_or(Malformed)?;
    let words: Option<Vec<String>> = args.take(count).map(|word| word.into_string().ok()).collect();
    let words = words.filter(|words| words.len() == count).ok_or(Malformed)?;
    Plan::read_words(&words)
}

#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "this is the door")]
fn become_program(
    parent: &OsString,
    plan: Option<&Plan>,
    file: &OsString,
    name: &OsString,
    args: impl Iterator<Item = OsString>,
) -> Result<std::convert::Infallible, (u8, String)> {
    let failed = |what: &str, why: String| (NOT_STARTABLE, format!("{what}: {why}"));
    descriptors::close_inherited().map_err(|e| failed("closing descriptors", e.to_string()))?;
    SigSet::empty().thread_set_mask().map_err(|e| failed("unblocking signals", e.to_string()))?;
    setsid().map_err(|e| failed("starting a session", e.to_string()))?;
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|e| failed("tying to the supervisor", e.to_string()))?;
    // It may have died before it was tied to.
    let now = getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    if now.as_deref() != parent.to_str() {
        return Err(failed("tying to the supervisor", "it is gone".to_owned()));
    }
    if let Some(plan) = plan {
        let supervisor =
            handover::begin().map_err(|e| failed("taking standard input", e.to_string()))?;
        let listener = confine::enter(plan).map_err(|why| failed("confinement", why))?;
        handover::give(&supervisor, listener.as_ref().map(AsFd::as_fd))
            .map_err(|e| failed("handing over the listener", e.to_string()))?;
        // Closed here, before the program: what it could answer itself would be no question.
        drop((supervisor, listener));
    }
    let error = std::process::Command::new(file).arg0(name).args(args).exec();
    let code = if error.kind() == std::io::ErrorKind::NotFound { NOT_FOUND } else { NOT_STARTABLE };
    Err((code, error.to_string()))
}
