//! How far programs are confined on this machine, and which would not be started.

use process::{SpawnError, Support};

use super::Advice;
use crate::config::Loaded;
use crate::house::confined;

/// What the kernel can, and what that means for the programs of the configuration.
pub fn look(loaded: &Loaded, found: &mut Vec<Advice>) {
    let support = Support::of_this_machine();
    found.push(Advice::info("confinement", told(&support)));
    for program in confined(loaded) {
        let name = program.name;
        match program.plan {
            Ok(Some(_)) => {}
            Ok(None) => found.push(Advice::new(
                "confine-off",
                format!("source `{name}`: its program may do whatever the gate's own user may"),
                "leave `confine` out, or name what the program needs; see docs/confinement.md",
            )),
            Err(error @ SpawnError::Unconfinable { .. }) => found.push(
                Advice::new(
                    "confine-unsupported",
                    format!("source `{name}` is refused here: {error}"),
                    "use a newer kernel, or accept `confine = \"off\"`",
                )
                .error(),
            ),
            Err(error) => found.push(
                Advice::new(
                    "program-refused",
                    format!("source `{name}` would not start: {}: {error}", error.code()),
                    "mend its `command` or `confine`; `portcullis check` shows what it would reach",
                )
                .error(),
            ),
        }
    }
}

fn told(support: &Support) -> String {
    if let Some(why) = support.refused {
        return format!("programs cannot be confined on this machine: {why}");
    }
    let version = match support.landlock {
        6.. => "Landlock 6 or later".to_owned(),
        older => format!("Landlock {older}"),
    };
    if support.missing.is_empty() {
        return format!("programs are confined by {version} and seccomp");
    }
    let missing: Vec<_> = support.missing.iter().map(ToString::to_string).collect();
    format!("programs are confined by {version} and seccomp, without {}", missing.join(", "))
}
