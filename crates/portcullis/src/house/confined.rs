//! What the programs of a configuration would reach, told before any is started.

use std::fmt;
use std::path::{Path, PathBuf};

use ambient::Clock;
use futures_util::FutureExt as _;
use model::{NoVault, SourceName, Usage};
use process::{Caps, Launcher, Reach, SpawnError, Spec};

use super::build::guarded;
use crate::config::{Loaded, Mcp, Source, Value};

/// The plan for the program of one source.
pub struct Confined<'a> {
    /// The source.
    pub name: &'a str,
    /// What it would reach; nothing where it is not confined; why it would not be started.
    pub plan: Result<Option<Reach>, SpawnError>,
}

/// The plan for every program of a configuration, on this machine.
pub fn confined(loaded: &Loaded) -> Vec<Confined<'_>> {
    let launcher = guarded(Launcher::new(Caps::default(), Clock::system()), loaded);
    let programs = loaded.config.source.iter().filter_map(|source| {
        let spec = spec(source, source.mcp.as_ref()?, loaded)?;
        Some(Confined { name: &source.name, plan: launcher.planned(&spec) })
    });
    programs.collect()
}

fn spec(source: &Source, mcp: &Mcp, loaded: &Loaded) -> Option<Spec> {
    // Of its variables, those that a plan depends on.
    let known = |name: &&str| Some(((*name).to_owned(), plain(mcp.env.get(*name)?)?));
    Some(Spec {
        source: SourceName::new(&source.name).ok()?,
        command: mcp.command.clone()?,
        env: ["PATH", "HOME"].iter().filter_map(known).collect(),
        dir: mcp.cwd.as_ref().map_or_else(|| loaded.dir(), |dir| loaded.resolve(dir)),
        confine: source.confine.clone().unwrap_or_default().resolve(loaded),
    })
}

/// A value without a secret of the vault in it.
fn plain(value: &Value) -> Option<model::Secret<String>> {
    let template = value.template().ok()?;
    template.fill(&NoVault, Usage::Program(Path::new("/"))).now_or_never()?.ok()
}

impl fmt::Display for Confined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        let reach = match &self.plan {
            Err(error) => return write!(f, "would not start here: {}: {error}", error.code()),
            Ok(None) => {
                return f.write_str("not confined: it may do whatever the gate's own user may");
            }
            Ok(Some(reach)) => reach,
        };
        let may = |yes: bool| if yes { "yes" } else { "no" };
        let limits = reach.limits;
        write!(
            f,
            "confined: reads {}; changes {}; network {}; local sockets {}; {} MiB of memory, {} processes",
            paths(&reach.read, "nothing but the system's programs"),
            paths(&reach.write, "nothing"),
            may(reach.network),
            may(reach.sockets),
            limits.memory >> 20,
            limits.processes
        )
    }
}

fn paths(paths: &[PathBuf], none: &str) -> String {
    if paths.is_empty() {
        return none.to_owned();
    }
    let all: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    all.join(", ")
}
