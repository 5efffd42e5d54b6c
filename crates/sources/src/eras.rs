use std::sync::atomic::{AtomicU8, Ordering};

use protocol::mcp::Era;

const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

/// Which eras a server speaks, as far as that is known.
#[derive(Debug, Default)]
pub(crate) struct Eras {
    legacy: AtomicU8,
    modern: AtomicU8,
    /// The one the operator says, if any.
    fixed: Option<Era>,
}

impl Eras {
    pub(crate) fn new(fixed: Option<Era>) -> Self {
        Self { fixed, ..Self::default() }
    }

    /// What to try for a client of this era, in this order: its own first, because relaying within one era loses
    /// nothing. What is known not to be spoken is left out.
    pub(crate) fn to_try(&self, client: Era) -> Vec<Era> {
        if let Some(fixed) = self.fixed {
            return vec![fixed];
        }
        let other = match client {
            Era::Legacy => Era::Modern,
            Era::Modern => Era::Legacy,
        };
        let possible = |era: &Era| self.of(*era).load(Ordering::Relaxed) != NO;
        let left: Vec<_> = [client, other].into_iter().filter(possible).collect();
        if left.is_empty() { vec![client, other] } else { left }
    }

    /// Notes whether an era is spoken.
    pub(crate) fn learn(&self, era: Era, spoken: bool) {
        self.of(era).store(if spoken { YES } else { NO }, Ordering::Relaxed);
    }

    /// Whether an era is known to be spoken.
    pub(crate) fn speaks(&self, era: Era) -> bool {
        self.of(era).load(Ordering::Relaxed) == YES
    }

    /// Forgets everything: what was known does not hold any more.
    pub(crate) fn forget(&self) {
        self.legacy.store(UNKNOWN, Ordering::Relaxed);
        self.modern.store(UNKNOWN, Ordering::Relaxed);
    }

    /// The word for tables.
    pub(crate) fn as_str(&self) -> &'static str {
        match (self.speaks(Era::Legacy), self.speaks(Era::Modern)) {
            (true, true) => "both",
            (true, false) => Era::Legacy.as_str(),
            (false, true) => Era::Modern.as_str(),
            (false, false) => "",
        }
    }

    const fn of(&self, era: Era) -> &AtomicU8 {
        match era {
            Era::Legacy => &self.legacy,
            Era::Modern => &self.modern,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_own_era_is_tried_first_and_what_is_not_spoken_not_again() {
        let eras = Eras::default();
        assert_eq!(eras.to_try(Era::Legacy), [Era::Legacy, Era::Modern]);
        eras.learn(Era::Legacy, false);
        eras.learn(Era::Modern, true);
        assert_eq!(eras.to_try(Era::Legacy), [Era::Modern]);
        assert_eq!(eras.as_str(), "modern");
        eras.forget();
        assert_eq!(eras.to_try(Era::Modern), [Era::Modern, Era::Legacy]);
    }

    #[test]
    fn what_the_operator_says_is_not_doubted() {
        let eras = Eras::new(Some(Era::Legacy));
        eras.learn(Era::Legacy, false);
        assert_eq!(eras.to_try(Era::Modern), [Era::Legacy]);
    }
}
