//! Calls that are refused depending on what they are asked.

use nix::libc;
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::{Call, Rules, table};
use crate::confine::plan::Plan;

/// Flags of `clone` that make a namespace.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];
/// Commands that put words into a terminal, as if somebody had typed them.
const TYPING: [u64; 2] = [0x5412, 0x541c];
/// The bits of a socket's type that are no flags.
const TYPE: u64 = 0xf;
/// `personality` asked for nothing but the present one.
const ASK: u64 = 0xffff_ffff;

/// The rules of a plan: a call that matches one is refused.
pub(super) fn refused(plan: &Plan) -> Result<Rules, String> {
    let mut rules = Rules::new();
    let whole = [table::REFUSED, table::REFUSED_OF_OLD, table::OWNERS, table::OWNERS_OF_OLD];
    forbid(&mut rules, &whole.concat());
    if !plan.changes_attributes() {
        forbid(&mut rules, &[table::ATTRIBUTES, table::ATTRIBUTES_OF_OLD].concat());
        // A time is changed by name or by descriptor in one call: without a name it is a file one has open.
        when(&mut rules, libc::SYS_utimensat, &[(1, Qword, Ne, 0)])?;
    }
    for flag in NAMESPACES {
        let flag = u64::from(flag.unsigned_abs());
        when(&mut rules, libc::SYS_clone, &[(0, Qword, MaskedEq(flag), flag)])?;
    }
    for command in TYPING {
        when(&mut rules, libc::SYS_ioctl, &[(1, Dword, Eq, command)])?;
    }
    when(&mut rules, libc::SYS_personality, &[(0, Dword, Ne, 0), (0, Dword, Ne, ASK)])?;
    others(&mut rules)?;
    sockets(&mut rules, plan)?;
    Ok(rules)
}

/// Limits and priorities of other processes of the same user, the gate among them.
fn others(rules: &mut Rules) -> Result<(), String> {
    for call in [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setattr,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setscheduler,
    ] {
        when(rules, call, &[(0, Dword, Ne, 0)])?;
    }
    // `which` 0 is one process; `who` 0 is the caller.
    when(rules, libc::SYS_setpriority, &[(0, Dword, Ne, 0)])?;
    when(rules, libc::SYS_setpriority, &[(1, Dword, Ne, 0)])
}

fn sockets(rules: &mut Rules, plan: &Plan) -> Result<(), String> {
    let [unix, v4, v6, netlink] =
        [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK].map(number);
    let datagram = number(libc::SOCK_DGRAM);
    let mut families = Vec::new();
    if plan.network {
        families.extend([v4, v6, netlink]);
    }
    if plan.sockets {
        families.push(unix);
    }
    let none_of: Vec<_> = families.iter().map(|f| (0, Dword, Ne, *f)).collect();
    if none_of.is_empty() {
        rules.insert(libc::SYS_socket, Vec::new());
        forbid(rules, table::MEETING);
    } else {
        when(rules, libc::SYS_socket, &none_of)?;
        // Of all that netlink speaks to, only the list of addresses and routes.
        when(rules, libc::SYS_socket, &[(0, Dword, Eq, netlink), (2, Dword, Ne, 0)])?;
    }
    when(rules, libc::SYS_socketpair, &[(0, Dword, Ne, unix)])?;
    if !plan.sockets {
        // One end of a pair of datagram sockets can be turned to any address: it would be a socket after all.
        when(rules, libc::SYS_socketpair, &[(1, Dword, MaskedEq(TYPE), datagram)])?;
    }
    Ok(())
}

fn number(of: i32) -> u64 {
    of.unsigned_abs().into()
}

fn forbid(rules: &mut Rules, calls: &[Call]) {
    rules.extend(calls.iter().map(|(call, _)| (*call, Vec::new())));
}

/// Refuses `call` when all of these hold.
fn when(
    rules: &mut Rules,
    call: i64,
    conditions: &[(u8, SeccompCmpArgLen, SeccompCmpOp, u64)],
) -> Result<(), String> {
    let conditions: Result<Vec<_>, _> = conditions
        .iter()
        .cloned()
        .map(|(argument, length, how, value)| SeccompCondition::new(argument, length, how, value))
        .collect();
    let rule = conditions.and_then(SeccompRule::new).map_err(|e| e.to_string())?;
    rules.entry(call).or_default().push(rule);
    Ok(())
}
