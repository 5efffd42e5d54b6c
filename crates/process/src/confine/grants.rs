use std::fmt;
use std::path::PathBuf;

/// Whether a program is confined, and what it may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confine {
    /// Not confined: it may do whatever the gate's own user may.
    Off,
    /// Confined to its own files, the system's programs and libraries, and these grants.
    On(Grants),
}

impl Default for Confine {
    fn default() -> Self {
        Self::On(Grants::default())
    }
}

impl fmt::Display for Confine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On(grants) = self else { return f.write_str("not confined") };
        f.write_str("confined")?;
        let all = |paths: &[PathBuf]| {
            let each: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            each.join(", ")
        };
        for (what, paths) in [("reads", &grants.read), ("writes", &grants.write)] {
            if !paths.is_empty() {
                write!(f, "; {what} {}", all(paths))?;
            }
        }
        for (what, granted) in [("network", grants.network), ("local sockets", grants.sockets)] {
            f.write_str(if granted { "; with " } else { "; no " })?;
            f.write_str(what)?;
        }
        Ok(())
    }
}

/// What a confined program may reach besides itself. Nothing, unless granted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// Files and folders it may read (and run). Absolute, and there.
    pub read: Vec<PathBuf>,
    /// Files and folders it may change as well.
    pub write: Vec<PathBuf>,
    /// Whether it may use the network (IPv4 and IPv6; this machine's own ports as well).
    pub network: bool,
    /// Whether it may use local (Unix) sockets. Every service of the machine that listens on one is then in reach.
    pub sockets: bool,
    /// How much of the machine it may use.
    pub limits: Limits,
}

/// How much of the machine one program and everything that comes from it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory: of each process exactly, of all together when looked at, about once a second.
    pub memory: u64,
    /// Processes and threads together.
    pub processes: u32,
    /// Open files of one process.
    pub open_files: u32,
    /// Largest file it may write, in bytes.
    pub file_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 4 << 30, processes: 256, open_files: 4096, file_size: 1 << 30 }
    }
}
