//! Which system calls a confined program may make.
//!
//! Filters are asked at every call; the strictest answer counts. The first knows every call that existed when this was
//! written and answers as an older kernel would to any other, so that what is invented tomorrow is refused until somebody
//! has looked at it. The next refuses what reaches beyond the program, and ends a program that tries what only an attack
//! would. Where there can be a listener it does so by asking: the supervisor answers, and sees what is tried, files
//! included. Should nobody be there to answer, the kernel refuses. Elsewhere two filters answer by themselves, unseen.

mod rules;
mod table;

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};
use unotify::{Instruction, Listener};

use super::plan::Plan;

pub(crate) use table::{Call, Kind, kind};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// "Operation not permitted".
const EPERM: u32 = nix::libc::EPERM.unsigned_abs();
/// "Function not implemented": programs fall back to the older call.
const ENOSYS: u32 = nix::libc::ENOSYS.unsigned_abs();
/// What a filter returns to ask, until it says so in the kernel's words: those who make filters do not know it.
const ASK: SeccompAction = SeccompAction::Trace(0);
/// The code of the instruction that returns its value.
const RETURN: u16 = 0x06;

/// Binds this process, and all that comes from it, to the filters. Returns who hears what they ask, where somebody can.
pub(super) fn restrict(plan: &Plan) -> Result<Option<Listener>, String> {
    // Among equal answers the one of the filter set last counts, so the general one comes first.
    apply(&unknown()?)?;
    if let Ok(listener) = unotify::install(&asking(plan)?) {
        return Ok(Some(listener));
    }
    answering(plan)?.iter().try_for_each(apply)?;
    Ok(None)
}

fn apply(filter: &BpfProgram) -> Result<(), String> {
    apply_filter(filter).map_err(|e| e.to_string())
}

fn unknown() -> Result<BpfProgram, String> {
    let known = table::known().map(|number| (number, Vec::new())).collect();
    compiled(known, SeccompAction::Errno(ENOSYS), SeccompAction::Allow)
}

fn answering(plan: &Plan) -> Result<[BpfProgram; 2], String> {
    let allow = SeccompAction::Allow;
    let deadly = whole(table::DEADLY).collect();
    Ok([
        compiled(rules::refused(plan)?, allow.clone(), SeccompAction::Errno(EPERM))?,
        compiled(deadly, allow, SeccompAction::KillProcess)?,
    ])
}

fn asking(plan: &Plan) -> Result<Vec<Instruction>, String> {
    let mut rules = rules::refused(plan)?;
    rules.extend([table::DEADLY, table::FILES, table::FILES_OF_OLD].into_iter().flat_map(whole));
    let filter = compiled(rules, SeccompAction::Allow, ASK)?;
    let ask = u32::from(ASK);
    let asks = |code, k| if (code, k) == (RETURN, ask) { unotify::ASK } else { k };
    Ok(filter.into_iter().map(|i| Instruction(i.code, i.jt, i.jf, asks(i.code, i.k))).collect())
}

fn whole(calls: &[Call]) -> impl Iterator<Item = (i64, Vec<SeccompRule>)> {
    calls.iter().map(|(number, _)| (*number, Vec::new()))
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
            assert!(answering(&plan).unwrap().iter().all(|f| f.len() > 10));
            let asking = asking(&plan).unwrap();
            assert!(asking.len() < 4096 && asking.iter().any(|i| i.3 == unotify::ASK));
            assert!(asking.iter().all(|i| i.3 != u32::from(ASK)), "nobody traces");
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
        assert!(table::DEADLY.iter().all(|(n, _)| known.contains(n)));
        assert!(table::REFUSED.iter().all(|call| !table::DEADLY.contains(call)));
    }
    #[test]
    fn every_call_that_is_asked_about_has_a_kind_and_its_own_name() {
        let plan = Plan::default();
        for call in rules::refused(&plan).unwrap().keys() {
            let (kind, name) = kind(*call);
            assert!([Kind::Socket, Kind::Refused].contains(&kind), "{call}: {kind:?}");
            assert_ne!(name, "an unknown call", "{call}");
        }
        for (list, wanted) in [
            (table::DEADLY, Kind::Deadly),
            (table::FILES, Kind::File),
            (table::FILES_OF_OLD, Kind::File),
        ] {
            assert!(list.iter().all(|(number, name)| kind(*number) == (wanted, name)));
        }
        assert_eq!(kind(nix::libc::SYS_ptrace), (Kind::Deadly, "ptrace"));
        assert_eq!(kind(-1), (Kind::Refused, "an unknown call"));
    }
}
