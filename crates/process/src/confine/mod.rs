//! What a program may reach: files, network, calls to the kernel, and how much of the machine.
//!
//! The gate draws up a [`plan::Plan`] from what the operator declared and what the command itself is made of. The
//! supervisor makes the folder and the group the plan names, and clears them away. The stage that becomes the program
//! binds itself to the plan as the last thing it does: what it has given up, neither the program nor anything that
//! comes from it can get back.

pub(crate) mod calls;
pub(crate) mod defaults;
mod files;
mod grants;
pub(crate) mod group;
pub(crate) mod plan;
mod powers;
mod roots;
mod support;
pub(crate) mod temp;
pub(crate) mod usage;

pub(crate) use defaults::cache_variables;
pub use defaults::fetches_programs;
pub use grants::{Confine, Grants, Limits};
pub use plan::Reach;
pub use support::{Missing, Support};

use plan::Plan;
use unotify::Listener;

/// Binds this process, and all that comes from it, to `plan`. The caller has one thread. Returns who hears what is tried
/// from here on, where somebody can.
///
/// The order matters: each step takes away what the next ones do not need.
pub(crate) fn enter(plan: &Plan) -> Result<Option<Listener>, String> {
    let failed = |what: &'static str| move |why: String| format!("{what}: {why}");
    if let Some(group) = &plan.group {
        group::join(group).map_err(failed("joining the group that counts processes"))?;
    }
    powers::limit(plan).map_err(failed("setting limits"))?;
    powers::give_up().map_err(failed("giving up privileges"))?;
    files::restrict(plan).map_err(failed("restricting files (Landlock)"))?;
    calls::restrict(plan).map_err(failed("restricting system calls (seccomp)"))
}
