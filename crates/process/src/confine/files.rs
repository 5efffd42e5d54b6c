use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::defaults::DEVICES;
use super::plan::Plan;

/// Without these there is no confinement: before version 3 a file could be emptied without being opened for writing.
pub(super) const NEEDED: ABI = ABI::V3;
/// The newest version whose file rules are used; of newer kernels no more is asked.
const WANTED: ABI = ABI::V5;
/// The version that holds signals and abstract sockets within the program.
pub(super) const SCOPES: ABI = ABI::V6;

/// Leaves this process only the files of the plan, no TCP ports unless it may use the network, and no signals to
/// others; the last two as far as the kernel can.
pub(super) fn restrict(plan: &Plan) -> Result<(), String> {
    let status = rules(plan).and_then(RulesetCreated::restrict_self).map_err(|e| e.to_string())?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err("the kernel did not enforce the rules".to_owned());
    }
    Ok(())
}

fn rules(plan: &Plan) -> Result<RulesetCreated, RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(SCOPES))?;
    if !plan.network {
        rules = rules.handle_access(AccessNet::from_all(ABI::V4))?;
    }
    // A denial after the program has begun is worth a line in the kernel's audit log, where there is one.
    let mut made = rules.create()?.log_new_exec(true)?;
    made = allow(made, &plan.read, reading())?;
    // `/proc/self` is this very process, which becomes the program; those of others stay closed.
    made = allow(made, &[PathBuf::from("/proc/self")], reading())?;
    made = allow(made, &plan.write, writing())?;
    made = allow(made, plan.temp.as_slice(), writing())?;
    let devices: Vec<PathBuf> = DEVICES.iter().map(PathBuf::from).collect();
    allow(made, &devices, AccessFs::ReadFile | AccessFs::WriteFile)
}

/// What is not there needs no rule.
fn allow(
    mut to: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths {
        let Ok(fd) = PathFd::new(path) else { continue };
        to = to.add_rule(PathBeneath::new(fd, fitting(path, access)))?;
    }
    Ok(to)
}

/// Only folders have rights that concern folders.
fn fitting(path: &Path, access: BitFlags<AccessFs>) -> BitFlags<AccessFs> {
    if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) }
}

fn reading() -> BitFlags<AccessFs> {
    AccessFs::from_read(WANTED)
}

/// All but device files, and commands to devices.
fn writing() -> BitFlags<AccessFs> {
    AccessFs::from_all(WANTED) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)
}
