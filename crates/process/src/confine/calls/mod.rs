//! Which system calls a confined program may make.
//!
//! Three filters, each asked at every call; the strictest answer counts. The first knows every call that existed when
//! this was written and answers as an older kernel would to any other, so that what is invented tomorrow is refused
//! until somebody has looked at it. The second refuses what reaches beyond the program. The third ends a program that
//! tries what only an attack would.

mod rules;
mod table;

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::plan::Plan;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// "Operation not permitted".
const EPERM: u32 = nix::libc::EPERM.unsigned_abs();
/// "Function not implemented": programs fall back to the older call.
const ENOSYS: u32 = nix::libc::ENOSYS.unsigned_abs();

/// Binds this process, and all that comes from it, to the filters.
pub(super) fn restrict(plan: &Plan) -> Result<(), String> {
    // Among equal answers the one of the filter set last counts, so the general one comes first.
    for filter in filters(plan)? {
        apply_filter(&filter).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn filters(plan: &Plan) -> Result<[BpfProgram; 3], String> {
    let allow = SeccompAction::Allow;
    let known = table::known().map(|number| (number, Vec::new())).collect();
    let refused = rules::refused(plan)?;
    let deadly = table::DEADLY.iter().map(|number| (*number, Vec::new())).collect();
    Ok([
        compiled(known, SeccompAction::Errno(ENOSYS), allow.clone())?,
        compiled(refused, allow.clone(), SeccompAction::Errno(EPERM))?,
        compiled(deadly, allow, SeccompAction::KillProcess)?,
    ])
}

fn compiled(
    rules: Rules,
    other: SeccompAction,
    these: SeccompAction,
) -> Result<BpfProgram, String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|e| e.to_string())?;
    let filter = SeccompFilter::new(rules, other, these, arch).map_err(|e| e.to_string())?;
    filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_of_every_plan_fit_into_the_kernel() {
        for (network, sockets, write) in
            [(false, false, false), (true, false, true), (false, true, false), (true, true, true)]
        {
            let write = if write { vec!["/x".into()] } else { Vec::new() };
            let plan = Plan { write, network, sockets, ..Plan::default() };
            assert!(filters(&plan).unwrap().iter().all(|f| f.len() > 10));
        }
    }

    #[test]
    fn no_call_is_both_known_and_new_to_us() {
        let known: Vec<i64> = table::known().collect();
        for number in [nix::libc::SYS_clone3, nix::libc::SYS_io_uring_setup, 1 << 30, 600] {
            assert!(!known.contains(&number), "{number}");
        }
        for number in [nix::libc::SYS_read, nix::libc::SYS_execve, nix::libc::SYS_futex] {
            assert!(known.contains(&number), "{number}");
        }
        assert!(table::DEADLY.iter().all(|n| known.contains(n)));
        assert!(table::REFUSED.iter().all(|n| !table::DEADLY.contains(n)));
    }
}
