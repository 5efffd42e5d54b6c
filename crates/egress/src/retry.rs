use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, Method, StatusCode};

use crate::headers::is_payment;
use crate::{EgressError, Kind, Phase};

/// Under this name a caller promises that the same request twice is as good as once.
static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// When an exchange is tried again, and how long it waits before.
///
/// Whatever it says, a request that may have reached its peer is sent again only where twice is as good as once: GET,
/// HEAD, or with an `Idempotency-Key`. One that carries a payment is never sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried again.
    pub most: u32,
    /// The first pause; each later one is twice as long. Each is drawn between its half and its whole.
    pub pause: Duration,
    /// The longest pause, also where the upstream asks for a longer one with `Retry-After`.
    pub longest: Duration,
}

impl Retry {
    /// One try.
    pub const fn never() -> Self {
        Self { most: 0, pause: Duration::ZERO, longest: Duration::ZERO }
    }

    /// Two more tries, 200 ms and 400 ms apart, or as the upstream says, but never more than 5 s.
    pub const fn usual() -> Self {
        Self { most: 2, pause: Duration::from_millis(200), longest: Duration::from_secs(5) }
    }

    /// The pause before try number `tried` (from 1), with `chance` between 0 and 255 for the jitter.
    pub(crate) fn pause_before(&self, tried: u32, asked: Option<Duration>, chance: u8) -> Duration {
        let doubled = 1_u32.checked_shl(tried.saturating_sub(1)).unwrap_or(u32::MAX);
        let full = self.pause.saturating_mul(doubled).min(self.longest);
        let jittered = full / 2 + (full / 2).mul_f64(f64::from(chance) / 255.0);
        jittered.max(asked.unwrap_or_default()).min(self.longest.max(full))
    }
}

/// Whether the same request twice is as good as once.
pub(crate) fn repeatable(method: &Method, headers: &HeaderMap) -> bool {
    let harmless = method == Method::GET || method == Method::HEAD;
    let promised = headers.get(&IDEMPOTENCY_KEY).is_some_and(|key| !key.is_empty());
    (harmless || promised) && !headers.iter().any(|(name, value)| is_payment(name, value))
}

/// Whether another try may help after this failure. What was never sent can be sent whatever it is.
pub(crate) fn worth_it(error: &EgressError, repeatable: bool) -> bool {
    let passing = matches!(
        error.kind(),
        Kind::Dns
            | Kind::Connect
            | Kind::Proxy
            | Kind::Reset
            | Kind::Timeout(Phase::Connect | Phase::FirstByte)
    );
    passing && (repeatable || !error.sent())
}

/// Whether a reply says that another try may help.
pub(crate) fn asks_for_it(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// `Retry-After` in seconds. Dates are not read: they need a clock that agrees with the upstream's.
pub(crate) fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(text.trim().parse::<u32>().ok()?.into()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn pauses_double_and_stay_between_their_half_and_their_whole() {
        let retry = Retry::usual();
        for (tried, full) in [(1, 200), (2, 400), (3, 800), (40, 5000)] {
            let full = Duration::from_millis(full);
            assert_eq!(retry.pause_before(tried, None, 0), full / 2);
            assert_eq!(retry.pause_before(tried, None, 255), full);
        }
    }

    #[test]
    fn an_upstream_may_ask_for_a_longer_pause_but_not_for_ever() {
        let retry = Retry::usual();
        let asked = |seconds: &'static str| asked_pause(&with("retry-after", seconds));
        assert_eq!(retry.pause_before(1, asked("2"), 0), Duration::from_secs(2));
        assert_eq!(retry.pause_before(1, asked("86400"), 0), Duration::from_secs(5));
        assert_eq!(asked("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }

    // RES-04, RES-05
    #[test]
    fn only_what_is_harmless_or_promised_is_sent_twice_and_no_payment_is() {
        let none = HeaderMap::new();
        assert!(repeatable(&Method::GET, &none) && repeatable(&Method::HEAD, &none));
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            assert!(!repeatable(&method, &none), "{method}");
            assert!(repeatable(&method, &with("idempotency-key", "k1")), "{method}");
            assert!(!repeatable(&method, &with("idempotency-key", "")), "{method}");
        }
        assert!(!repeatable(&Method::GET, &with("x-payment", "eyJ")));
    }

    #[test]
    fn what_was_sent_and_may_have_acted_is_not_worth_another_try() {
        let error = |kind, sent| EgressError::new(kind, sent, "x");
        assert!(worth_it(&error(Kind::Connect, false), false));
        assert!(worth_it(&error(Kind::Reset, true), true));
        assert!(!worth_it(&error(Kind::Reset, true), false));
        assert!(!worth_it(&error(Kind::Secret, false), true));
        assert!(!worth_it(&error(Kind::TooLarge, true), true));
    }
}
