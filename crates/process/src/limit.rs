use std::fmt;

/// A limit that a program and what came from it went beyond, for which all of it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Processes and threads.
    Processes,
    /// Memory.
    Memory,
}

impl Limit {
    pub(crate) const fn number(self) -> i32 {
        match self {
            Self::Processes => 1,
            Self::Memory => 2,
        }
    }

    pub(crate) const fn from_number(n: i32) -> Option<Self> {
        match n {
            1 => Some(Self::Processes),
            2 => Some(Self::Memory),
            _ => None,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Processes => "processes",
            Self::Memory => "memory",
        })
    }
}

/// What a supervisor saw of a program that its own end does not tell. Zero and none, for one that behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// The limit for which it was ended; for processes also if it was merely refused more of them.
    pub over: Option<Limit>,
    /// Processes that were still there after the program itself had ended, and were ended.
    pub left_behind: u32,
    /// Processes that the filter on system calls ended. Those that a process of the program waited for itself are not
    /// among them.
    pub forbidden: u32,
}

impl Seen {
    /// Whether there is anything to tell.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        if let Some(limit) = self.over {
            said.push(format!("it reached its limit of {limit}"));
        }
        if self.forbidden > 0 {
            said.push(format!("{} of its processes tried a forbidden system call", self.forbidden));
        }
        if self.left_behind > 0 {
            said.push(format!("{} of its processes outlived it and were ended", self.left_behind));
        }
        f.write_str(&said.join("; "))
    }
}
