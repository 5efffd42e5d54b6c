use std::fmt;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError,
    Scope,
};

use super::files::{NEEDED, SCOPES};

/// How far this machine can confine programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// The version of Landlock that its kernel has, as far as the gate knows versions; 0 for none.
    pub landlock: u8,
    /// Whether its kernel filters system calls.
    pub seccomp: bool,
    /// Why it cannot at all, if so.
    pub refused: Option<&'static str>,
    /// What it cannot hold, besides.
    pub missing: Vec<Missing>,
}

/// A part of the confinement that an older kernel cannot enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// TCP ports are held by the filter on system calls alone (before Linux 6.7).
    Ports,
    /// Commands to devices it has open (before Linux 6.10).
    Devices,
    /// Signals to other programs of the same user, and abstract sockets (before Linux 6.12).
    Scopes,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ports => "a second wall around TCP ports (needs Linux 6.7)",
            Self::Devices => "commands to devices (needs Linux 6.10)",
            Self::Scopes => "signals to other programs of the same user (needs Linux 6.12)",
        })
    }
}

impl Support {
    /// Asks the kernel. Restricts nothing.
    pub fn of_this_machine() -> Self {
        let ports = knows(asked().handle_access(AccessNet::from_all(ABI::V4)));
        let devices = knows(asked().handle_access(AccessFs::IoctlDev));
        let scopes = knows(asked().handle_access(AccessFs::Execute).and_then(scoped));
        let missing =
            [(ports, Missing::Ports), (devices, Missing::Devices), (scopes, Missing::Scopes)];
        let missing = missing.into_iter().filter(|(knows, _)| !knows).map(|(_, what)| what);
        let enough = knows(asked().handle_access(AccessFs::from_all(NEEDED)));
        let (landlock, seccomp) = (version([ports, devices, scopes]), filters());
        Self { landlock, seccomp, refused: refusal(enough, seccomp), missing: missing.collect() }
    }
}

/// The highest version of which the kernel knows everything that is new in it and before.
fn version([ports, devices, scopes]: [bool; 3]) -> u8 {
    let files = [ABI::V1, ABI::V2, ABI::V3];
    let files = files.map(|abi| knows(asked().handle_access(AccessFs::from_all(abi))));
    let all = files.into_iter().chain([ports, devices, scopes]);
    all.take_while(|known| *known).fold(0, |version, _| version + 1)
}

fn asked() -> Ruleset {
    Ruleset::default().set_compatibility(CompatLevel::HardRequirement)
}

fn scoped(rules: Ruleset) -> Result<Ruleset, RulesetError> {
    rules.scope(Scope::from_all(SCOPES))
}

fn knows(rules: Result<Ruleset, RulesetError>) -> bool {
    rules.and_then(Ruleset::create).is_ok()
}

/// What stands in the way, given what the kernel can.
const fn refusal(landlock: bool, seccomp: bool) -> Option<&'static str> {
    match (landlock, seccomp, cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))) {
        (_, _, false) => Some("system calls can be restricted on x86_64 and aarch64 only"),
        (false, ..) => Some("its kernel has no Landlock of version 3 (Linux 6.2, and enabled)"),
        (_, false, _) => Some("its kernel cannot filter system calls (seccomp)"),
        (true, true, true) => None,
    }
}

/// Whether system calls can be filtered. A kernel that says so and then does not is met by the stage that would become
/// the program: it goes no further.
fn filters() -> bool {
    let listed = std::fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail");
    listed.is_ok_and(|actions| actions.split_whitespace().any(|a| a == "kill_process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_can_confine_programs_has_landlock_3_or_more_and_filters() {
        let support = Support::of_this_machine();
        assert_eq!(support.refused.is_none(), support.landlock >= 3 && support.seccomp);
        assert_eq!(support.missing.is_empty(), support.landlock >= 6);
    }

    #[test]
    fn a_machine_that_lacks_either_half_is_refused() {
        assert!(refusal(false, true).is_some_and(|why| why.contains("Landlock")));
        assert!(refusal(true, false).is_some_and(|why| why.contains("seccomp")));
        assert_eq!(refusal(true, true), None);
    }
}
