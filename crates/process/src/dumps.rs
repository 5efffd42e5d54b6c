use rustix::process::{DumpableBehavior, Resource, Rlimit, setrlimit};

/// Keeps the memory of this process out of crash dumps, and from being read by other processes of the same user: it may
/// hold secrets. What is started from here may dump nothing either.
///
/// # Errors
/// The kernel does not do it.
pub fn keep_memory() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // A dump that is piped to a program is bounded by no limit.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
