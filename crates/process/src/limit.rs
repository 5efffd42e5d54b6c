use std::fmt;

use crate::{Blind, Refusals};

/// How many things are named where all of them would be too much.
const SHOWN: usize = 4;

/// A limit that a program and what came from it went beyond, for which all of it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Processes and threads.
    Processes,
    /// Memory.
    Memory,
}

impl Limit {
    /// A stable word for records and documentation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Memory => "memory",
        }
    }

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
        f.write_str(self.code())
    }
}

/// What a supervisor saw of a program that its own end does not tell. Nothing, for one that behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The limit for which it was ended; for processes also if it was merely refused more of them.
    pub over: Option<Limit>,
    /// Processes that were still there after the program itself had ended, and were ended.
    pub left_behind: u32,
    /// What it and all that came from it were refused.
    pub refused: Refusals,
    /// Why what it is refused is not seen, or not all of it.
    pub blind: Option<Blind>,
}

impl Seen {
    /// Whether there is anything to tell.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What is new since `before`: each thing by a stable word for records, and as a sentence.
    pub fn since(&self, before: &Self) -> Vec<(&'static str, String)> {
        let mut new: Vec<_> = self
            .refused
            .since(&before.refused)
            .map(|refused| (refused.by.code(), refused.to_string()))
            .collect();
        if let Some(limit) = self.over.filter(|_| self.over != before.over) {
            new.push((limit.code(), format!("it reached its limit of {limit}")));
        }
        if self.left_behind > before.left_behind {
            let left = self.left_behind;
            new.push((
                "left-behind",
                format!("{left} of its processes outlived it and were ended"),
            ));
        }
        if let Some(why) = self.blind.filter(|_| self.blind != before.blind) {
            new.push(("unseen", why.to_string()));
        }
        new
    }
}

/// How much was seen, and the newest of it.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.since(&Self::default());
        let shown = all.split_off(all.len().saturating_sub(SHOWN));
        let shown: Vec<String> = shown.into_iter().map(|(_, what)| what).collect();
        f.write_str(&shown.join("; "))?;
        if !all.is_empty() {
            write!(f, "; and {} things before", all.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Refused, Wall};

    #[test]
    fn only_what_is_new_is_told_and_each_by_its_word() {
        let mut before = Seen { left_behind: 1, ..Seen::default() };
        before.refused.add(Refused { by: Wall::Read, what: "/a".into(), times: 1 });
        let mut now = Seen { over: Some(Limit::Memory), ..before.clone() };
        now.refused.add(Refused { by: Wall::Socket, what: "an IPv4 socket".into(), times: 2 });
        let words = |seen: &Seen, before| {
            seen.since(before).into_iter().map(|(word, _)| word).collect::<Vec<_>>()
        };
        assert_eq!(words(&now, &before), ["socket", "memory"]);
        assert_eq!(words(&before, &Seen::default()), ["file-read", "left-behind"]);
        assert_eq!(
            now.since(&before)[0].1,
            "it tried to use a socket: an IPv4 socket (2 times by now)"
        );
        assert!(now.since(&now).is_empty() && !now.is_nothing());
    }
}
