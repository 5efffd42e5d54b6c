use std::fmt;

/// How grave a log message is (RFC 5424 severities, least grave first).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// `debug`
    Debug = 1,
    /// `info`
    Info,
    /// `notice`
    Notice,
    /// `warning`
    Warning,
    /// `error`
    Error,
    /// `critical`
    Critical,
    /// `alert`
    Alert,
    /// `emergency`
    Emergency,
}

impl Level {
    /// Every level, least grave first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];
    /// The [`Level::code`] of no level: no messages are wanted.
    pub const OFF: u8 = 0;

    /// The level of that name. Names are case sensitive.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// A small number, rising with the gravity, never [`Level::OFF`].
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The level of a [`Level::code`]; `None` for [`Level::OFF`] and unknown numbers.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_lead_back_to_their_level_and_rise_with_gravity() {
        for level in Level::ALL {
            assert_eq!(Level::parse(level.as_str()), Some(level));
            assert_eq!(Level::from_code(level.code()), Some(level));
        }
        assert!(Level::ALL.is_sorted_by_key(|level| level.code()) && Level::ALL.is_sorted());
        assert_eq!(Level::from_code(Level::OFF), None);
        assert_eq!(Level::from_code(9), None);
        assert_eq!(Level::parse("Warning"), None);
    }
}
