use std::collections::VecDeque;
use std::fmt;

/// Newest things a [`Refusals`] keeps by name.
const NAMED: usize = 64;
/// The longest name of a thing, in bytes; what is longer is cut.
pub(crate) const LONGEST: usize = 1024;

/// The part of a confinement that refused something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wall {
    /// Reading a file or listing a folder.
    Read,
    /// Changing, making, moving or removing a file or folder.
    Write,
    /// Running a program.
    Run,
    /// Opening a socket, or meeting another.
    Socket,
    /// Another system call.
    Call,
    /// A system call that only an attack makes: whoever makes it is ended.
    Forbidden,
}

impl Wall {
    const ALL: [Self; 6] =
        [Self::Read, Self::Write, Self::Run, Self::Socket, Self::Call, Self::Forbidden];

    /// A stable word for records and documentation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "file-read",
            Self::Write => "file-write",
            Self::Run => "file-run",
            Self::Socket => "socket",
            Self::Call => "refused-call",
            Self::Forbidden => "forbidden-call",
        }
    }

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_number(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|wall| wall.number() == n)
    }
}

/// Something that a confined program tried, and was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// By what.
    pub by: Wall,
    /// What it was about: a path, links followed, or a system call. Made safe to show.
    pub what: String,
    /// How often within an hour. Told the first time, the tenth, the hundredth and so on.
    pub times: u32,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        match self.by {
            Wall::Read => write!(f, "it tried to read {what}")?,
            Wall::Write => write!(f, "it tried to change {what}")?,
            Wall::Run => write!(f, "it tried to run {what}")?,
            Wall::Socket => write!(f, "it tried to use a socket: {what}")?,
            Wall::Call => write!(f, "it tried a system call it may not make: {what}")?,
            Wall::Forbidden => write!(f, "it tried a forbidden system call and was ended: {what}")?,
        }
        if self.times > 1 {
            write!(f, " ({} times by now)", self.times)?;
        }
        Ok(())
    }
}

/// What was refused so far: how much, and the newest by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusals {
    /// How many were told.
    told: u64,
    newest: VecDeque<Refused>,
}

impl Refusals {
    pub(crate) fn add(&mut self, refused: Refused) {
        self.told += 1;
        if self.newest.len() == NAMED {
            self.newest.pop_front();
        }
        self.newest.push_back(refused);
    }

    /// Whether nothing was.
    pub const fn is_empty(&self) -> bool {
        self.told == 0
    }

    /// Those that were told since `before`, oldest first. If there were more than 64, the newest of them.
    pub fn since(&self, before: &Self) -> impl Iterator<Item = &Refused> {
        let new = usize::try_from(self.told.saturating_sub(before.told)).unwrap_or(usize::MAX);
        self.newest.iter().skip(self.newest.len().saturating_sub(new))
    }

    /// The newest, oldest of them first.
    pub fn newest(&self) -> impl Iterator<Item = &Refused> {
        self.newest.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(n: u32) -> Refused {
        Refused { by: Wall::Read, what: format!("/{n}"), times: 1 }
    }

    #[test]
    fn what_is_new_is_told_once_and_the_newest_of_too_many() {
        let mut all = Refusals::default();
        all.add(refused(0));
        let before = all.clone();
        all.add(refused(1));
        all.add(refused(2));
        assert_eq!(all.since(&before).map(|r| r.what.as_str()).collect::<Vec<_>>(), ["/1", "/2"]);
        assert_eq!(all.since(&all).count(), 0);
        (3..200).for_each(|n| all.add(refused(n)));
        let new: Vec<_> = all.since(&before).collect();
        assert_eq!((new.len(), new[63].what.as_str()), (NAMED, "/199"));
    }

    #[test]
    fn every_wall_has_a_word_and_a_number_of_its_own() {
        for wall in Wall::ALL {
            assert_eq!(Wall::from_number(wall.number()), Some(wall));
            assert_eq!(Wall::ALL.iter().filter(|w| w.code() == wall.code()).count(), 1);
        }
        assert_eq!(Wall::from_number(6), None);
    }
}
