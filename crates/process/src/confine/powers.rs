use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use super::plan::Plan;

/// Sets what the kernel counts for each process.
pub(super) fn limit(plan: &Plan) -> Result<(), String> {
    let limits = plan.limits;
    let mut wanted = vec![
        (Resource::Core, 0),
        (Resource::Data, limits.memory),
        (Resource::Nofile, limits.open_files.into()),
        (Resource::Fsize, limits.file_size),
        (Resource::Msgqueue, 0),
    ];
    wanted.extend(plan.of_user.map(|n| (Resource::Nproc, n)));
    for (resource, most) in wanted {
        // What is lower already stays so.
        let now = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let most = Some(most.min(now));
        setrlimit(resource, Rlimit { current: most, maximum: most })
            .map_err(|e| format!("{resource:?}: {e}"))?;
    }
    Ok(())
}

/// Gives up every capability, and the means to get any by running something: a gate that runs as root gives its
/// programs root's files, but none of root's powers.
pub(super) fn give_up() -> Result<(), String> {
    set_no_new_privs(true).map_err(|e| e.to_string())?;
    for bit in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        // Beyond the last one that the kernel knows, the question is an error.
        let Ok(there) = capability_is_in_bounding_set(one) else { break };
        if there {
            // Only those who have the power to may; for others the bounding set gives nothing either.
            let _ = remove_capability_from_bounding_set(one);
        }
    }
    clear_ambient_capability_set().map_err(|e| e.to_string())?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(|e| e.to_string())
}
