//! The `Date` of answers (RFC 9110, section 6.6.1), written anew once a second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use ambient::Clock;
use http::HeaderValue;

/// The last date that was written.
#[derive(Debug, Default)]
pub(crate) struct Dates(Mutex<Option<(u64, HeaderValue)>>);

impl Dates {
    pub(crate) fn now(&self, clock: &Clock) -> HeaderValue {
        let second = clock.now_millis() / 1000;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((written, date)) if *written == second => date.clone(),
            _ => {
                let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
                let date =
                    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
                *last = Some((second, date.clone()));
                date
            }
        }
    }
}
