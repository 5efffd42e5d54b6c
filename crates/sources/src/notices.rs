use std::time::Duration;

use ambient::{Clock, Instant};
use gate::port::Notice;
use protocol::json::{Edit, Object};
use protocol::mcp::keys::PROGRESS_TOKEN;
use protocol::mcp::{Level, Method};

/// Which log messages of a call are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogRule {
    /// None: a modern client that named no level.
    Nothing,
    /// From this level on.
    From(Level),
    /// As the server decides: a legacy client that set no level.
    Everything,
}

/// What a server may say to the client while one call runs: progress that rises, log messages that were asked for,
/// both within bounds.
pub(crate) struct Notices {
    clock: Clock,
    /// The token we gave, if the client wants progress.
    token: Option<u64>,
    last: Option<f64>,
    log: LogRule,
    /// Log messages a second.
    rate: u32,
    since: Instant,
    spent: u32,
    dropped: u64,
}

impl Notices {
    pub(crate) fn new(clock: Clock, token: Option<u64>, log: LogRule, rate: u32) -> Self {
        let since = clock.instant();
        Self { clock, token, last: None, log, rate, since, spent: 0, dropped: 0 }
    }

    /// What of a notification goes on to the client; `None` for what it did not ask for and for a flood.
    pub(crate) fn accept(&mut self, method: &Method, params: &Object) -> Option<Notice> {
        match method {
            Method::Progress => self.progress(params),
            Method::LogMessage => self.log(params),
            Method::ElicitationComplete => {
                self.within_rate().then(|| Notice::Other(method.clone(), params.text().clone()))
            }
            _ => None,
        }
    }

    /// How many notifications a flood has cost so far.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn progress(&mut self, params: &Object) -> Option<Notice> {
        let token = params.raw(PROGRESS_TOKEN).and_then(crate::desk::number);
        if self.token.is_none() || token != self.token {
            self.dropped += 1;
            return None;
        }
        let value: f64 = std::str::from_utf8(params.raw("progress")?).ok()?.parse().ok()?;
        // Values must rise (2026-07-28 basic/patterns/progress).
        if self.last.is_some_and(|last| value <= last) || !self.within_rate() {
            return None;
        }
        self.last = Some(value);
        Some(Notice::Progress(Edit::new().remove(PROGRESS_TOKEN).apply(params)))
    }

    fn log(&mut self, params: &Object) -> Option<Notice> {
        let level = params.str("level").and_then(|text| Level::parse(&text))?;
        let wanted = match self.log {
            LogRule::Nothing => false,
            LogRule::From(least) => level >= least,
            LogRule::Everything => true,
        };
        (wanted && self.within_rate()).then(|| Notice::Log(level, params.text().clone()))
    }

    fn within_rate(&mut self) -> bool {
        let now = self.clock.instant();
        if now.since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.spent = 0;
        }
        self.spent = self.spent.saturating_add(1);
        if self.spent > self.rate {
            self.dropped += 1;
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::json::Limits;

    use super::*;

    fn params(text: &str) -> Object {
        Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REPLY).unwrap()
    }

    fn notices(token: Option<u64>, log: LogRule) -> (Notices, Clock) {
        let clock = Clock::manual(0);
        (Notices::new(clock.clone(), token, log, 10), clock)
    }

    #[test]
    fn progress_of_another_token_that_falls_or_that_nobody_wants_is_dropped_g_protocol_66() {
        let (mut n, _) = notices(Some(7), LogRule::Nothing);
        let mut given = |text: &str| n.accept(&Method::Progress, &params(text)).is_some();
        assert!(given(r#"{"progressToken":7,"progress":1}"#));
        assert!(!given(r#"{"progressToken":8,"progress":2}"#));
        assert!(!given(r#"{"progressToken":"7","progress":2}"#));
        assert!(!given(r#"{"progressToken":7,"progress":1}"#));
        assert!(!given(r#"{"progressToken":7,"progress":"2"}"#));
        assert!(given(r#"{"progressToken":7,"progress":1.5}"#));
        let (mut n, _) = notices(None, LogRule::Nothing);
        assert!(
            n.accept(&Method::Progress, &params(r#"{"progressToken":7,"progress":1}"#)).is_none()
        );
    }

    #[test]
    fn the_token_of_this_hop_does_not_go_on_and_the_rest_does() {
        let (mut n, _) = notices(Some(7), LogRule::Nothing);
        let p = params(r#"{"progressToken":7,"progress":1,"total":1.0,"message":"half"}"#);
        let Some(Notice::Progress(raw)) = n.accept(&Method::Progress, &p) else {
            panic!("dropped")
        };
        assert_eq!(&raw[..], br#"{"progress":1,"total":1.0,"message":"half"}"#);
    }

    #[test]
    fn log_messages_pass_only_from_the_level_that_was_asked_for_7_10() {
        let info = params(r#"{"level":"info","data":1}"#);
        let passes = |rule| notices(None, rule).0.accept(&Method::LogMessage, &info).is_some();
        assert!(!passes(LogRule::Nothing));
        assert!(!passes(LogRule::From(Level::Warning)));
        assert!(passes(LogRule::From(Level::Info)));
        assert!(passes(LogRule::Everything));
    }

    #[test]
    fn a_flood_of_log_messages_is_cut_to_the_rate_and_counted_g_protocol_67() {
        let (mut n, clock) = notices(None, LogRule::Everything);
        let line = params(r#"{"level":"info","data":"x"}"#);
        let mut passed = 0;
        for _ in 0..3 {
            passed += (0..1000).filter(|_| n.accept(&Method::LogMessage, &line).is_some()).count();
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!((passed, n.dropped()), (30, 2970));
    }
}
